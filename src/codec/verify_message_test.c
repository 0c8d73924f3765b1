#include "verify_message.h"

#include <stdlib.h>

#include "hex.h"
#include "messagepack.h"
#include "recorded.h"
#include "test_main.h"

#define STORAGE 2048

static swapc_bytes unhex(const char *hex, uint8_t *storage) {
    assert_true(strlen(hex) / 2 <= STORAGE);
    assert_true(swapci_hex_decode(swapc_bytes_str(hex), storage));
    return swapc_bytes_of(storage, strlen(hex) / 2);
}

static void recorded_requests_are_read(void **state) {
    (void)state;
    uint8_t storage[STORAGE];
    struct swapci_verify_request request;
    for (const struct swapci_recorded *row = swapci_recorded; row->name; row++) {
        assert_true(swapci_verify_request_decode(unhex(row->request_hex, storage), &request));
        assert_int_equal(request.oper,
                         strstr(row->name, "Two") ? SWAPCI_VERIFY_TWO : SWAPCI_VERIFY_ONE);
        assert_int_equal(request.key.len, strcmp(row->module, "schnorr") == 0 ? 32 : 33);
        assert_in_range(request.signature.len, 128, 144);
    }
    const char *flipped = swapci_recorded[1].request_hex;
    assert_true(swapci_verify_request_decode(unhex(flipped, storage), &request));
    assert_true(swapc_bytes_equal(request.message, swapc_bytes_str("Elur")));
    assert_true(request.id == 0x162);
    assert_int_equal(request.key.ptr[0], 0xea);
    assert_int_equal(request.key.ptr[31], 0x5a);
}

static void recorded_responses_are_written(void **state) {
    (void)state;
    uint8_t storage[STORAGE];
    uint8_t out[64];
    for (const struct swapci_recorded *row = swapci_recorded; row->name; row++) {
        struct swapci_verify_response response;
        if (!row->response_hex) continue;
        swapc_bytes bytes = unhex(row->response_hex, storage);
        assert_true(swapci_verify_response_decode(bytes, &response));
        size_t len = swapci_verify_response_encode(&response, out, sizeof out);
        assert_true(swapc_bytes_equal(bytes, swapc_bytes_of(out, len)));
    }
}

/* No recorded request is one when it is cut, at any byte. The copy is exact, for the sanitizer. */
static void cut_requests_are_refused(void **state) {
    (void)state;
    uint8_t storage[STORAGE];
    struct swapci_verify_request request;
    for (const struct swapci_recorded *row = swapci_recorded; row->name; row++) {
        swapc_bytes whole = unhex(row->request_hex, storage);
        for (size_t len = 0; len < whole.len; len++) {
            uint8_t *copy = malloc(len + 1);
            assert_non_null(copy);
            memcpy(copy, whole.ptr, len);
            assert_false(swapci_verify_request_decode(swapc_bytes_of(copy, len), &request));
            free(copy);
        }
    }
}

/* A request that the tests below change. */
static const struct swapci_verify_request right = {
    .message = {(const uint8_t *)"text", 4},
    .signature = {(const uint8_t *)"00ff", 4},
    .key = {(const uint8_t *)"\x01\x80\xff", 3},
    .id = 7,
    .oper = SWAPCI_VERIFY_ONE,
};

static const char *const names[] = {"rmessage", "smessage", "vkey", "id", "oper"};

static void write_field(struct swapci_mp_writer *w, unsigned field) {
    switch (field) {
    case 0:
        swapci_mp_write_str(w, right.message);
        break;
    case 1:
        swapci_mp_write_str(w, right.signature);
        break;
    case 2:
        swapci_mp_write_array(w, 3);
        for (unsigned i = 0; i < 3; i++) swapci_mp_write_uint(w, right.key.ptr[i]);
        break;
    case 3:
        swapci_mp_write_uint(w, right.id);
        break;
    default:
        swapci_mp_write_str(w, swapc_bytes_str("One"));
        break;
    }
}

static void write_pair(struct swapci_mp_writer *w, unsigned field) {
    swapci_mp_write_str(w, swapc_bytes_str(names[field]));
    write_field(w, field);
}

static int decode(const struct swapci_mp_writer *w, struct swapci_verify_request *out) {
    assert_true(w->len <= w->size);
    return swapci_verify_request_decode(swapc_bytes_of(w->out, w->len), out);
}

