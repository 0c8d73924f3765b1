#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "fail_point.h"
#include "redis_refusal.h"
#include "redis_retry.h"
#include "redis_script.h"
#include "stream_command.h"
#include "swapc/log.h"

/* verdict.lua, embedded. */
extern const struct swapci_embedded swapci_verdict_lua[];

#define NAME(kind, member, name, presence) name,
static const char *const names_of_fields[] = {SWAPCI_VERDICT_FIELDS(NAME)};

#define PRESENCE_ALWAYS 1
#define PRESENCE_MAYBE 0
#define COUNT_ALWAYS(kind, member, name, presence) +PRESENCE_##presence
enum { ALWAYS_COUNT = 0 SWAPCI_VERDICT_FIELDS(COUNT_ALWAYS) };

/* verdict.lua behind the line that tells it the fields. */
static enum swapc_status make_script(swapci_buffer *out) {
    enum swapc_status status = swapci_buffer_printf(out, "local names = {");
    for (size_t i = 0; i < SWAPCI_VERDICT_FIELD_COUNT && status == SWAPC_OK; i++)
        status = swapci_buffer_printf(out, "%s'%s'", i ? ", " : "", names_of_fields[i]);
    if (status == SWAPC_OK)
        status = swapci_buffer_printf(out, "} local always, latency = %d, %d\n", ALWAYS_COUNT,
                                      SWAPCI_VERDICT_FIELD_t_us + 1);
    if (status == SWAPC_OK)
        status = swapci_buffer_append(
            out, swapc_bytes_of(swapci_verdict_lua[0].bytes, swapci_verdict_lua[0].len));
    return status;
}

/* The arguments of a batch from its first verdict on, as RESP. */
typedef struct batch {
    swapci_buffer items;
    size_t count;
    size_t letter_args; /* behind the one verdict: names and values of a dead letter; 0: none */
} batch;

struct swapci_verdict_writer {
    swapci_redis *redis;
    swapci_stream_names names;
    uint64_t keep;
    swapci_redis_script script;
    batch filling;
    batch under_way;          /* count 0: none */
    bool sent;                /* it is, and its answer is owed */
    uint64_t stored_of_batch; /* under way: by answers that were a refusal after them */
    swapci_buffer head;
    swapci_verdict_stats stats;
};

static enum swapc_status no_memory(swapc_error *error) {
    return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
}

enum swapc_status swapci_verdict_writer_new(swapci_redis *redis, const swapci_stream_names *names,
                                            uint64_t keep, swapci_verdict_writer **out,
                                            swapc_error *error) {
    swapci_verdict_writer *writer = calloc(1, sizeof *writer);
    if (!writer) return no_memory(error);
    writer->redis = redis;
    writer->names = *names;
    writer->keep = keep;
    writer->script.redis = redis;
    if (make_script(&writer->script.text) != SWAPC_OK) {
        swapci_verdict_writer_free(writer);
        return no_memory(error);
    }
    *out = writer;
    return SWAPC_OK;
}

void swapci_verdict_writer_free(swapci_verdict_writer *writer) {
    if (writer) {
        swapci_buffer_fini(&writer->filling.items);
        swapci_buffer_fini(&writer->under_way.items);
        swapci_buffer_fini(&writer->head);
        swapci_redis_script_fini(&writer->script);
        free(writer);
    }
}

/* The arguments up to the first verdict. Out: *count. */
static enum swapc_status write_head(swapci_verdict_writer *writer, size_t *count) {
    swapci_buffer *head = &writer->head;
    const batch *b = &writer->under_way;
    const swapci_stream_names *names = &writer->names;
    const char *keys[] = {names->messages, names->verdicts, names->dead, names->strikes};
    size_t key_count = b->letter_args ? 4 : 2;
    swapci_buffer_clear(head);
    *count = 3 + key_count + b->count * (size_t)SWAPCI_VERDICT_FIELD_COUNT + b->letter_args;
    enum swapc_status status = swapci_resp_u64(head, key_count);
    for (size_t i = 0; i < key_count && status == SWAPC_OK; i++)
        status = swapci_resp_str(head, keys[i]);
    if (status == SWAPC_OK) status = swapci_resp_str(head, names->group);
    if (status == SWAPC_OK) status = swapci_resp_u64(head, writer->keep);
    return status;
}

