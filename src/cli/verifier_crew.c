/* What is shared: `past` and `past_ns`, under the fleet's lock, as are its members; the one verifier without partitions is set
 * before any other thread looks. */
#include "verifier_crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "partition_rows.h"
#include "via.h"

struct post {
    swapci_crew_place place;
    swapci_receiver *receiver;
    swapci_verifier *verifier;
};

/* ---- one verifier ------------------------------------------------------------------------------ */

static void close_post(void *member) {
    struct post *post = member;
    const struct swapci_verifier_crew *crew = post->place.crew->config.user;
    swapci_verifier_free(post->verifier);
    swapci_via_receiver_close(crew->config.way, post->receiver);
    free(post);
}

static enum swapc_status open_post(void *user, unsigned k, atomic_int *stop, void **out,
                                   swapc_error *error) {
    struct swapci_verifier_crew *crew = user;
    const swapci_stream_place *place = &crew->config.places->at[k];
    swapci_verifier_config config = crew->config.verifier;
    struct swapci_via_redis way = {.redis = crew->config.way_redis, .names = &place->names};
    struct post *post = calloc(1, sizeof *post);
    if (!post) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    *post = (struct post){.place = {&crew->base, k}};
    way.redis.url = config.redis.url = place->url;
    config.names = &place->names;
    if (crew->config.places->count > 1) {
        way.redis.health = config.redis.health = &crew->health[k];
        way.redis.stop = config.redis.stop = stop;
        config.may = swapci_crew_may;
        config.may_user = &post->place;
    }
    enum swapc_status status = swapci_via_receiver(crew->config.way, &way, &post->receiver, error);
    config.receiver = post->receiver;
    if (status == SWAPC_OK) status = swapci_verifier_new(&config, &post->verifier, error);
    if (status == SWAPC_OK) *out = post;
    else close_post(post);
    return status;
}

/* ---- as a member of a crew ----------------------------------------------------------------------- */

static enum swapc_status member_start(void *member, swapc_error *error) {
    return swapci_verifier_start(((const struct post *)member)->verifier, error);
}

/* What is in hand is done either way. */
static void member_end(void *member, bool now) {
    (void)now;
    swapci_verifier_stop(((const struct post *)member)->verifier);
}

static bool member_ended(void *member) {
    return swapci_verifier_ended(((const struct post *)member)->verifier);
}

static void add_verdicts(const swapci_verifier_stats *one, swapci_verifier_stats *sum) {
    sum->valid += one->valid;
    sum->not_valid += one->not_valid;
    sum->errors += one->errors;
}

static void member_keep(void *user, void *member) {
    struct swapci_verifier_crew *crew = user;
    const struct post *post = member;
    swapci_verifier_stats stats = swapci_verifier_stats_get(post->verifier);
    swapci_verifier_sum_add(post->verifier, &crew->past);
    add_verdicts(&stats, &crew->past_each[post->place.k]);
    swapci_verifier_times(post->verifier, &crew->past_ns);
}

static enum swapc_status member_join(void *member, swapc_error *error) {
    return swapci_verifier_join(((const struct post *)member)->verifier, error);
}

static bool member_peer(void *member) {
    return swapci_receiver_sender_alive(((const struct post *)member)->receiver);
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

enum swapc_status swapci_verifier_crew_new(const struct swapci_verifier_crew_config *config,
                                           swapci_verifier_crew **out, swapc_error *error) {
    const swapci_verifier_config *verifier = &config->verifier;
    struct swapci_verifier_crew *crew = calloc(1, sizeof *crew);
    if (!crew) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    crew->config = *config;
    swapci_histogram_init(&crew->past_ns);
    memcpy(crew->host, "host", sizeof "host");
    gethostname(crew->host, 64);
    const swapci_crew_config base = {.ops = &ops,
                                     .user = crew,
                                     .share = {.partitions = &config->places->partitions,
                                               .plain = config->places->plain,
                                               .role = "verifier",
                                               .log_role = "verifier",
                                               .consumer = crew->host,
                                               .redis = verifier->redis,
                                               .log = verifier->log}};
    enum swapc_status status = swapci_crew_init(&crew->base, &base, error);
    if (status != SWAPC_OK) {
        free(crew);
        return status;
    }
    *out = crew;
    return SWAPC_OK;
}

bool swapci_verifier_crew_failed(swapci_verifier_crew *crew) {
    const struct post *only = crew->base.only;
    return only ? swapci_verifier_failed(only->verifier) : swapci_fleet_failed(crew->base.fleet);
}

void swapci_verifier_crew_free(swapci_verifier_crew *crew) {
    if (!crew) return;
    swapci_crew_fini(&crew->base);
    free(crew);
}

struct look {
    const struct swapci_verifier_crew *crew;
    swapci_verifier_sum *sum;
};

static void add_past(void *context) {
    const struct look *look = context;
    const swapci_verifier_sum *past = &look->crew->past;
    *look->sum = *past;
}

static void add_one(void *context, unsigned k, void *member) {
    const struct look *look = context;
    (void)k;
    swapci_verifier_sum_add(((const struct post *)member)->verifier, look->sum);
}

void swapci_verifier_crew_sum(swapci_verifier_crew *crew, swapci_verifier_sum *sum) {
    struct look look = {.crew = crew, .sum = sum};
    memset(sum, 0, sizeof *sum);
    swapci_crew_each(&crew->base, add_past, add_one, &look);
}

static void add_counts(const swapci_verifier_stats *stats, swapci_control_partition *row) {
    row->done += stats->valid + stats->not_valid + stats->errors;
    row->errors += stats->errors;
}

static void tell_past(const void *user, unsigned k, swapci_control_partition *row) {
    add_counts(&((const struct swapci_verifier_crew *)user)->past_each[k], row);
}

static void tell_now(const void *member, swapci_control_partition *row) {
    swapci_verifier_stats stats =
        swapci_verifier_stats_get(((const struct post *)member)->verifier);
    add_counts(&stats, row);
    row->in_hand = stats.in_flight;
    snprintf(row->state, sizeof row->state, stats.hindered ? "hindered" : "working");
    if (stats.hindered)
        snprintf(row->why, sizeof row->why, "messages cannot be judged: the log says why");
}

void swapci_verifier_crew_rows(swapci_verifier_crew *crew, swapci_control_partition *rows) {
    const swapci_partition_view view = {.crew = &crew->base,
                                        .places = crew->config.places->at,
                                        .health = crew->health,
                                        .user = crew,
                                        .past = tell_past,
                                        .now = tell_now};
    if (crew->base.fleet) swapci_partition_rows(&view, rows);
}

swapci_transport_fill swapci_verifier_crew_fill(swapci_verifier_crew *crew) {
    const struct post *only = crew->base.only;
    return only ? swapci_receiver_fill(only->receiver) : (swapci_transport_fill){0, 0};
}

void swapci_verifier_crew_times(swapci_verifier_crew *crew, swapci_histogram *verify_ns) {
    const struct post *only = crew->base.only;
    if (only) swapci_verifier_times(only->verifier, verify_ns);
    else swapci_histogram_merge(verify_ns, &crew->past_ns);
}
