/* What is shared: `past`, under the fleet's lock, as are its members; the one signer without partitions is set before any other
 * thread looks. */
#include "signer_crew.h"

#include <stdio.h>
#include <stdlib.h>

#include "balance.h"
#include "partition_rows.h"
#include "via.h"

struct post {
    swapci_crew_place place;
    swapci_sender *sender;
    swapci_signer *signer;
};

/* ---- one signer -------------------------------------------------------------------------------- */

static void close_post(void *member) {
    struct post *post = member;
    const struct swapci_signer_crew *crew = post->place.crew->config.user;
    swapci_signer_free(post->signer);
    swapci_via_sender_close(crew->config.way, post->sender);
    free(post);
}

static enum swapc_status open_post(void *user, unsigned k, atomic_int *stop, void **out,
                                   swapc_error *error) {
    struct swapci_signer_crew *crew = user;
    const swapci_stream_place *place = &crew->config.places->at[k];
    swapci_signer_config config = crew->config.signer;
    struct post *post = calloc(1, sizeof *post);
    if (!post) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    *post = (struct post){.place = {&crew->base, k}};
    config.redis_url = place->url;
    config.prefix = place->names.prefix;
    config.stop = stop;
    if (crew->config.places->count > 1) {
        config.health = &crew->health[k];
        config.may = swapci_crew_may;
        config.may_user = &post->place;
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
    if (status == SWAPC_OK) *out = post;
    else close_post(post);
    return status;
}

/* ---- as a member of a crew ----------------------------------------------------------------------- */

static enum swapc_status member_start(void *member, swapc_error *error) {
    return swapci_signer_start(((const struct post *)member)->signer, error);
}

static void member_end(void *member, bool now) {
    const struct post *post = member;
    if (now) swapci_signer_stop(post->signer);
    else swapci_signer_drain(post->signer);
}

static bool member_ended(void *member) {
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
    const struct post *post = member;
    swapci_signer_stats stats = swapci_signer_stats_get(post->signer);
    add_counters(&stats, &crew->past[post->place.k]);
}

static enum swapc_status member_join(void *member, swapc_error *error) {
    return swapci_signer_join(((const struct post *)member)->signer, error);
}

static bool member_peer(void *member) {
    return swapci_sender_receiver_alive(((const struct post *)member)->sender);
}

static const struct swapci_fleet_ops ops = {.open = open_post,
                                            .start = member_start,
                                            .end = member_end,
                                            .ended = member_ended,
                                            .keep = member_keep,
                                            .join = member_join,
                                            .close = close_post,
                                            .peer = member_peer};

/* ---- the crew ------------------------------------------------------------------------------------ */

enum swapc_status swapci_signer_crew_new(const struct swapci_signer_crew_config *config,
                                         swapci_signer_crew **out, swapc_error *error) {
    const swapci_signer_config *signer = &config->signer;
    struct swapci_signer_crew *crew = calloc(1, sizeof *crew);
    if (!crew) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    crew->config = *config;
    const swapci_crew_config base = {.ops = &ops,
                                     .user = crew,
                                     .stop = signer->stop,
                                     .share = {.partitions = &config->places->partitions,
                                               .plain = config->places->plain,
                                               .role = "signer",
                                               .log_role = "signer",
                                               .consumer = signer->consumer,
                                               .redis = {.retry_ms = signer->redis_retry_ms,
                                                         .service = true,
                                                         .stop = signer->stop,
                                                         .health = signer->health},
                                               .log = signer->log}};
    enum swapc_status status = swapci_crew_init(&crew->base, &base, error);
    if (status != SWAPC_OK) {
        free(crew);
        return status;
    }
    *out = crew;
    return SWAPC_OK;
}

void swapci_signer_crew_free(swapci_signer_crew *crew) {
    if (!crew) return;
    swapci_crew_fini(&crew->base);
    free(crew);
}

struct look {
    const struct swapci_signer_crew *crew;
    swapci_signer_stats sum;
    unsigned members;
};

static void look_at_past(void *context) {
    struct look *look = context;
    for (unsigned k = 0; k < look->crew->config.places->count; k++)
        add_counters(&look->crew->past[k], &look->sum);
}

static void look_at(void *context, unsigned k, void *member) {
    struct look *look = context;
    swapci_signer_stats one = swapci_signer_stats_get(((const struct post *)member)->signer);
    (void)k;
    add_counters(&one, &look->sum);
    look->sum.state = look->members++ ? look->sum.state : one.state;
    look->sum.owns |= one.owns;
    look->sum.waiting += one.waiting;
    look->sum.in_flight += one.in_flight;
    look->sum.full |= one.full;
}

swapci_signer_stats swapci_signer_crew_stats(swapci_signer_crew *crew) {
    struct look look = {.crew = crew, .sum.state = SWAPCI_SIGNER_READING};
    swapci_crew_each(&crew->base, look_at_past, look_at, &look);
    /* Of a partition alone another may have the name for a while: no reason to be out of use. */
    if (crew->base.fleet && look.sum.state == SWAPCI_SIGNER_WAITING)
        look.sum.state = SWAPCI_SIGNER_RECOVERING;
    return look.sum;
}

static void add_counts(const swapci_signer_stats *stats, swapci_control_partition *row) {
    row->done += stats->sent;
    row->errors += stats->refused;
}

static void tell_past(const void *user, unsigned k, swapci_control_partition *row) {
    add_counts(&((const struct swapci_signer_crew *)user)->past[k], row);
}

static void tell_now(const void *member, swapci_control_partition *row) {
    swapci_signer_stats stats = swapci_signer_stats_get(((const struct post *)member)->signer);
    add_counts(&stats, row);
    row->in_hand = stats.in_flight;
    snprintf(row->state, sizeof row->state, "%s", swapci_signer_state_name(stats.state));
}

void swapci_signer_crew_rows(swapci_signer_crew *crew, swapci_control_partition *rows) {
    const swapci_partition_view view = {.crew = &crew->base,
                                        .places = crew->config.places->at,
                                        .health = crew->health,
                                        .user = crew,
                                        .past = tell_past,
                                        .now = tell_now};
    if (crew->base.fleet) swapci_partition_rows(&view, rows);
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
    swapci_crew_each(&crew->base, NULL, put, &q);
    return q.status;
}

static void take_back(void *context, unsigned k, void *member) {
    struct question *q = context;
    (void)k;
    q->found |= swapci_signer_forget(((const struct post *)member)->signer, q->user);
}

bool swapci_signer_crew_forget(swapci_signer_crew *crew, const void *user) {
    struct question q = {.user = (void *)(uintptr_t)user};
    swapci_crew_each(&crew->base, NULL, take_back, &q);
    return q.found;
}
