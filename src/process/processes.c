/* What is shared: `past`, under the fleet's lock, as are its members. */
#include "processes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct part {
    unsigned k;
    swapci_process_names names;
    swapci_process *process;
};

/* ---- as a member of a crew ------------------------------------------------------------------------ */

static void close_part(void *member) {
    struct part *part = member;
    swapci_process_free(part->process);
    free(part);
}

static enum swapc_status open_part(void *user, unsigned k, atomic_int *stop, void **out,
                                   swapc_error *error) {
    swapci_processes *all = user;
    const swapci_partitions *partitions = all->config.partitions;
    swapci_process_config config = all->config.each;
    struct part *part = calloc(1, sizeof *part);
    if (!part) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    part->k = k;
    config.names = &part->names;
    config.redis.url = swapci_partition_url(partitions, k);
    if (partitions->count > 1) {
        config.redis.stop = stop;
        config.redis.health = &all->health[k];
        config.lease_ms = SWAPCI_PARTITION_LEASE_MS;
    }
    enum swapc_status status =
        swapci_process_names_partition(&part->names, partitions, k, all->config.given, error);
    if (status == SWAPC_OK) status = swapci_process_new(&config, &part->process, error);
    if (status == SWAPC_OK) *out = part;
    else close_part(part);
    return status;
}

static enum swapc_status part_start(void *member, swapc_error *error) {
    return swapci_process_start(((const struct part *)member)->process, error);
}

/* What is in hand is done either way. */
static void part_end(void *member, bool now) {
    (void)now;
    swapci_process_stop(((const struct part *)member)->process);
}

static bool part_ended(void *member) {
    return swapci_process_ended(((const struct part *)member)->process);
}

static void add(swapci_process_stats *sum, const swapci_process_stats *more) {
#define ADD(name) sum->name += more->name;
    SWAPCI_PROCESS_COUNTERS(ADD)
#undef ADD
    if (more->last_reason[0]) memcpy(sum->last_reason, more->last_reason, sizeof sum->last_reason);
}

swapci_process_stats swapci_processes_member_stats(const void *member) {
    return swapci_process_stats_get(((const struct part *)member)->process);
}

static void part_keep(void *user, void *member) {
    swapci_process_stats stats = swapci_processes_member_stats(member);
    add(&((swapci_processes *)user)->past[((const struct part *)member)->k], &stats);
}

static enum swapc_status part_join(void *member, swapc_error *error) {
    return swapci_process_join(((const struct part *)member)->process, error);
}

static const struct swapci_fleet_ops ops = {.open = open_part,
                                            .start = part_start,
                                            .end = part_end,
                                            .ended = part_ended,
                                            .keep = part_keep,
                                            .join = part_join,
                                            .close = close_part};

/* ---- all of them ---------------------------------------------------------------------------------- */

/* Each partition's names are made here first: what is wrong with one is told at once. Out: names of the last. */
static enum swapc_status check_names(const swapci_processes *all, swapci_process_names *names,
                                     swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned k = 0; k < all->config.partitions->count && status == SWAPC_OK; k++)
        status = swapci_process_names_partition(names, all->config.partitions, k, all->config.given,
                                                error);
    return status;
}

/* What is asked before the stream is made, and of one without partitions after it, too (partition.h). */
static enum swapc_status claim(const swapci_processes *all, swapc_error *error) {
    return swapci_partitions_claim(all->config.partitions, all->config.given->in,
                                   &all->config.each.redis, error);
}

/* What all processes of the group must have in common, as their outputs are one. */
static void write_terms(swapci_processes *all, const swapci_process_names *names) {
    const struct swapci_process_given *given = all->config.given;
    const swapci_process_config *each = &all->config.each;
    swapci_terms *terms = &all->terms;
    snprintf(terms->what, sizeof terms->what, "%s as group %s", given->in, names->stream.group);
    swapci_terms_add(terms, "--out", given->out);
    if (given->errors) swapci_terms_add(terms, "--errors", given->errors);
    else swapci_terms_add(terms, "no", "--errors");
    swapci_terms_add(terms, "--payload", names->payload);
    swapci_terms_add(terms, "--id-field", names->id);
    swapci_terms_add(terms, each->copy ? "with" : "no", "--copy");
    swapci_terms_add(terms, "--operation", each->operation);
    all->config.each.terms = terms;
}