static void assert_right(const struct swapci_mp_writer *w) {
    struct swapci_verify_request request;
    assert_true(decode(w, &request));
    assert_true(swapc_bytes_equal(request.message, right.message));
    assert_true(swapc_bytes_equal(request.signature, right.signature));
    assert_true(swapc_bytes_equal(request.key, right.key));
    assert_true(request.id == right.id);
    assert_int_equal(request.oper, right.oper);
}

static void assert_refused(const struct swapci_mp_writer *w) {
    struct swapci_verify_request request;
    assert_false(decode(w, &request));
}

/* A variant as a map of one pair {name or index: nil}, as rmp-serde writes it; nothing but that. */
static void a_variant_as_a_pair(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        bool right;
    } rows[] = {
        {"\x81\x00\xc0", 3, true},          {"\x81\xa3One\xc0", 6, true},
        {"\x81\xc4\x03One\xc0", 7, true},   {"\xde\x00\x01\x00\xc0", 5, true},
        {"\x81\x00\x01", 3, false},         {"\x81\x05\xc0", 3, false},
        {"\x81\xa3Six\xc0", 6, false},      {"\x80", 1, false},
        {"\x82\x00\xc0\x01\xc0", 5, false}, {"\x81\x81\x00\xc0\xc0", 5, false},
        {"\x81\xc0\x00", 3, false},         {"\x81\x00", 2, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[256];
        struct swapci_mp_writer w = {out, sizeof out, 0};
        swapci_mp_write_map(&w, 5);
        for (unsigned field = 0; field < 4; field++) write_pair(&w, field);
        swapci_mp_write_str(&w, swapc_bytes_str("oper"));
        memcpy(out + w.len, rows[i].bytes, rows[i].len);
        w.len += rows[i].len;
        if (rows[i].right) assert_right(&w);
        else assert_refused(&w);
    }
}

static void fields_in_any_order(void **state) {
    (void)state;
    uint8_t out[256];
    for (unsigned first = 0; first < 5; first++)
        for (int step = 1; step < 5; step++) {
            struct swapci_mp_writer w = {out, sizeof out, 0};
            swapci_mp_write_map(&w, 5);
            for (unsigned i = 0; i < 5; i++) write_pair(&w, (first + i * (unsigned)step) % 5);
            assert_right(&w);
        }
}

static void the_array_in_its_order(void **state) {
    (void)state;
    uint8_t out[256];
    for (unsigned count = 0; count < 8; count++) {
        struct swapci_mp_writer w = {out, sizeof out, 0};
        swapci_mp_write_array(&w, count);
        for (unsigned i = 0; i < count; i++) write_field(&w, i < 5 ? i : 3);
        if (count == 5) assert_right(&w);
        else assert_refused(&w);
    }
}

static void keys_as_indices_or_bin(void **state) {
    (void)state;
    uint8_t out[256];
    struct swapci_mp_writer w = {out, sizeof out, 0};
    swapci_mp_write_map(&w, 5);
    for (unsigned i = 0; i < 5; i++) {
        if (i % 2) swapci_mp_write_uint(&w, i);
        else swapci_mp_write_bin(&w, swapc_bytes_str(names[i]));
        write_field(&w, i);
    }
    assert_right(&w);
}

static void unknown_keys_are_passed_over(void **state) {
    (void)state;
    uint8_t out[256];
    struct swapci_mp_writer w = {out, sizeof out, 0};
    swapci_mp_write_map(&w, 8);
    swapci_mp_write_str(&w, swapc_bytes_str("rmessage2"));
    swapci_mp_write_map(&w, 1);
    swapci_mp_write_nil(&w);
    swapci_mp_write_array(&w, 2);
    swapci_mp_write_bool(&w, true);
    swapci_mp_write_double(&w, 0.5);
    for (unsigned i = 0; i < 5; i++) write_pair(&w, i);
    for (unsigned i = 0; i < 2; i++) { /* twice the same unknown one, and an unknown index */
        swapci_mp_write_uint(&w, 99);
        swapci_mp_write_int(&w, -1);
    }
    assert_right(&w);
}

static void a_field_missing_or_twice(void **state) {
    (void)state;
    uint8_t out[256];
    for (unsigned field = 0; field < 5; field++) {
        struct swapci_mp_writer w = {out, sizeof out, 0};
        swapci_mp_write_map(&w, 4);
        for (unsigned i = 0; i < 5; i++)
            if (i != field) write_pair(&w, i);
        assert_refused(&w);
        w.len = 0;
        swapci_mp_write_map(&w, 6);
        for (unsigned i = 0; i < 5; i++) write_pair(&w, i);
        write_pair(&w, field);
        assert_refused(&w);
    }
}

