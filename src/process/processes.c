/* What is shared: `lock` guards `parts`, what works on each partition now, and `before`, the counters of those that have ended. */
#include "processes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAP_MS = 20 };

struct swapci_processes {
    swapci_processes_config config;
    swapci_process_names names; /* of one without partitions */
    swapci_process *single;     /* NULL: there are partitions */
    swapci_shares *shares;
    pthread_mutex_t lock;
    swapci_process *parts[SWAPCI_PARTITIONS_MAX];
    swapci_process_stats before;
};

/* ---- one partition -------------------------------------------------------------------------------- */

static void add(swapci_process_stats *sum, const swapci_process_stats *more) {
#define ADD(name) sum->name += more->name;
    SWAPCI_PROCESS_COUNTERS(ADD)
#undef ADD
    if (more->last_reason[0]) memcpy(sum->last_reason, more->last_reason, sizeof sum->last_reason);
}

static void enter(swapci_processes *all, unsigned k, swapci_process *process) {
    pthread_mutex_lock(&all->lock);
    all->parts[k] = process;
    pthread_mutex_unlock(&all->lock);
}

static void leave(swapci_processes *all, unsigned k) {
    pthread_mutex_lock(&all->lock);
    swapci_process_stats stats = swapci_process_stats_get(all->parts[k]);
    add(&all->before, &stats);
    all->parts[k] = NULL;
    pthread_mutex_unlock(&all->lock);
}

/* From the start of a process, for as long as the partition is this one's, to its end. */
static enum swapc_status run(swapci_process *process, swapci_share *share, swapc_error *error) {
    enum swapc_status status = swapci_process_start(process, error);
    while (status == SWAPC_OK && !atomic_load(&share->stop) && !swapci_process_ended(process))
        swapci_redis_sleep(&share->stop, NAP_MS, NULL);
    swapci_process_stop(process);
    enum swapc_status joined = swapci_process_join(process, status == SWAPC_OK ? error : NULL);
    return status == SWAPC_OK ? joined : status;
}

static enum swapc_status work(void *user, swapci_share *share, swapc_error *error) {
    swapci_processes *all = user;
    const swapci_partitions *partitions = all->config.partitions;
    swapci_process_config config = all->config.each;
    swapci_process_names names;
    swapci_process *process = NULL;
    unsigned k = share->partition;
    config.names = &names;
    config.redis.url = swapci_partition_url(partitions, k);
    config.redis.stop = &share->hurry;
    config.lease_ms = SWAPCI_PARTITION_LEASE_MS;
    enum swapc_status status =
        swapci_process_names_partition(&names, partitions, k, all->config.given, error);
    if (status == SWAPC_OK) status = swapci_process_new(&config, &process, error);
    if (status != SWAPC_OK) return status;
    enter(all, k, process);
    atomic_store(&share->up, true);
    status = run(process, share, error);
    leave(all, k);
    swapci_process_free(process);
    return status;
}

/* ---- all of them ---------------------------------------------------------------------------------- */

/* Each partition's names are made here first: what is wrong with one is told at once. */
static enum swapc_status check_names(swapci_processes *all, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned k = 0; k < all->config.partitions->count && status == SWAPC_OK; k++)
        status = swapci_process_names_partition(&all->names, all->config.partitions, k,
                                                all->config.given, error);
    return status;
}

static enum swapc_status share_out(swapci_processes *all, swapc_error *error) {
    char role[SWAPCI_BALANCE_ROLE_MAX];
    snprintf(role, sizeof role, "process:%s", all->names.stream.group);
    const swapci_shares_config config = {.partitions = all->config.partitions,
                                         .role = role,
                                         .consumer = all->config.each.consumer,
                                         .log_role = "process",
                                         .redis = all->config.each.redis,
                                         .work = work,
                                         .user = all,
                                         .log = all->config.each.log};
    return swapci_shares_new(&config, &all->shares, error);
}

/* What is asked before the stream is made, and of one without partitions after it, too (partition.h). */
static enum swapc_status claim(swapci_processes *all, swapc_error *error) {
    return swapci_partitions_claim(all->config.partitions, all->config.given->in,
                                   &all->config.each.redis, error);
}

static enum swapc_status make(swapci_processes *all, swapc_error *error) {
    swapci_process_config single = all->config.each;
    enum swapc_status status = check_names(all, error);
    if (status == SWAPC_OK) status = claim(all, error);
    if (status != SWAPC_OK) return status;
    if (all->config.partitions->count > 1) return share_out(all, error);
    single.names = &all->names;
    single.redis.url = swapci_partition_url(all->config.partitions, 0);
    status = swapci_process_new(&single, &all->single, error);
    return status == SWAPC_OK ? claim(all, error) : status;
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
    pthread_mutex_init(&all->lock, NULL);
    enum swapc_status status = make(all, error);
    if (status == SWAPC_OK) *out = all;
    else swapci_processes_free(all);
    return status;
}

enum swapc_status swapci_processes_start(swapci_processes *all, swapc_error *error) {
    return all->single ? swapci_process_start(all->single, error)
                       : swapci_shares_start(all->shares, error);
}

void swapci_processes_stop(swapci_processes *all) {
    if (all->single) swapci_process_stop(all->single);
    else swapci_shares_stop(all->shares);
}

bool swapci_processes_ended(const swapci_processes *all) {
    return all->single ? swapci_process_ended(all->single) : swapci_shares_ended(all->shares);
}

enum swapc_status swapci_processes_join(swapci_processes *all, swapc_error *error) {
    return all->single ? swapci_process_join(all->single, error)
                       : swapci_shares_join(all->shares, error);
}

void swapci_processes_free(swapci_processes *all) {
    if (!all) return;
    swapci_process_free(all->single);
    swapci_shares_free(all->shares);
    pthread_mutex_destroy(&all->lock);
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

static void include(swapci_processes_stats *out, unsigned k, const swapci_process_stats *part) {
    swapci_process_stats *sum = &out->sum;
    add(sum, part);
    if (rank(part->state) > rank(sum->state)) sum->state = part->state;
    if (part->lag > sum->lag) sum->lag = part->lag;
    sum->in_hand += part->in_hand;
    sum->hindered += part->hindered;
    sum->owns = sum->owns || part->owns;
    out->owned += part->owns;
    out->owns[k] = part->owns;
}

void swapci_processes_stats_get(swapci_processes *all, swapci_processes_stats *out) {
    *out = (swapci_processes_stats){.partitions = all->config.partitions->count};
    if (all->single) {
        out->sum = swapci_process_stats_get(all->single);
        return;
    }
    swapci_shares_stats shares;
    swapci_shares_stats_get(all->shares, &shares);
    out->members = shares.members;
    out->failing = shares.failing;
    pthread_mutex_lock(&all->lock);
    out->sum = all->before;
    out->sum.state =
        swapci_shares_ended(all->shares) ? SWAPCI_PROCESS_ENDED : SWAPCI_PROCESS_STANDBY;
    for (unsigned k = 0; k < out->partitions; k++) {
        if (!all->parts[k]) continue;
        swapci_process_stats part = swapci_process_stats_get(all->parts[k]);
        include(out, k, &part);
    }
    pthread_mutex_unlock(&all->lock);
}
