#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reason.h"
#include "redis_retry.h"
#include "stream_command.h"
#include "verdict.h"

enum { PAGE = 1000 };

enum answer { NONE = 0, VALID = 1, NOT_VALID = 2, ERROR = 3 };

/* count ids with one ms and rising sequence, added at t_us (0: unknown), whose indices begin at
 * index. */
typedef struct run {
    uint64_t ms, seq, count, index, t_us;
} run;

struct swapci_ledger {
    run *runs;
    size_t run_count, run_capacity;
    uint64_t count;
    uint8_t *answers;        /* two bits a message: enum answer */
    uint8_t *altered;        /* one bit a message */
    uint64_t capacity;       /* messages that both have room for; a multiple of 8 */
    swapci_stream_id before; /* the last verdict that is older than the run */
    swapci_stream_id cursor; /* verdicts up to here are read */
    uint64_t answered, duplicates, foreign;
    uint64_t last_us; /* when the last verdict of a message of ours was stored */
    swapci_stream_id first_error;
    char first_reason[128], last_reason[128];
    uint64_t by_answer[ERROR + 1], unknown_keys;
    swapci_histogram latency_us;
};

static enum swapc_status no_memory(swapc_error *error) {
    return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
}

enum swapc_status swapci_ledger_new(swapci_ledger **out, swapc_error *error) {
    swapci_ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger) return no_memory(error);
    swapci_histogram_init(&ledger->latency_us);
    *out = ledger;
    return SWAPC_OK;
}

void swapci_ledger_free(swapci_ledger *ledger) {
    if (ledger) {
        free(ledger->runs);
        free(ledger->answers);
        free(ledger->altered);
        free(ledger);
    }
}

enum swapc_status swapci_ledger_start(swapci_ledger *ledger, swapci_redis *redis,
                                      const swapci_stream_names *names, swapc_error *error) {
    enum swapc_status status =
        swapci_stream_last_id(redis, names->verdicts, &ledger->before, error);
    ledger->cursor = ledger->before;
    return status;
}

uint64_t swapci_ledger_count(const swapci_ledger *ledger) {
    return ledger->count;
}

size_t swapci_ledger_runs(const swapci_ledger *ledger) {
    return ledger->run_count;
}

/* Grows both bit fields, the new bits clear. */
static enum swapc_status reserve_bits(swapci_ledger *ledger, swapc_error *error) {
    uint64_t wanted = ledger->capacity ? ledger->capacity * 2 : 8192;
    if (ledger->count < ledger->capacity) return SWAPC_OK;
    uint8_t *answers = realloc(ledger->answers, wanted / 4);
    if (!answers) return no_memory(error);
    ledger->answers = answers;
    uint8_t *altered = realloc(ledger->altered, wanted / 8);
    if (!altered) return no_memory(error);
    ledger->altered = altered;
    memset(answers + ledger->capacity / 4, 0, (wanted - ledger->capacity) / 4);
    memset(altered + ledger->capacity / 8, 0, (wanted - ledger->capacity) / 8);
    ledger->capacity = wanted;
    return SWAPC_OK;
}

static enum swapc_status new_run(swapci_ledger *ledger, swapci_stream_id id, uint64_t t_us,
                                 swapc_error *error) {
    if (ledger->run_count == ledger->run_capacity) {
        size_t wanted = ledger->run_capacity ? ledger->run_capacity * 2 : 64;
        run *runs = realloc(ledger->runs, wanted * sizeof *runs);
        if (!runs) return no_memory(error);
        ledger->runs = runs;
        ledger->run_capacity = wanted;
    }
    ledger->runs[ledger->run_count++] = (run){id.ms, id.seq, 1, ledger->count, t_us};
    return SWAPC_OK;
}

