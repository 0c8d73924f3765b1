/* What is shared: the stop flag, an atomic that a signal handler raises. */
#include "measure.h"

#include <stdlib.h>

#include "clock.h"

enum { SLICES = 8, LEAST_ROUNDS = 3 };

bool swapci_pace_stopped(const struct swapci_pace *pace) {
    return pace->stop && atomic_load(pace->stop) != 0;
}

bool swapci_pace_over(const struct swapci_pace *pace) {
    return pace->until_ns != 0 && swapci_clock_monotonic_ns() > pace->until_ns;
}

void swapci_pace_progress(const struct swapci_pace *pace, unsigned done, unsigned total) {
    if (pace->progress) pace->progress(done, total, pace->progress_user);
}

static enum swapc_status room(struct swapci_measure *m, unsigned rounds, swapc_error *error) {
    for (unsigned i = 0; i < m->count; i++) {
        struct swapci_contender *c = &m->contenders[i];
        c->cpu_us = calloc(rounds, sizeof *c->cpu_us);
        c->wall_us = calloc(rounds, sizeof *c->wall_us);
        if (!c->cpu_us || !c->wall_us)
            return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to measure %u rounds",
                                   rounds);
    }
    return SWAPC_OK;
}

static uint64_t cpu_of(const struct swapci_contender *c) {
    return c->cpu_ns ? c->cpu_ns(c->user) : swapci_clock_thread_cpu_ns();
}

static enum swapc_status slice(struct swapci_contender *c, unsigned round, unsigned from,
                               unsigned to, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    unsigned warm = c->warm < c->units ? c->warm : c->units;
    if (from == to) return SWAPC_OK;
    if (warm > 0) status = c->run(c->user, 0, warm, error);
    if (status != SWAPC_OK) return status;
    uint64_t wall = swapci_clock_monotonic_ns();
    uint64_t cpu = cpu_of(c);
    status = c->run(c->user, from, to, error);
    cpu = cpu_of(c) - cpu;
    wall = swapci_clock_monotonic_ns() - wall;
    double each = 1e3 * c->units * (c->each > 0 ? c->each : 1);
    c->cpu_us[round] += (double)cpu / each;
    c->wall_us[round] += (double)wall / each;
    return status;
}

static enum swapc_status run_round(struct swapci_measure *m, const struct swapci_pace *pace,
                                   unsigned round, swapc_error *error) {
    unsigned slices = m->slices ? m->slices : SLICES;
    for (unsigned i = 0; i < m->count; i++)
        m->contenders[i].cpu_us[round] = m->contenders[i].wall_us[round] = 0;
    for (unsigned s = 0; s < slices; s++)
        for (unsigned i = 0; i < m->count; i++) {
            struct swapci_contender *c = &m->contenders[(i + s + round) % m->count];
            uint64_t from = (uint64_t)s * c->units / slices;
            uint64_t to = (uint64_t)(s + 1) * c->units / slices;
            if (swapci_pace_stopped(pace)) {
                m->interrupted = true;
                return SWAPC_OK;
            }
            enum swapc_status status = slice(c, round, (unsigned)from, (unsigned)to, error);
            if (status != SWAPC_OK) return status;
        }
    return SWAPC_OK;
}

enum swapc_status swapci_measure_run(struct swapci_measure *m, const struct swapci_pace *pace,
                                     swapc_error *error) {
    m->rounds = 0;
    m->interrupted = false;
    enum swapc_status status = room(m, pace->rounds, error);
    if (status == SWAPC_OK && m->count > 0) status = run_round(m, pace, 0, error); /* warm-up */
    while (status == SWAPC_OK && m->rounds < pace->rounds && !m->interrupted) {
        if (m->rounds >= LEAST_ROUNDS && swapci_pace_over(pace)) break;
        status = run_round(m, pace, m->rounds, error);
        if (status == SWAPC_OK && !m->interrupted) m->rounds++;
        swapci_pace_progress(pace, m->rounds, pace->rounds);
    }
    return status;
}

void swapci_measure_fini(struct swapci_measure *m) {
    for (unsigned i = 0; i < m->count; i++) {
        free(m->contenders[i].cpu_us);
        free(m->contenders[i].wall_us);
        m->contenders[i].cpu_us = m->contenders[i].wall_us = NULL;
    }
}

struct swapci_spread swapci_measure_cpu(const struct swapci_measure *m, unsigned contender) {
    return swapci_spread_copy(m->contenders[contender].cpu_us, m->rounds);
}

struct swapci_spread swapci_measure_wall(const struct swapci_measure *m, unsigned contender) {
    return swapci_spread_copy(m->contenders[contender].wall_us, m->rounds);
}

struct swapci_spread swapci_measure_ratio(const struct swapci_measure *m, unsigned contender,
                                          unsigned to) {
    struct swapci_spread spread = {.median = 0};
    double *ratios = m->rounds > 0 ? malloc(m->rounds * sizeof *ratios) : NULL;
    for (unsigned r = 0; ratios && r < m->rounds; r++)
        ratios[r] = m->contenders[contender].cpu_us[r] / m->contenders[to].cpu_us[r];
    if (ratios) spread = swapci_spread_of(ratios, m->rounds);
    free(ratios);
    return spread;
}