/* Sends the batch under way, without waiting for its answer. */
static enum swapc_status dispatch(swapci_verdict_writer *writer, swapc_error *error) {
    swapci_redis_arguments arguments;
    swapci_fail_point(SWAPCI_FAIL_before_script);
    if (write_head(writer, &arguments.count) != SWAPC_OK) return no_memory(error);
    arguments.first = swapci_buffer_bytes(&writer->head);
    arguments.rest = swapci_buffer_bytes(&writer->under_way.items);
    enum swapc_status status = swapci_redis_script_send(&writer->script, &arguments, error);
    writer->sent = status == SWAPC_OK;
    return status;
}

/* {stored}, or {stored, command, error}. What is stored is so whatever came after it; then the batch
 * stays under way. */
static enum swapc_status book_answer(swapci_verdict_writer *writer, const redisReply *reply,
                                     swapc_error *error) {
    batch *b = &writer->under_way;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER)
        return swapci_reply_unexpected(writer->redis, "the script of the verdicts", error);
    uint64_t stored = (uint64_t)reply->element[0]->integer;
    if (stored > b->count - writer->stored_of_batch)
        return swapci_reply_unexpected(writer->redis, "the script of the verdicts", error);
    writer->stats.stored += stored;
    writer->stored_of_batch += stored;
    if (reply->elements >= 3) {
        return swapci_redis_refused(writer->redis, swapci_reply_bytes(reply->element[2]),
                                    "when verdicts were stored",
                                    swapci_reply_bytes(reply->element[1]), error);
    }
    writer->stats.repeated += b->count - writer->stored_of_batch;
    writer->stored_of_batch = 0;
    b->count = b->letter_args = 0;
    swapci_buffer_clear(&b->items);
    return SWAPC_OK;
}

/* Takes the answer of the batch under way. */
static enum swapc_status take_answer(swapci_verdict_writer *writer, swapc_error *error) {
    redisReply *reply = NULL;
    bool again = true;
    enum swapc_status status = SWAPC_OK;
    while (again && status == SWAPC_OK) {
        writer->sent = false;
        status =
            swapci_redis_script_take(&writer->script, "to store verdicts", &reply, &again, error);
        if (again && status == SWAPC_OK) status = dispatch(writer, error);
    }
    writer->sent = false;
    if (status == SWAPC_OK) swapci_fail_point(SWAPCI_FAIL_after_script);
    if (status == SWAPC_OK) status = book_answer(writer, reply, error);
    freeReplyObject(reply);
    return status;
}

/* What a try stored is not stored again: its messages are no longer pending. */
static enum swapc_status store(void *user, swapc_error *error) {
    swapci_verdict_writer *writer = user;
    enum swapc_status status = writer->sent ? SWAPC_OK : dispatch(writer, error);
    return status == SWAPC_OK ? take_answer(writer, error) : status;
}

enum swapc_status swapci_verdict_check(swapci_verdict_writer *writer, swapc_error *error) {
    SWAPC_CHECK(swapci_verdict_open(writer) == 0);
    return swapci_redis_persist(writer->redis, store, writer, error);
}

/* Waits until the batch under way is stored. */
static enum swapc_status collect(swapci_verdict_writer *writer, swapc_error *error) {
    if (writer->under_way.count == 0) return SWAPC_OK;
    return swapci_redis_persist(writer->redis, store, writer, error);
}

enum swapc_status swapci_verdict_submit(swapci_verdict_writer *writer, swapc_error *error) {
    enum swapc_status status = collect(writer, error);
    if (status != SWAPC_OK || writer->filling.count == 0) return status;
    batch empty = writer->under_way;
    writer->under_way = writer->filling;
    writer->filling = empty;
    status = dispatch(writer, NULL);
    return status == SWAPC_IO ? SWAPC_OK : status; /* it is sent again when it is collected */
}

enum swapc_status swapci_verdict_flush(swapci_verdict_writer *writer, swapc_error *error) {
    enum swapc_status status = swapci_verdict_submit(writer, error);
    return status == SWAPC_OK ? collect(writer, error) : status;
}

