#include "messagepack.h"

/* Moves past n bytes of the input. Returns where they start, or NULL when there are fewer. */
static const uint8_t *take(struct swapci_mp_reader *r, uint64_t n) {
    if ((uint64_t)(r->end - r->at) < n) return NULL;
    const uint8_t *start = r->at;
    r->at += n;
    return start;
}

static int read_big_endian(struct swapci_mp_reader *r, unsigned size, uint64_t *out) {
    const uint8_t *at = take(r, size);
    uint64_t value = 0;
    if (!at) return 0;
    for (unsigned i = 0; i < size; i++) value = value << 8 | at[i];
    *out = value;
    return 1;
}

static int set_bytes(struct swapci_mp_reader *r, enum swapci_mp_type type, uint64_t len,
                     struct swapci_mp_value *out) {
    const uint8_t *at = take(r, len);
    if (!at) return 0;
    out->type = type;
    out->bytes = swapc_bytes_of(at, (size_t)len);
    return 1;
}

static int set_ext(struct swapci_mp_reader *r, uint64_t len, struct swapci_mp_value *out) {
    const uint8_t *type = take(r, 1);
    if (!type) return 0;
    out->ext_type = (int8_t)*type;
    return set_bytes(r, SWAPCI_MP_EXT, len, out);
}

static int set_count(enum swapci_mp_type type, uint64_t count, struct swapci_mp_value *out) {
    out->type = type;
    out->count = (uint32_t)count;
    return 1;
}

static int set_bool(bool value, struct swapci_mp_value *out) {
    out->type = SWAPCI_MP_BOOL;
    out->boolean = value;
    return 1;
}

static int set_uint(uint64_t value, struct swapci_mp_value *out) {
    out->type = SWAPCI_MP_UINT;
    out->uint = value;
    return 1;
}

/* value has its sign in bit `bits - 1`. */
static int set_int(uint64_t value, unsigned bits, struct swapci_mp_value *out) {
    uint64_t sign = (uint64_t)1 << (bits - 1);
    out->uint = (value ^ sign) - sign;
    out->type = value & sign ? SWAPCI_MP_INT : SWAPCI_MP_UINT;
    return 1;
}

static int set_float(uint64_t value, unsigned size, struct swapci_mp_value *out) {
    uint32_t half = (uint32_t)value;
    float single;
    out->type = SWAPCI_MP_FLOAT;
    if (size == 4) {
        memcpy(&single, &half, sizeof single);
        out->real = (double)single;
    } else {
        memcpy(&out->real, &value, sizeof out->real);
    }
    return 1;
}

/* The heads from 0xc4 to 0xdf that are followed by a big-endian number: what it means. */
static int set_numbered(struct swapci_mp_reader *r, uint8_t head, uint64_t n, unsigned size,
                        struct swapci_mp_value *out) {
    switch (head) {
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return set_bytes(r, SWAPCI_MP_BIN, n, out);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return set_ext(r, n, out);
    case 0xca:
    case 0xcb:
        return set_float(n, size, out);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return set_uint(n, out);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return set_int(n, size * 8, out);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return set_bytes(r, SWAPCI_MP_STR, n, out);
    case 0xdc:
    case 0xdd:
        return set_count(SWAPCI_MP_ARRAY, n, out);
    default: /* 0xde, 0xdf */
        return set_count(SWAPCI_MP_MAP, n, out);
    }
}

static int read_long(struct swapci_mp_reader *r, uint8_t head, struct swapci_mp_value *out) {
    /* How many bytes of number follow 0xc4 to 0xdf; 0: none. */
    static const uint8_t sizes[28] = {1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, 1, 2,
                                      4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4};
    uint64_t n = 0;
    if (head == 0xc0) {
        out->type = SWAPCI_MP_NIL;
        return 1;
    }
    if (head == 0xc1) return 0;
    if (head <= 0xc3) return set_bool(head == 0xc3, out);
    if (head >= 0xd4 && head <= 0xd8) return set_ext(r, (uint64_t)1 << (head - 0xd4), out);
    unsigned size = sizes[head - 0xc4];
    return read_big_endian(r, size, &n) && set_numbered(r, head, n, size, out);
}

static int read_value(struct swapci_mp_reader *r, struct swapci_mp_value *out) {
    const uint8_t *at = take(r, 1);
    if (!at) return 0;
    uint8_t head = *at;
    if (head < 0x80) return set_uint(head, out);
    if (head < 0x90) return set_count(SWAPCI_MP_MAP, head & 0x0f, out);
    if (head < 0xa0) return set_count(SWAPCI_MP_ARRAY, head & 0x0f, out);
    if (head < 0xc0) return set_bytes(r, SWAPCI_MP_STR, head & 0x1f, out);
    if (head >= 0xe0) return set_int(head, 8, out);
    return read_long(r, head, out);
}

