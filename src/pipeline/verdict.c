#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#include "stream_command.h"
#include "swapc/log.h"

enum { ITEM_ARGS = 7 };

/* KEYS: messages, verdicts. ARGV: group, keep, then for each verdict ITEM_ARGS: id, method, status,
 * digest, generation, t, reason ("" none). Answers how many were new. One XDEL for all. In Redis 6
 * a script that reads the time must ask for effects replication before it writes. */
static const char script[] =
    "if redis.replicate_commands then redis.replicate_commands() end\n"
    "local messages, verdicts, group, keep = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])\n"
    "local call, time, done = redis.call, redis.call('TIME'), {}\n"
    "local now = time[1] * 1000000 + time[2]\n"
    "for i = 3, #ARGV, 7 do\n"
    "  local id = ARGV[i]\n"
    "  if call('XACK', messages, group, id) == 1 then\n"
    "    local t = tonumber(ARGV[i + 5])\n"
    "    if t == 0 then t = tonumber(string.match(id, '^%d+')) * 1000 end\n"
    "    local latency = string.format('%.0f', math.max(0, now - t))\n"
    "    if ARGV[i + 6] == '' then\n"
    "      call('XADD', verdicts, '*', 'id', id, 'method', ARGV[i + 1], 'status', ARGV[i + 2],\n"
    "           'digest', ARGV[i + 3], 'generation', ARGV[i + 4], 'latency_us', latency)\n"
    "    else\n"
    "      call('XADD', verdicts, '*', 'id', id, 'method', ARGV[i + 1], 'status', ARGV[i + 2],\n"
    "           'digest', ARGV[i + 3], 'generation', ARGV[i + 4], 'latency_us', latency,\n"
    "           'reason', ARGV[i + 6])\n"
    "    end\n"
    "    done[#done + 1] = id\n"
    "  end\n"
    "end\n"
    "if #done > 0 then\n"
    "  call('XDEL', messages, unpack(done))\n"
    "  if keep > 0 then call('XTRIM', verdicts, 'MAXLEN', '~', keep) end\n"
    "end\n"
    "return #done\n";

/* The arguments of a batch from its first verdict on, as RESP. */
typedef struct batch {
    swapci_buffer items;
    size_t count;
} batch;

struct swapci_verdict_writer {
    swapci_redis *redis;
    swapci_stream_names names;
    uint64_t keep;
    char sha[41]; /* the script's name on the server; "": not loaded yet */
    batch filling;
    batch under_way; /* sent, its answer is owed; count 0: none */
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
    *out = writer;
    return SWAPC_OK;
}

void swapci_verdict_writer_free(swapci_verdict_writer *writer) {
    if (writer) {
        swapci_buffer_fini(&writer->filling.items);
        swapci_buffer_fini(&writer->under_way.items);
        swapci_buffer_fini(&writer->head);
        free(writer);
    }
}

/* `by` is EVALSHA with the script's name, or EVAL with its text. */
static enum swapc_status write_head(swapci_verdict_writer *writer, size_t count, const char *by,
                                    const char *what) {
    swapci_buffer *head = &writer->head;
    enum swapc_status status;
    swapci_buffer_clear(head);
    status = swapci_resp_head(head, 7 + count * ITEM_ARGS);
    const char *words[] = {
        by, what, "2", writer->names.messages, writer->names.verdicts, SWAPCI_STREAM_GROUP};
    for (size_t i = 0; i < sizeof words / sizeof *words && status == SWAPC_OK; i++)
        status = swapci_resp_str(head, words[i]);
    return status == SWAPC_OK ? swapci_resp_u64(head, writer->keep) : status;
}

/* Puts the batch under way into the pipeline. */
static enum swapc_status send_batch(swapci_verdict_writer *writer, const char *by, const char *what,
                                    swapc_error *error) {
    const batch *b = &writer->under_way;
    if (write_head(writer, b->count, by, what) != SWAPC_OK) return no_memory(error);
    enum swapc_status status =
        swapci_redis_append_raw(writer->redis, swapci_buffer_bytes(&writer->head), 0, error);
    if (status == SWAPC_OK)
        status = swapci_redis_append_raw(writer->redis, swapci_buffer_bytes(&b->items), 1, error);
    return status == SWAPC_OK ? swapci_redis_flush(writer->redis, error) : status;
}

