/* Any bytes to the MessagePack reader, held against msgpack-c: both take a document, with the same
 * values, or neither does. What was read is written again and read again. */
#include <math.h>
#include <msgpack.h>

#include "fuzz.h"
#include "messagepack.h"

/* msgpack-c allocates by the counts that a document claims, and by its depth. */
enum { DEPTH_MAX = 24 };

/* Returns 1 when what is behind r can be given to msgpack-c: no more elements than bytes. */
static int walk(struct swapci_mp_reader *r, unsigned depth) {
    struct swapci_mp_value v;
    if (depth > DEPTH_MAX || !swapci_mp_read(r, &v)) return 0;
    uint64_t count = v.type == SWAPCI_MP_ARRAY ? v.count
                     : v.type == SWAPCI_MP_MAP ? 2 * (uint64_t)v.count
                                               : 0;
    if (count > (uint64_t)(r->end - r->at)) return 0;
    for (uint64_t i = 0; i < count; i++)
        if (!walk(r, depth + 1)) return 0;
    return 1;
}

static void same_bytes(swapc_bytes ours, const char *ptr, uint32_t len) {
    FUZZ_CHECK(ours.len == len && (len == 0 || memcmp(ours.ptr, ptr, len) == 0));
}

static void same(struct swapci_mp_reader *r, const msgpack_object *theirs) {
    struct swapci_mp_value v;
    FUZZ_CHECK(swapci_mp_read(r, &v));
    switch (theirs->type) {
    case MSGPACK_OBJECT_NIL:
        FUZZ_CHECK(v.type == SWAPCI_MP_NIL);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        FUZZ_CHECK(v.type == SWAPCI_MP_BOOL && v.boolean == theirs->via.boolean);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        FUZZ_CHECK(v.type == SWAPCI_MP_UINT && v.uint == theirs->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        FUZZ_CHECK(v.type == SWAPCI_MP_INT && v.uint == (uint64_t)theirs->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        FUZZ_CHECK(v.type == SWAPCI_MP_FLOAT);
        FUZZ_CHECK(v.real == theirs->via.f64 || (isnan(v.real) && isnan(theirs->via.f64)));
        break;
    case MSGPACK_OBJECT_STR:
        FUZZ_CHECK(v.type == SWAPCI_MP_STR);
        same_bytes(v.bytes, theirs->via.str.ptr, theirs->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        FUZZ_CHECK(v.type == SWAPCI_MP_BIN);
        same_bytes(v.bytes, theirs->via.bin.ptr, theirs->via.bin.size);
        break;
    case MSGPACK_OBJECT_EXT:
        FUZZ_CHECK(v.type == SWAPCI_MP_EXT && v.ext_type == theirs->via.ext.type);
        same_bytes(v.bytes, theirs->via.ext.ptr, theirs->via.ext.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        FUZZ_CHECK(v.type == SWAPCI_MP_ARRAY && v.count == theirs->via.array.size);
        for (uint32_t i = 0; i < v.count; i++) same(r, &theirs->via.array.ptr[i]);
        break;
    case MSGPACK_OBJECT_MAP:
        FUZZ_CHECK(v.type == SWAPCI_MP_MAP && v.count == theirs->via.map.size);
        for (uint32_t i = 0; i < v.count; i++) {
            same(r, &theirs->via.map.ptr[i].key);
            same(r, &theirs->via.map.ptr[i].val);
        }
        break;
    }
}

/* Writes each value that r holds once more; the shortest form is never longer. */
static void write_again(struct swapci_mp_reader r, size_t size) {
    uint8_t *out = malloc(size + 1);
    FUZZ_CHECK(out);
    struct swapci_mp_writer w = {out, size, 0};
    struct swapci_mp_value v;
    while (swapci_mp_read(&r, &v)) {
        switch (v.type) {
        case SWAPCI_MP_NIL:
            swapci_mp_write_nil(&w);
            break;
        case SWAPCI_MP_BOOL:
            swapci_mp_write_bool(&w, v.boolean);
            break;
        case SWAPCI_MP_UINT:
            swapci_mp_write_uint(&w, v.uint);
            break;
        case SWAPCI_MP_INT:
            swapci_mp_write_int(&w, (int64_t)v.uint);
            break;
        case SWAPCI_MP_STR:
            swapci_mp_write_str(&w, v.bytes);
            break;
        case SWAPCI_MP_BIN:
            swapci_mp_write_bin(&w, v.bytes);
            break;
        case SWAPCI_MP_ARRAY:
            swapci_mp_write_array(&w, v.count);
            break;
        case SWAPCI_MP_MAP:
            swapci_mp_write_map(&w, v.count);
            break;
        case SWAPCI_MP_FLOAT: /* a float of 4 bytes would take 8 */
        case SWAPCI_MP_EXT:
            break;
        }
        FUZZ_CHECK(w.len <= size);
    }
    struct swapci_mp_reader back = swapci_mp_reader_of(swapc_bytes_of(out, w.len));
    while (back.at < back.end) FUZZ_CHECK(swapci_mp_read(&back, &v));
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct swapci_mp_reader start = swapci_mp_reader_of(swapc_bytes_of(data, size));
    struct swapci_mp_reader skipped = start, walked = start;
    int whole = swapci_mp_skip(&skipped);
    write_again(start, size);
    if (!walk(&walked, 0)) return 0;
    FUZZ_CHECK(whole && walked.at == skipped.at);
    size_t at = 0;
    msgpack_unpacked theirs;
    msgpack_unpacked_init(&theirs);
    FUZZ_CHECK(msgpack_unpack_next(&theirs, (const char *)data, size, &at) ==
               MSGPACK_UNPACK_SUCCESS);
    FUZZ_CHECK(at == (size_t)(skipped.at - data));
    same(&start, &theirs.data);
    msgpack_unpacked_destroy(&theirs);
    return 0;
}