static enum swapc_status put_TEXT(swapci_buffer *items, const char *text) {
    return swapci_resp_str(items, text ? text : "");
}

static enum swapc_status put_DIGEST(swapci_buffer *items, const char *hex) {
    size_t len = hex ? strlen(hex) : 0;
    len = len < SWAPCI_VERDICT_DIGEST ? len : SWAPCI_VERDICT_DIGEST;
    return swapci_resp_bulk(items, swapc_bytes_of(hex, len));
}

#define put_ID swapci_resp_id
#define put_NUMBER swapci_resp_u64
#define put_SINCE swapci_resp_u64

static enum swapc_status put_item(swapci_buffer *items, const swapci_verdict *v) {
    enum swapc_status status = SWAPC_OK;
#define PUT(kind, member, name, presence)                                                          \
    if (status == SWAPC_OK) status = put_##kind(items, v->member);
    SWAPCI_VERDICT_FIELDS(PUT)
    return status;
}

enum swapc_status swapci_verdict_add(swapci_verdict_writer *writer, const swapci_verdict *verdict,
                                     swapc_error *error) {
    batch *b = &writer->filling;
    size_t before = b->items.len;
    if (put_item(&b->items, verdict) != SWAPC_OK) {
        b->items.len = before; /* no half item in the batch */
        return no_memory(error);
    }
    b->count++;
    return b->count < SWAPCI_VERDICT_BATCH ? SWAPC_OK : swapci_verdict_submit(writer, error);
}

static enum swapc_status put_letter(batch *b, const swapci_verdict *verdict,
                                    const swapci_dead_letter *letter) {
    const struct {
        const char *name;
        swapc_bytes value;
    } texts[] = {{"m", letter->body},
                 {"method", swapc_bytes_str(verdict->method)},
                 {"reason", swapc_bytes_str(letter->reason)}};
    enum swapc_status status = put_item(&b->items, verdict);
    if (status == SWAPC_OK) status = swapci_resp_str(&b->items, "id");
    if (status == SWAPC_OK) status = swapci_resp_id(&b->items, verdict->id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts && status == SWAPC_OK; i++) {
        status = swapci_resp_str(&b->items, texts[i].name);
        if (status == SWAPC_OK) status = swapci_resp_bulk(&b->items, texts[i].value);
    }
    if (status == SWAPC_OK) status = swapci_resp_str(&b->items, "t");
    if (status == SWAPC_OK) status = swapci_resp_u64(&b->items, verdict->t_us);
    if (status == SWAPC_OK) status = swapci_resp_str(&b->items, "strikes");
    if (status == SWAPC_OK) status = swapci_resp_u64(&b->items, letter->strikes);
    b->letter_args = 12;
    return status;
}

enum swapc_status swapci_verdict_bury(swapci_verdict_writer *writer, const swapci_verdict *verdict,
                                      const swapci_dead_letter *letter, swapc_error *error) {
    enum swapc_status status = swapci_verdict_flush(writer, error);
    if (status != SWAPC_OK) return status;
    batch *b = &writer->under_way;
    b->count = 1;
    if (put_letter(b, verdict, letter) != SWAPC_OK) {
        b->count = b->letter_args = 0;
        swapci_buffer_clear(&b->items);
        return no_memory(error);
    }
    return collect(writer, error);
}

bool swapci_verdict_read(const redisReply *fields, swapc_bytes out[SWAPCI_VERDICT_FIELD_COUNT]) {
    memset(out, 0, SWAPCI_VERDICT_FIELD_COUNT * sizeof *out);
    if (!fields || fields->type != REDIS_REPLY_ARRAY) return false;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        swapc_bytes name = swapci_reply_bytes(fields->element[i]);
        for (size_t f = 0; f < SWAPCI_VERDICT_FIELD_COUNT; f++)
            if (swapc_bytes_equal(name, swapc_bytes_str(names_of_fields[f])))
                out[f] = swapci_reply_bytes(fields->element[i + 1]);
    }
    return true;
}

size_t swapci_verdict_open(const swapci_verdict_writer *writer) {
    return writer->filling.count + writer->under_way.count;
}

swapci_verdict_stats swapci_verdict_stats_get(const swapci_verdict_writer *writer) {
    return writer->stats;
}
