#include "test_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "known_keys.h"

/* The points of the secrets 1, 2 and 3, x-only and compressed. */
static const char *const lines[] = {
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798 "
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    "c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5 "
    "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
    "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9 "
    "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
};

typedef struct scene {
    char folder[64];
    unsigned logged;
    swapc_log log;
    swapci_known_keys *keys;
} scene;

static void count_line(enum swapc_log_level level, const char *source, const char *message,
                       void *user) {
    (void)source, (void)message;
    if (level == SWAPC_LOG_ERROR) ++*(unsigned *)user;
}

static scene *scene_new(void) {
    scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    snprintf(s->folder, sizeof s->folder, "/tmp/known-keys-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    s->log = (swapc_log){count_line, &s->logged, SWAPC_LOG_INFO};
    return s;
}

static const char *path_of(const scene *s, const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    return path;
}

/* Puts a file there in one step, as a signer does. */
static void put(const scene *s, const char *name, const char *first, const char *second) {
    char made[128];
    snprintf(made, sizeof made, "%s/.new", s->folder);
    FILE *file = fopen(made, "w");
    assert_non_null(file);
    fprintf(file, "swapc-keys-pub 1\n%s\n%s\n", first, second);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(made, 0644), 0);
    assert_int_equal(rename(made, path_of(s, name)), 0);
}

static enum swapci_known ask(scene *s, unsigned which) {
    uint8_t x[32];
    for (unsigned i = 0; i < sizeof x; i++) {
        unsigned byte;
        assert_int_equal(sscanf(lines[which] + 2 * i, "%2x", &byte), 1);
        x[i] = (uint8_t)byte;
    }
    return swapci_known_keys_look(s->keys, SWAPCI_KEY_X_ONLY, swapc_bytes_of(x, sizeof x));
}

static bool knows(scene *s, unsigned which) {
    return ask(s, which) == SWAPCI_KNOWN;
}

static void open_with_grace(scene *s, const char *path, uint32_t grace_ms) {
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapci_known_keys_new(path, grace_ms, &s->log, &s->keys, &error) != SWAPC_OK)
        fail_msg("%s", error.text);
}

static void open_keys(scene *s, const char *path) {
    open_with_grace(s, path, 0);
}

static void scene_free(scene *s) {
    swapci_known_keys_free(s->keys);
    unlink(path_of(s, "a.pub"));
    unlink(path_of(s, "b.pub"));
    assert_int_equal(rmdir(s->folder), 0);
    free(s);
}

static void a_new_key_is_known_as_soon_as_the_file_has_it(void **state) {
    scene *s = scene_new();
    (void)state;
    put(s, "a.pub", lines[0], "");
    open_keys(s, path_of(s, "a.pub"));
    assert_true(knows(s, 0));
    assert_false(knows(s, 1));
    put(s, "a.pub", lines[1], "");
    assert_true(knows(s, 0)); /* nobody asked for a key that is not known */
    assert_true(knows(s, 1));
    assert_false(knows(s, 0)); /* one that was taken away is gone from then on */
    put(s, "a.pub", lines[1], lines[2]);
    assert_true(knows(s, 2));
    scene_free(s);
}

static void a_key_that_was_taken_away_counts_a_while_longer(void **state) {
    scene *s = scene_new();
    (void)state;
    put(s, "a.pub", lines[0], "");
    open_with_grace(s, path_of(s, "a.pub"), 3600000);
    put(s, "a.pub", lines[1], "");
    assert_true(knows(s, 1));
    assert_true(knows(s, 0)); /* of records that are under way */
    assert_false(knows(s, 2));
    put(s, "a.pub", lines[2], "");
    assert_true(knows(s, 2));
    assert_true(knows(s, 1));
    assert_true(knows(s, 0)); /* however often the file was replaced meanwhile */
    scene_free(s);
}

/* As `cp` does: half of it, then all of it, and again and again. */
static void a_file_that_is_written_in_place_takes_no_key_away(void **state) {
    scene *s = scene_new();
    (void)state;
    put(s, "a.pub", lines[0], lines[1]);
    open_with_grace(s, path_of(s, "a.pub"), 3600000);
    for (unsigned i = 0; i < 20; i++) {
        put(s, "a.pub", lines[i % 2], "");
        assert_false(knows(s, 2));
        put(s, "a.pub", lines[0], lines[1]);
        assert_false(knows(s, 2));
        assert_true(knows(s, 0));
        assert_true(knows(s, 1));
    }
    scene_free(s);
}

