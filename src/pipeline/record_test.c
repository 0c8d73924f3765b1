#include "record.h"

#include <stdlib.h>

#include "test_main.h"

static const uint8_t filler[256] = {9, 8, 7, 6, 5, 4, 3, 2, 1};

static swapci_record sample(void) {
    return (swapci_record){
        .id = {UINT64_MAX, UINT64_MAX - 1},
        .method = swapci_method_table[0],
        .deliveries = UINT32_MAX,
        .flags = SWAPCI_RECORD_TAMPERED,
        .t_us = UINT64_C(0x0102030405060708),
        .key = {filler, 32},
        .signature = {filler + 1, 64},
        .message = {filler + 2, 5},
    };
}

/* Encodes, and decodes from a heap block of just that size, so that a read behind it is seen. */
static enum swapc_status through(const swapci_record *in, swapci_record *out, uint8_t **block) {
    uint8_t bytes[512];
    size_t len;
    enum swapc_status status = swapci_record_encode(in, bytes, sizeof bytes, &len, NULL);
    if (status != SWAPC_OK) return status;
    assert_int_equal(len, swapci_record_size(in));
    *block = malloc(len);
    assert_non_null(*block);
    memcpy(*block, bytes, len);
    assert_int_equal(swapci_record_decode(swapc_bytes_of(*block, len), out, NULL), SWAPC_OK);
    return SWAPC_OK;
}

static void comes_back(void **state) {
    static const size_t messages[] = {0, 1, 5, 200};
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        swapci_record in = sample(), out;
        uint8_t *block;
        in.message.len = messages[i];
        assert_int_equal(through(&in, &out, &block), SWAPC_OK);
        assert_int_equal(out.id.ms, in.id.ms);
        assert_int_equal(out.id.seq, in.id.seq);
        assert_ptr_equal(out.method, in.method);
        assert_int_equal(out.deliveries, in.deliveries);
        assert_int_equal(out.flags, in.flags);
        assert_int_equal(out.t_us, in.t_us);
        assert_true(swapc_bytes_equal(out.key, in.key));
        assert_true(swapc_bytes_equal(out.signature, in.signature));
        assert_true(swapc_bytes_equal(out.message, in.message));
        free(block);
    }
}

/* The bytes themselves: a verifier on another machine reads them. */
static void layout_is_fixed(void **state) {
    static const uint8_t head[SWAPCI_RECORD_HEAD] = {
        1,    0,    32,   64,   5,    0,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 1,    0,
        0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 8,    7,    6,    5,    4,    3,    2,    1};
    swapci_record in = sample();
    uint8_t bytes[256];
    size_t len;
    (void)state;
    assert_int_equal(swapci_record_encode(&in, bytes, sizeof bytes, &len, NULL), SWAPC_OK);
    assert_int_equal(len, 48 + 32 + 64 + 5);
    assert_memory_equal(bytes, head, sizeof head);
    assert_memory_equal(bytes + 48, filler, 32);
    assert_memory_equal(bytes + 80, filler + 1, 64);
    assert_memory_equal(bytes + 144, filler + 2, 5);
}

static void every_truncation_is_corrupt(void **state) {
    swapci_record in = sample(), out;
    uint8_t bytes[256];
    size_t len;
    (void)state;
    assert_int_equal(swapci_record_encode(&in, bytes, sizeof bytes, &len, NULL), SWAPC_OK);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *block = malloc(cut ? cut : 1);
        assert_non_null(block);
        memcpy(block, bytes, cut);
        assert_int_equal(swapci_record_decode(swapc_bytes_of(block, cut), &out, NULL),
                         SWAPC_CORRUPT);
        free(block);
    }
    /* and one byte too many */
    assert_int_equal(swapci_record_decode(swapc_bytes_of(bytes, len + 1), &out, NULL),
                     SWAPC_CORRUPT);
}

static enum swapc_status with_lengths(const swapci_method *method, size_t key, size_t signature) {
    swapci_record in = sample(), out;
    uint8_t *block = NULL;
    in.method = method;
    in.key.len = key;
    in.signature.len = signature;
    enum swapc_status status = through(&in, &out, &block);
    free(block);
    return status;
}

