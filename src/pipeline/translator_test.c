#include "translator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "test_main.h"
#include "verify_message.h"

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t signature[64] = {0xab, 0xcd};

static swapci_record record_of(const void *message, size_t len) {
    return (swapci_record){.id = {1, 7},
                           .method = swapci_method_table[0],
                           .key = swapc_bytes_of(key, sizeof key),
                           .signature = swapc_bytes_of(signature, sizeof signature),
                           .message = swapc_bytes_of(message, len)};
}

static void request_holds_the_record(void **state) {
    (void)state;
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    swapci_record record = record_of("Ada", 3);
    struct swapci_verify_request request;
    assert_int_equal(swapci_translator_request(&record, &out, NULL), SWAPC_OK);
    assert_true(swapci_verify_request_decode(swapci_buffer_bytes(&out), &request));
    assert_true(swapc_bytes_equal(request.message, record.message));
    assert_true(swapc_bytes_equal(request.key, record.key));
    assert_int_equal(request.signature.len, 128);
    assert_memory_equal(request.signature.ptr, "abcd00", 6);
    assert_int_equal(request.id, 7);
    assert_int_equal(request.oper, SWAPCI_VERIFY_ONE);
    swapci_buffer_fini(&out);
}

/* A str of MessagePack must be UTF-8; other messages travel as bin. Both read back the same. */
static void messages_that_are_no_text_travel(void **state) {
    (void)state;
    static const uint8_t odd[] = {0, 0xff, 0xfe, 0, 'x'};
    uint8_t *large = calloc(1, 1 << 20);
    const swapci_record records[] = {record_of(odd, sizeof odd), record_of("", 0),
                                     record_of(large, 1 << 20)};
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    assert_non_null(large);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        struct swapci_verify_request request;
        assert_int_equal(swapci_translator_request(&records[i], &out, NULL), SWAPC_OK);
        assert_true(swapci_verify_request_decode(swapci_buffer_bytes(&out), &request));
        assert_true(swapc_bytes_equal(request.message, records[i].message));
    }
    swapci_buffer_fini(&out);
    free(large);
}

static void answers_become_verdicts(void **state) {
    (void)state;
    const char *verdict, *reason;
    for (int i = 0; i < 3; i++) {
        uint8_t body[64];
        struct swapci_verify_response response = {swapc_bytes_str("Ok"),
                                                  (enum swapci_verify_status)i};
        size_t len = swapci_verify_response_encode(&response, body, sizeof body);
        swapci_translator_verdict(SWAPC_OK, swapc_bytes_of(body, len), &verdict, &reason);
        assert_string_equal(verdict, swapci_verify_status_name(response.status));
        assert_int_equal(reason != NULL, response.status == SWAPCI_VERIFY_ERROR);
    }
}

/* As guests of rmp-serde answer: the status as a map of one pair. */
static void a_status_as_a_pair(void **state) {
    (void)state;
    static const struct {
        const char *status;
        size_t len;
        const char *verdict;
    } rows[] = {
        {"\x81\x00\xc0", 3, "Valid"},
        {"\x81\x01\xc0", 3, "NotValid"},
        {"\x81\xa8NotValid\xc0", 11, "NotValid"},
        {"\x81\x03\xc0", 3, "Error"}, /* no such variant */
        {"\x81\x00\x00", 3, "Error"}, /* no nil */
        {"\x82\x00\xc0", 3, "Error"}, /* two pairs */
        {"\x81\x00", 2, "Error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *verdict, *reason;
        uint8_t body[64] = "\x82\xacpayload_back\xa2Ok\xa6status";
        size_t len = strlen((const char *)body);
        memcpy(body + len, rows[i].status, rows[i].len);
        swapci_translator_verdict(SWAPC_OK, swapc_bytes_of(body, len + rows[i].len), &verdict,
                                  &reason);
        assert_string_equal(verdict, rows[i].verdict);
    }
}

static void failures_are_errors_with_a_reason(void **state) {
    (void)state;
    const char *verdict, *reason;
    swapci_translator_verdict(SWAPC_TRAP_MEMORY, swapc_bytes_of(NULL, 0), &verdict, &reason);
    assert_string_equal(verdict, "Error");
    assert_string_equal(reason, "TRAP_MEMORY");
    swapci_translator_verdict(SWAPC_OK, swapc_bytes_str("Valid"), &verdict, &reason);
    assert_string_equal(verdict, "Error");
    assert_string_equal(reason, "response");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_holds_the_record),
        cmocka_unit_test(messages_that_are_no_text_travel),
        cmocka_unit_test(answers_become_verdicts),
        cmocka_unit_test(a_status_as_a_pair),
        cmocka_unit_test(failures_are_errors_with_a_reason),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