static enum swapc_status load_script(swapci_verdict_writer *writer, swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_call(writer->redis, "the script of the verdicts",
                                                 &reply, error, "SCRIPT LOAD %s", script);
    if (status != SWAPC_OK) return status;
    swapc_bytes sha = swapci_reply_bytes(reply);
    if (sha.len == sizeof writer->sha - 1) memcpy(writer->sha, sha.ptr, sha.len);
    else status = swapci_reply_unexpected(writer->redis, "SCRIPT LOAD", error);
    freeReplyObject(reply);
    return status;
}

/* Sends the batch under way, once more after each restored connection. */
static enum swapc_status dispatch(swapci_verdict_writer *writer, swapc_error *error) {
    for (;;) {
        swapc_error why = SWAPC_ERROR_INIT;
        enum swapc_status status = SWAPC_OK;
        if (!writer->sha[0]) status = load_script(writer, &why);
        if (status == SWAPC_OK) status = send_batch(writer, "EVALSHA", writer->sha, &why);
        if (status == SWAPC_IO) {
            status = swapci_redis_restore(writer->redis, error);
            if (status == SWAPC_OK) continue;
        }
        return status == SWAPC_OK ? status : swapc_error_set(error, status, "%s", why.text);
    }
}

/* Takes the answer of the batch under way. NOSCRIPT: the server was restarted or flushed, so the
 * script goes with its text. */
static enum swapc_status take_answer(swapci_verdict_writer *writer, swapc_error *error) {
    redisReply *reply = NULL;
    enum swapc_status status = swapci_redis_get_any(writer->redis, &reply, error);
    if (status == SWAPC_OK && swapci_redis_is_error(reply, "NOSCRIPT")) {
        freeReplyObject(reply);
        reply = NULL;
        status = send_batch(writer, "EVAL", script, error);
        if (status == SWAPC_OK) status = swapci_redis_get_any(writer->redis, &reply, error);
    }
    if (status == SWAPC_OK)
        status = swapci_redis_check(writer->redis, reply, "to store verdicts", error);
    if (status == SWAPC_OK) {
        uint64_t stored = (uint64_t)reply->integer;
        writer->stats.stored += stored;
        writer->stats.repeated += writer->under_way.count - stored;
        writer->under_way.count = 0;
        swapci_buffer_clear(&writer->under_way.items);
    }
    freeReplyObject(reply);
    return status;
}

static enum swapc_status collect(swapci_verdict_writer *writer, swapc_error *error) {
    while (writer->under_way.count > 0) {
        swapc_error why = SWAPC_ERROR_INIT;
        enum swapc_status status = take_answer(writer, &why);
        if (status == SWAPC_IO) {
            status = swapci_redis_restore(writer->redis, error);
            if (status == SWAPC_OK) status = dispatch(writer, error);
        }
        if (status != SWAPC_OK) return swapc_error_set(error, status, "%s", why.text);
    }
    return SWAPC_OK;
}

enum swapc_status swapci_verdict_submit(swapci_verdict_writer *writer, swapc_error *error) {
    enum swapc_status status = collect(writer, error);
    if (status == SWAPC_OK && writer->filling.count > 0) {
        batch empty = writer->under_way;
        writer->under_way = writer->filling;
        writer->filling = empty;
        status = dispatch(writer, error);
    }
    return status;
}

enum swapc_status swapci_verdict_flush(swapci_verdict_writer *writer, swapc_error *error) {
    enum swapc_status status = swapci_verdict_submit(writer, error);
    return status == SWAPC_OK ? collect(writer, error) : status;
}

static enum swapc_status put_item(swapci_buffer *items, const swapci_verdict *v) {
    enum swapc_status status = swapci_resp_id(items, v->id);
    const char *texts[] = {v->method, v->status, v->digest};
    for (size_t i = 0; i < 3 && status == SWAPC_OK; i++) status = swapci_resp_str(items, texts[i]);
    if (status == SWAPC_OK) status = swapci_resp_u64(items, v->generation);
    if (status == SWAPC_OK) status = swapci_resp_u64(items, v->t_us);
    return status == SWAPC_OK ? swapci_resp_str(items, v->reason ? v->reason : "") : status;
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

size_t swapci_verdict_open(const swapci_verdict_writer *writer) {
    return writer->filling.count + writer->under_way.count;
}

swapci_verdict_stats swapci_verdict_stats_get(const swapci_verdict_writer *writer) {
    return writer->stats;
}
