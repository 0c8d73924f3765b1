/* What is shared: the stop flag, which others raise and the waits here look at. */
#include "verdict_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "printable.h"
#include "reason.h"
#include "redis_retry.h"

enum { LOOK_MS = 50, SAY_MS = 5000, GIVE_UP_MS = 30000 };

static enum swapc_status open_book(struct swapci_verdict_book *book,
                                   const swapci_redis_config *redis, swapci_generator_place *place,
                                   swapc_error *error) {
    swapci_redis_config own = *redis;
    own.url = place->url;
    book->names = place->names;
    enum swapc_status status = swapci_redis_open(&own, &book->redis, error);
    if (status == SWAPC_OK) status = swapci_ledger_new(&book->ledger, error);
    if (status == SWAPC_OK)
        status = swapci_ledger_start(book->ledger, book->redis, book->names, error);
    /* Also the right to read them: asked for now, not when all is added. */
    if (status == SWAPC_OK)
        status = swapci_ledger_read(book->ledger, book->redis, book->names, NULL, error);
    place->ledger = book->ledger;
    return status;
}

enum swapc_status swapci_verdict_watch_init(struct swapci_verdict_watch *watch, const char *command,
                                            const swapci_redis_config *redis,
                                            swapci_generator_place *places, unsigned count,
                                            swapc_error *error) {
    *watch = (struct swapci_verdict_watch){
        .command = command, .books = calloc(count, sizeof *watch->books), .count = count};
    if (!watch->books) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < count && status == SWAPC_OK; i++)
        status = open_book(&watch->books[i], redis, &places[i], error);
    return status;
}

void swapci_verdict_watch_fini(struct swapci_verdict_watch *watch) {
    for (unsigned i = 0; i < watch->count && watch->books; i++) {
        swapci_ledger_free(watch->books[i].ledger);
        swapci_redis_free(watch->books[i].redis);
    }
    free(watch->books);
}

static uint64_t added_count(const struct swapci_verdict_watch *watch) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < watch->count; i++) sum += swapci_ledger_count(watch->books[i].ledger);
    return sum;
}

static uint64_t open_count(const struct swapci_verdict_watch *watch) {
    return added_count(watch) - watch->answered;
}

struct length_look {
    struct swapci_verdict_book *book;
    uint64_t length;
};

static enum swapc_status look_at_length(void *user, swapc_error *error) {
    struct length_look *look = user;
    return swapci_stream_length(look->book->redis, look->book->names, &look->length, error);
}

/* The length first: a message that is gone from the stream has its verdict stored. */
static enum swapc_status look_into(struct swapci_verdict_book *book, swapc_error *error) {
    struct length_look l = {.book = book};
    enum swapc_status status = swapci_redis_persist(book->redis, look_at_length, &l, error);
    book->empty = status == SWAPC_OK && l.length == 0;
    return status == SWAPC_OK
               ? swapci_ledger_read(book->ledger, book->redis, book->names, &book->answered, error)
               : status;
}

enum swapc_status swapci_verdict_watch_look(struct swapci_verdict_watch *watch,
                                            swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    uint64_t answered = 0;
    bool empty = true;
    for (unsigned i = 0; i < watch->count && status == SWAPC_OK; i++) {
        status = look_into(&watch->books[i], error);
        answered += watch->books[i].answered;
        empty &= watch->books[i].empty;
    }
    if (status != SWAPC_OK) return status;
    watch->answered = answered;
    watch->empty = empty;
    return status;
}

bool swapci_verdict_watch_over(const struct swapci_verdict_watch *watch) {
    return watch->empty || open_count(watch) == 0;
}

enum swapc_status swapci_verdict_watch_wait(struct swapci_verdict_watch *watch,
                                            const atomic_int *stop, swapc_error *error) {
    uint64_t before = UINT64_MAX, since = 0;
    bool said = false;
    for (;;) {
        enum swapc_status status = swapci_verdict_watch_look(watch, error);
        if (status != SWAPC_OK || swapci_verdict_watch_over(watch)) return status;
        uint64_t now = swapci_clock_monotonic_ns();
        if (watch->answered != before) since = now;
        before = watch->answered;
        uint64_t idle_ms = (now - since) / 1000000;
        if (idle_ms >= GIVE_UP_MS) return status;
        if (idle_ms >= SAY_MS && !said)
            fprintf(stderr,
                    "%s: waiting for the verdicts of %" PRIu64
                    " messages: is a verifier on the ring "
                    "of this signer?\n",
                    watch->command, open_count(watch));
        said = idle_ms >= SAY_MS;
        status = swapci_redis_sleep(stop, LOOK_MS, error);
        if (status != SWAPC_OK) return status;
    }
}

/* What all books say. The last reason is that of one of them. */
static swapci_ledger_standing standing_of(const struct swapci_verdict_watch *watch) {
    swapci_ledger_standing sum = {.last_reason = ""};
    for (unsigned i = 0; i < watch->count; i++) {
        swapci_ledger_standing s = swapci_ledger_standing_get(watch->books[i].ledger);
        sum.valid += s.valid;
        sum.not_valid += s.not_valid;
        sum.errors += s.errors;
        sum.unknown_keys += s.unknown_keys;
        if (s.last_reason[0]) sum.last_reason = s.last_reason;
    }
    return sum;
}

/* The reason came through Redis, where others write too. */
static void say_errors(const struct swapci_verdict_watch *watch, const swapci_ledger_standing *s) {
    char reason[4 * 128 + 1];
    swapci_printable(swapc_bytes_str(s->last_reason), reason, sizeof reason);
    fprintf(stderr,
            "%s: %" PRIu64 " of %" PRIu64 " messages went wrong: %" PRIu64 " Error, %" PRIu64
            " of an unknown key; the last one for: %s: %s\n",
            watch->command, s->errors + s->unknown_keys, added_count(watch), s->errors,
            s->unknown_keys, reason[0] ? reason : "no reason given",
            swapci_reason_remedy(s->last_reason));
}

bool swapci_verdict_watch_report(const struct swapci_verdict_watch *watch) {
    swapci_ledger_standing s = standing_of(watch);
    uint64_t count = added_count(watch), open = open_count(watch);
    if (s.valid < count)
        printf("%" PRIu64 " Valid, %" PRIu64 " NotValid, %" PRIu64 " Error\n", s.valid, s.not_valid,
               s.errors);
    fflush(stdout);
    if (s.errors + s.unknown_keys > 0) say_errors(watch, &s);
    if (open > 0 && watch->empty)
        fprintf(stderr,
                "%s: %" PRIu64 " of %" PRIu64
                " messages are gone from the stream and no verdict of theirs is there: they were "
                "deleted without one, or their verdicts were trimmed away before they were read "
                "(is a verifier's --keep too small?)\n",
                watch->command, open, count);
    else if (open > 0)
        fprintf(stderr,
                "%s: %" PRIu64 " of %" PRIu64
                " messages have no verdict, and none has come for %d s: "
                "they stay pending until a verifier is on the ring of this signer\n",
                watch->command, open, count, GIVE_UP_MS / 1000);
    return s.errors + s.unknown_keys == 0 && open == 0;
}
