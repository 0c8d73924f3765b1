#include "http_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_main.h"

static char folder[] = "/tmp/swapc-token-test-XXXXXX";
static char path[64];

static int setup(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/token", folder);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void put(const char *text, mode_t mode) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void a_missing_file_is_made_and_found_again(void **state) {
    char made[SWAPCI_HTTP_TOKEN_MAX + 1], again[SWAPCI_HTTP_TOKEN_MAX + 1];
    struct stat info;
    (void)state;
    assert_int_equal(swapci_http_token_load(path, made, NULL), SWAPC_OK);
    assert_int_equal(strlen(made), 64);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(swapci_http_token_load(path, again, NULL), SWAPC_OK);
    assert_string_equal(made, again);
    unlink(path);
    assert_int_equal(swapci_http_token_load(path, again, NULL), SWAPC_OK);
    assert_string_not_equal(made, again);
}

static void what_others_can_read_or_guess_is_refused(void **state) {
    static const char good[] = "0123456789abcdef0123456789abcdef\n";
    char token[SWAPCI_HTTP_TOKEN_MAX + 1], longest[300];
    (void)state;
    put(good, 0600);
    assert_int_equal(swapci_http_token_load(path, token, NULL), SWAPC_OK);
    assert_string_equal(token, "0123456789abcdef0123456789abcdef");
    put(good, 0640);
    assert_int_equal(swapci_http_token_load(path, token, NULL), SWAPC_NOT_ALLOWED);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    const char *const bad[] = {"",        "\n",
                               "short\n", "0123456789abcdef 123456789abcdef0\n",
                               longest,   "0123456789abcdef\t0123456789abcdef\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(bad[i], 0600);
        assert_int_equal(swapci_http_token_load(path, token, NULL), SWAPC_INVALID);
    }
    unlink(path);
    assert_int_equal(swapci_http_token_load("/nowhere/at/all", token, NULL), SWAPC_IO);
    assert_int_equal(swapci_http_token_load("/tmp", token, NULL), SWAPC_INVALID);
}

static void only_the_same_is_equal(void **state) {
    (void)state;
    assert_true(swapci_http_token_equal("abc", "abc"));
    static const char *const others[] = {"", "a", "abd", "abca", "abcabc", "xbc"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(swapci_http_token_equal("abc", others[i]));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_missing_file_is_made_and_found_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_others_can_read_or_guess_is_refused, setup, teardown),
        cmocka_unit_test(only_the_same_is_equal),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