enum swapc_status swapci_ledger_add(swapci_ledger *ledger, swapci_stream_id id, uint64_t t_us,
                                    swapc_error *error) {
    run *last = ledger->run_count ? &ledger->runs[ledger->run_count - 1] : NULL;
    swapci_stream_id end = {0, 0};
    if (last) end = (swapci_stream_id){last->ms, last->seq + last->count - 1};
    if (last && swapci_stream_id_compare(id, end) <= 0) {
        return swapc_error_set(error, SWAPC_INVALID,
                               "the stream's ids do not rise: was it deleted during the run?");
    }
    enum swapc_status status = reserve_bits(ledger, error);
    if (status != SWAPC_OK) return status;
    if (last && last->ms == id.ms && end.seq + 1 == id.seq && last->t_us == t_us) last->count++;
    else status = new_run(ledger, id, t_us, error);
    ledger->count += status == SWAPC_OK;
    return status;
}

/* The run of an id, or NULL when it is not ours. */
static const run *find_run(const swapci_ledger *ledger, swapci_stream_id id) {
    size_t low = 0;
    size_t high = ledger->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const run *r = &ledger->runs[middle];
        swapci_stream_id first = {r->ms, r->seq};
        if (swapci_stream_id_compare(first, id) <= 0) low = middle + 1;
        else high = middle;
    }
    if (low == 0) return NULL;
    const run *r = &ledger->runs[low - 1];
    return r->ms == id.ms && id.seq - r->seq < r->count ? r : NULL;
}

static uint64_t index_in(const run *r, swapci_stream_id id) {
    return r->index + (id.seq - r->seq);
}

static swapci_stream_id id_of(const swapci_ledger *ledger, uint64_t index) {
    size_t low = 0;
    size_t high = ledger->run_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (ledger->runs[middle].index <= index) low = middle;
        else high = middle;
    }
    const run *r = &ledger->runs[low];
    return (swapci_stream_id){r->ms, r->seq + (index - r->index)};
}

static enum answer answer_of(const swapci_ledger *ledger, uint64_t index) {
    return (enum answer)(ledger->answers[index / 4] >> (index % 4 * 2) & 3);
}

static bool is_altered(const swapci_ledger *ledger, uint64_t index) {
    return ledger->altered[index / 8] >> (index % 8) & 1;
}

static enum answer read_status(swapc_bytes status) {
    if (swapc_bytes_equal(status, swapc_bytes_str("Valid"))) return VALID;
    return swapc_bytes_equal(status, swapc_bytes_str("NotValid")) ? NOT_VALID : ERROR;
}

/* The entry's own id tells the millisecond in which a verdict was stored; the message's time and the
 * latency, where both are known, tell the microsecond. */
static void book_time(swapci_ledger *ledger, const swapc_bytes *fields, uint64_t t_us,
                      uint64_t stored_ms) {
    uint64_t latency;
    uint64_t stored_us = stored_ms * 1000;
    if (swapci_decimal_parse(fields[SWAPCI_VERDICT_FIELD_t_us], &latency)) {
        swapci_histogram_record(&ledger->latency_us, latency);
        stored_us = t_us ? t_us + latency : stored_us;
    }
    if (stored_us > ledger->last_us) ledger->last_us = stored_us;
}

static void copy_text(swapc_bytes text, char *out, size_t size) {
    snprintf(out, size, "%.*s", (int)text.len, text.len ? (const char *)text.ptr : "");
}

/* What went wrong with a message, if anything did. */
static void book_reason(swapci_ledger *ledger, swapci_stream_id id, enum answer answer,
                        swapc_bytes reason) {
    bool unknown = answer == NOT_VALID &&
                   swapc_bytes_equal(reason, swapc_bytes_str(SWAPCI_REASON_UNKNOWN_KEY));
    ledger->by_answer[answer]++;
    ledger->unknown_keys += unknown;
    if (answer == ERROR || unknown)
        copy_text(reason, ledger->last_reason, sizeof ledger->last_reason);
    if (answer != ERROR || ledger->first_error.ms != 0) return;
    ledger->first_error = id;
    copy_text(reason, ledger->first_reason, sizeof ledger->first_reason);
}

