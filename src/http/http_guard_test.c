#include "http_guard.h"

#include "test_main.h"

static const char token[] = "0123456789abcdef0123456789abcdef";
#define BEARER "Bearer 0123456789abcdef0123456789abcdef"

static const struct swapci_http_place loopback = {false, true, "127.0.0.1", token, false};
static const struct swapci_http_place wide = {false, false, "build.example", token, false};
static const struct swapci_http_place file = {true, true, NULL, token, false};

/* What a page of this process sends. */
static const struct swapci_http_headers own = {
    "127.0.0.1:8080", "http://127.0.0.1:8080", "same-origin", BEARER, "application/json", "2"};

static unsigned ask(const struct swapci_http_place *place, enum swapci_http_kind kind,
                    struct swapci_http_headers headers) {
    const char *why = NULL;
    unsigned code = swapci_http_guard(place, kind, &headers, &why);
    assert_true((code == 0) == (why == NULL)); /* each refusal says why */
    return code;
}

static void the_pages_own_requests_are_let_in(void **state) {
    (void)state;
    for (int kind = SWAPCI_HTTP_PROBE; kind <= SWAPCI_HTTP_CONTROL; kind++)
        assert_int_equal(ask(&loopback, kind, own), 0);
    struct swapci_http_headers curl = own;
    curl.origin = curl.fetch_site = NULL;
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, curl), 0);
    struct swapci_http_headers proxy = own;
    proxy.host = "build.example";
    proxy.origin = "https://Build.example";
    assert_int_equal(ask(&wide, SWAPCI_HTTP_CONTROL, proxy), 0);
}

static void a_host_that_is_not_ours_is_misdirected(void **state) {
    static const char *const ours[] = {"localhost", "localhost:1", "[::1]:80", "[::1]",
                                       "10.0.0.7:1"};
    static const char *const others[] = {
        NULL,   "",       "evil.example", "evil.example:80", "127.0.0.1.evil.example",
        "[::1", "[::1]x", ":80",          "build.example"};
    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_int_equal(
            ask(&loopback, SWAPCI_HTTP_PAGE, (struct swapci_http_headers){.host = ours[i]}), 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct swapci_http_headers headers = {.host = others[i]};
        for (int kind = SWAPCI_HTTP_PROBE; kind <= SWAPCI_HTTP_CONTROL; kind++)
            assert_int_equal(ask(&loopback, kind, headers), 421);
        assert_int_equal(ask(&wide, SWAPCI_HTTP_PROBE, headers), 0); /* a scraper's name for us */
        assert_int_equal(ask(&file, SWAPCI_HTTP_PAGE, headers), 0);  /* no browser gets there */
    }
    assert_int_equal(
        ask(&wide, SWAPCI_HTTP_PAGE, (struct swapci_http_headers){.host = "build.example:9"}), 0);
    assert_int_equal(
        ask(&wide, SWAPCI_HTTP_PAGE, (struct swapci_http_headers){.host = "evil.example"}), 421);
}

static void another_sites_page_gets_no_data_and_no_control(void **state) {
    static const char *const origins[] = {"null",
                                          "http://evil.example",
                                          "http://127.0.0.1:8081",
                                          "ftp://127.0.0.1:8080",
                                          "http://127.0.0.1:8080/x",
                                          ""};
    (void)state;
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        struct swapci_http_headers headers = own;
        headers.origin = origins[i];
        for (int kind = SWAPCI_HTTP_DATA; kind <= SWAPCI_HTTP_CONTROL; kind++)
            assert_int_equal(ask(&loopback, kind, headers), 403);
        assert_int_equal(ask(&file, SWAPCI_HTTP_CONTROL, headers), 403);
    }
    struct swapci_http_headers headers = own;
    headers.origin = NULL;
    headers.fetch_site = "cross-site";
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_STREAM, headers), 403);
    headers.fetch_site = "same-site";
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, headers), 403);
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_PAGE, headers), 0); /* a link to the page is none */
}

static void a_control_needs_the_token(void **state) {
    struct swapci_http_headers headers = own;
    (void)state;
    headers.authorization = NULL;
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, headers), 401);
    headers.authorization = "Basic 0123456789abcdef0123456789abcdef";
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, headers), 401);
    static const char *const wrong[] = {"Bearer ", "Bearer 0123456789abcdef0123456789abcde",
                                        BEARER "0", "Bearer x123456789abcdef0123456789abcdef"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        headers.authorization = wrong[i];
        assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, headers), 403);
    }
    struct swapci_http_place closed = loopback;
    closed.token = NULL;
    assert_int_equal(ask(&closed, SWAPCI_HTTP_CONTROL, own), 403);
    closed.pass_on = true;
    assert_int_equal(ask(&closed, SWAPCI_HTTP_CONTROL, own), 0);
    assert_int_equal(ask(&closed, SWAPCI_HTTP_CONTROL, headers), 0); /* who knows it decides */
}

static void a_body_is_json_of_a_length_that_is_said(void **state) {
    struct swapci_http_headers headers = own;
    (void)state;
    headers.content_type = "text/plain";
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, headers), 415);
    headers.content_type = NULL;
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, headers), 415);
    headers.content_type = "application/json; charset=utf-8";
    headers.content_length = NULL;
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, headers), 411);
    headers.content_length = "16384";
    assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, headers), 0);
    static const char *const large[] = {"16385", "1000000000", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        headers.content_length = large[i];
        assert_int_equal(ask(&loopback, SWAPCI_HTTP_CONTROL, headers), 413);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pages_own_requests_are_let_in),
        cmocka_unit_test(a_host_that_is_not_ours_is_misdirected),
        cmocka_unit_test(another_sites_page_gets_no_data_and_no_control),
        cmocka_unit_test(a_control_needs_the_token),
        cmocka_unit_test(a_body_is_json_of_a_length_that_is_said),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
