#include "verify_message.h"

#include <stdbool.h>

#include "utf8.h"

enum { RMESSAGE, SMESSAGE, VKEY, ID, OPER, REQUEST_FIELDS };
enum { PAYLOAD_BACK, STATUS, RESPONSE_FIELDS };

static const char *const request_fields[REQUEST_FIELDS] = {"rmessage", "smessage", "vkey", "id",
                                                           "oper"};
static const char *const response_fields[RESPONSE_FIELDS] = {"payload_back", "status"};
static const char *const oper_names[] = {"One", "Two", "Three"};
static const char *const status_names[] = {"Valid", "NotValid", "Error"};

#define OPERS (sizeof oper_names / sizeof *oper_names)
#define STATUSES (sizeof status_names / sizeof *status_names)

/* Reads the value of a field into the document. Returns 1, or 0 when it is not of its kind. */
typedef int (*field_fn)(struct swapci_mp_reader *r, uint32_t field, void *document);

/* The index of the name that value is (itself an index, or text); count when it is none of them; or
 * count + 1 when it is of a type that names nothing. */
static uint32_t name_index(const struct swapci_mp_value *value, const char *const *names,
                           uint32_t count) {
    if (value->type == SWAPCI_MP_UINT) return value->uint < count ? (uint32_t)value->uint : count;
    if (value->type != SWAPCI_MP_STR && value->type != SWAPCI_MP_BIN) return count + 1;
    for (uint32_t i = 0; i < count; i++)
        if (swapc_bytes_equal(value->bytes, swapc_bytes_str(names[i]))) return i;
    return count;
}

static int read_text(struct swapci_mp_reader *r, swapc_bytes *out) {
    struct swapci_mp_value value;
    if (!swapci_mp_read(r, &value) || (value.type != SWAPCI_MP_STR && value.type != SWAPCI_MP_BIN))
        return 0;
    *out = value.bytes;
    return 1;
}

/* A variant of an enum: its name or index, or a map of one pair {name or index: nil}, as rmp-serde writes
 * it. */
static int read_name(struct swapci_mp_reader *r, const char *const *names, uint32_t count,
                     uint32_t *out) {
    struct swapci_mp_value value, nil;
    if (!swapci_mp_read(r, &value)) return 0;
    bool pair = value.type == SWAPCI_MP_MAP && value.count == 1;
    if (pair && !swapci_mp_read(r, &value)) return 0;
    *out = name_index(&value, names, count);
    if (pair && (!swapci_mp_read(r, &nil) || nil.type != SWAPCI_MP_NIL)) return 0;
    return *out < count;
}

static int read_id(struct swapci_mp_reader *r, uint64_t *out) {
    struct swapci_mp_value value;
    if (!swapci_mp_read(r, &value) || (value.type != SWAPCI_MP_UINT && value.type != SWAPCI_MP_INT))
        return 0;
    *out = value.uint;
    return 1;
}

static int read_key_array(struct swapci_mp_reader *r, uint32_t count,
                          struct swapci_verify_request *out) {
    struct swapci_mp_value value;
    for (uint32_t i = 0; i < count; i++) {
        if (!swapci_mp_read(r, &value) || value.type != SWAPCI_MP_UINT || value.uint > UINT8_MAX)
            return 0;
        if (i < SWAPCI_VERIFY_KEY_MAX) out->key_storage[i] = (uint8_t)value.uint;
    }
    out->key = swapc_bytes_of(out->key_storage, count);
    return 1;
}

static int read_key(struct swapci_mp_reader *r, struct swapci_verify_request *out) {
    struct swapci_mp_value value;
    if (!swapci_mp_read(r, &value)) return 0;
    if (value.type == SWAPCI_MP_ARRAY) return read_key_array(r, value.count, out);
    out->key = value.bytes;
    return value.type == SWAPCI_MP_BIN;
}

static int read_request_field(struct swapci_mp_reader *r, uint32_t field, void *document) {
    struct swapci_verify_request *out = document;
    uint32_t oper;
    switch (field) {
    case RMESSAGE:
        return read_text(r, &out->message);
    case SMESSAGE:
        return read_text(r, &out->signature);
    case VKEY:
        return read_key(r, out);
    case ID:
        return read_id(r, &out->id);
    default:
        if (!read_name(r, oper_names, OPERS, &oper)) return 0;
        out->oper = (enum swapci_verify_oper)oper;
        return 1;
    }
}

