/* The cache of compiled modules: what it gives back, and what it must not believe. */
#include "cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_main.h"

#define CODE "machine code, as far as the cache can tell"

static const struct swapci_cache_key key = {"d1", "engine", "1.0"};

struct bench {
    char folder[32];
    char directory[64];
    char logged[512];
    swapc_log log;
    struct swapci_cache cache;
};

static void keep_log(enum swapc_log_level level, const char *source, const char *message,
                     void *user) {
    (void)level, (void)source;
    snprintf(((struct bench *)user)->logged, 512, "%s", message);
}

static int setup(void **state) {
    static struct bench b;
    assert_true(sodium_init() >= 0);
    memset(&b, 0, sizeof b);
    strcpy(b.folder, "/tmp/swapc-cache-test-XXXXXX");
    assert_non_null(mkdtemp(b.folder));
    snprintf(b.directory, sizeof b.directory, "%s/cache", b.folder);
    b.log = (swapc_log){keep_log, &b, SWAPC_LOG_DEBUG};
    swapci_cache_init(&b.cache, b.directory, &b.log);
    *state = &b;
    return 0;
}

static unsigned each_entry(const struct bench *b, char last[512], bool delete) {
    unsigned count = 0;
    DIR *dir = opendir(b->directory);
    for (struct dirent *d = dir ? readdir(dir) : NULL; d; d = readdir(dir)) {
        char path[512];
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) continue;
        snprintf(path, sizeof path, "%s/%s", b->directory, d->d_name);
        count++;
        if (last) strcpy(last, path);
        if (delete) unlink(path);
    }
    if (dir) closedir(dir);
    return count;
}

static int teardown(void **state) {
    struct bench *b = *state;
    char file[64];
    swapci_cache_fini(&b->cache);
    each_entry(b, NULL, true);
    rmdir(b->directory);
    snprintf(file, sizeof file, "%s/module", b->folder);
    unlink(file);
    return rmdir(b->folder);
}

/* As another process sees it: without what this one has checked and kept. */
static void reopen(struct bench *b) {
    swapci_cache_fini(&b->cache);
    swapci_cache_init(&b->cache, b->directory, &b->log);
    b->logged[0] = '\0';
}

static void store(struct bench *b) {
    swapci_cache_store(&b->cache, &key, swapc_bytes_str(CODE));
}

static void expect_code(int code) {
    char text[sizeof CODE + 1];
    assert_int_equal(pread(code, text, sizeof text, 0), sizeof CODE - 1);
    assert_memory_equal(text, CODE, sizeof CODE - 1);
    close(code);
}

static void expect_refused(struct bench *b, const char *why) {
    int code;
    reopen(b);
    assert_false(swapci_cache_find(&b->cache, &key, &code));
    assert_non_null(strstr(b->logged, why));
    assert_int_equal(each_entry(b, NULL, false), 0);
}

static void what_was_stored_is_found(void **state) {
    struct bench *b = *state;
    int code;
    assert_false(swapci_cache_find(&b->cache, &key, &code));
    store(b);
    for (int i = 0; i < 3; i++) {
        if (i == 2) reopen(b);
        assert_true(swapci_cache_find(&b->cache, &key, &code));
        expect_code(code);
    }
    assert_string_equal(b->logged, "");
}

static void each_part_of_the_key_counts(void **state) {
    static const struct swapci_cache_key others[] = {
        {"d2", "engine", "1.0"}, {"d1", "other", "1.0"}, {"d1", "engine", "1.1"}};
    struct bench *b = *state;
    int code;
    store(b);
    for (unsigned i = 0; i < 3; i++) assert_false(swapci_cache_find(&b->cache, &others[i], &code));
}

