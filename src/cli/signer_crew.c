/* What is shared: `past`, under the fleet's lock, as are its members; the one signer without partitions is set before any other
 * thread looks. */
#include "signer_crew.h"

#include <stdio.h>
#include <stdlib.h>

#include "balance.h"
#include "signals.h"
#include "via.h"

struct post {
    struct swapci_signer_crew *crew;
    unsigned k;
    swapci_sender *sender;
    swapci_signer *signer;
};

struct swapci_signer_crew {
    struct swapci_signer_crew_config config;
    struct post *only; /* without partitions */
    swapci_fleet *fleet;
    swapci_ownership *ownership;
    swapci_signer_stats past;
};

/* ---- one signer -------------------------------------------------------------------------------- */

static bool may(void *user) {
    const struct post *post = user;
    return swapci_ownership_may(post->crew->ownership, post->k);
}

static void close_post(struct post *post) {
    if (!post) return;
    swapci_signer_free(post->signer);
    swapci_sender_close(post->sender);
    free(post);
}

static enum swapc_status open_post(struct swapci_signer_crew *crew, unsigned k, atomic_int *stop,
                                   struct post **out, swapc_error *error) {
    const swapci_stream_place *place = &crew->config.places->at[k];
    swapci_signer_config config = crew->config.signer;
    struct post *post = calloc(1, sizeof *post);
    if (!post) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    *post = (struct post){.crew = crew, .k = k};
    config.redis_url = place->url;
    config.prefix = place->names.prefix;
    config.stop = stop;
    if (crew->fleet) {
        config.may = may;
        config.may_user = post;
        config.lease_ms = SWAPCI_PARTITION_LEASE_MS;
    }
    const struct swapci_via_redis way = {.redis = {.url = config.redis_url,
                                                   .retry_ms = config.redis_retry_ms,
                                                   .service = true,
                                                   .log = &crew->config.signer.log,
                                                   .role = "signer",
                                                   .stop = config.stop,
                                                   .health = config.health},
                                         .names = &place->names,
                                         .consumer = config.consumer};
    enum swapc_status status = swapci_via_sender(crew->config.way, &way, &post->sender, error);
    config.sender = post->sender;
    if (status == SWAPC_OK) status = swapci_signer_new(&config, &post->signer, error);
    if (status != SWAPC_OK) {
        close_post(post);
        return status;
    }
    *out = post;
    return SWAPC_OK;
}

/* ---- as members of a fleet ----------------------------------------------------------------------- */

static enum swapc_status member_open(void *user, unsigned k, atomic_int *stop, void **member,
                                     swapc_error *error) {
    struct post *post = NULL;
    enum swapc_status status = open_post(user, k, stop, &post, error);
    if (status == SWAPC_OK) status = swapci_signer_start(post->signer, error);
    if (status == SWAPC_OK) *member = post;
    else close_post(post);
    return status;
}

static void member_troubled(void *user, unsigned k, const swapc_error *why) {
    const struct swapci_signer_crew *crew = user;
    swapc_log_write(&crew->config.signer.log, SWAPC_LOG_WARN, "signer",
                    "partition %u cannot be worked on, and is tried again: %s", k, why->text);
}

static void member_end(void *user, void *member, bool now) {
    const struct post *post = member;
    (void)user;
    if (now) swapci_signer_stop(post->signer);
    else swapci_signer_drain(post->signer);
}

static bool member_ended(void *user, void *member) {
    (void)user;
    return swapci_signer_stats_get(((const struct post *)member)->signer).state ==
           SWAPCI_SIGNER_ENDED;
}

/* What goes on counting. */
static void add_counters(const swapci_signer_stats *one, swapci_signer_stats *sum) {
#define ADD(name) sum->name += one->name;
    SWAPCI_SIGNER_COUNTERS(ADD)
#undef ADD
}

static void member_keep(void *user, void *member) {
    struct swapci_signer_crew *crew = user;
    swapci_signer_stats stats = swapci_signer_stats_get(((const struct post *)member)->signer);
    add_counters(&stats, &crew->past);
}

static enum swapc_status member_close(void *user, unsigned k, void *member, swapc_error *error) {
    struct post *post = member;
    (void)user;
    (void)k;
    enum swapc_status status = swapci_signer_join(post->signer, error);
    close_post(post);
    return status;
}

static const struct swapci_fleet_ops ops = {.open = member_open,
                                            .troubled = member_troubled,
                                            .end = member_end,
                                            .ended = member_ended,
                                            .keep = member_keep,
                                            .close = member_close};

/* Calls fn for each that works. */
static void each(struct swapci_signer_crew *crew, void (*kept)(void *context),
                 void (*fn)(void *context, unsigned k, void *member), void *context) {
    if (crew->only) fn(context, 0, crew->only);
    if (crew->fleet) swapci_fleet_each(crew->fleet, kept, fn, context);
}

/* ---- the crew ------------------------------------------------------------------------------------ */

static void abandon_one(void *context, unsigned k, void *member) {
    (void)context;
    (void)k;
    swapci_sender_abandon(((const struct post *)member)->sender);
}

/* Before a forced end. */
static void abandon(void *user) {
    each(user, NULL, abandon_one, NULL);
}

