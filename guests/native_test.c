#include <stdio.h>
#include <stdlib.h>

#include "hex.h"
#include "native_host.h"
#include "recorded.h"
#include "test_main.h"
#include "vectors.h"

static struct swapci_native_host host;

static void open_module(const char *name) {
    char path[4096];
    swapc_error error = SWAPC_ERROR_INIT;
    snprintf(path, sizeof path, "%s/%s/native.so", SWAPC_TEST_BUNDLES, name);
    if (swapci_native_host_open(&host, path, &error) != SWAPC_OK) fail_msg("%s", error.text);
}

static int32_t call(const char *operation, swapc_bytes payload) {
    return swapci_native_host_call(&host, swapc_bytes_str(operation), payload);
}

static void assert_kept(const struct swapci_kept *kept, swapc_bytes expected) {
    assert_int_equal(kept->times, 1);
    assert_int_equal(kept->len, expected.len);
    if (expected.len > 0) assert_memory_equal(kept->ptr, expected.ptr, expected.len);
}

static void assert_text(const struct swapci_kept *kept, const char *expected) {
    assert_kept(kept, swapc_bytes_str(expected));
}

static int close_module(void **state) {
    (void)state;
    swapci_native_host_close(&host);
    return 0;
}

static void echo_answers_the_request(void **state) {
    (void)state;
    open_module("echo");
    assert_int_equal(call("echo", swapc_bytes_str("hello")), 1);
    assert_text(&host.response, "hello");
    assert_int_equal(call("echo", swapc_bytes_of(NULL, 0)), 1);
    assert_text(&host.response, "");
    assert_int_equal(host.error.times, 0);
}

static void echo_answers_two_mebibytes(void **state) {
    (void)state;
    size_t len = (2u << 20) + 1;
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)(i * 31);
    open_module("echo");
    assert_int_equal(call("echo", swapc_bytes_of(bytes, len)), 1);
    assert_kept(&host.response, swapc_bytes_of(bytes, len));
    free(bytes);
}

static void echo_fails_with_the_payload(void **state) {
    (void)state;
    open_module("echo");
    assert_int_equal(call("fail", swapc_bytes_str("no \xff way")), 0);
    assert_text(&host.error, "no \xff way");
    assert_int_equal(host.response.times, 0);
}

static void echo_passes_a_host_calls_answer_on(void **state) {
    (void)state;
    open_module("echo");
    host.host_call_result = 1;
    host.host_call_answer = swapc_bytes_str("from the host");
    assert_int_equal(call("host", swapc_bytes_str("to it")), 1);
    assert_text(&host.host_call, "default|echo|call|to it");
    assert_text(&host.response, "from the host");
    host.host_call_answer = swapc_bytes_of(NULL, 0);
    assert_int_equal(call("host", swapc_bytes_str("")), 1);
    assert_text(&host.response, "");
    host.host_call_result = 0;
    host.host_call_answer = swapc_bytes_str("the host says no");
    assert_int_equal(call("host", swapc_bytes_str("to it")), 0);
    assert_text(&host.error, "the host says no");
}

static void echo_logs(void **state) {
    (void)state;
    open_module("echo");
    assert_int_equal(call("log", swapc_bytes_str("a line")), 1);
    assert_text(&host.console, "a line");
    assert_int_equal(host.response.times, 0);
    assert_int_equal(call("grow", swapc_bytes_str("")), 0);
    assert_int_equal(host.error.times, 1);
}

static void an_unknown_operation_is_named(void **state) {
    (void)state;
    char longest[200];
    memset(longest, 'x', sizeof longest);
    open_module("echo");
    assert_int_equal(call("no_such_op", swapc_bytes_str("")), 0);
    assert_text(&host.error, "unknown operation no_such_op");
    assert_int_equal(call("ech", swapc_bytes_str("")), 0);
    assert_int_equal(call("", swapc_bytes_str("")), 0);
    assert_text(&host.error, "unknown operation ");
    assert_int_equal(swapci_native_host_call(&host, swapc_bytes_of(longest, sizeof longest),
                                             swapc_bytes_of(NULL, 0)),
                     0);
    assert_int_equal(host.error.len, strlen("unknown operation ") + 128);
}

static void no_memory_is_a_guest_error(void **state) {
    (void)state;
    open_module("echo");
    host.no_scratch = 1;
    assert_int_equal(call("echo", swapc_bytes_str("x")), 0);
    assert_text(&host.error, "no memory for the request");
}