static void keys_of_other_types(void **state) {
    (void)state;
    uint8_t out[256];
    struct swapci_mp_writer w = {out, sizeof out, 0};
    swapci_mp_write_map(&w, 6);
    for (unsigned i = 0; i < 5; i++) write_pair(&w, i);
    swapci_mp_write_nil(&w);
    swapci_mp_write_nil(&w);
    assert_refused(&w);
}

static void documents_of_other_types(void **state) {
    (void)state;
    uint8_t out[256];
    struct swapci_mp_writer w = {out, sizeof out, 0};
    swapci_mp_write_uint(&w, 5);
    assert_refused(&w);
    w.len = 0;
    swapci_mp_write_str(&w, swapc_bytes_str("rmessage"));
    assert_refused(&w);
    w.len = 0;
    swapci_mp_write_map(&w, 0);
    assert_refused(&w);
}

/* The right array, with one value of the bytes `value` in the place of a field. */
static struct swapci_mp_writer replaced(uint8_t *out, size_t size, unsigned field,
                                        swapc_bytes value) {
    struct swapci_mp_writer w = {out, size, 0};
    swapci_mp_write_array(&w, 5);
    for (unsigned i = 0; i < 5; i++) {
        if (i != field) {
            write_field(&w, i);
            continue;
        }
        assert_true(value.len <= size - w.len);
        memcpy(out + w.len, value.ptr, value.len);
        w.len += value.len;
    }
    return w;
}

static void values_of_every_type(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *good; /* the fields that take it, by digit */
    } rows[] = {
        {"\xc0", 1, ""},
        {"\xc3", 1, ""},
        {"\x00", 1, "34"},
        {"\x02", 1, "34"},
        {"\x03", 1, "3"},
        {"\xff", 1, "3"},
        {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, "3"},
        {"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", 9, ""},
        {"\xa3One", 4, "014"},
        {"\xa3Two", 4, "014"},
        {"\xa5Three", 6, "014"},
        {"\xa4"
         "Four",
         5, "01"},
        {"\xa3one", 4, "01"},
        {"\xc4\x03One", 5, "0124"},
        {"\xa1\xff", 2, "01"},
        {"\xa0", 1, "01"},
        {"\xc4\x00", 2, "012"},
        {"\xd4\x01\x02", 3, ""},
        {"\x90", 1, "2"},
        {"\x91\x01", 2, "2"},
        {"\x91\xcc\xff", 3, "2"},
        {"\x91\xd1\x00\xff", 4, "2"},
        {"\x91\xcd\x01\x00", 4, ""},
        {"\x91\xff", 2, ""},
        {"\x91\xc0", 2, ""},
        {"\x91\x91\x01", 3, ""},
        {"\x80", 1, ""},
        {"\xc1", 1, ""},
    };
    uint8_t out[256];
    struct swapci_verify_request request;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (unsigned field = 0; field < 5; field++) {
            struct swapci_mp_writer w =
                replaced(out, sizeof out, field, swapc_bytes_of(rows[i].bytes, rows[i].len));
            int good = strchr(rows[i].good, '0' + (int)field) != NULL;
            assert_int_equal(decode(&w, &request), good);
        }
}

static void long_keys_keep_their_length(void **state) {
    (void)state;
    static uint8_t value[512];
    static uint8_t out[1024];
    struct swapci_verify_request request;
    for (uint32_t len = 0; len < 300; len++) {
        struct swapci_mp_writer v = {value, sizeof value, 0};
        swapci_mp_write_array(&v, len);
        for (uint32_t i = 0; i < len; i++) swapci_mp_write_uint(&v, i % 100);
        struct swapci_mp_writer w = replaced(out, sizeof out, 2, swapc_bytes_of(value, v.len));
        assert_true(decode(&w, &request));
        assert_int_equal(request.key.len, len);
        for (uint32_t i = 0; i < len && len <= SWAPCI_VERIFY_KEY_MAX; i++)
            assert_int_equal(request.key.ptr[i], i % 100);
    }
}

static void what_follows_the_document_is_ignored(void **state) {
    (void)state;
    uint8_t out[256];
    struct swapci_mp_writer w = {out, sizeof out, 0};
    swapci_mp_write_map(&w, 5);
    for (unsigned i = 0; i < 5; i++) write_pair(&w, i);
    w.len++;
    out[w.len - 1] = 0xc1;
    assert_right(&w);
}

