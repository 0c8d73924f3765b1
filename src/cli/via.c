#include "via.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "fail_point.h"
#include "places.h"
#include "ring.h"
#include "signals.h"
#include "transport_redis.h"
#include "transport_ring.h"
#include "ways_in_use.h"

typedef const struct swapci_pipeline_options given;
typedef const struct swapci_via_redis over;

/* ---- the ring ---------------------------------------------------------------------------------- */

static const char *ring_name(given *o) {
    return o->ring;
}

static enum swapc_status ring_sender(given *o, over *redis, swapci_sender **out,
                                     swapc_error *error) {
    const swapci_transport_ring_config config = {.name = o->ring};
    (void)redis;
    return swapci_transport_ring_send(&config, out, error);
}

static enum swapc_status ring_receiver(given *o, over *redis, swapci_receiver **out,
                                       swapc_error *error) {
    const swapci_transport_ring_config config = {.name = o->ring};
    (void)redis;
    return swapci_transport_ring_receive(&config, out, error);
}

static void ring_remove(given *o) {
    swapci_ring_unlink(NULL, o->ring, NULL);
}

static void ring_sweep(const char *prefix) {
    swapci_ring_sweep(NULL, prefix);
}

/* ---- Redis ------------------------------------------------------------------------------------- */

/* The stream has the name of --stream, which has a default. */
static const char *stream_name(given *o) {
    return o->stream ? o->stream : "swapc";
}

static enum swapc_status redis_sender(given *o, over *redis, swapci_sender **out,
                                      swapc_error *error) {
    const swapci_transport_redis_config config = {
        .redis = redis->redis, .names = redis->names, .consumer = redis->consumer};
    (void)o;
    return swapci_transport_redis_send(&config, out, error);
}

static enum swapc_status redis_receiver(given *o, over *redis, swapci_receiver **out,
                                        swapc_error *error) {
    const swapci_transport_redis_config config = {.redis = redis->redis, .names = redis->names};
    (void)o;
    return swapci_transport_redis_receive(&config, out, error);
}

static void redis_remove(given *o) {
    struct swapci_places places;
    if (!o->signer) return;
    if (swapci_places_init(&places, o->stream, o->partitions, o->redis, NULL) == SWAPC_OK)
        for (unsigned k = 0; k < places.count; k++)
            swapci_transport_redis_forget(&places.at[k].names, o->signer);
    swapci_places_fini(&places);
}

/* ---- all of them ------------------------------------------------------------------------------- */

/* A way by its name in swapci_via_choices; the first one is the default. */
static const struct way {
    const char *name;
    bool ring;                      /* --ring names the place, else Redis and --stream do */
    const char *place, *option;     /* what that is, for people and on the command line */
    const char *(*which)(given *o); /* the name that was given; NULL: none */
    enum swapc_status (*sender)(given *o, over *redis, swapci_sender **out, swapc_error *error);
    enum swapc_status (*receiver)(given *o, over *redis, swapci_receiver **out, swapc_error *error);
    void (*remove)(given *o);          /* NULL: nothing is left */
    void (*sweep)(const char *prefix); /* NULL: the same */
} ways[] = {
    {"shm", true, "ring", "--ring", ring_name, ring_sender, ring_receiver, ring_remove, ring_sweep},
    {"redis", false, "stream", "--via redis --stream", stream_name, redis_sender, redis_receiver,
     redis_remove, NULL},
};

const char *const swapci_via_choices[] = {"shm", "redis", NULL};
const char swapci_via_help[] =
    "signed messages travel by shared memory or Redis, to any host (default shm)";

enum { WAYS = sizeof ways / sizeof *ways };
static_assert(sizeof swapci_via_choices / sizeof *swapci_via_choices == WAYS + 1,
              "the names of all ways are choices");

static const struct way *way_of(given *o) {
    const struct way *way = ways;
    while (o->via && strcmp(o->via, way->name) != 0) way++; /* a choice: it is one of them */
    return way;
}

bool swapci_via_ring(given *o) {
    return way_of(o)->ring;
}

int swapci_via_check(const char *command, given *o) {
    const struct way *way = way_of(o);
    if (!way->which(o))
        return swapci_cli_usage(command, "%s is required with --via %s", way->option, way->name);
    if (!way->ring && o->ring && o->ring[0])
        return swapci_cli_usage(command,
                                "--ring %s is a place for --via %s: leave it out with --via %s, "
                                "whose place is the stream (--stream PREFIX)",
                                o->ring, ways[0].name, way->name);
    if (way->ring && o->partitions > 1)
        return swapci_cli_usage(command,
                                "--partitions %llu needs --via redis: a ring is one stream, of one "
                                "signer and one verifier",
                                (unsigned long long)o->partitions);
    return -1;
}