static int32_t call_hex(const char *operation, const char *hex) {
    size_t len = strlen(hex) / 2;
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    assert_true(swapci_hex_decode(swapc_bytes_str(hex), bytes));
    int32_t result = call(operation, swapc_bytes_of(bytes, len));
    free(bytes);
    return result;
}

static void recorded_calls_are_answered_alike(void **state) {
    (void)state;
    char hex[256];
    for (const struct swapci_recorded *row = swapci_recorded; row->name; row++) {
        open_module(row->module);
        assert_int_equal(call_hex(row->operation, row->request_hex), row->response_hex != NULL);
        if (row->response_hex) {
            assert_true(host.response.len < sizeof hex / 2);
            swapci_hex_encode(swapc_bytes_of(host.response.ptr, host.response.len), hex);
            assert_string_equal(hex, row->response_hex);
        } else {
            assert_text(&host.error, "unknown operation no_such_op");
        }
        swapci_native_host_close(&host);
    }
    open_module("echo");
}

static void run_vectors(struct swapci_vectors *vectors) {
    struct swapci_vector vector;
    struct swapci_verify_response response;
    unsigned wrong = 0;
    while (swapci_vectors_next(vectors, &vector)) {
        assert_int_equal(call(vector.operation, vector.request), 1);
        assert_true(swapci_verify_response_decode(
            swapc_bytes_of(host.response.ptr, host.response.len), &response));
        assert_true(swapc_bytes_equal(
            response.payload_back,
            swapc_bytes_str(response.status == SWAPCI_VERIFY_ERROR ? "Error" : "Ok")));
        if (response.status == vector.expected) continue;
        wrong++;
        print_error("%s: %s, expected %s\n", vector.name,
                    swapci_verify_status_name(response.status),
                    swapci_verify_status_name(vector.expected));
    }
    swapci_vectors_free(vectors);
    assert_int_equal(wrong, 0);
}

static void bip340_vectors(void **state) {
    (void)state;
    struct swapci_vectors *vectors;
    open_module("schnorr");
    assert_int_equal(
        swapci_vectors_bip340(SWAPC_TEST_VECTORS "/bip340_test_vectors.csv", &vectors, NULL),
        SWAPC_OK);
    run_vectors(vectors);
}

static void wycheproof_vectors(void **state) {
    (void)state;
    struct swapci_vectors *vectors;
    open_module("ecdsa");
    assert_int_equal(swapci_vectors_wycheproof(SWAPC_TEST_VECTORS
                                               "/ecdsa_secp256k1_sha256_bitcoin_test.json",
                                               &vectors, NULL),
                     SWAPC_OK);
    run_vectors(vectors);
}

/* The module's answer to a request that is a recorded right one with one thing changed. */
static enum swapci_verify_status verdict(const char *operation,
                                         const struct swapci_verify_request *request) {
    uint8_t bytes[1024];
    struct swapci_verify_response response;
    size_t len = swapci_verify_request_encode(request, bytes, sizeof bytes);
    assert_true(len <= sizeof bytes);
    assert_int_equal(call(operation, swapc_bytes_of(bytes, len)), 1);
    assert_true(swapci_verify_response_decode(swapc_bytes_of(host.response.ptr, host.response.len),
                                              &response));
    return response.status;
}

/* The first recorded call of a module, which is a right one. */
static void right_request(const char *module, uint8_t *storage,
                          struct swapci_verify_request *request) {
    const struct swapci_recorded *row = swapci_recorded;
    while (strcmp(row->module, module) != 0) row++;
    open_module(module);
    assert_true(swapci_hex_decode(swapc_bytes_str(row->request_hex), storage));
    assert_true(swapci_verify_request_decode(swapc_bytes_of(storage, strlen(row->request_hex) / 2),
                                             request));
    assert_int_equal(verdict("verify_message", request), SWAPCI_VERIFY_VALID);
}

