#include "test_main.h"

#include <string.h>

#include "redis_url.h"

static void reads_tcp(void **state) {
    swapci_redis_url url;
    (void)state;
    assert_int_equal(swapci_redis_url_parse("redis://example.org", &url, NULL), SWAPC_OK);
    assert_string_equal(url.host, "example.org");
    assert_int_equal(url.port, 6379);
    assert_int_equal(url.db, 0);
    assert_int_equal(swapci_redis_url_parse("redis://u%40x:p%3a%2F@[::1]:7000/3", &url, NULL), 0);
    assert_string_equal(url.host, "::1");
    assert_int_equal(url.port, 7000);
    assert_int_equal(url.db, 3);
    assert_string_equal(url.user, "u@x");
    assert_string_equal(url.password, "p:/");
    assert_string_equal(url.shown, "redis://[::1]:7000/3");
    assert_int_equal(swapci_redis_url_parse("redis://:secret@h:1/", &url, NULL), SWAPC_OK);
    assert_string_equal(url.user, "");
    assert_null(strstr(url.shown, "secret"));
}

static void reads_unix(void **state) {
    swapci_redis_url url;
    (void)state;
    assert_int_equal(swapci_redis_url_parse("unix:/run/r.sock", &url, NULL), SWAPC_OK);
    assert_string_equal(url.path, "/run/r.sock");
    assert_int_equal(swapci_redis_url_parse("unix:///run/r.sock?db=2", &url, NULL), SWAPC_OK);
    assert_string_equal(url.path, "/run/r.sock");
    assert_int_equal(url.db, 2);
    assert_true(url.is_unix);
}

static void refuses_what_is_none(void **state) {
    static const char *const wrong[] = {"",
                                        "localhost",
                                        "http://h",
                                        "redis://",
                                        "redis://:70",
                                        "redis://h:",
                                        "redis://h:0",
                                        "redis://h:65536",
                                        "redis://h:1x",
                                        "redis://h/x",
                                        "redis://[::1",
                                        "redis://[::1]x",
                                        "unix:",
                                        "unix:/a?db=x",
                                        "unix:/a?x",
                                        "redis://h?x",
                                        "redis://h?ca=x",
                                        "rediss://h?caa=x",
                                        "rediss://h?ca",
                                        "rediss://h#ca=x",
                                        "redis://u%4@h",
                                        "redis://u%00@h",
                                        "redis://h/99999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        swapci_redis_url url;
        if (swapci_redis_url_parse(wrong[i], &url, &error) != SWAPC_INVALID)
            fail_msg("'%s' was taken", wrong[i]);
        assert_non_null(strstr(error.text, "redis://"));
    }
}

static void reads_tls(void **state) {
    swapci_redis_url url;
    (void)state;
    assert_int_equal(swapci_redis_url_parse("rediss://h", &url, NULL), SWAPC_OK);
    assert_true(url.tls);
    assert_string_equal(url.shown, "rediss://h:6379/0");
    static const char full[] =
        "rediss://u:p@h:7/2?ca=/a%20b.pem&cert=c.pem&key=k.pem&server_name=redis.internal";
    assert_int_equal(swapci_redis_url_parse(full, &url, NULL), SWAPC_OK);
    assert_int_equal(url.db, 2);
    assert_string_equal(url.ca, "/a b.pem");
    assert_string_equal(url.cert, "c.pem");
    assert_string_equal(url.key, "k.pem");
    assert_string_equal(url.server_name, "redis.internal");
    assert_string_equal(url.shown, "rediss://h:7/2");
    assert_int_equal(swapci_redis_url_parse("unix:/s?user=u%26&password=p&db=3", &url, NULL), 0);
    assert_string_equal(url.user, "u&");
    assert_string_equal(url.password, "p");
    assert_int_equal(url.db, 3);
    assert_string_equal(url.shown, "unix:/s");
}

static void limits_a_socket_path_to_107_bytes(void **state) {
    char text[5 + 109] = "unix:";
    swapci_redis_url url;
    (void)state;
    memset(text + 5, 'a', 107);
    assert_int_equal(swapci_redis_url_parse(text, &url, NULL), SWAPC_OK);
    text[5 + 107] = 'a';
    assert_int_equal(swapci_redis_url_parse(text, &url, NULL), SWAPC_TOO_LARGE);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tcp),
        cmocka_unit_test(reads_unix),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(reads_tls),
        cmocka_unit_test(limits_a_socket_path_to_107_bytes),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