static void requests_come_back(void **state) {
    (void)state;
    uint8_t out[256];
    size_t len = swapci_verify_request_encode(&right, out, sizeof out);
    struct swapci_mp_writer w = {out, sizeof out, len};
    assert_right(&w);
    assert_true(len <= SWAPCI_VERIFY_REQUEST_MAX(4, 4, 3));
    /* Text travels as str, other bytes as bin. */
    assert_int_equal(out[10], 0xa4);
    struct swapci_verify_request request = right;
    struct swapci_verify_request back;
    request.message = swapc_bytes_of("\xff\x00", 2);
    request.key = right.key;
    len = swapci_verify_request_encode(&request, out, sizeof out);
    assert_int_equal(out[10], 0xc4);
    assert_true(swapci_verify_request_decode(swapc_bytes_of(out, len), &back));
    assert_true(swapc_bytes_equal(back.message, request.message));
}

static void the_bound_holds_at_every_border(void **state) {
    (void)state;
    static const uint8_t zeros[70000];
    static const size_t lengths[] = {0, 31, 32, 255, 256, 65535, 65536, 70000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct swapci_verify_request request = {.message = {zeros, lengths[i]},
                                                .signature = {zeros, lengths[i]},
                                                .key = {zeros, lengths[i]},
                                                .id = UINT64_MAX,
                                                .oper = SWAPCI_VERIFY_THREE};
        assert_true(swapci_verify_request_encode(&request, NULL, 0) <=
                    SWAPCI_VERIFY_REQUEST_MAX(lengths[i], lengths[i], lengths[i]));
    }
}

static void a_short_buffer_is_not_overrun(void **state) {
    (void)state;
    size_t need = swapci_verify_request_encode(&right, NULL, 0);
    for (size_t size = 0; size <= need; size++) {
        uint8_t *out = malloc(size + 1);
        assert_non_null(out);
        assert_int_equal(swapci_verify_request_encode(&right, out, size), need);
        free(out);
    }
}

static void responses_of_other_hosts(void **state) {
    (void)state;
    struct swapci_verify_response response;
    static const char indexed[] = "\x92\xa2Ok\x01";
    static const char swapped[] = "\x82\xa6status\xa5"
                                  "Error\xac"
                                  "payload_back\xa0";
    static const char unknown[] = "\x82\xa6status\xa5Wrong\xac"
                                  "payload_back\xa0";
    static const char half[] = "\x81\xa6status\xa5"
                               "Error";
    assert_true(
        swapci_verify_response_decode(swapc_bytes_of(indexed, sizeof indexed - 1), &response));
    assert_int_equal(response.status, SWAPCI_VERIFY_NOT_VALID);
    assert_true(
        swapci_verify_response_decode(swapc_bytes_of(swapped, sizeof swapped - 1), &response));
    assert_int_equal(response.status, SWAPCI_VERIFY_ERROR);
    assert_int_equal(response.payload_back.len, 0);
    assert_false(
        swapci_verify_response_decode(swapc_bytes_of(unknown, sizeof unknown - 1), &response));
    assert_false(swapci_verify_response_decode(swapc_bytes_of(half, sizeof half - 1), &response));
    assert_false(swapci_verify_response_decode(swapc_bytes_of(NULL, 0), &response));
    assert_string_equal(swapci_verify_status_name(SWAPCI_VERIFY_NOT_VALID), "NotValid");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_requests_are_read),
        cmocka_unit_test(recorded_responses_are_written),
        cmocka_unit_test(cut_requests_are_refused),
        cmocka_unit_test(a_variant_as_a_pair),
        cmocka_unit_test(fields_in_any_order),
        cmocka_unit_test(the_array_in_its_order),
        cmocka_unit_test(keys_as_indices_or_bin),
        cmocka_unit_test(unknown_keys_are_passed_over),
        cmocka_unit_test(a_field_missing_or_twice),
        cmocka_unit_test(keys_of_other_types),
        cmocka_unit_test(documents_of_other_types),
        cmocka_unit_test(values_of_every_type),
        cmocka_unit_test(long_keys_keep_their_length),
        cmocka_unit_test(what_follows_the_document_is_ignored),
        cmocka_unit_test(requests_come_back),
        cmocka_unit_test(the_bound_holds_at_every_border),
        cmocka_unit_test(a_short_buffer_is_not_overrun),
        cmocka_unit_test(responses_of_other_hosts),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
