#include "verify_batch.h"

#include <stdlib.h>

#include "hex.h"
#include "recorded.h"
#include "test_main.h"

enum { STORAGE = 16384, RECORDED_MAX = 16 };

static uint8_t storage[STORAGE];

/* The recorded requests, all of them. */
static uint32_t recorded(swapc_bytes requests[RECORDED_MAX]) {
    uint8_t *at = storage;
    uint32_t count = 0;
    for (const struct swapci_recorded *row = swapci_recorded; row->name; row++, count++) {
        size_t len = strlen(row->request_hex) / 2;
        assert_true(count < RECORDED_MAX && len <= (size_t)(storage + STORAGE - at));
        assert_true(swapci_hex_decode(swapc_bytes_str(row->request_hex), at));
        requests[count] = swapc_bytes_of(at, len);
        at += len;
    }
    return count;
}

static void what_is_written_is_read(void **state) {
    (void)state;
    swapc_bytes requests[RECORDED_MAX];
    uint32_t count = recorded(requests);
    uint8_t bytes[STORAGE];
    for (uint32_t n = 0; n <= count; n++) {
        struct swapci_verify_batch batch;
        size_t len = swapci_verify_batch_encode(requests, n, bytes, sizeof bytes);
        assert_true(len <= sizeof bytes);
        assert_true(swapci_verify_batch_decode(swapc_bytes_of(bytes, len), &batch));
        assert_int_equal(batch.count, n);
        for (uint32_t i = 0; i < n; i++) {
            struct swapci_verify_request got, wanted;
            assert_int_equal(batch.left, n - i);
            assert_true(swapci_verify_batch_next(&batch, &got));
            assert_true(swapci_verify_request_decode(requests[i], &wanted));
            assert_true(swapc_bytes_equal(got.message, wanted.message));
            assert_true(swapc_bytes_equal(got.signature, wanted.signature));
            assert_true(swapc_bytes_equal(got.key, wanted.key));
            assert_true(got.id == wanted.id && got.oper == wanted.oper);
        }
        assert_int_equal(batch.left, 0);
    }
}

/* Cut anywhere, the head or a member fails, and nothing past the end is looked at. */
static void cut_batches_are_refused(void **state) {
    (void)state;
    swapc_bytes requests[RECORDED_MAX];
    uint32_t count = recorded(requests);
    uint8_t bytes[STORAGE];
    size_t whole = swapci_verify_batch_encode(requests, count, bytes, sizeof bytes);
    for (size_t len = 0; len < whole; len++) {
        struct swapci_verify_batch batch;
        struct swapci_verify_request request;
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, bytes, len);
        int good = swapci_verify_batch_decode(swapc_bytes_of(copy, len), &batch);
        while (good && batch.left > 0) good = swapci_verify_batch_next(&batch, &request);
        assert_false(good);
        free(copy);
    }
}

static void other_documents_are_refused(void **state) {
    (void)state;
    static const char *const documents[] = {"\xc0", "\x80", "\x01", "\xa1x", "\xc4\x01x", ""};
    struct swapci_verify_batch batch;
    struct swapci_verify_request request;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        assert_false(swapci_verify_batch_decode(swapc_bytes_str(documents[i]), &batch));
    assert_true(
        swapci_verify_batch_decode(swapc_bytes_str("\x91\x95\x01\x01\x01\x01\x01"), &batch));
    assert_false(swapci_verify_batch_next(&batch, &request));
}

/* A head of four thousand million members, and one that holds one too many, cost nothing. */
static void heads_that_claim_too_much_are_refused(void **state) {
    (void)state;
    static const uint8_t million[] = {0xdd, 0xff, 0xff, 0xff, 0xff, 0x95, 0, 0, 0, 0, 0};
    static const uint8_t two[] = {0x92, 0x95, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0};
    struct swapci_verify_batch batch;
    assert_false(swapci_verify_batch_decode(swapc_bytes_of(million, sizeof million), &batch));
    assert_true(swapci_verify_batch_decode(swapc_bytes_of(two, sizeof two), &batch));
    assert_false(swapci_verify_batch_decode(swapc_bytes_of(two, sizeof two - 1), &batch));
}

static void a_buffer_too_small_is_said_and_not_passed(void **state) {
    (void)state;
    swapc_bytes requests[RECORDED_MAX];
    uint32_t count = recorded(requests);
    uint8_t bytes[STORAGE];
    size_t whole = swapci_verify_batch_encode(requests, count, bytes, sizeof bytes);
    for (size_t size = 0; size < whole; size++) {
        uint8_t *out = malloc(size + 1);
        assert_non_null(out);
        out[size] = 0x5a;
        assert_int_equal(swapci_verify_batch_encode(requests, count, out, size), whole);
        assert_int_equal(out[size], 0x5a);
        free(out);
    }
}

static void only_one_valid_answer_says_that_all_are_valid(void **state) {
    (void)state;
    static const char *const none[] = {"",
                                       "\xc0",
                                       "\x92\xa0\xa8NotValid",
                                       "\x92\xa0\xa5"
                                       "Error",
                                       "\x92\xa0\xa5Valid\xc0",
                                       "\x93\xa0\xa5Valid\xa5Valid",
                                       "\xa5Valid",
                                       "\x92\xa0\xa5Vali"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(swapci_verify_batch_all_valid(swapc_bytes_str(none[i])));
    assert_true(swapci_verify_batch_all_valid(swapc_bytes_str("\x92\xa0\xa5Valid")));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(cut_batches_are_refused),
        cmocka_unit_test(other_documents_are_refused),
        cmocka_unit_test(heads_that_claim_too_much_are_refused),
        cmocka_unit_test(a_buffer_too_small_is_said_and_not_passed),
        cmocka_unit_test(only_one_valid_answer_says_that_all_are_valid),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