static void book(swapci_ledger *ledger, const swapc_bytes *fields, uint64_t stored_ms) {
    swapc_bytes reason = fields[SWAPCI_VERDICT_FIELD_reason];
    swapci_stream_id id;
    const run *r =
        swapci_stream_id_parse(fields[SWAPCI_VERDICT_FIELD_id], &id) ? find_run(ledger, id) : NULL;
    if (!r) {
        ledger->foreign++;
        return;
    }
    uint64_t index = index_in(r, id);
    if (answer_of(ledger, index) != NONE) {
        ledger->duplicates++;
        return;
    }
    enum answer answer = read_status(fields[SWAPCI_VERDICT_FIELD_status]);
    ledger->answers[index / 4] |= (uint8_t)(answer << (index % 4 * 2));
    ledger->answered++;
    book_time(ledger, fields, r->t_us, stored_ms);
    book_reason(ledger, id, answer, reason);
}

/* A step of reading: what swapci_redis_persist repeats. */
typedef struct reading {
    swapci_ledger *ledger;
    swapci_redis *redis;
    const swapci_stream_names *names;
    size_t count;    /* of the page of verdicts that was read */
    char cursor[24]; /* in the set of the tampered */
} reading;

/* Reads the next page of verdicts. */
static enum swapc_status read_page(void *user, swapc_error *error) {
    reading *r = user;
    swapci_ledger *ledger = r->ledger;
    char from[SWAPCI_STREAM_AFTER_SIZE];
    redisReply *reply = NULL;
    r->count = 0;
    if (!swapci_stream_after(ledger->cursor, from)) return SWAPC_OK;
    enum swapc_status status =
        swapci_redis_call(r->redis, "to read verdicts", &reply, error, "XRANGE %s %s + COUNT %d",
                          r->names->verdicts, from, (int)PAGE);
    if (status != SWAPC_OK) return status;
    for (size_t i = 0; i < reply->elements; i++) {
        swapc_bytes fields[SWAPCI_VERDICT_FIELD_COUNT];
        const redisReply *entry = reply->element[i];
        if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
            !swapci_verdict_read(entry->element[1], fields) ||
            !swapci_stream_id_parse(swapci_reply_bytes(entry->element[0]), &ledger->cursor)) {
            status = swapci_reply_unexpected(r->redis, "XRANGE", error);
            break;
        }
        book(ledger, fields, ledger->cursor.ms);
    }
    r->count = reply->elements;
    freeReplyObject(reply);
    return status;
}

/* A page of the set of the tampered, from the cursor on; this run's ids leave the set. A scan does not
 * outlive its server: after a failure it begins anew. */
static enum swapc_status read_tampered(reading *scan, swapc_error *error) {
    swapci_ledger *ledger = scan->ledger;
    swapci_redis *redis = scan->redis;
    redisReply *reply = NULL;
    unsigned removed = 0;
    const char *key = scan->names->tampered;
    enum swapc_status status =
        swapci_redis_call(redis, "the set of tampered ids", &reply, error, "SSCAN %s %s COUNT %d",
                          key, scan->cursor, (int)PAGE);
    if (status != SWAPC_OK) return status;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        status = swapci_reply_unexpected(redis, "SSCAN", error);
    for (size_t i = 0; status == SWAPC_OK && i < reply->element[1]->elements; i++) {
        swapci_stream_id id;
        swapc_bytes text = swapci_reply_bytes(reply->element[1]->element[i]);
        const run *r = swapci_stream_id_parse(text, &id) ? find_run(ledger, id) : NULL;
        if (r) {
            uint64_t index = index_in(r, id);
            ledger->altered[index / 8] |= (uint8_t)(1 << (index % 8));
            status = swapci_redis_appendf(redis, error, "SREM %s %b", key, text.ptr, text.len);
            removed += status == SWAPC_OK;
        }
    }
    if (status == SWAPC_OK) {
        snprintf(scan->cursor, sizeof scan->cursor, "%s", reply->element[0]->str);
        status = swapci_redis_skip(redis, removed, "to clear the tampered ids", error);
    }
    freeReplyObject(reply);
    return status;
}

