#include "test_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message_source.h"

/* A file of these bytes; the caller unlinks it. */
static void write_file(char path[32], const void *bytes, size_t len) {
    strcpy(path, "/tmp/source-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static swapci_source *open_lines(const char *path, size_t max) {
    swapci_source *source = NULL;
    assert_int_equal(swapci_source_lines(path, max, &source, NULL), SWAPC_OK);
    return source;
}

static void expect(swapci_source *source, const char *bytes, size_t len) {
    swapc_bytes message;
    assert_int_equal(swapci_source_next(source, 1, NULL, &message, NULL), SWAPC_OK);
    assert_true(swapc_bytes_equal(message, swapc_bytes_of(bytes, len)));
}

static void expect_end(swapci_source *source) {
    swapc_bytes message;
    assert_int_equal(swapci_source_next(source, 1, NULL, &message, NULL), SWAPC_CLOSED);
}

static void lines_are_messages(void **state) {
    static const char text[] = "one\n\nth\0ree\r\nlast";
    char path[32];
    (void)state;
    write_file(path, text, sizeof text - 1);
    swapci_source *source = open_lines(path, 100);
    unlink(path);
    expect(source, "one", 3);
    expect(source, "", 0);
    expect(source, "th\0ree\r", 7);
    expect(source, "last", 4);
    expect_end(source);
    expect_end(source);
    swapci_source_free(source);
}

static void ends_are_exact(void **state) {
    char path[32];
    (void)state;
    write_file(path, "", 0);
    swapci_source *source = open_lines(path, 100);
    expect_end(source);
    swapci_source_free(source);
    unlink(path);
    write_file(path, "\n", 1);
    source = open_lines(path, 100);
    expect(source, "", 0);
    expect_end(source);
    swapci_source_free(source);
    unlink(path);
}

static void the_limit_is_exact_and_named(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_bytes message;
    char path[32];
    (void)state;
    write_file(path, "12345\n123456\nab", 15);
    swapci_source *source = open_lines(path, 5);
    unlink(path);
    expect(source, "12345", 5);
    assert_int_equal(swapci_source_next(source, 1, NULL, &message, &error), SWAPC_TOO_LARGE);
    assert_non_null(strstr(error.text, "line 2 of /tmp/source-"));
    assert_non_null(strstr(error.text, "has 6 bytes"));
    assert_non_null(strstr(error.text, "at most 5 "));
    expect(source, "ab", 2);
    swapci_source_free(source);
}

static void long_lines_pass_and_longer_ones_are_measured(void **state) {
    const size_t len = 300000; /* several chunks */
    char *text = malloc(2 * len + 2);
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_bytes message;
    char path[32];
    (void)state;
    memset(text, 'x', 2 * len + 2);
    text[len] = '\n';
    write_file(path, text, 2 * len + 2);
    swapci_source *source = open_lines(path, len);
    expect(source, text, len);
    assert_int_equal(swapci_source_next(source, 1, NULL, &message, &error), SWAPC_TOO_LARGE);
    assert_non_null(strstr(error.text, "300001 bytes"));
    expect_end(source);
    swapci_source_free(source);
    unlink(path);
    free(text);
}

static void a_pipe_may_be_slow(void **state) {
    atomic_int stop = 0;
    swapc_bytes message;
    char path[32];
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    swapci_source *source = open_lines(path, 100);
    assert_int_equal(swapci_source_next(source, 0, NULL, &message, NULL), SWAPC_BUSY);
    assert_int_equal(write(ends[1], "ab", 2), 2);
    assert_int_equal(swapci_source_next(source, 0, NULL, &message, NULL), SWAPC_BUSY);
    assert_int_equal(write(ends[1], "c\nd", 3), 3);
    expect(source, "abc", 3);
    atomic_store(&stop, 1);
    assert_int_equal(swapci_source_next(source, 1, &stop, &message, NULL), SWAPC_INTERRUPTED);
    close(ends[1]);
    close(ends[0]);
    expect(source, "d", 1);
    expect_end(source);
    swapci_source_free(source);
}

static void a_missing_file_is_named(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_source *source = NULL;
    (void)state;
    assert_int_equal(swapci_source_lines("/nowhere/x", 9, &source, &error), SWAPC_NOT_FOUND);
    assert_non_null(strstr(error.text, "/nowhere/x"));
    assert_int_equal(swapci_source_lines("/tmp", 9, &source, &error), SWAPC_OK);
    swapc_error_clear(&error);
    swapc_bytes message;
    assert_int_equal(swapci_source_next(source, 1, NULL, &message, &error), SWAPC_IO);
    swapci_source_free(source);
}

static void names_follow_the_seed(void **state) {
    swapci_source *a = NULL, *b = NULL, *c = NULL;
    int same = 0;
    (void)state;
    assert_int_equal(swapci_source_names(7, &a, NULL), SWAPC_OK);
    assert_int_equal(swapci_source_names(7, &b, NULL), SWAPC_OK);
    assert_int_equal(swapci_source_names(8, &c, NULL), SWAPC_OK);
    for (int i = 0; i < 1000; i++) {
        swapc_bytes x, y, z;
        assert_int_equal(swapci_source_next(a, 0, NULL, &x, NULL), SWAPC_OK);
        assert_int_equal(swapci_source_next(b, 0, NULL, &y, NULL), SWAPC_OK);
        assert_int_equal(swapci_source_next(c, 0, NULL, &z, NULL), SWAPC_OK);
        assert_true(x.len > 0 && swapc_bytes_equal(x, y));
        same += swapc_bytes_equal(x, z);
    }
    assert_true(same < 100);
    swapci_source_free(a);
    swapci_source_free(b);
    swapci_source_free(c);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_messages),
        cmocka_unit_test(ends_are_exact),
        cmocka_unit_test(the_limit_is_exact_and_named),
        cmocka_unit_test(long_lines_pass_and_longer_ones_are_measured),
        cmocka_unit_test(a_pipe_may_be_slow),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(names_follow_the_seed),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