static enum swapc_status make(swapci_processes *all, swapc_error *error) {
    swapci_process_names names;
    const swapci_process_config *each = &all->config.each;
    enum swapc_status status = check_names(all, &names, error);
    if (status == SWAPC_OK) status = claim(all, error);
    if (status != SWAPC_OK) return status;
    snprintf(all->role, sizeof all->role, "process:%s", names.stream.group);
    write_terms(all, &names);
    const swapci_crew_config crew = {.ops = &ops,
                                     .user = all,
                                     .share = {.partitions = all->config.partitions,
                                               .plain = all->config.given->in,
                                               .role = all->role,
                                               .log_role = "process",
                                               .consumer = each->consumer,
                                               .terms = &all->terms,
                                               .members_lease = true,
                                               .redis = each->redis,
                                               .log = each->log}};
    status = swapci_crew_init(&all->crew, &crew, error);
    return status == SWAPC_OK && all->crew.only ? claim(all, error) : status;
}

enum swapc_status swapci_processes_new(const swapci_processes_config *config,
                                       swapci_processes **out, swapc_error *error) {
    size_t len = strlen(config->each.consumer);
    if (len == 0 || len > SWAPCI_STREAM_CONSUMER_MAX)
        return swapc_error_set(error, SWAPC_INVALID, "--consumer must have 1 to %d bytes",
                               SWAPCI_STREAM_CONSUMER_MAX);
    swapci_processes *all = calloc(1, sizeof *all);
    if (!all) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    all->config = *config;
    enum swapc_status status = make(all, error);
    if (status == SWAPC_OK) *out = all;
    else swapci_processes_free(all);
    return status;
}

void swapci_processes_free(swapci_processes *all) {
    if (!all) return;
    swapci_crew_fini(&all->crew);
    free(all);
}

/* ---- how they stand ------------------------------------------------------------------------------- */

/* The one that is furthest on: reading, then waiting, recovering, standing by, ended. */
static unsigned rank(enum swapci_process_state state) {
    static const unsigned ranks[] = {[SWAPCI_PROCESS_ENDED] = 0,
                                     [SWAPCI_PROCESS_STANDBY] = 1,
                                     [SWAPCI_PROCESS_RECOVERING] = 2,
                                     [SWAPCI_PROCESS_LAGGING] = 3,
                                     [SWAPCI_PROCESS_READING] = 4};
    return ranks[state];
}

struct look {
    const swapci_processes *all;
    swapci_processes_stats *out;
};

static void look_at_past(void *context) {
    const struct look *look = context;
    for (unsigned k = 0; k < look->all->config.partitions->count; k++)
        add(&look->out->sum, &look->all->past[k]);
}

static void look_at(void *context, unsigned k, void *member) {
    swapci_processes_stats *out = ((const struct look *)context)->out;
    swapci_process_stats part = swapci_processes_member_stats(member);
    swapci_process_stats *sum = &out->sum;
    add(sum, &part);
    if (rank(part.state) > rank(sum->state)) sum->state = part.state;
    if (part.lag > sum->lag) sum->lag = part.lag;
    sum->in_hand += part.in_hand;
    sum->hindered += part.hindered;
    sum->owns = sum->owns || part.owns;
    out->owned += part.owns;
    out->owns[k] = part.owns;
}

void swapci_processes_stats_get(swapci_processes *all, swapci_processes_stats *out) {
    struct look look = {.all = all, .out = out};
    *out = (swapci_processes_stats){.members = swapci_crew_members(&all->crew)};
    out->sum.state = swapci_crew_ended(&all->crew) ? SWAPCI_PROCESS_ENDED : SWAPCI_PROCESS_STANDBY;
    swapci_crew_each(&all->crew, look_at_past, look_at, &look);
}
