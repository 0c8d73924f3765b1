#include "record.h"

#include <string.h>

enum {
    AT_VERSION = 0,
    AT_METHOD = 1,
    AT_KEY = 2,
    AT_SIGNATURE = 3,
    AT_MESSAGE = 4,
    AT_DELIVERIES = 8,
    AT_FLAGS = 12,
    AT_MS = 16,
    AT_SEQ = 24,
    AT_TIME = 32,
    AT_ZERO = 40,
    VERSION = 1,
    FLAGS = SWAPCI_RECORD_TAMPERED | SWAPCI_RECORD_ALONE
};

static void put(uint8_t *out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *in, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)in[i] << 8 * i;
    return value;
}

/* Returns the name of the field that is outside its limits, or NULL. */
static const char *bad_field(const swapci_record *r) {
    if (!r->method) return "method";
    if (r->flags & ~(uint32_t)FLAGS) return "flags";
    if (r->message.len > SWAPCI_RECORD_MESSAGE_MAX) return "message length";
    if (!swapci_key_form_fits(r->method->key_form, r->key.len)) return "key length";
    return r->signature.len < r->method->signature_min ||
                   r->signature.len > r->method->signature_max
               ? "signature length"
               : NULL;
}

size_t swapci_record_size(const swapci_record *record) {
    return SWAPCI_RECORD_HEAD + record->key.len + record->signature.len + record->message.len;
}

/* Returns the place behind what was copied. */
static uint8_t *copy(uint8_t *out, swapc_bytes bytes) {
    if (bytes.len) memcpy(out, bytes.ptr, bytes.len);
    return out + bytes.len;
}

enum swapc_status swapci_record_encode(const swapci_record *record, uint8_t *out, size_t size,
                                       size_t *len, swapc_error *error) {
    const char *bad = bad_field(record);
    if (bad) {
        return swapc_error_set(error, SWAPC_INVALID,
                               "a signed record of this %s cannot be; sign again", bad);
    }
    size_t need = swapci_record_size(record);
    if (need > size) {
        return swapc_error_set(error, SWAPC_TOO_LARGE,
                               "a signed record of %zu bytes does not fit %zu", need, size);
    }
    out[AT_VERSION] = VERSION;
    out[AT_METHOD] = (uint8_t)swapci_method_number(record->method);
    out[AT_KEY] = (uint8_t)record->key.len;
    out[AT_SIGNATURE] = (uint8_t)record->signature.len;
    put(out + AT_MESSAGE, record->message.len, 4);
    put(out + AT_DELIVERIES, record->deliveries, 4);
    put(out + AT_FLAGS, record->flags, 4);
    put(out + AT_MS, record->id.ms, 8);
    put(out + AT_SEQ, record->id.seq, 8);
    put(out + AT_TIME, record->t_us, 8);
    put(out + AT_ZERO, 0, 8);
    uint8_t *end = copy(out + SWAPCI_RECORD_HEAD, record->key);
    copy(copy(end, record->signature), record->message);
    *len = need;
    return SWAPC_OK;
}

/* Whole, by its checksum, and yet not to be understood. */
static enum swapc_status of_another_release(const char *what, unsigned value, swapc_error *error) {
    return swapc_error_set(
        error, SWAPC_UNSUPPORTED,
        "a signed record has %s %u, which this swapc (version %d of records) does not "
        "know: run signer and verifier of one release",
        what, value, VERSION);
}

static enum swapc_status corrupt(const char *what, swapc_error *error) {
    return swapc_error_set(error, SWAPC_CORRUPT,
                           "a signed record's %s is wrong: signer and verifier must be of the same "
                           "swapc",
                           what);
}

enum swapc_status swapci_record_decode(swapc_bytes bytes, swapci_record *out, swapc_error *error) {
    const uint8_t *in = bytes.ptr;
    if (bytes.len < SWAPCI_RECORD_HEAD) return corrupt("length", error);
    if (in[AT_VERSION] != VERSION) return of_another_release("version", in[AT_VERSION], error);
    if (in[AT_METHOD] >= swapci_method_count)
        return of_another_release("method", in[AT_METHOD], error);
    if (get(in + AT_FLAGS, 4) & ~(uint64_t)FLAGS)
        return of_another_release("flags", (unsigned)get(in + AT_FLAGS, 4), error);
    if (get(in + AT_ZERO, 8) != 0)
        return of_another_release("reserved field", (unsigned)get(in + AT_ZERO, 4), error);
    out->method = swapci_method_table[in[AT_METHOD]];
    out->deliveries = (uint32_t)get(in + AT_DELIVERIES, 4);
    out->flags = (uint32_t)get(in + AT_FLAGS, 4);
    out->id.ms = get(in + AT_MS, 8);
    out->id.seq = get(in + AT_SEQ, 8);
    out->t_us = get(in + AT_TIME, 8);
    out->key = swapc_bytes_of(in + SWAPCI_RECORD_HEAD, in[AT_KEY]);
    out->signature = swapc_bytes_of(NULL, in[AT_SIGNATURE]);
    out->message = swapc_bytes_of(NULL, (size_t)get(in + AT_MESSAGE, 4));
    const char *bad = bad_field(out);
    if (bad) return corrupt(bad, error);
    /* Pointers only once the whole is known to be there. */
    if (swapci_record_size(out) != bytes.len) return corrupt("length", error);
    out->signature.ptr = out->key.ptr + out->key.len;
    out->message.ptr = out->signature.ptr + out->signature.len;
    return SWAPC_OK;
}