enum swapc_status swapci_ledger_read(swapci_ledger *ledger, swapci_redis *redis,
                                     const swapci_stream_names *names, uint64_t *answered,
                                     swapc_error *error) {
    reading r = {.ledger = ledger, .redis = redis, .names = names, .count = PAGE};
    while (r.count == PAGE) {
        enum swapc_status status = swapci_redis_persist(redis, read_page, &r, error);
        if (status != SWAPC_OK) return status;
    }
    if (answered) *answered = ledger->answered;
    return SWAPC_OK;
}

static enum swapc_status read_all_tampered(void *user, swapc_error *error) {
    reading *r = user;
    enum swapc_status status = SWAPC_OK;
    strcpy(r->cursor, "0");
    do status = read_tampered(r, error);
    while (status == SWAPC_OK && strcmp(r->cursor, "0") != 0);
    return status;
}

static void note_first(swapci_stream_id *first, const swapci_ledger *ledger, uint64_t index) {
    if (first->ms == 0) *first = id_of(ledger, index);
}

static void sum_up(const swapci_ledger *ledger, swapci_ledger_result *out) {
    for (uint64_t i = 0; i < ledger->count; i++) {
        enum answer answer = answer_of(ledger, i);
        bool altered = is_altered(ledger, i);
        out->valid += answer == VALID;
        out->not_valid += answer == NOT_VALID;
        out->errors += answer == ERROR;
        out->tampered += (uint64_t)altered;
        if (answer == NONE) {
            out->lost++;
            note_first(&out->first_lost, ledger, i);
        } else if (answer != (altered ? NOT_VALID : VALID)) {
            out->wrong++;
            note_first(&out->first_wrong, ledger, i);
        }
    }
}

swapci_ledger_standing swapci_ledger_standing_get(const swapci_ledger *ledger) {
    return (swapci_ledger_standing){.valid = ledger->by_answer[VALID],
                                    .not_valid = ledger->by_answer[NOT_VALID],
                                    .errors = ledger->by_answer[ERROR],
                                    .unknown_keys = ledger->unknown_keys,
                                    .last_reason = ledger->last_reason};
}

/* Forgets what verdicts said, to read them from the run's start. */
static void rewind_verdicts(swapci_ledger *ledger) {
    if (ledger->capacity) memset(ledger->answers, 0, ledger->capacity / 4);
    ledger->cursor = ledger->before;
    ledger->answered = ledger->duplicates = ledger->foreign = ledger->last_us = 0;
    ledger->first_error = (swapci_stream_id){0, 0};
    ledger->first_reason[0] = ledger->last_reason[0] = 0;
    memset(ledger->by_answer, 0, sizeof ledger->by_answer);
    ledger->unknown_keys = 0;
    swapci_histogram_init(&ledger->latency_us);
}

enum swapc_status swapci_ledger_join(swapci_ledger *ledger, swapci_redis *redis,
                                     const swapci_stream_names *names, swapci_ledger_result *out,
                                     swapc_error *error) {
    rewind_verdicts(ledger);
    enum swapc_status status = swapci_ledger_read(ledger, redis, names, NULL, error);
    reading r = {.ledger = ledger, .redis = redis, .names = names};
    if (status == SWAPC_OK) status = swapci_redis_persist(redis, read_all_tampered, &r, error);
    if (status != SWAPC_OK) return status;
    memset(out, 0, sizeof *out);
    out->messages = ledger->count;
    out->duplicates = ledger->duplicates;
    out->foreign = ledger->foreign;
    out->last_us = ledger->last_us;
    out->first_error = ledger->first_error;
    out->first_reason = ledger->first_reason;
    out->latency_us = &ledger->latency_us;
    sum_up(ledger, out);
    return SWAPC_OK;
}
