#include "entry.h"

#include <stdlib.h>
#include <string.h>

#include "redis_reply.h"

void swapci_process_entries_fini(swapci_process_entries *entries) {
    swapci_redis_flat_fini(&entries->flat);
    free(entries->list);
    *entries = (swapci_process_entries){.count = 0};
}

static bool is(const swapci_redis_flat *flat, size_t part, int type) {
    return part < flat->count && flat->parts[part].type == type;
}

/* Names and values from `first` on; of several fields of that name the last counts. Returns false when
 * one is no text. */
static bool take_fields(const swapci_redis_flat *flat, swapc_bytes field,
                        swapci_process_entry *out) {
    if (out->fields % 2 || out->first + out->fields > flat->count) return false;
    for (size_t i = out->first; i < out->first + out->fields; i += 2) {
        if (!is(flat, i, REDIS_REPLY_STRING) || !is(flat, i + 1, REDIS_REPLY_STRING)) return false;
        if (!swapc_bytes_equal(swapci_flat_bytes(flat, i), field)) continue;
        out->has_payload = true;
        out->payload = swapci_flat_bytes(flat, i + 1);
    }
    return true;
}

/* [id, [name, value, …]] at part *at, the list nil for a deleted entry. Out: *at is behind it. */
static bool take_entry(const swapci_redis_flat *flat, size_t *at, swapc_bytes field,
                       swapci_process_entry *out) {
    *out = (swapci_process_entry){.first = *at + 3};
    if (!is(flat, *at, REDIS_REPLY_ARRAY) || flat->parts[*at].size != 2 ||
        !is(flat, *at + 1, REDIS_REPLY_STRING))
        return false;
    out->id_text = swapci_flat_bytes(flat, *at + 1);
    if (!swapci_stream_id_parse(out->id_text, &out->id)) return false;
    bool deleted = is(flat, *at + 2, REDIS_REPLY_NIL);
    if (!deleted && !is(flat, *at + 2, REDIS_REPLY_ARRAY)) return false;
    out->fields = deleted ? 0 : flat->parts[*at + 2].size;
    *at = out->first + out->fields;
    return take_fields(flat, field, out);
}

static enum swapc_status reserve(swapci_process_entries *e, size_t count, swapc_error *error) {
    if (count <= e->capacity) return SWAPC_OK;
    swapci_process_entry *list = realloc(e->list, count * sizeof *list);
    if (!list) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    e->list = list;
    e->capacity = count;
    return SWAPC_OK;
}

/* Where the list of entries of the answer at part `first` begins: of XREADGROUP inside [[stream, list]], of XCLAIM the answer itself. */
static size_t list_at(const swapci_redis_flat *flat, size_t first) {
    const swapci_flat_part *parts = flat->parts + first;
    bool wrapped = is(flat, first, REDIS_REPLY_ARRAY) && parts[0].size == 1 &&
                   is(flat, first + 1, REDIS_REPLY_ARRAY) && parts[1].size == 2 &&
                   is(flat, first + 2, REDIS_REPLY_STRING) &&
                   is(flat, first + 3, REDIS_REPLY_ARRAY) &&
                   (parts[3].size == 0 || is(flat, first + 4, REDIS_REPLY_ARRAY) ||
                    is(flat, first + 4, REDIS_REPLY_NIL));
    return wrapped ? first + 3 : first;
}

/* Adds the entries of the answer at part *at. Out: *at is behind it. */
static enum swapc_status add_entries(const swapci_redis *redis, swapc_bytes field,
                                     swapci_process_entries *out, size_t *at, swapc_error *error) {
    const swapci_redis_flat *flat = &out->flat;
    if (is(flat, *at, REDIS_REPLY_NIL)) {
        ++*at;
        return SWAPC_OK;
    }
    *at = list_at(flat, *at);
    if (!is(flat, *at, REDIS_REPLY_ARRAY))
        return swapci_reply_unexpected(redis, "XREADGROUP", error);
    size_t count = flat->parts[*at].size;
    enum swapc_status status = count <= flat->count
                                   ? reserve(out, out->count + count, error)
                                   : swapci_reply_unexpected(redis, "XREADGROUP", error);
    ++*at;
    for (size_t i = 0; i < count && status == SWAPC_OK; i++) {
        if (is(flat, *at, REDIS_REPLY_NIL)) ++*at; /* what 6.2 puts for a deleted one */
        else if (take_entry(flat, at, field, &out->list[out->count])) out->count++;
        else status = swapci_reply_unexpected(redis, "XREADGROUP", error);
    }
    return status;
}

struct hearer {
    swapci_redis *redis;
    swapci_redis_flat *flat;
};

static enum swapc_status hear(void *user, bool *some, swapc_error *error) {
    const struct hearer *h = user;
    size_t first = h->flat->count;
    enum swapc_status status = swapci_redis_get_flat(h->redis, "to read entries", h->flat, error);
    *some = status == SWAPC_OK && !is(h->flat, first, REDIS_REPLY_NIL);
    return status;
}

enum swapc_status swapci_process_entries_take(swapci_redis *redis, unsigned answers,
                                              swapc_bytes field, swapci_process_entries *out,
                                              swapc_error *error) {
    struct hearer hearer = {redis, &out->flat};
    size_t at = 0;
    out->count = out->bytes = 0;
    swapci_redis_flat_clear(&out->flat);
    enum swapc_status status = swapci_stream_hear(answers, hear, &hearer, error);
    while (status == SWAPC_OK && at < out->flat.count) /* their bytes stay where they are now */
        status = add_entries(redis, field, out, &at, error);
    out->bytes = out->flat.bytes.len;
    return status;
}