static void abandon_sender(void *sender) {
    swapci_sender_abandon(sender);
}

static void abandon_receiver(void *receiver) {
    swapci_receiver_abandon(receiver);
}

enum swapc_status swapci_via_sender(given *o, over *redis, swapci_sender **out,
                                    swapc_error *error) {
    if (!swapci_via_ring(o)) return way_of(o)->sender(o, redis, out, error);
    swapci_signals_making();
    enum swapc_status status = way_of(o)->sender(o, redis, out, error);
    if (status == SWAPC_OK) swapci_signals_leftover(abandon_sender, *out);
    swapci_signals_made();
    swapci_fail_point(SWAPCI_FAIL_way_open);
    return status;
}

enum swapc_status swapci_via_receiver(given *o, over *redis, swapci_receiver **out,
                                      swapc_error *error) {
    if (!swapci_via_ring(o)) return way_of(o)->receiver(o, redis, out, error);
    swapci_signals_making();
    enum swapc_status status = way_of(o)->receiver(o, redis, out, error);
    if (status == SWAPC_OK) swapci_signals_leftover(abandon_receiver, *out);
    swapci_signals_made();
    swapci_fail_point(SWAPCI_FAIL_way_open);
    return status;
}

void swapci_via_sender_close(given *o, swapci_sender *sender) {
    bool leftover = sender && swapci_via_ring(o);
    if (leftover) swapci_signals_making();
    if (leftover) swapci_signals_leftover_gone(sender);
    swapci_sender_close(sender);
    if (leftover) swapci_signals_made();
}

void swapci_via_receiver_close(given *o, swapci_receiver *receiver) {
    bool leftover = receiver && swapci_via_ring(o);
    if (leftover) swapci_signals_making();
    if (leftover) swapci_signals_leftover_gone(receiver);
    swapci_receiver_close(receiver);
    if (leftover) swapci_signals_made();
}

/* The sentence for a verifier whose signers are elsewhere. */
static enum swapc_status disagree(const struct way *way, const swapci_ways_in_use *found,
                                  swapc_error *error) {
    if (!way->ring)
        return swapc_error_set(
            error, SWAPC_INVALID,
            "signer %s sends over ring %s, by --via shm: start this verifier on its "
            "host with --via shm --ring %s, or all signers with --via redis",
            found->consumer, found->ring, found->ring);
    return swapc_error_set(error, SWAPC_INVALID,
                           "signer %s sends over Redis: start this verifier with --via redis and "
                           "without --ring, or the signer with --via shm and the same --ring",
                           found->consumer);
}

enum swapc_status swapci_via_agree(given *o, over *redis, swapc_error *error) {
    const struct way *way = way_of(o);
    swapci_ways_in_use found = {.rings = 0};
    swapci_redis *link = NULL;
    enum swapc_status status = swapci_redis_open(&redis->redis, &link, error);
    if (status != SWAPC_OK) return status;
    status = swapci_ways_in_use_look(link, redis->names, &found, error);
    swapci_redis_free(link);
    if (status == SWAPC_IO) return SWAPC_OK; /* the next to need Redis says so */
    if (status != SWAPC_OK || (way->ring ? found.rings : found.redis) > 0) return status;
    return (way->ring ? found.redis : found.rings) > 0 ? disagree(way, &found, error) : status;
}

const char *swapci_via_place(given *o, char out[SWAPCI_VIA_TEXT_MAX]) {
    const struct way *way = way_of(o);
    if (o->partitions > 1)
        snprintf(out, SWAPCI_VIA_TEXT_MAX, "%llu partitions of %s %s",
                 (unsigned long long)o->partitions, way->place, way->which(o));
    else
        snprintf(out, SWAPCI_VIA_TEXT_MAX, way->ring ? "%s %s" : "%s %s:signed", way->place,
                 way->which(o));
    return out;
}

const char *swapci_via_join(given *o, char out[SWAPCI_VIA_TEXT_MAX]) {
    const struct way *way = way_of(o);
    int len = snprintf(out, SWAPCI_VIA_TEXT_MAX, "%s %s", way->option, way->which(o));
    if (o->partitions > 1 && len < SWAPCI_VIA_TEXT_MAX)
        snprintf(out + len, (size_t)(SWAPCI_VIA_TEXT_MAX - len), " --partitions %llu",
                 (unsigned long long)o->partitions);
    return out;
}

void swapci_via_remove(given *o) {
    if (way_of(o)->remove) way_of(o)->remove(o);
}

void swapci_via_sweep(given *o, const char *prefix) {
    if (way_of(o)->sweep) way_of(o)->sweep(prefix);
}