static void lengths_have_limits(void **state) {
    (void)state;
    for (size_t key = 0; key <= 70; key++) {
        for (size_t sig = 0; sig <= 75; sig++) {
            int schnorr = key == 32 && sig == 64;
            int ecdsa = (key == 33 || key == 65) && sig >= 8 && sig <= 72;
            assert_int_equal(with_lengths(swapci_method_table[0], key, sig),
                             schnorr ? SWAPC_OK : SWAPC_INVALID);
            assert_int_equal(with_lengths(swapci_method_table[1], key, sig),
                             ecdsa ? SWAPC_OK : SWAPC_INVALID);
        }
    }
    assert_int_equal(with_lengths(NULL, 32, 64), SWAPC_INVALID);
}

static void output_room_is_exact(void **state) {
    swapci_record in = sample();
    uint8_t bytes[48 + 32 + 64 + 5];
    size_t len = 0;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    assert_int_equal(swapci_record_encode(&in, bytes, sizeof bytes - 1, &len, &error),
                     SWAPC_TOO_LARGE);
    assert_non_null(strstr(error.text, "149 bytes"));
    assert_int_equal(swapci_record_encode(&in, bytes, sizeof bytes, &len, NULL), SWAPC_OK);
    in.flags = 4;
    assert_int_equal(swapci_record_encode(&in, bytes, sizeof bytes, &len, NULL), SWAPC_INVALID);
    in.flags = 0;
    in.message.len = (size_t)UINT32_MAX + 1;
    assert_int_equal(swapci_record_encode(&in, bytes, sizeof bytes, &len, NULL), SWAPC_INVALID);
}

static void another_version_is_told_apart(void **state) {
    swapci_record in = sample(), out;
    uint8_t bytes[256];
    size_t len;
    (void)state;
    assert_int_equal(swapci_record_encode(&in, bytes, sizeof bytes, &len, NULL), SWAPC_OK);
    for (unsigned version = 0; version < 256; version++) {
        swapc_error error = SWAPC_ERROR_INIT;
        bytes[0] = (uint8_t)version;
        assert_int_equal(swapci_record_decode(swapc_bytes_of(bytes, len), &out, &error),
                         version == 1 ? SWAPC_OK : SWAPC_UNSUPPORTED);
        if (version != 1) assert_non_null(strstr(error.text, "one release"));
    }
}

/* A release that has more says so in these, too. */
static void what_only_another_release_writes_is_told_apart(void **state) {
    static const size_t places[] = {1, 12, 13, 15, 40, 47}; /* method, flags, reserved */
    swapci_record in = sample(), out;
    uint8_t bytes[256];
    size_t len;
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        assert_int_equal(swapci_record_encode(&in, bytes, sizeof bytes, &len, NULL), SWAPC_OK);
        bytes[places[i]] = 0x40;
        assert_int_equal(swapci_record_decode(swapc_bytes_of(bytes, len), &out, &error),
                         SWAPC_UNSUPPORTED);
        assert_non_null(strstr(error.text, "one release"));
    }
}

/* Every value of every byte of the head: decoded to what stands there, or refused; never a view
 * outside the bytes. */
static void every_head_byte(void **state) {
    swapci_record in = sample(), out;
    uint8_t bytes[256];
    size_t len, accepted = 0;
    (void)state;
    assert_int_equal(swapci_record_encode(&in, bytes, sizeof bytes, &len, NULL), SWAPC_OK);
    for (size_t at = 0; at < SWAPCI_RECORD_HEAD; at++) {
        uint8_t before = bytes[at];
        for (unsigned value = 0; value < 256; value++) {
            bytes[at] = (uint8_t)value;
            if (swapci_record_decode(swapc_bytes_of(bytes, len), &out, NULL) != SWAPC_OK) continue;
            assert_ptr_equal(out.key.ptr, bytes + SWAPCI_RECORD_HEAD);
            assert_ptr_equal(out.message.ptr + out.message.len, bytes + len);
            accepted++;
        }
        bytes[at] = before;
    }
    /* 28 free bytes (deliveries, id, time), 4 values of the flags, and the sample itself in each of
     * the other 19 */
    assert_int_equal(accepted, 28 * 256 + 4 + 19);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(layout_is_fixed),
        cmocka_unit_test(every_truncation_is_corrupt),
        cmocka_unit_test(lengths_have_limits),
        cmocka_unit_test(output_room_is_exact),
        cmocka_unit_test(another_version_is_told_apart),
        cmocka_unit_test(what_only_another_release_writes_is_told_apart),
        cmocka_unit_test(every_head_byte),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