static void of_a_file_that_changes_just_now_nothing_is_unknown(void **state) {
    scene *s = scene_new();
    (void)state;
    put(s, "a.pub", lines[0], "");
    open_with_grace(s, path_of(s, "a.pub"), 3600000);
    assert_int_equal(ask(s, 1), SWAPCI_UNKNOWN); /* it has not changed since it was read */
    put(s, "a.pub", lines[0], lines[2]);
    assert_int_equal(ask(s, 1), SWAPCI_UNSETTLED);
    while (ask(s, 1) == SWAPCI_UNSETTLED) usleep(1000);
    assert_int_equal(ask(s, 1), SWAPCI_UNKNOWN);
    put(s, "a.pub", "no key", "");
    assert_int_equal(ask(s, 1), SWAPCI_UNSETTLED);
    unlink(path_of(s, "a.pub"));
    assert_int_equal(ask(s, 1), SWAPCI_UNSETTLED); /* for as long as the grace */
    put(s, "a.pub", lines[1], "");
    assert_int_equal(ask(s, 1), SWAPCI_KNOWN);
    assert_int_equal(s->logged, 1);
    scene_free(s);
}

/* What is not the file's own doing leaves it looking as before. */
static void what_could_not_be_read_is_looked_into_again(void **state) {
    scene *s = scene_new();
    struct rlimit all, none;
    (void)state;
    put(s, "a.pub", lines[0], "");
    open_keys(s, path_of(s, "a.pub"));
    put(s, "a.pub", lines[1], "");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
    none = (struct rlimit){0, all.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool known = knows(s, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
    assert_false(known);
    while (!knows(s, 1)) usleep(1000);
    scene_free(s);
}

static void a_folder_stands_for_its_files(void **state) {
    scene *s = scene_new();
    (void)state;
    put(s, "a.pub", lines[0], "");
    open_keys(s, s->folder);
    assert_true(knows(s, 0));
    assert_false(knows(s, 1));
    put(s, "b.pub", lines[1], "");
    assert_true(knows(s, 1));
    put(s, "b.pub", lines[2], "");
    assert_true(knows(s, 2));
    assert_true(knows(s, 0));
    scene_free(s);
}

static void what_cannot_be_read_leaves_the_keys_and_is_said_once(void **state) {
    scene *s = scene_new();
    (void)state;
    put(s, "a.pub", lines[0], "");
    open_keys(s, path_of(s, "a.pub"));
    put(s, "a.pub", "no key", "");
    assert_false(knows(s, 1));
    assert_false(knows(s, 2));
    assert_true(knows(s, 0));
    assert_int_equal(s->logged, 1);
    unlink(path_of(s, "a.pub"));
    assert_false(knows(s, 1));
    assert_true(knows(s, 0));
    assert_int_equal(s->logged, 1);
    put(s, "a.pub", lines[1], "");
    assert_true(knows(s, 1));
    scene_free(s);
}

static void an_empty_folder_is_refused(void **state) {
    scene *s = scene_new();
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    assert_int_equal(swapci_known_keys_new(s->folder, 0, &s->log, &s->keys, &error),
                     SWAPC_NOT_FOUND);
    assert_non_null(strstr(error.text, "*.pub"));
    scene_free(s);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_key_is_known_as_soon_as_the_file_has_it),
        cmocka_unit_test(a_key_that_was_taken_away_counts_a_while_longer),
        cmocka_unit_test(a_file_that_is_written_in_place_takes_no_key_away),
        cmocka_unit_test(of_a_file_that_changes_just_now_nothing_is_unknown),
        cmocka_unit_test(what_could_not_be_read_is_looked_into_again),
        cmocka_unit_test(a_folder_stands_for_its_files),
        cmocka_unit_test(what_cannot_be_read_leaves_the_keys_and_is_said_once),
        cmocka_unit_test(an_empty_folder_is_refused),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