enum swapc_status swapci_signer_crew_new(const struct swapci_signer_crew_config *config,
                                         swapci_signer_crew **out, swapc_error *error) {
    struct swapci_signer_crew *crew = calloc(1, sizeof *crew);
    if (!crew) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    crew->config = *config;
    unsigned count = config->places->count;
    enum swapc_status status = count == 1
                                   ? open_post(crew, 0, config->signer.stop, &crew->only, error)
                                   : swapci_fleet_new(&ops, crew, count, &crew->fleet, error);
    if (status != SWAPC_OK) {
        free(crew);
        return status;
    }
    swapci_signals_leftover(abandon, crew);
    *out = crew;
    return SWAPC_OK;
}

enum swapc_status swapci_signer_crew_start(swapci_signer_crew *crew, swapc_error *error) {
    const swapci_signer_config *signer = &crew->config.signer;
    if (crew->only) return swapci_signer_start(crew->only->signer, error);
    const swapci_ownership_config config = {.partitions = &crew->config.places->partitions,
                                            .plain = crew->config.places->plain,
                                            .role = "signer",
                                            .consumer = signer->consumer,
                                            .redis = {.health = signer->health},
                                            .fleet = crew->fleet,
                                            .log = signer->log};
    return swapci_ownership_start(&config, &crew->ownership, error);
}

void swapci_signer_crew_stop(swapci_signer_crew *crew) {
    if (crew->only) swapci_signer_stop(crew->only->signer);
    else swapci_fleet_stop(crew->fleet);
}

bool swapci_signer_crew_ended(swapci_signer_crew *crew) {
    return crew->only ? member_ended(crew, crew->only) : swapci_fleet_ended(crew->fleet);
}

enum swapc_status swapci_signer_crew_join(swapci_signer_crew *crew, swapc_error *error) {
    if (crew->only) return swapci_signer_join(crew->only->signer, error);
    enum swapc_status status = swapci_fleet_join(crew->fleet, error);
    swapci_ownership_end(crew->ownership);
    crew->ownership = NULL;
    return status;
}

void swapci_signer_crew_free(swapci_signer_crew *crew) {
    if (!crew) return;
    swapci_signals_leftover_gone(crew);
    close_post(crew->only);
    swapci_fleet_free(crew->fleet);
    free(crew);
}

struct look {
    const struct swapci_signer_crew *crew;
    swapci_signer_stats sum;
    unsigned members, with_peer;
};

static void look_at_past(void *context) {
    struct look *look = context;
    add_counters(&look->crew->past, &look->sum);
}

static void look_at(void *context, unsigned k, void *member) {
    struct look *look = context;
    const struct post *post = member;
    swapci_signer_stats one = swapci_signer_stats_get(post->signer);
    (void)k;
    add_counters(&one, &look->sum);
    look->sum.state = look->members++ ? look->sum.state : one.state;
    look->sum.owns |= one.owns;
    look->sum.waiting += one.waiting;
    look->sum.in_flight += one.in_flight;
    look->sum.full |= one.full;
    look->with_peer += swapci_sender_receiver_alive(post->sender);
}

static struct look look_at_all(swapci_signer_crew *crew) {
    struct look look = {.crew = crew, .sum.state = SWAPCI_SIGNER_READING};
    each(crew, look_at_past, look_at, &look);
    /* Of a partition alone another may have the name for a while: no reason to be out of use. */
    if (crew->fleet && look.sum.state == SWAPCI_SIGNER_WAITING)
        look.sum.state = SWAPCI_SIGNER_RECOVERING;
    return look;
}

swapci_signer_stats swapci_signer_crew_stats(swapci_signer_crew *crew) {
    return look_at_all(crew).sum;
}

bool swapci_signer_crew_peer(swapci_signer_crew *crew) {
    struct look look = look_at_all(crew);
    return look.with_peer > 0 || (crew->fleet && look.members == 0);
}

void swapci_signer_crew_tell(swapci_signer_crew *crew, char out[SWAPCI_OWNERSHIP_TEXT_MAX]) {
    out[0] = 0;
    if (crew->ownership) (void)swapci_ownership_tell(crew->ownership, out);
}

void swapci_signer_crew_refused(swapci_signer_crew *crew, char *refused) {
    refused[0] = 0;
    if (crew->ownership)
        (void)swapci_ownership_refused(crew->ownership, refused, SWAPCI_OWNERSHIP_REFUSED_MAX);
    unsigned troubled = crew->fleet ? swapci_fleet_troubled(crew->fleet) : 0;
    if (!refused[0] && troubled > 0)
        snprintf(refused, SWAPCI_OWNERSHIP_REFUSED_MAX,
                 "%u of its partitions cannot be worked on: its log says why", troubled);
}

struct question {
    unsigned k;
    swapci_signer_sent_fn fn;
    void *user;
    enum swapc_status status;
    bool found;
};

static void put(void *context, unsigned k, void *member) {
    struct question *q = context;
    if (k != q->k) return;
    q->status = swapci_signer_when_sent(((const struct post *)member)->signer, q->fn, q->user);
}

enum swapc_status swapci_signer_crew_when_sent(swapci_signer_crew *crew, unsigned k,
                                               swapci_signer_sent_fn fn, void *user) {
    struct question q = {.k = k, .fn = fn, .user = user, .status = SWAPC_NOT_FOUND};
    each(crew, NULL, put, &q);
    return q.status;
}

static void take_back(void *context, unsigned k, void *member) {
    struct question *q = context;
    (void)k;
    q->found |= swapci_signer_forget(((const struct post *)member)->signer, q->user);
}

bool swapci_signer_crew_forget(swapci_signer_crew *crew, const void *user) {
    struct question q = {.user = (void *)(uintptr_t)user};
    each(crew, NULL, take_back, &q);
    return q.found;
}
