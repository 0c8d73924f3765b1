#include "messagepack.h"

#include <msgpack.h>
#include <stdlib.h>

#include "test_main.h"

/* Reads the one value of bytes; returns whether it was all of them. */
static int read_whole(const void *bytes, size_t len, struct swapci_mp_value *out) {
    struct swapci_mp_reader r = swapci_mp_reader_of(swapc_bytes_of(bytes, len));
    return swapci_mp_read(&r, out) && r.at == r.end;
}

static int skip_whole(const void *bytes, size_t len) {
    struct swapci_mp_reader r = swapci_mp_reader_of(swapc_bytes_of(bytes, len));
    return swapci_mp_skip(&r) && r.at == r.end;
}

#define READ(text, out) read_whole(text, sizeof text - 1, out)

static void every_form_of_integer(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        enum swapci_mp_type type;
        int64_t value;
    } rows[] = {
        {"\x00", 1, SWAPCI_MP_UINT, 0},
        {"\x7f", 1, SWAPCI_MP_UINT, 127},
        {"\xe0", 1, SWAPCI_MP_INT, -32},
        {"\xff", 1, SWAPCI_MP_INT, -1},
        {"\xcc\x01", 2, SWAPCI_MP_UINT, 1},
        {"\xcd\x01\x02", 3, SWAPCI_MP_UINT, 0x102},
        {"\xce\x80\x00\x00\x00", 5, SWAPCI_MP_UINT, 0x80000000},
        {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, SWAPCI_MP_UINT, -1},
        {"\xd0\x7f", 2, SWAPCI_MP_UINT, 127},
        {"\xd0\x80", 2, SWAPCI_MP_INT, -128},
        {"\xd1\x80\x00", 3, SWAPCI_MP_INT, -32768},
        {"\xd2\xff\xff\xff\xfe", 5, SWAPCI_MP_INT, -2},
        {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, SWAPCI_MP_INT, INT64_MIN},
        {"\xd3\x7f\xff\xff\xff\xff\xff\xff\xff", 9, SWAPCI_MP_UINT, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct swapci_mp_value value;
        assert_true(read_whole(rows[i].bytes, rows[i].len, &value));
        assert_int_equal(value.type, rows[i].type);
        assert_true(value.uint == (uint64_t)rows[i].value);
        for (size_t len = 0; len < rows[i].len; len++)
            assert_false(read_whole(rows[i].bytes, len, &value));
    }
}

static void nil_bool_and_float(void **state) {
    (void)state;
    struct swapci_mp_value value;
    assert_true(READ("\xc0", &value) && value.type == SWAPCI_MP_NIL);
    assert_true(READ("\xc2", &value) && value.type == SWAPCI_MP_BOOL && !value.boolean);
    assert_true(READ("\xc3", &value) && value.type == SWAPCI_MP_BOOL && value.boolean);
    assert_true(READ("\xca\x3f\xc0\x00\x00", &value) && value.type == SWAPCI_MP_FLOAT);
    assert_true(value.real > 1.49 && value.real < 1.51);
    assert_true(READ("\xcb\xbf\xf8\x00\x00\x00\x00\x00\x00", &value));
    assert_true(value.real < -1.49 && value.real > -1.51);
    assert_false(READ("\xc1", &value));
    assert_false(READ("", &value));
}

static void ext_has_its_type(void **state) {
    (void)state;
    struct swapci_mp_value value;
    assert_true(READ("\xd4\xff\x01", &value) && value.type == SWAPCI_MP_EXT);
    assert_int_equal(value.ext_type, -1);
    assert_int_equal(value.bytes.len, 1);
    assert_true(READ("\xd8\x05"
                     "0123456789abcdef",
                     &value) &&
                value.bytes.len == 16);
    assert_true(READ("\xc7\x03\x05"
                     "abc",
                     &value) &&
                value.bytes.len == 3);
    assert_true(READ("\xc8\x00\x00\x05", &value) && value.bytes.len == 0);
    assert_false(READ("\xc9\x00\x00\x00\x02\x05"
                      "a",
                      &value));
}

static void failure_leaves_the_reader(void **state) {
    (void)state;
    static const char cut[] = "\xd9\x05"
                              "abc";
    struct swapci_mp_value value;
    struct swapci_mp_reader r = swapci_mp_reader_of(swapc_bytes_of(cut, sizeof cut - 1));
    assert_false(swapci_mp_read(&r, &value));
    assert_ptr_equal(r.at, (const uint8_t *)cut);
}

