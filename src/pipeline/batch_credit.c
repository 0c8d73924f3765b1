#include "batch_credit.h"

enum {
    CALIBRATE = 8, /* messages alone before the first batch: without their cost nothing is known */
    SMOOTH = 16,   /* the moving mean's weight of what was before */
    START_SIZE = 64, /* of the first batch */
    STREAK = 6       /* batches right in a row, before a larger one */
};

void swapci_batch_credit_init(struct swapci_batch_credit *credit, uint32_t size_max,
                              uint64_t time_max_ns) {
    *credit = (struct swapci_batch_credit){.size_max = size_max,
                                           .time_max_ns = time_max_ns,
                                           .size = size_max < START_SIZE ? size_max : START_SIZE,
                                           .credit = SWAPCI_BATCH_CREDIT_START};
}

static void add(struct swapci_batch_credit *c, double messages) {
    c->credit += messages;
    if (c->credit > SWAPCI_BATCH_CREDIT_CAP) c->credit = SWAPCI_BATCH_CREDIT_CAP;
}

static void alone(struct swapci_batch_credit *c, const struct swapci_batch_judging *how,
                  uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        double cost = (double)how->alone(i, how->user);
        c->alone++;
        if (c->singles < SMOOTH) c->singles++;
        c->single_ns += (cost - c->single_ns) / c->singles;
        add(c, 1.0 / SWAPCI_BATCH_CREDIT_INCOME);
    }
}

/* Whether a batch of count is paid for, even when it fails and saves nothing. */
static bool covered(const struct swapci_batch_credit *c, uint32_t count) {
    return count >= SWAPCI_BATCH_LEAST && c->credit >= count && c->singles >= CALIBRATE &&
           (c->time_max_ns == 0 || count * c->single_ns <= (double)c->time_max_ns);
}

static bool tried(struct swapci_batch_credit *c, const struct swapci_batch_judging *how,
                  uint32_t first, uint32_t count) {
    uint64_t cost = 0;
    bool good = how->together(first, count, &cost, how->user);
    double spent = (double)cost / (c->single_ns > 1 ? c->single_ns : 1);
    c->together++;
    c->failed += !good;
    add(c, good ? count - spent : -spent);
    return good;
}

/* Where a wrong one is known to be. A half that is right leaves it in the other, which then is not
 * tried whole. */
static void search(struct swapci_batch_credit *c, const struct swapci_batch_judging *how,
                   uint32_t first, uint32_t count) {
    while (count >= 2 * SWAPCI_BATCH_LEAST && covered(c, count / 2)) {
        uint32_t half = count / 2;
        if (tried(c, how, first, half)) {
            first += half;
            count -= half;
            continue;
        }
        search(c, how, first, half);
        first += half;
        count -= half;
        if (covered(c, count) && tried(c, how, first, count)) return;
    }
    alone(c, how, first, count);
}

static void resize(struct swapci_batch_credit *c, bool good) {
    c->streak = good ? c->streak + 1 : 0;
    if (!good && c->size >= 2 * SWAPCI_BATCH_LEAST) c->size /= 2;
    if (c->streak < STREAK) return;
    c->streak = 0;
    c->size = c->size * 2 < c->size_max ? c->size * 2 : c->size_max;
}

/* The largest that is there, wanted and paid for; 0: none. */
static uint32_t next_size(const struct swapci_batch_credit *c, uint32_t left) {
    uint32_t size = left < c->size ? left : c->size;
    while (size >= SWAPCI_BATCH_LEAST && !covered(c, size)) size /= 2;
    return size >= SWAPCI_BATCH_LEAST ? size : 0;
}

uint32_t swapci_batch_credit_next(const struct swapci_batch_credit *credit) {
    return next_size(credit, credit->size);
}

void swapci_batch_credit_judge(struct swapci_batch_credit *c,
                               const struct swapci_batch_judging *how, uint32_t count) {
    for (uint32_t at = 0; at < count;) {
        uint32_t size = next_size(c, count - at);
        if (size == 0) {
            alone(c, how, at++, 1);
            continue;
        }
        bool good = tried(c, how, at, size);
        if (!good) search(c, how, at, size);
        resize(c, good);
        at += size;
    }
}
