/* What is shared: `past` and `past_ns`, under the fleet's lock, as are its members; the one verifier without partitions is set
 * before any other thread looks. */
#include "verifier_crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signals.h"
#include "via.h"

struct post {
    struct swapci_verifier_crew *crew;
    unsigned k;
    swapci_receiver *receiver;
    swapci_verifier *verifier;
};

struct swapci_verifier_crew {
    struct swapci_verifier_crew_config config;
    struct post *only; /* without partitions */
    swapci_fleet *fleet;
    swapci_ownership *ownership;
    swapci_verifier_sum past;
    swapci_histogram past_ns; /* of calls; written once they have ended */
};

/* ---- one verifier ------------------------------------------------------------------------------ */

static bool may(void *user) {
    const struct post *post = user;
    return swapci_ownership_may(post->crew->ownership, post->k);
}

static void close_post(struct post *post) {
    if (!post) return;
    swapci_verifier_free(post->verifier);
    swapci_receiver_close(post->receiver);
    free(post);
}

static enum swapc_status open_post(struct swapci_verifier_crew *crew, unsigned k, struct post **out,
                                   swapc_error *error) {
    const swapci_stream_place *place = &crew->config.places->at[k];
    swapci_verifier_config config = crew->config.verifier;
    struct swapci_via_redis way = {.redis = crew->config.way_redis, .names = &place->names};
    struct post *post = calloc(1, sizeof *post);
    if (!post) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    *post = (struct post){.crew = crew, .k = k};
    way.redis.url = config.redis.url = place->url;
    config.names = &place->names;
    if (crew->fleet) {
        config.may = may;
        config.may_user = post;
    }
    enum swapc_status status = swapci_via_receiver(crew->config.way, &way, &post->receiver, error);
    config.receiver = post->receiver;
    if (status == SWAPC_OK) status = swapci_verifier_new(&config, &post->verifier, error);
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
    (void)stop;
    enum swapc_status status = open_post(user, k, &post, error);
    if (status == SWAPC_OK) status = swapci_verifier_start(post->verifier, error);
    if (status == SWAPC_OK) {
        *member = post;
        return status;
    }
    if (post) {
        swapci_verifier_stop(post->verifier);
        (void)swapci_verifier_join(post->verifier, NULL);
    }
    close_post(post);
    return status;
}

static void member_troubled(void *user, unsigned k, const swapc_error *why) {
    const struct swapci_verifier_crew *crew = user;
    swapc_log_write(&crew->config.verifier.log, SWAPC_LOG_WARN, "verifier",
                    "partition %u cannot be worked on, and is tried again: %s", k, why->text);
}

/* What is in hand is done either way. */
static void member_end(void *user, void *member, bool now) {
    (void)user;
    (void)now;
    swapci_verifier_stop(((const struct post *)member)->verifier);
}

static bool member_ended(void *user, void *member) {
    (void)user;
    return swapci_verifier_ended(((const struct post *)member)->verifier);
}

static void member_keep(void *user, void *member) {
    struct swapci_verifier_crew *crew = user;
    const struct post *post = member;
    swapci_verifier_sum_add(post->verifier, &crew->past);
    swapci_verifier_times(post->verifier, &crew->past_ns);
}

