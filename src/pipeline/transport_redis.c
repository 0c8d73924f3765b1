/* What is shared: how many of each side there are, which is written by who looks, and read by any thread;
 * nothing depends on their order. */
#include "transport_redis_impl.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "embedded.h"
#include "end_times.h"
#include "hex.h"
#include "redis_refusal.h"

/* Of the connection that says farewell. */
enum { FAREWELL_MS = 1000 };

/* transport_redis.lua, embedded. */
extern const struct swapci_embedded swapci_transport_redis_lua[];

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t swapci_way_age_ms(const swapci_way *way) {
    return (now_ns() - way->looked_ns) / 1000000u;
}

static enum swapc_status name_things(swapci_way *way, const swapci_transport_redis_config *config,
                                     char role, swapc_error *error) {
    uint8_t random[(WAY_NAME - 2) / 2];
    way->names = *config->names;
    way->poll_ms = config->poll_ms ? config->poll_ms : SWAPCI_TRANSPORT_REDIS_POLL_MS;
    way->lease_ms = config->lease_ms ? config->lease_ms : SWAPCI_TRANSPORT_REDIS_LEASE_MS;
    way->farewell_ms = config->answer_ms ? config->answer_ms : swapci_end_ms(FAREWELL_MS);
    snprintf(way->peers, sizeof way->peers, "%s:peers", way->names.signed_records);
    snprintf(way->losses, sizeof way->losses, "%s:losses", way->names.signed_records);
    snprintf(way->notes, sizeof way->notes, "%s:notes", way->names.signed_records);
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium cannot be initialised");
    randombytes_buf(random, sizeof random);
    way->name[0] = role;
    swapci_hex_encode(swapc_bytes_of(random, sizeof random), way->name + 1);
    return SWAPC_OK;
}

/* "ms seq last_ms alone". */
static bool parse_note(swapc_bytes text, swapci_transport_note *out) {
    uint64_t numbers[4];
    for (int i = 0; i < 4; i++) {
        const uint8_t *blank = text.len ? memchr(text.ptr, ' ', text.len) : NULL;
        size_t len = blank ? (size_t)(blank - text.ptr) : text.len;
        if (!swapci_decimal_parse(swapc_bytes_of(text.ptr, len), &numbers[i]) || !blank != (i == 3))
            return false;
        if (blank) text = swapc_bytes_of(blank + 1, text.len - len - 1);
    }
    *out = (swapci_transport_note){
        .ms = numbers[0], .seq = numbers[1], .last_ms = numbers[2], .alone = numbers[3] != 0};
    return out->ms > 0 && out->ms < SWAPCI_TRANSPORT_NOTE_MS;
}

/* Takes in what the script answered. */
static enum swapc_status take_look(swapci_way *way, const redisReply *reply, swapc_error *error) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 7)
        return swapci_reply_unexpected(way->redis, "the transport's script", error);
    swapc_bytes seen = swapci_reply_bytes(reply->element[4]);
    const redisReply *notes = reply->element[6];
    way->known = reply->element[0]->integer == 1;
    atomic_store(&way->senders, (unsigned)reply->element[1]->integer);
    atomic_store(&way->receivers, (unsigned)reply->element[2]->integer);
    atomic_store(&way->finished, reply->element[3]->integer == 1);
    if (seen.len < sizeof way->seen &&
        !(strlen(way->seen) == seen.len && memcmp(way->seen, seen.ptr, seen.len) == 0)) {
        way->told = way->seen[0] != '\0';
        memcpy(way->seen, seen.ptr, seen.len);
        way->seen[seen.len] = '\0';
    }
    if (!swapci_stream_id_parse(swapci_reply_bytes(reply->element[5]), &way->last))
        return swapci_reply_unexpected(way->redis, "the transport's script", error);
    for (size_t i = 0; i < notes->elements && way->left_count < SWAPCI_TRANSPORT_NOTES; i++)
        way->left_count +=
            parse_note(swapci_reply_bytes(notes->element[i]), &way->left[way->left_count]);
    return SWAPC_OK;
}

/* Sends the script's call and waits for the answer. */
static enum swapc_status call(swapci_way *way, swapc_bytes arguments, size_t count,
                              redisReply **reply, swapc_error *error) {
    const swapci_redis_arguments all = {arguments, swapc_bytes_of(NULL, 0), count};
    enum swapc_status status;
    bool again;
    do {
        status = swapci_redis_script_send(&way->script, &all, error);
        if (status == SWAPC_OK)
            status =
                swapci_redis_script_take(&way->script, "the way over Redis", reply, &again, error);
    } while (status == SWAPC_OK && again);
    return status;
}

enum swapc_status swapci_way_look(swapci_way *way, const char *what, bool lost,
                                  swapc_error *error) {
    char lease[16];
    swapci_buffer arguments = SWAPCI_BUFFER_INIT;
    snprintf(lease, sizeof lease, "%u", (unsigned)way->lease_ms);
    const char *words[] = {"4",        way->names.signed_records, way->peers, way->losses,
                           way->notes, SWAPCI_STREAM_GROUP,       way->name,  lease,
                           what,       lost ? "1" : "0",          way->seen};
    enum { WORDS = sizeof words / sizeof *words };
    enum swapc_status status = SWAPC_OK;
    uint64_t asked_ns = now_ns();
    for (size_t i = 0; i < WORDS && status == SWAPC_OK; i++)
        status = swapci_resp_str(&arguments, words[i]);
    if (status != SWAPC_OK) swapc_error_set(error, status, "out of memory");
    redisReply *reply = NULL;
    way->told = false;
    if (status == SWAPC_OK)
        status = call(way, swapci_buffer_bytes(&arguments), WORDS, &reply, error);
    swapci_buffer_fini(&arguments);
    if (status != SWAPC_OK) return status;
    status = swapci_redis_check_script(way->redis, reply, "the way over Redis", error);
    if (status == SWAPC_OK) status = take_look(way, reply, error);
    if (status == SWAPC_OK) way->looked_ns = asked_ns;
    freeReplyObject(reply);
    return status;
}

static enum swapc_status first_look(void *user, swapc_error *error) {
    swapci_way *way = user;
    return swapci_way_look(way, "open", false, error);
}

enum swapc_status swapci_way_open(swapci_way *way, const swapci_transport_redis_config *config,
                                  char role, const atomic_int *stop, swapc_error *error) {
    const struct swapci_embedded *text = swapci_transport_redis_lua;
    enum swapc_status status = name_things(way, config, role, error);
    if (status == SWAPC_OK) status = swapci_redis_open(&config->redis, &way->redis, error);
    if (status != SWAPC_OK) return status;
    way->script.redis = way->redis;
    status = swapci_buffer_append(&way->script.text, swapc_bytes_of(text->bytes, text->len));
    if (status != SWAPC_OK) return swapc_error_set(error, status, "out of memory");
    status = swapci_redis_persist(way->redis, first_look, way, error);
    swapci_redis_stopped_by(way->redis, stop);
    if (status == SWAPC_OK) swapci_redis_settled(way->redis);
    return status;
}

bool swapci_way_hurry(swapci_way *way) {
    static const atomic_int never;
    swapci_redis_stopped_by(way->redis, &never);
    swapci_redis_hurry(way->redis, way->farewell_ms);
    return swapci_redis_attempt(way->redis, NULL) == SWAPC_OK;
}

void swapci_way_fini(swapci_way *way) {
    swapci_redis_script_fini(&way->script);
    swapci_redis_free(way->redis);
}