static void schnorr_tells_wrong_from_not_well_formed(void **state) {
    (void)state;
    uint8_t storage[1024];
    char hex[160];
    struct swapci_verify_request right;
    struct swapci_verify_request changed;
    right_request("schnorr", storage, &right);
    static const struct {
        const char *r; /* 64 digits; NULL: the right one */
        const char *s;
        enum swapci_verify_status expected;
    } rows[] = {
        {NULL, "0000000000000000000000000000000000000000000000000000000000000000", 2},
        {NULL, "0000000000000000000000000000000000000000000000000000000000000001", 1},
        {NULL, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", 1},
        {NULL, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 2},
        {"0000000000000000000000000000000000000000000000000000000000000000", NULL, 1},
        {"fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2e", NULL, 1},
        {"fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", NULL, 2},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", NULL, 2},
        /* No point has this x (x = 5). */
        {"0000000000000000000000000000000000000000000000000000000000000005", NULL, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memcpy(hex, right.signature.ptr, 128);
        if (rows[i].r) memcpy(hex, rows[i].r, 64);
        if (rows[i].s) memcpy(hex + 64, rows[i].s, 64);
        changed = right;
        changed.key = right.key;
        changed.signature = swapc_bytes_of(hex, 128);
        assert_int_equal(verdict("verify_message", &changed), rows[i].expected);
    }
    for (size_t len = 0; len < 128; len += 1) {
        changed.signature = swapc_bytes_of(right.signature.ptr, len);
        assert_int_equal(verdict("verify_message", &changed), SWAPCI_VERIFY_ERROR);
    }
    changed.signature = right.signature;
    for (size_t len = 0; len < 32; len++) {
        changed.key = swapc_bytes_of(right.key.ptr, len);
        assert_int_equal(verdict("verify_message", &changed), SWAPCI_VERIFY_ERROR);
    }
}

static void upper_case_signatures_are_taken(void **state) {
    (void)state;
    uint8_t storage[1024];
    uint8_t hex[128];
    struct swapci_verify_request request;
    right_request("schnorr", storage, &request);
    for (size_t i = 0; i < sizeof hex; i++) {
        uint8_t c = request.signature.ptr[i];
        hex[i] = c >= 'a' ? (uint8_t)(c - 'a' + 'A') : c;
    }
    request.signature = swapc_bytes_of(hex, sizeof hex);
    assert_int_equal(verdict("verify_message", &request), SWAPCI_VERIFY_VALID);
}

static void ecdsa_keys_in_every_form(void **state) {
    (void)state;
    static const char point[] = /* the first key of Wycheproof's file, 65 bytes */
        "04b838ff44e5bc177bf21189d0766082fc9d843226887fc9760371100b7ee20a6f"
        "f0c9d75bfba7b31a6bca1974496eeb56de357071955d83c4b1badaa0b21832e9";
    static const char signature[] = "3006020101020101";
    uint8_t key[65];
    struct swapci_verify_request request = {
        .message = swapc_bytes_str("x"), .signature = swapc_bytes_str(signature), .id = 1};
    open_module("ecdsa");
    assert_true(swapci_hex_decode(swapc_bytes_str(point), key));
    for (unsigned prefix = 0; prefix < 256; prefix++) {
        key[0] = (uint8_t)prefix;
        request.key = swapc_bytes_of(key, 65);
        assert_int_equal(verdict("verify_message", &request),
                         prefix == 4 ? SWAPCI_VERIFY_NOT_VALID : SWAPCI_VERIFY_ERROR);
        request.key = swapc_bytes_of(key, 33);
        assert_int_equal(verdict("verify_message", &request), prefix == 2 || prefix == 3
                                                                  ? SWAPCI_VERIFY_NOT_VALID
                                                                  : SWAPCI_VERIFY_ERROR);
    }
    key[0] = 4;
    key[64] ^= 1; /* off the curve */
    request.key = swapc_bytes_of(key, 65);
    assert_int_equal(verdict("verify_message", &request), SWAPCI_VERIFY_ERROR);
}

static void ecdsa_takes_strict_der_alone(void **state) {
    (void)state;
    static const struct {
        const char *der;
        enum swapci_verify_status expected;
    } rows[] = {
        {"3006020101020101", 1},   /* well formed */
        {"", 2},                   /* nothing */
        {"30", 2},                 /* no length */
        {"3000", 2},               /* no integers */
        {"300602010102010100", 2}, /* a byte after it */
        {"300702010102010100", 2}, /* a byte after s */
        {"308106020101020101", 2}, /* a long length */
        {"300602010102010 ", 2},   /* not hexadecimal */
        {"300602010102010", 2},    /* half a byte */
        {"300702020001020101", 2}, /* a zero too many */
        {"300702020080020101", 1}, /* a zero that is needed */
        {"3006020180020101", 2},   /* negative */
        {"3006020100020101", 2},   /* r = 0 */
        {"3006020101020100", 2},   /* s = 0 */
        {"3005020002020101", 2},   /* an empty integer */
        {"3106020101020101", 2},   /* no sequence */
        {"3006030101020101", 2},   /* no integer */
        {"3007020101020101", 2},   /* a length past the end */
    };
    struct swapci_verify_request request;
    uint8_t storage[1024];
    right_request("ecdsa", storage, &request);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        request.signature = swapc_bytes_str(rows[i].der);
        assert_int_equal(verdict("verify_message", &request), rows[i].expected);
    }
}

static void verify_raw_of_ecdsa_takes_a_digest(void **state) {
    (void)state;
    uint8_t storage[1024];
    uint8_t digest[33] = {0};
    struct swapci_verify_request request;
    right_request("ecdsa", storage, &request);
    for (size_t len = 0; len <= sizeof digest; len++) {
        request.message = swapc_bytes_of(digest, len);
        assert_int_equal(verdict("verify_raw", &request),
                         len == 32 ? SWAPCI_VERIFY_NOT_VALID : SWAPCI_VERIFY_ERROR);
    }
}

static void other_payloads_are_guest_errors(void **state) {
    (void)state;
    static const char *const modules[] = {"schnorr", "ecdsa"};
    for (size_t i = 0; i < 2; i++) {
        open_module(modules[i]);
        assert_int_equal(call("verify_message", swapc_bytes_of(NULL, 0)), 0);
        assert_int_equal(host.error.times, 1);
        assert_int_equal(call("verify_message", swapc_bytes_str("\x80")), 0);
        assert_int_equal(call("verify_raw", swapc_bytes_str("text")), 0);
        assert_int_equal(host.error.times, 1);
        assert_int_equal(host.response.times, 0);
        swapci_native_host_close(&host);
    }
    open_module("echo");
}

/* A batch of a million members that the payload does not hold, and members that are no requests,
 * wherever they stand; a member that is one and not Valid is no error. */
static void batches_that_are_none_are_guest_errors(void **state) {
    (void)state;
    uint8_t storage[1024], batch[2048];
    struct swapci_verify_request right;
    struct swapci_verify_response response;
    right_request("schnorr", storage, &right);
    size_t len = swapci_verify_request_encode(&right, batch + 1, 1000);
    memcpy(batch + 1 + len, batch + 1, len);
    batch[0] = 0x92;
    assert_int_equal(call("verify_batch", swapc_bytes_of(batch, 1 + 2 * len)), 1);
    assert_true(swapci_verify_response_decode(swapc_bytes_of(host.response.ptr, host.response.len),
                                              &response));
    assert_int_equal(response.status, SWAPCI_VERIFY_VALID);
    assert_int_equal(call("verify_batch", swapc_bytes_of(batch, 2 * len)), 0); /* cut */
    assert_int_equal(host.error.times, 1);
    batch[1] = 0x80; /* the first member is an empty map */
    assert_int_equal(call("verify_batch", swapc_bytes_of(batch, 1 + 2 * len)), 0);
    assert_int_equal(call("verify_batch", swapc_bytes_str("\xdd\xff\xff\xff\xff")), 0);
    assert_int_equal(call("verify_batch", swapc_bytes_of(NULL, 0)), 0);
    assert_int_equal(call("verify_batch", swapc_bytes_of(batch + 1, len)), 0);
    batch[0] = 0xdc; /* 4097 members */
    batch[1] = 0x10;
    batch[2] = 0x01;
    uint8_t *many = calloc(4097, 7);
    assert_non_null(many);
    memcpy(many, batch, 3);
    assert_int_equal(call("verify_batch", swapc_bytes_of(many, (size_t)4097 * 7)), 0);
    assert_text(&host.error, "a batch has more than 4096 members");
    free(many);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(batches_that_are_none_are_guest_errors, close_module),
        cmocka_unit_test_teardown(echo_answers_the_request, close_module),
        cmocka_unit_test_teardown(echo_answers_two_mebibytes, close_module),
        cmocka_unit_test_teardown(echo_fails_with_the_payload, close_module),
        cmocka_unit_test_teardown(echo_passes_a_host_calls_answer_on, close_module),
        cmocka_unit_test_teardown(echo_logs, close_module),
        cmocka_unit_test_teardown(an_unknown_operation_is_named, close_module),
        cmocka_unit_test_teardown(no_memory_is_a_guest_error, close_module),
        cmocka_unit_test_teardown(recorded_calls_are_answered_alike, close_module),
        cmocka_unit_test_teardown(bip340_vectors, close_module),
        cmocka_unit_test_teardown(wycheproof_vectors, close_module),
        cmocka_unit_test_teardown(schnorr_tells_wrong_from_not_well_formed, close_module),
        cmocka_unit_test_teardown(upper_case_signatures_are_taken, close_module),
        cmocka_unit_test_teardown(ecdsa_keys_in_every_form, close_module),
        cmocka_unit_test_teardown(ecdsa_takes_strict_der_alone, close_module),
        cmocka_unit_test_teardown(verify_raw_of_ecdsa_takes_a_digest, close_module),
        cmocka_unit_test_teardown(other_payloads_are_guest_errors, close_module),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