static int read_response_field(struct swapci_mp_reader *r, uint32_t field, void *document) {
    struct swapci_verify_response *out = document;
    uint32_t status;
    if (field == PAYLOAD_BACK) return read_text(r, &out->payload_back);
    if (!read_name(r, status_names, STATUSES, &status)) return 0;
    out->status = (enum swapci_verify_status)status;
    return 1;
}

static int read_map(struct swapci_mp_reader *r, uint32_t pairs, const char *const *fields,
                    uint32_t count, field_fn read_field, void *document) {
    uint32_t seen = 0;
    for (uint32_t i = 0; i < pairs; i++) {
        struct swapci_mp_value key;
        if (!swapci_mp_read(r, &key)) return 0;
        uint32_t field = name_index(&key, fields, count);
        if (field > count || (field < count && (seen & 1u << field))) return 0;
        if (field < count) seen |= 1u << field;
        if (!(field < count ? read_field(r, field, document) : swapci_mp_skip(r))) return 0;
    }
    return seen == (1u << count) - 1;
}

static int read_document(struct swapci_mp_reader *r, const char *const *fields, uint32_t count,
                         field_fn read_field, void *document) {
    struct swapci_mp_value head;
    if (!swapci_mp_read(r, &head)) return 0;
    if (head.type == SWAPCI_MP_MAP)
        return read_map(r, head.count, fields, count, read_field, document);
    if (head.type != SWAPCI_MP_ARRAY || head.count != count) return 0;
    for (uint32_t field = 0; field < count; field++)
        if (!read_field(r, field, document)) return 0;
    return 1;
}

int swapci_verify_request_read(struct swapci_mp_reader *r, struct swapci_verify_request *out) {
    return read_document(r, request_fields, REQUEST_FIELDS, read_request_field, out);
}

int swapci_verify_request_decode(swapc_bytes payload, struct swapci_verify_request *out) {
    struct swapci_mp_reader r = swapci_mp_reader_of(payload);
    return swapci_verify_request_read(&r, out);
}

int swapci_verify_response_read(struct swapci_mp_reader *r, struct swapci_verify_response *out) {
    return read_document(r, response_fields, RESPONSE_FIELDS, read_response_field, out);
}

int swapci_verify_response_decode(swapc_bytes payload, struct swapci_verify_response *out) {
    struct swapci_mp_reader r = swapci_mp_reader_of(payload);
    return swapci_verify_response_read(&r, out);
}

static void write_name(struct swapci_mp_writer *w, const char *name) {
    swapci_mp_write_str(w, swapc_bytes_str(name));
}

size_t swapci_verify_request_encode(const struct swapci_verify_request *request, uint8_t *out,
                                    size_t size) {
    struct swapci_mp_writer w = {out, size, 0};
    swapci_mp_write_map(&w, REQUEST_FIELDS);
    write_name(&w, request_fields[RMESSAGE]);
    if (swapci_utf8_valid(request->message)) swapci_mp_write_str(&w, request->message);
    else swapci_mp_write_bin(&w, request->message);
    write_name(&w, request_fields[SMESSAGE]);
    swapci_mp_write_str(&w, request->signature);
    write_name(&w, request_fields[VKEY]);
    swapci_mp_write_bin(&w, request->key);
    write_name(&w, request_fields[ID]);
    swapci_mp_write_uint(&w, request->id);
    write_name(&w, request_fields[OPER]);
    write_name(&w, oper_names[request->oper]);
    return w.len;
}

size_t swapci_verify_response_encode(const struct swapci_verify_response *response, uint8_t *out,
                                     size_t size) {
    struct swapci_mp_writer w = {out, size, 0};
    swapci_mp_write_map(&w, RESPONSE_FIELDS);
    write_name(&w, response_fields[PAYLOAD_BACK]);
    swapci_mp_write_str(&w, response->payload_back);
    write_name(&w, response_fields[STATUS]);
    write_name(&w, status_names[response->status]);
    return w.len;
}

const char *swapci_verify_status_name(enum swapci_verify_status status) {
    return status_names[status];
}