int swapci_mp_read(struct swapci_mp_reader *r, struct swapci_mp_value *out) {
    const uint8_t *start = r->at;
    if (read_value(r, out)) return 1;
    r->at = start;
    return 0;
}

int swapci_mp_skip(struct swapci_mp_reader *r) {
    struct swapci_mp_value value;
    for (uint64_t pending = 1; pending > 0; pending--) {
        if (!swapci_mp_read(r, &value)) return 0;
        if (value.type == SWAPCI_MP_ARRAY) pending += value.count;
        if (value.type == SWAPCI_MP_MAP) pending += 2 * (uint64_t)value.count;
        /* A value takes a byte or more, so a count that lies is seen before it costs time. */
        if (pending - 1 > (uint64_t)(r->end - r->at)) return 0;
    }
    return 1;
}

static void put(struct swapci_mp_writer *w, const void *from, size_t n) {
    if (n > 0 && w->len <= w->size && n <= w->size - w->len) memcpy(w->out + w->len, from, n);
    w->len += n;
}

static void put_byte(struct swapci_mp_writer *w, uint8_t byte) {
    put(w, &byte, 1);
}

/* A head and the number of size bytes after it, big-endian. */
static void put_number(struct swapci_mp_writer *w, uint8_t head, uint64_t value, unsigned size) {
    uint8_t bytes[9] = {head};
    for (unsigned i = 0; i < size; i++) bytes[1 + i] = (uint8_t)(value >> 8 * (size - 1 - i));
    put(w, bytes, 1 + size);
}

void swapci_mp_write_nil(struct swapci_mp_writer *w) {
    put_byte(w, 0xc0);
}

void swapci_mp_write_bool(struct swapci_mp_writer *w, bool value) {
    put_byte(w, value ? 0xc3 : 0xc2);
}

void swapci_mp_write_uint(struct swapci_mp_writer *w, uint64_t value) {
    if (value < 0x80) put_byte(w, (uint8_t)value);
    else if (value <= UINT8_MAX) put_number(w, 0xcc, value, 1);
    else if (value <= UINT16_MAX) put_number(w, 0xcd, value, 2);
    else if (value <= UINT32_MAX) put_number(w, 0xce, value, 4);
    else put_number(w, 0xcf, value, 8);
}

void swapci_mp_write_int(struct swapci_mp_writer *w, int64_t value) {
    if (value >= 0) swapci_mp_write_uint(w, (uint64_t)value);
    else if (value >= -32) put_byte(w, (uint8_t)value);
    else if (value >= INT8_MIN) put_number(w, 0xd0, (uint64_t)value, 1);
    else if (value >= INT16_MIN) put_number(w, 0xd1, (uint64_t)value, 2);
    else if (value >= INT32_MIN) put_number(w, 0xd2, (uint64_t)value, 4);
    else put_number(w, 0xd3, (uint64_t)value, 8);
}

void swapci_mp_write_double(struct swapci_mp_writer *w, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_number(w, 0xcb, bits, 8);
}

void swapci_mp_write_str(struct swapci_mp_writer *w, swapc_bytes bytes) {
    if (bytes.len < 32) put_byte(w, (uint8_t)(0xa0 | bytes.len));
    else if (bytes.len <= UINT8_MAX) put_number(w, 0xd9, bytes.len, 1);
    else if (bytes.len <= UINT16_MAX) put_number(w, 0xda, bytes.len, 2);
    else put_number(w, 0xdb, bytes.len, 4);
    put(w, bytes.ptr, bytes.len);
}

void swapci_mp_write_bin(struct swapci_mp_writer *w, swapc_bytes bytes) {
    if (bytes.len <= UINT8_MAX) put_number(w, 0xc4, bytes.len, 1);
    else if (bytes.len <= UINT16_MAX) put_number(w, 0xc5, bytes.len, 2);
    else put_number(w, 0xc6, bytes.len, 4);
    put(w, bytes.ptr, bytes.len);
}

void swapci_mp_write_array(struct swapci_mp_writer *w, uint32_t count) {
    if (count < 16) put_byte(w, (uint8_t)(0x90 | count));
    else if (count <= UINT16_MAX) put_number(w, 0xdc, count, 2);
    else put_number(w, 0xdd, count, 4);
}

void swapci_mp_write_map(struct swapci_mp_writer *w, uint32_t count) {
    if (count < 16) put_byte(w, (uint8_t)(0x80 | count));
    else if (count <= UINT16_MAX) put_number(w, 0xde, count, 2);
    else put_number(w, 0xdf, count, 4);
}