static enum swapc_status member_close(void *user, unsigned k, void *member, swapc_error *error) {
    struct post *post = member;
    (void)user;
    (void)k;
    enum swapc_status status = swapci_verifier_join(post->verifier, error);
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
static void each(struct swapci_verifier_crew *crew, void (*kept)(void *context),
                 void (*fn)(void *context, unsigned k, void *member), void *context) {
    if (crew->only) fn(context, 0, crew->only);
    if (crew->fleet) swapci_fleet_each(crew->fleet, kept, fn, context);
}

/* ---- the crew ------------------------------------------------------------------------------------ */

static void abandon_one(void *context, unsigned k, void *member) {
    (void)context;
    (void)k;
    swapci_receiver_abandon(((const struct post *)member)->receiver);
}

/* Before a forced end. */
static void abandon(void *user) {
    each(user, NULL, abandon_one, NULL);
}

enum swapc_status swapci_verifier_crew_new(const struct swapci_verifier_crew_config *config,
                                           swapci_verifier_crew **out, swapc_error *error) {
    struct swapci_verifier_crew *crew = calloc(1, sizeof *crew);
    if (!crew) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    crew->config = *config;
    swapci_histogram_init(&crew->past_ns);
    unsigned count = config->places->count;
    enum swapc_status status = count == 1
                                   ? open_post(crew, 0, &crew->only, error)
                                   : swapci_fleet_new(&ops, crew, count, &crew->fleet, error);
    if (status != SWAPC_OK) {
        free(crew);
        return status;
    }
    swapci_signals_leftover(abandon, crew);
    *out = crew;
    return SWAPC_OK;
}

enum swapc_status swapci_verifier_crew_start(swapci_verifier_crew *crew, swapc_error *error) {
    const swapci_verifier_config *verifier = &crew->config.verifier;
    char consumer[SWAPCI_STREAM_CONSUMER_MAX + 1] = "host";
    if (crew->only) return swapci_verifier_start(crew->only->verifier, error);
    gethostname(consumer, 64);
    const swapci_ownership_config config = {.partitions = &crew->config.places->partitions,
                                            .plain = crew->config.places->plain,
                                            .role = "verifier",
                                            .consumer = consumer,
                                            .redis = {.health = verifier->redis.health},
                                            .fleet = crew->fleet,
                                            .log = verifier->log};
    return swapci_ownership_start(&config, &crew->ownership, error);
}

void swapci_verifier_crew_stop(swapci_verifier_crew *crew) {
    if (crew->only) swapci_verifier_stop(crew->only->verifier);
    else swapci_fleet_stop(crew->fleet);
}

bool swapci_verifier_crew_ended(swapci_verifier_crew *crew) {
    return crew->only ? member_ended(crew, crew->only) : swapci_fleet_ended(crew->fleet);
}

bool swapci_verifier_crew_failed(swapci_verifier_crew *crew) {
    return crew->only ? swapci_verifier_failed(crew->only->verifier)
                      : swapci_fleet_failed(crew->fleet);
}

enum swapc_status swapci_verifier_crew_join(swapci_verifier_crew *crew, swapc_error *error) {
    swapci_verifier_crew_stop(crew);
    if (crew->only) return swapci_verifier_join(crew->only->verifier, error);
    enum swapc_status status = swapci_fleet_join(crew->fleet, error);
    swapci_ownership_end(crew->ownership);
    crew->ownership = NULL;
    return status;
}

void swapci_verifier_crew_free(swapci_verifier_crew *crew) {
    if (!crew) return;
    swapci_signals_leftover_gone(crew);
    close_post(crew->only);
    swapci_fleet_free(crew->fleet);
    free(crew);
}

struct look {
    const struct swapci_verifier_crew *crew;
    swapci_verifier_sum *sum;
    unsigned members, with_peer;
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
    each(crew, add_past, add_one, &look);
}

static void look_for_peer(void *context, unsigned k, void *member) {
    struct look *look = context;
    (void)k;
    look->members++;
    look->with_peer += swapci_receiver_sender_alive(((const struct post *)member)->receiver);
}

bool swapci_verifier_crew_peer(swapci_verifier_crew *crew) {
    struct look look = {.crew = crew};
    each(crew, NULL, look_for_peer, &look);
    return look.with_peer > 0 || (crew->fleet && look.members == 0);
}

swapci_transport_fill swapci_verifier_crew_fill(swapci_verifier_crew *crew) {
    return crew->only ? swapci_receiver_fill(crew->only->receiver) : (swapci_transport_fill){0, 0};
}

void swapci_verifier_crew_tell(swapci_verifier_crew *crew, char out[SWAPCI_OWNERSHIP_TEXT_MAX]) {
    out[0] = 0;
    if (crew->ownership) (void)swapci_ownership_tell(crew->ownership, out);
}

void swapci_verifier_crew_refused(swapci_verifier_crew *crew, char *refused) {
    refused[0] = 0;
    if (crew->ownership)
        (void)swapci_ownership_refused(crew->ownership, refused, SWAPCI_OWNERSHIP_REFUSED_MAX);
    unsigned troubled = crew->fleet ? swapci_fleet_troubled(crew->fleet) : 0;
    if (!refused[0] && troubled > 0)
        snprintf(refused, SWAPCI_OWNERSHIP_REFUSED_MAX,
                 "%u of its partitions cannot be worked on: its log says why", troubled);
}

void swapci_verifier_crew_times(swapci_verifier_crew *crew, swapci_histogram *verify_ns) {
    if (crew->only) swapci_verifier_times(crew->only->verifier, verify_ns);
    else swapci_histogram_merge(verify_ns, &crew->past_ns);
}