static void skip_takes_any_depth(void **state) {
    (void)state;
    size_t depth = 1u << 20;
    uint8_t *bytes = malloc(depth + 1);
    assert_non_null(bytes);
    memset(bytes, 0x91, depth);
    bytes[depth] = 0xc0;
    assert_true(skip_whole(bytes, depth + 1));
    assert_false(skip_whole(bytes, depth));
    free(bytes);
}

static void skip_sees_counts_that_lie(void **state) {
    (void)state;
    assert_false(skip_whole("\xdd\xff\xff\xff\xff", 5));
    assert_false(skip_whole("\xdf\xff\xff\xff\xff\xdf\xff\xff\xff\xff", 10));
    assert_false(skip_whole("\x82\x01\x02\x03", 4));
    assert_true(skip_whole("\x82\x01\x02\x03\x04", 5));
    assert_true(skip_whole("\x90", 1));
    assert_true(skip_whole("\x80", 1));
}

/* A small generator of its own, so that a failure repeats. */
static uint64_t seed;

static uint32_t random_below(uint32_t bound) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % bound;
}

static uint64_t random_number(void) {
    uint64_t wide = (uint64_t)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX);
    return wide >> random_below(64);
}

static const uint8_t noise[70000];

static swapc_bytes random_bytes(void) {
    static const uint32_t lengths[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
    uint32_t len = random_below(20) ? random_below(40) : lengths[random_below(10)];
    return swapc_bytes_of(noise, len);
}

static void pack_bytes(msgpack_packer *pk, uint32_t kind, swapc_bytes bytes) {
    if (kind == 0) {
        msgpack_pack_str(pk, bytes.len);
        msgpack_pack_str_body(pk, bytes.ptr, bytes.len);
    } else if (kind == 1) {
        msgpack_pack_bin(pk, bytes.len);
        msgpack_pack_bin_body(pk, bytes.ptr, bytes.len);
    } else {
        msgpack_pack_ext(pk, bytes.len, (int8_t)random_below(256));
        msgpack_pack_ext_body(pk, bytes.ptr, bytes.len);
    }
}

static void pack_scalar(msgpack_packer *pk) {
    switch (random_below(6)) {
    case 0:
        msgpack_pack_nil(pk);
        break;
    case 1:
        random_below(2) ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
        break;
    case 2:
        msgpack_pack_uint64(pk, random_number());
        break;
    case 3:
        msgpack_pack_int64(pk, (int64_t)(0 - random_number()));
        break;
    case 4:
        msgpack_pack_double(pk, (double)random_number() / 3);
        break;
    default:
        msgpack_pack_float(pk, (float)random_number());
        break;
    }
}

static void pack_random(msgpack_packer *pk, unsigned depth) {
    uint32_t kind = random_below(depth > 0 ? 8 : 6);
    uint32_t count = random_below(50) ? random_below(5) : random_below(20);
    if (kind < 3) {
        pack_scalar(pk);
    } else if (kind < 6) {
        pack_bytes(pk, kind - 3, random_bytes());
    } else if (kind == 6) {
        msgpack_pack_array(pk, count);
        for (uint32_t i = 0; i < count; i++) pack_random(pk, depth - 1);
    } else {
        msgpack_pack_map(pk, count);
        for (uint32_t i = 0; i < 2 * count; i++) pack_random(pk, depth - 1);
    }
}

static void assert_bytes(swapc_bytes ours, const char *ptr, size_t len) {
    assert_true(swapc_bytes_equal(ours, swapc_bytes_of(ptr, len)));
}

static void assert_same_scalar(const struct swapci_mp_value *ours, const msgpack_object *theirs) {
    switch (theirs->type) {
    case MSGPACK_OBJECT_NIL:
        assert_int_equal(ours->type, SWAPCI_MP_NIL);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        assert_int_equal(ours->type, SWAPCI_MP_BOOL);
        assert_int_equal(ours->boolean, theirs->via.boolean);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        assert_int_equal(ours->type, SWAPCI_MP_UINT);
        assert_true(ours->uint == theirs->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        assert_int_equal(ours->type, SWAPCI_MP_INT);
        assert_true(ours->uint == (uint64_t)theirs->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        assert_int_equal(ours->type, SWAPCI_MP_FLOAT);
        assert_memory_equal(&ours->real, &theirs->via.f64, sizeof ours->real);
        break;
    default:
        fail_msg("an unexpected type");
    }
}

static void assert_same(struct swapci_mp_reader *r, const msgpack_object *theirs) {
    struct swapci_mp_value ours;
    assert_true(swapci_mp_read(r, &ours));
    switch (theirs->type) {
    case MSGPACK_OBJECT_STR:
        assert_int_equal(ours.type, SWAPCI_MP_STR);
        assert_bytes(ours.bytes, theirs->via.str.ptr, theirs->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        assert_int_equal(ours.type, SWAPCI_MP_BIN);
        assert_bytes(ours.bytes, theirs->via.bin.ptr, theirs->via.bin.size);
        break;
    case MSGPACK_OBJECT_EXT:
        assert_int_equal(ours.type, SWAPCI_MP_EXT);
        assert_int_equal(ours.ext_type, theirs->via.ext.type);
        assert_bytes(ours.bytes, theirs->via.ext.ptr, theirs->via.ext.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        assert_int_equal(ours.type, SWAPCI_MP_ARRAY);
        assert_int_equal(ours.count, theirs->via.array.size);
        for (uint32_t i = 0; i < ours.count; i++) assert_same(r, &theirs->via.array.ptr[i]);
        break;
    case MSGPACK_OBJECT_MAP:
        assert_int_equal(ours.type, SWAPCI_MP_MAP);
        assert_int_equal(ours.count, theirs->via.map.size);
        for (uint32_t i = 0; i < ours.count; i++) {
            assert_same(r, &theirs->via.map.ptr[i].key);
            assert_same(r, &theirs->via.map.ptr[i].val);
        }
        break;
    default:
        assert_same_scalar(&ours, theirs);
    }
}

/* What msgpack-c writes we read as it does, and no shorter piece of it is a document. */
static void reads_what_msgpack_c_writes(void **state) {
    (void)state;
    seed = 1;
    for (unsigned round = 0; round < 500; round++) {
        msgpack_sbuffer buffer;
        msgpack_packer pk;
        msgpack_unpacked theirs;
        size_t offset = 0;
        msgpack_sbuffer_init(&buffer);
        msgpack_packer_init(&pk, &buffer, msgpack_sbuffer_write);
        pack_random(&pk, 5);
        msgpack_unpacked_init(&theirs);
        assert_int_equal(msgpack_unpack_next(&theirs, buffer.data, buffer.size, &offset),
                         MSGPACK_UNPACK_SUCCESS);
        struct swapci_mp_reader r = swapci_mp_reader_of(swapc_bytes_of(buffer.data, buffer.size));
        assert_same(&r, &theirs.data);
        assert_ptr_equal(r.at, r.end);
        assert_true(skip_whole(buffer.data, buffer.size));
        size_t step = buffer.size / 200 + 1;
        for (size_t len = 0; len < buffer.size; len += step)
            assert_false(skip_whole(buffer.data, len));
        msgpack_unpacked_destroy(&theirs);
        msgpack_sbuffer_destroy(&buffer);
    }
}

/* Any bytes: both take them, or neither; and the same number of them. Heads of 32-bit counts are
 * left out, for msgpack-c would allocate what they claim. */
static void judges_noise_as_msgpack_c_does(void **state) {
    (void)state;
    unsigned taken = 0;
    seed = 2;
    for (unsigned round = 0; round < 100000; round++) {
        char bytes[24];
        size_t offset = 0;
        msgpack_unpacked theirs;
        for (size_t i = 0; i < sizeof bytes; i++) {
            do bytes[i] = (char)(random_below(2) ? 0x80 + random_below(128) : random_below(256));
            while ((bytes[i] & 0xff) == 0xdd || (bytes[i] & 0xff) == 0xdf);
        }
        size_t len = random_below(sizeof bytes + 1);
        struct swapci_mp_reader r = swapci_mp_reader_of(swapc_bytes_of(bytes, len));
        int ours = swapci_mp_skip(&r);
        msgpack_unpacked_init(&theirs);
        msgpack_unpack_return result = msgpack_unpack_next(&theirs, bytes, len, &offset);
        msgpack_unpacked_destroy(&theirs);
        assert_int_equal(ours, result == MSGPACK_UNPACK_SUCCESS);
        if (ours) assert_int_equal(r.at - (const uint8_t *)bytes, offset);
        taken += (unsigned)ours;
    }
    assert_true(taken > 1000);
}

/* Every value that has a shortest form comes out in it: the bytes are those of msgpack-c. */
static void writes_what_msgpack_c_writes(void **state) {
    (void)state;
    static uint8_t out[150000];
    seed = 3;
    for (unsigned round = 0; round < 5000; round++) {
        struct swapci_mp_writer w = {out, sizeof out, 0};
        msgpack_sbuffer buffer;
        msgpack_packer pk;
        msgpack_sbuffer_init(&buffer);
        msgpack_packer_init(&pk, &buffer, msgpack_sbuffer_write);
        uint64_t number = random_number();
        uint32_t count = (uint32_t)number;
        swapc_bytes bytes = random_bytes();
        swapci_mp_write_nil(&w);
        msgpack_pack_nil(&pk);
        swapci_mp_write_bool(&w, number & 1);
        number & 1 ? msgpack_pack_true(&pk) : msgpack_pack_false(&pk);
        swapci_mp_write_uint(&w, number);
        msgpack_pack_uint64(&pk, number);
        swapci_mp_write_int(&w, (int64_t)(0 - number));
        msgpack_pack_int64(&pk, (int64_t)(0 - number));
        swapci_mp_write_double(&w, (double)number / 7);
        msgpack_pack_double(&pk, (double)number / 7);
        swapci_mp_write_str(&w, bytes);
        pack_bytes(&pk, 0, bytes);
        swapci_mp_write_bin(&w, bytes);
        pack_bytes(&pk, 1, bytes);
        swapci_mp_write_array(&w, count);
        msgpack_pack_array(&pk, count);
        swapci_mp_write_map(&w, count);
        msgpack_pack_map(&pk, count);
        assert_int_equal(w.len, buffer.size);
        assert_memory_equal(out, buffer.data, buffer.size);
        msgpack_sbuffer_destroy(&buffer);
    }
}

static void integers_at_every_border(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 64; bits++)
        for (int delta = -1; delta <= 1; delta++) {
            uint8_t out[16];
            struct swapci_mp_value value;
            uint64_t number = ((uint64_t)1 << bits) + (uint64_t)(int64_t)delta;
            struct swapci_mp_writer w = {out, sizeof out, 0};
            swapci_mp_write_uint(&w, number);
            assert_true(read_whole(out, w.len, &value));
            assert_true(value.type == SWAPCI_MP_UINT && value.uint == number);
            w.len = 0;
            swapci_mp_write_int(&w, (int64_t)number);
            assert_true(read_whole(out, w.len, &value));
            assert_true(value.uint == number);
            w.len = 0;
            swapci_mp_write_int(&w, (int64_t)(0 - number));
            assert_true(read_whole(out, w.len, &value));
            assert_true(value.uint == 0 - number);
            assert_int_equal(value.type,
                             (int64_t)(0 - number) < 0 ? SWAPCI_MP_INT : SWAPCI_MP_UINT);
        }
}

static void a_short_buffer_is_counted_on(void **state) {
    (void)state;
    for (size_t size = 0; size < 12; size++) {
        uint8_t *out = malloc(size + 1);
        assert_non_null(out);
        struct swapci_mp_writer w = {out, size, 0};
        swapci_mp_write_array(&w, 2);
        swapci_mp_write_str(&w, swapc_bytes_str("abcdefg"));
        swapci_mp_write_uint(&w, 1000);
        assert_int_equal(w.len, 12);
        free(out);
    }
    struct swapci_mp_writer nowhere = {NULL, 0, 0};
    swapci_mp_write_str(&nowhere, swapc_bytes_str("abc"));
    assert_int_equal(nowhere.len, 4);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_integer),
        cmocka_unit_test(nil_bool_and_float),
        cmocka_unit_test(ext_has_its_type),
        cmocka_unit_test(failure_leaves_the_reader),
        cmocka_unit_test(skip_takes_any_depth),
        cmocka_unit_test(skip_sees_counts_that_lie),
        cmocka_unit_test(reads_what_msgpack_c_writes),
        cmocka_unit_test(judges_noise_as_msgpack_c_does),
        cmocka_unit_test(writes_what_msgpack_c_writes),
        cmocka_unit_test(integers_at_every_border),
        cmocka_unit_test(a_short_buffer_is_counted_on),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