static void directory_and_entries_are_private(void **state) {
    struct bench *b = *state;
    char path[512];
    struct stat st;
    mode_t mask = umask(0);
    store(b);
    umask(mask);
    assert_int_equal(each_entry(b, path, false), 1);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(b->directory, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void every_changed_byte_is_noticed(void **state) {
    struct bench *b = *state;
    char path[512];
    store(b);
    assert_int_equal(each_entry(b, path, false), 1);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    for (off_t at = 0; at < st.st_size; at++) {
        uint8_t byte;
        store(b);
        int fd = open(path, O_RDWR);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
        expect_refused(b, "deleted and made anew");
    }
}

static void every_shortened_entry_is_noticed(void **state) {
    struct bench *b = *state;
    char path[512];
    store(b);
    assert_int_equal(each_entry(b, path, false), 1);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    for (off_t size = 0; size < st.st_size; size++) {
        store(b);
        assert_int_equal(truncate(path, size), 0);
        expect_refused(b, "deleted and made anew");
    }
}

static void an_entry_under_another_name_is_refused(void **state) {
    struct bench *b = *state;
    const struct swapci_cache_key other = {"d2", "engine", "1.0"};
    char path[512], others[512];
    store(b);
    assert_int_equal(each_entry(b, path, false), 1);
    assert_int_equal(unlink(path), 0);
    swapci_cache_store(&b->cache, &other, swapc_bytes_str("other code"));
    assert_int_equal(each_entry(b, others, false), 1);
    assert_int_equal(rename(others, path), 0);
    expect_refused(b, "digest");
}

static void an_entry_that_others_can_write_is_refused(void **state) {
    struct bench *b = *state;
    char path[512];
    store(b);
    assert_int_equal(each_entry(b, path, false), 1);
    assert_int_equal(chmod(path, 0620), 0);
    expect_refused(b, "private");
}

static void a_link_is_refused(void **state) {
    struct bench *b = *state;
    char path[512], file[64];
    store(b);
    assert_int_equal(each_entry(b, path, false), 1);
    snprintf(file, sizeof file, "%s/module", b->folder);
    assert_int_equal(rename(path, file), 0);
    assert_int_equal(symlink(file, path), 0);
    expect_refused(b, "link");
}

static void a_directory_open_to_others_is_not_used(void **state) {
    struct bench *b = *state;
    int code;
    store(b);
    reopen(b);
    assert_int_equal(chmod(b->directory, 0755), 0);
    assert_false(swapci_cache_find(&b->cache, &key, &code));
    assert_non_null(strstr(b->logged, "chmod 700"));
    store(b);
    assert_int_equal(each_entry(b, NULL, false), 1);
}

static void an_empty_name_means_no_cache(void **state) {
    struct bench *b = *state;
    int code;
    swapci_cache_fini(&b->cache);
    swapci_cache_init(&b->cache, "", &b->log);
    store(b);
    assert_false(swapci_cache_find(&b->cache, &key, &code));
    assert_int_equal(access(b->directory, F_OK), -1);
}

/* What an engine has mapped must not change under it, nor vanish (SIGBUS). */
/* A folder of an entry's name: nothing of the cache can delete it, and nothing says that it did. */
static void a_folder_in_place_of_an_entry_is_told(void **state) {
    struct bench *b = *state;
    char path[512];
    int code;
    store(b);
    assert_int_equal(each_entry(b, path, false), 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    reopen(b);
    assert_false(swapci_cache_find(&b->cache, &key, &code));
    assert_non_null(strstr(b->logged, "delete it"));
    assert_int_equal(rmdir(path), 0);
}

static void a_path_that_is_too_long_is_told(void **state) {
    struct bench *b = *state;
    char path[8192];
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    swapci_cache_fini(&b->cache);
    b->logged[0] = '\0';
    swapci_cache_init(&b->cache, path, &b->log);
    store(b);
    assert_non_null(strstr(b->logged, "8191 bytes is too long"));
}

static void code_handed_out_cannot_be_changed(void **state) {
    struct bench *b = *state;
    char path[512];
    int code;
    store(b);
    assert_true(swapci_cache_find(&b->cache, &key, &code));
    assert_int_equal(each_entry(b, path, false), 1);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(ftruncate(code, 0), -1);
    assert_int_equal(pwrite(code, "x", 1, 0), -1);
    expect_code(code);
    expect_refused(b, "no entry");
}

static void a_changed_entry_is_read_again(void **state) {
    struct bench *b = *state;
    char path[512];
    int code;
    store(b);
    assert_true(swapci_cache_find(&b->cache, &key, &code));
    close(code);
    assert_int_equal(each_entry(b, path, false), 1);
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "X", 1, 60), 1);
    close(fd);
    assert_false(swapci_cache_find(&b->cache, &key, &code));
}

static void more_entries_than_are_kept_resident(void **state) {
    struct bench *b = *state;
    char digest[16];
    struct swapci_cache_key many = {digest, "engine", "1.0"};
    int code;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 2 * SWAPCI_CACHE_RESIDENT; i++) {
            snprintf(digest, sizeof digest, "d%d", i);
            if (round == 0) swapci_cache_store(&b->cache, &many, swapc_bytes_str(CODE));
            assert_true(swapci_cache_find(&b->cache, &many, &code));
            expect_code(code);
        }
}

