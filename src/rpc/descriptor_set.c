#include "descriptor_set.h"

/* Field numbers of descriptor.proto. */
enum {
    SET_FILE = 1,
    FILE_NAME = 1,
    FILE_PACKAGE = 2,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    ANY_NAME = 1
};

struct field {
    uint32_t number;
    swapc_bytes bytes; /* of a length-delimited field; else empty */
};

static bool take_varint(swapc_bytes *at, uint64_t *out) {
    *out = 0;
    for (unsigned shift = 0; shift < 64 && at->len > 0; shift += 7) {
        uint8_t byte = at->ptr[0];
        *at = swapc_bytes_of(at->ptr + 1, at->len - 1);
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

static bool skip(swapc_bytes *at, uint64_t len) {
    if (len > at->len) return false;
    *at = swapc_bytes_of(at->ptr + len, at->len - (size_t)len);
    return true;
}

/* Takes the next field; false at the end, and where the bytes make no sense. */
static bool take_field(swapc_bytes *at, struct field *out) {
    uint64_t key, value;
    if (!take_varint(at, &key)) return false;
    *out = (struct field){(uint32_t)(key >> 3), {NULL, 0}};
    switch (key & 7) {
    case 0:
        return take_varint(at, &value);
    case 1:
        return skip(at, 8);
    case 2:
        if (!take_varint(at, &value) || value > at->len) return false;
        out->bytes = swapc_bytes_of(at->ptr, (size_t)value);
        return skip(at, value);
    case 5:
        return skip(at, 4);
    default:
        return false;
    }
}

/* The first field of that number; empty when there is none. */
static swapc_bytes find(swapc_bytes message, uint32_t number) {
    struct field field;
    while (take_field(&message, &field))
        if (field.number == number) return field.bytes;
    return swapc_bytes_of(NULL, 0);
}

bool swapci_descriptor_file(swapc_bytes set, const char *name, swapc_bytes *file) {
    struct field field;
    while (take_field(&set, &field))
        if (field.number == SET_FILE &&
            swapc_bytes_equal(find(field.bytes, FILE_NAME), swapc_bytes_str(name))) {
            *file = field.bytes;
            return true;
        }
    return false;
}

/* Takes prefix and the dot behind it, or the end, off text. */
static bool take_prefix(swapc_bytes *text, swapc_bytes prefix) {
    if (prefix.len > text->len || memcmp(text->ptr, prefix.ptr, prefix.len) != 0) return false;
    if (prefix.len == text->len) return skip(text, prefix.len);
    return text->ptr[prefix.len] == '.' && skip(text, prefix.len + 1);
}

static bool defines(swapc_bytes file, swapc_bytes symbol) {
    struct field field;
    swapc_bytes package = find(file, FILE_PACKAGE);
    if (package.len && !take_prefix(&symbol, package)) return false;
    while (take_field(&file, &field)) {
        swapc_bytes inner = symbol;
        bool named = field.number == FILE_MESSAGE || field.number == FILE_ENUM ||
                     field.number == FILE_SERVICE;
        if (named && take_prefix(&inner, find(field.bytes, ANY_NAME))) return true;
    }
    return false;
}

bool swapci_descriptor_symbol(swapc_bytes set, const char *symbol, swapc_bytes *file) {
    struct field field;
    while (take_field(&set, &field))
        if (field.number == SET_FILE && defines(field.bytes, swapc_bytes_str(symbol))) {
            *file = field.bytes;
            return true;
        }
    return false;
}
