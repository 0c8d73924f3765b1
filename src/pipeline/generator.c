/* What is shared: config->sent, an atomic that this thread alone writes and others show, and the stop flag
 * of the connection, which they raise. The rest, the ledger included, is this thread's until it has ended. */
#include "generator.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "clock.h"
#include "message_source.h"
#include "method.h"
#include "redis_retry.h"
#include "stream_command.h"

enum {
    BATCH_BYTES = 1 << 20, /* a batch of large messages is cut short */
    FULL_LANES = 16,       /* so many get whole batches in one round */
    PAUSE_MS = 10          /* between two looks at a full stream */
};

typedef struct item {
    size_t start, len; /* in batch_bytes */
    const char *method;
    unsigned lane;
    bool added;
} item;

struct generator;

/* The way to one place. */
typedef struct lane {
    struct generator *generator;
    swapci_generator_place place;
    unsigned number;
    swapci_redis *redis;
    uint64_t unanswered;
} lane;

typedef struct generator {
    const swapci_generator_config *config;
    swapci_generator_result *result;
    lane *lanes;
    unsigned lane_count;
    swapci_source *source;
    uint64_t random;
    uint64_t taken;    /* messages from the source */
    bool ended;        /* the source has no more */
    uint64_t asked_us; /* field `t` of the messages that are under way */
    size_t count, batch_max;
    item *items; /* batch_max of them */
    swapci_buffer batch_bytes;
} generator;

static const char *draw_method(generator *g) {
    const char *method = g->config->method;
    if (!method || strcmp(method, SWAPCI_METHOD_RANDOM) != 0) return method;
    return swapci_method_draw(swapci_random_next(&g->random))->name;
}

static enum swapc_status keep_message(generator *g, swapc_bytes message, swapc_error *error) {
    item *it = &g->items[g->count];
    *it = (item){.start = g->batch_bytes.len,
                 .len = message.len,
                 .method = draw_method(g),
                 .lane = (unsigned)(g->taken % g->lane_count)};
    if (swapci_buffer_append(&g->batch_bytes, message) != SWAPC_OK)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    g->count++;
    g->taken++;
    return SWAPC_OK;
}

static bool batch_is_full(const generator *g) {
    return g->count == g->batch_max || g->batch_bytes.len >= BATCH_BYTES;
}

/* Takes messages until the batch is full or, with one in hand, the source makes us wait. */
static enum swapc_status fill_batch(generator *g, swapc_error *error) {
    const atomic_int *stop = g->config->redis.stop;
    g->count = 0;
    swapci_buffer_clear(&g->batch_bytes);
    while (!batch_is_full(g)) {
        swapc_bytes message;
        if (g->config->messages && g->taken == g->config->messages) {
            g->ended = 1;
            return SWAPC_OK;
        }
        enum swapc_status status =
            swapci_source_next(g->source, g->count == 0, stop, &message, error);
        if (status == SWAPC_CLOSED) {
            g->ended = 1;
            return SWAPC_OK;
        }
        if (status == SWAPC_BUSY) return SWAPC_OK;
        if (status == SWAPC_OK) status = keep_message(g, message, error);
        if (status != SWAPC_OK) return status;
    }
    return SWAPC_OK;
}

/* Appends the XADDs of what is not added yet, and the question for the stream's length. */
static enum swapc_status ask(lane *l, swapc_error *error) {
    generator *g = l->generator;
    const swapci_stream_names *names = l->place.names;
    uint64_t now = g->asked_us = swapci_clock_realtime_us();
    enum swapc_status status = SWAPC_OK;
    for (size_t i = 0; i < g->count && status == SWAPC_OK; i++) {
        const item *it = &g->items[i];
        swapci_message message = {swapc_bytes_of(g->batch_bytes.ptr + it->start, it->len),
                                  it->method, now};
        if (it->lane == l->number && !it->added)
            status = swapci_stream_append(l->redis, names, &message, error);
    }
    if (status == SWAPC_OK && g->result->first_us == 0 && g->count > 0) g->result->first_us = now;
    return status == SWAPC_OK ? swapci_redis_appendf(l->redis, error, "XLEN %s", names->messages)
                              : status;
}

static enum swapc_status book(lane *l, const item *it, swapci_stream_id id, swapc_error *error) {
    generator *g = l->generator;
    g->result->sent++;
    g->result->bytes += it->len;
    if (g->config->sent)
        atomic_store_explicit(g->config->sent, g->result->sent, memory_order_relaxed);
    return l->place.ledger ? swapci_ledger_add(l->place.ledger, id, g->asked_us, error) : SWAPC_OK;
}

static enum swapc_status hear_length(lane *l, swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_get(l->redis, "the stream's length", &reply, error);
    if (status == SWAPC_OK) {
        l->unanswered = (uint64_t)reply->integer;
        freeReplyObject(reply);
    }
    return status;
}

/* Takes all answers to `ask`: what one message is refused, the next may be granted. Returns the first
 * refusal. */
static enum swapc_status hear(lane *l, swapc_error *error) {
    generator *g = l->generator;
    enum swapc_status first = SWAPC_OK;
    for (size_t i = 0; i < g->count; i++) {
        swapci_stream_id id;
        item *it = &g->items[i];
        if (it->lane != l->number || it->added) continue;
        enum swapc_status status = swapci_stream_added(l->redis, &id, error);
        it->added = status == SWAPC_OK;
        if (it->added) status = book(l, it, id, error);
        if (status != SWAPC_OK && status != SWAPC_PROTOCOL) return status;
        if (first == SWAPC_OK) first = status;
    }
    enum swapc_status status = hear_length(l, error);
    return first == SWAPC_OK ? status : first;
}