static void the_number_of_entries_is_bounded(void **state) {
    struct bench *b = *state;
    char digest[16];
    const struct swapci_cache_key many = {digest, "engine", "1.0"};
    for (int i = 0; i < SWAPCI_CACHE_ENTRIES_MAX + 20; i++) {
        snprintf(digest, sizeof digest, "d%d", i);
        swapci_cache_store(&b->cache, &many, swapc_bytes_str(CODE));
    }
    assert_int_equal(each_entry(b, NULL, false), SWAPCI_CACHE_ENTRIES_MAX);
}

static void write_old(const char *path, const void *bytes, size_t len) {
    const struct timespec old[2] = {{1000, 0}, {1000, 0}};
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

/* SWAPC_CACHE may name a folder that holds more than the cache: a home, or one of files named by
 * their digests. */
static void only_what_the_cache_wrote_is_pruned(void **state) {
    static const char head[] = "swapc-cache-1\n\0\0code";
    static const char *const kept[] = {".bashrc", ".12-x", ".7-3",
                                       "d41d8cd98f00b204e9800998ecf8427e",
                                       "a name of thirty-two characters."};
    struct bench *b = *state;
    char path[128], digest[16];
    const struct swapci_cache_key many = {digest, "engine", "1.0"};
    store(b);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        snprintf(path, sizeof path, "%s/%s", b->directory, kept[i]);
        write_old(path, "precious", 8);
    }
    snprintf(path, sizeof path, "%s/.7-4", b->directory); /* what an interrupted writer leaves */
    write_old(path, head, sizeof head);
    for (int i = 0; i < SWAPCI_CACHE_ENTRIES_MAX + 5; i++) {
        snprintf(digest, sizeof digest, "d%d", i);
        swapci_cache_store(&b->cache, &many, swapc_bytes_str(CODE));
    }
    assert_int_equal(access(path, F_OK), -1);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        snprintf(path, sizeof path, "%s/%s", b->directory, kept[i]);
        if (access(path, F_OK) != 0) fail_msg("%s is gone", kept[i]);
    }
    assert_int_equal(each_entry(b, NULL, false),
                     SWAPCI_CACHE_ENTRIES_MAX + sizeof kept / sizeof *kept);
}

static void a_dropped_entry_is_gone(void **state) {
    struct bench *b = *state;
    int code;
    store(b);
    swapci_cache_drop(&b->cache, &key, "the engine says no");
    assert_non_null(strstr(b->logged, "the engine says no"));
    assert_false(swapci_cache_find(&b->cache, &key, &code));
}

static void write_module(const char *path, const char *text) {
    const struct timespec old[2] = {{1000, 0}, {1000, 0}};
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static bool digest_known(struct bench *b, const char *path, char digest_hex[65]) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    bool known = swapci_cache_digest(&b->cache, file, digest_hex);
    close(file);
    return known;
}

/* The change time cannot be set back: only a file that rested a while has a known identity. */
static void digests_are_of_unchanged_files_only(void **state) {
    struct bench *b = *state;
    char path[64], digest_hex[65];
    struct swapci_image image;
    static const char *const none[] = {NULL};
    snprintf(path, sizeof path, "%s/module", b->folder);
    write_module(path, "one");
    assert_int_equal(swapci_image_read(path, none, &image, NULL), SWAPC_OK);
    assert_int_equal(image.identity.inode, 0);
    swapci_cache_remember(&b->cache, &image);
    assert_false(digest_known(b, path, digest_hex));

    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    image.identity = swapci_identity_of(&st);
    swapci_cache_remember(&b->cache, &image);
    assert_true(digest_known(b, path, digest_hex));
    assert_string_equal(digest_hex, image.digest_hex);
    swapci_image_fini(&image);
    usleep(20000);
    write_module(path, "two");
    assert_false(digest_known(b, path, digest_hex));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_stored_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(each_part_of_the_key_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(directory_and_entries_are_private, setup, teardown),
        cmocka_unit_test_setup_teardown(every_changed_byte_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(every_shortened_entry_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entry_under_another_name_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entry_that_others_can_write_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_directory_open_to_others_is_not_used, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_name_means_no_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_in_place_of_an_entry_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_path_that_is_too_long_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(code_handed_out_cannot_be_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_entry_is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(more_entries_than_are_kept_resident, setup, teardown),
        cmocka_unit_test_setup_teardown(the_number_of_entries_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(only_what_the_cache_wrote_is_pruned, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dropped_entry_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(digests_are_of_unchanged_files_only, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