/* Adds what the batch has for this lane that is not added yet. */
static enum swapc_status send_lane(void *user, swapc_error *error) {
    lane *l = user;
    enum swapc_status status = ask(l, error);
    return status == SWAPC_OK ? hear(l, error) : status;
}

static enum swapc_status send_batch(generator *g, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < g->lane_count && status == SWAPC_OK; i++)
        status = swapci_redis_persist(g->lanes[i].redis, send_lane, &g->lanes[i], error);
    return status;
}

static enum swapc_status ask_length(void *user, swapc_error *error) {
    lane *l = user;
    return swapci_stream_length(l->redis, l->place.names, &l->unanswered, error);
}

static uint64_t unanswered(const generator *g) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < g->lane_count; i++) sum += g->lanes[i].unanswered;
    return sum;
}

/* Waits until the streams have room for a batch. */
static enum swapc_status hold_back(generator *g, swapc_error *error) {
    uint64_t max = g->config->unanswered_max;
    max = max ? max : SWAPCI_GENERATOR_UNANSWERED_MAX;
    enum swapc_status status = SWAPC_OK;
    while (status == SWAPC_OK && unanswered(g) > 0 && unanswered(g) + g->count > max) {
        status = swapci_redis_sleep(g->config->redis.stop, PAUSE_MS, error);
        for (unsigned i = 0; i < g->lane_count && status == SWAPC_OK; i++)
            status = swapci_redis_persist(g->lanes[i].redis, ask_length, &g->lanes[i], error);
    }
    return status;
}

static enum swapc_status check_config(const swapci_generator_config *config, swapc_error *error) {
    char list[128];
    if (config->method && swapci_method_set(config->method) == 0) {
        return swapc_error_set(error, SWAPC_INVALID, "'%s' is no method: %s", config->method,
                               swapci_method_list(list, sizeof list));
    }
    if (!config->input && config->messages == 0) {
        return swapc_error_set(error, SWAPC_INVALID,
                               "how many names? Give --messages N, or --input FILE");
    }
    return SWAPC_OK;
}

static enum swapc_status run(generator *g, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    while (status == SWAPC_OK && !g->ended) {
        swapc_error input = SWAPC_ERROR_INIT;
        enum swapc_status taken = fill_batch(g, &input);
        if (g->count > 0) { /* what came before a bad line is sent all the same */
            status = hold_back(g, error);
            if (status == SWAPC_OK) status = send_batch(g, error);
        }
        if (status == SWAPC_OK && taken != SWAPC_OK)
            status = swapc_error_set(error, taken, "%s", input.text);
    }
    return status;
}

/* Connects a lane to each place. */
static enum swapc_status open_lanes(generator *g, swapc_error *error) {
    const swapci_generator_config *config = g->config;
    const swapci_generator_place only = {config->redis.url, &config->names, config->ledger};
    const swapci_generator_place *places = config->places ? config->places : &only;
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < g->lane_count && status == SWAPC_OK; i++) {
        swapci_redis_config redis = config->redis;
        redis.url = places[i].url;
        g->lanes[i] = (lane){.generator = g, .place = places[i], .number = i};
        status = swapci_redis_open(&redis, &g->lanes[i].redis, error);
    }
    return status;
}

/* A pipeline to each place as long as the one to a single stream, so that who reads it finds as
 * much at once; but no more in all than a quarter of what may be unanswered, beside one
 * pipeline. */
static size_t batch_of(const swapci_generator_config *config, unsigned lanes) {
    size_t most = (size_t)SWAPCI_GENERATOR_BATCH * (lanes < FULL_LANES ? lanes : FULL_LANES);
    bool bounded = config->unanswered_max > 0 && config->unanswered_max / 4 < most;
    if (!bounded) return most;
    return config->unanswered_max / 4 > SWAPCI_GENERATOR_BATCH ? (size_t)config->unanswered_max / 4
                                                               : SWAPCI_GENERATOR_BATCH;
}

enum swapc_status swapci_generator_run(const swapci_generator_config *config,
                                       swapci_generator_result *result, swapc_error *error) {
    memset(result, 0, sizeof *result);
    enum swapc_status status = check_config(config, error);
    generator *g = status == SWAPC_OK ? calloc(1, sizeof *g) : NULL;
    if (status != SWAPC_OK) return status;
    unsigned lanes = config->places ? config->place_count : 1;
    size_t batch_max = batch_of(config, lanes);
    if (g) g->lanes = calloc(lanes, sizeof *g->lanes);
    if (g) g->items = calloc(batch_max, sizeof *g->items);
    if (!g || !g->lanes || !g->items) {
        if (g) free(g->lanes);
        if (g) free(g->items);
        free(g);
        return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    }
    g->lane_count = lanes;
    g->batch_max = batch_max;
    g->config = config;
    g->result = result;
    g->random = swapci_random_seed(~config->seed); /* methods do not follow the names */
    if (config->input)
        status = swapci_source_lines(config->input, config->message_max, &g->source, error);
    else status = swapci_source_names(config->seed, &g->source, error);
    if (status == SWAPC_OK) status = open_lanes(g, error);
    if (status == SWAPC_OK) status = run(g, error);
    swapci_source_free(g->source);
    for (unsigned i = 0; i < lanes; i++) swapci_redis_free(g->lanes[i].redis);
    free(g->lanes);
    free(g->items);
    swapci_buffer_fini(&g->batch_bytes);
    free(g);
    return status;
}
