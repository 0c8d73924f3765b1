/* Reading bundles and single files from disk. */
#include "bundle.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "test_main.h"

/* A folder of its own for each case. */
struct bench {
    char folder[64];
    char path[128]; /* of the last file written */
};

static const char *const wide_plain[] = {"wide", "plain", NULL};

static void write_file(struct bench *b, const char *name, const char *text) {
    snprintf(b->path, sizeof b->path, "%s/%s", b->folder, name);
    FILE *f = fopen(b->path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static int setup(void **state) {
    static struct bench bench;
    strcpy(bench.folder, "/tmp/swapc-bundle-XXXXXX");
    assert_non_null(mkdtemp(bench.folder));
    *state = &bench;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    const char *names[] = {"module.toml", "wide.wasm", "plain.wasm", "native.so", "sub"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(b->path, sizeof b->path, "%s/%s", b->folder, names[i]);
        if (unlink(b->path) != 0) rmdir(b->path);
    }
    return rmdir(b->folder);
}

static void write_bundle(struct bench *b) {
    write_file(b, "module.toml",
               "name = \"schnorr\"\nversion = \"1.0.0\"\n[flavours]\n"
               "native = \"native.so\"\nplain = \"plain.wasm\"\nwide = \"wide.wasm\"\n");
    write_file(b, "native.so", "native");
    write_file(b, "plain.wasm", "plain");
    write_file(b, "wide.wasm", "wide");
}

static void expect_failure(const char *path, const char *const *flavours, enum swapc_status status,
                           const char *text) {
    struct swapci_image image;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_image_read(path, flavours, &image, &error), status);
    assert_int_equal(error.status, status);
    if (!strstr(error.text, text)) fail_msg("\"%s\" is not in \"%s\"", text, error.text);
    assert_null(image.bytes.ptr);
    assert_null(image.path);
}

static void the_best_flavour_is_read(void **state) {
    struct bench *b = *state;
    struct swapci_image image;
    write_bundle(b);
    assert_int_equal(swapci_image_read(b->folder, wide_plain, &image, NULL), SWAPC_OK);
    assert_string_equal(image.name, "schnorr");
    assert_string_equal(image.version, "1.0.0");
    assert_string_equal(image.flavour, "wide");
    assert_true(swapc_bytes_equal(image.bytes, swapc_bytes_str("wide")));
    assert_string_equal(image.path + strlen(b->folder), "/wide.wasm");
    swapci_image_fini(&image);
    const char *const plain[] = {"absent", "plain", NULL};
    assert_int_equal(swapci_image_read(b->folder, plain, &image, NULL), SWAPC_OK);
    assert_string_equal(image.flavour, "plain");
    swapci_image_fini(&image);
}

static void the_digest_is_sha256(void **state) {
    struct bench *b = *state;
    struct swapci_image image;
    write_file(b, "plain.wasm", "abc");
    assert_int_equal(swapci_image_read(b->path, wide_plain, &image, NULL), SWAPC_OK);
    assert_string_equal(image.digest_hex,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(image.flavour, "file");
    assert_string_equal(image.name, "plain.wasm");
    assert_string_equal(image.version, "");
    swapci_image_fini(&image);
}

static void an_empty_file_is_read(void **state) {
    struct bench *b = *state;
    struct swapci_image image;
    write_file(b, "plain.wasm", "");
    assert_int_equal(swapci_image_read(b->path, wide_plain, &image, NULL), SWAPC_OK);
    assert_int_equal(image.bytes.len, 0);
    swapci_image_fini(&image);
}

static void what_is_not_there(void **state) {
    struct bench *b = *state;
    char path[96];
    snprintf(path, sizeof path, "%s/nothing", b->folder);
    expect_failure(path, wide_plain, SWAPC_NOT_FOUND, path);
    snprintf(path, sizeof path, "%s/nothing/at/all", b->folder);
    expect_failure(path, wide_plain, SWAPC_NOT_FOUND, "give a bundle's folder");
    expect_failure(b->folder, wide_plain, SWAPC_BUNDLE, "holds no module.toml");
}

static void a_flavour_that_no_engine_wants(void **state) {
    struct bench *b = *state;
    const char *const mvp[] = {"mvp", NULL};
    write_bundle(b);
    expect_failure(b->folder, mvp, SWAPC_NO_FLAVOUR, "native plain wide");
    expect_failure(b->folder, mvp, SWAPC_NO_FLAVOUR, "mvp");
}

static void a_flavour_whose_file_is_missing(void **state) {
    struct bench *b = *state;
    write_bundle(b);
    unlink(b->path);
    expect_failure(b->folder, wide_plain, SWAPC_NOT_FOUND, "(no wide.wasm): build");
}

static void a_bad_manifest_names_its_line(void **state) {
    struct bench *b = *state;
    write_file(b, "module.toml", "name = \"n\"\nnonsense\n");
    expect_failure(b->folder, wide_plain, SWAPC_BUNDLE, "line 2");
}

/* A folder or a pipe in a flavour's place is refused, and nothing waits for a writer. */
static void put(const char *folder, const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* The folder gives way to a new one between the manifest and the file. */
static void a_replaced_folder_is_never_a_mix(void **state) {
    struct bench *b = *state;
    char next[128], file[160];
    struct swapci_image image;
    write_bundle(b);
    snprintf(next, sizeof next, "%s-next", b->folder);
    assert_int_equal(mkdir(next, 0700), 0);
    put(next, "module.toml",
        "name = \"schnorr\"\nversion = \"2.0.0\"\n[flavours]\n"
        "wide = \"wide.wasm\"\n");
    put(next, "wide.wasm", "next");
    assert_int_equal(swapci_image_locate(b->folder, wide_plain, NULL, &image, NULL), SWAPC_OK);
    assert_int_equal(renameat2(AT_FDCWD, b->folder, AT_FDCWD, next, RENAME_EXCHANGE), 0);
    assert_int_equal(swapci_image_fill(&image, NULL), SWAPC_OK);
    assert_string_equal(image.version, "1.0.0");
    assert_true(swapc_bytes_equal(image.bytes, swapc_bytes_str("wide")));
    swapci_image_fini(&image);
    assert_int_equal(swapci_image_read(b->folder, wide_plain, &image, NULL), SWAPC_OK);
    assert_string_equal(image.version, "2.0.0");
    assert_true(swapc_bytes_equal(image.bytes, swapc_bytes_str("next")));
    swapci_image_fini(&image);
    assert_int_equal(renameat2(AT_FDCWD, b->folder, AT_FDCWD, next, RENAME_EXCHANGE), 0);
    snprintf(file, sizeof file, "%s/module.toml", next);
    unlink(file);
    snprintf(file, sizeof file, "%s/wide.wasm", next);
    unlink(file);
    assert_int_equal(rmdir(next), 0);
}

enum { LARGE = 64 << 20, TRIES = 50 };

struct writer {
    int fd;
    atomic_bool done;
};

static void *write_until_done(void *user) {
    struct writer *w = user;
    for (unsigned n = 0; !atomic_load(&w->done); n++)
        if (pwrite(w->fd, &n, 1, LARGE - 1) != 1) break;
    return NULL;
}

/* Reading it takes many ticks of the clock that files are stamped by. */
static void a_file_written_to_meanwhile_is_refused(void **state) {
    struct bench *b = *state;
    struct swapci_image image;
    swapc_error error = SWAPC_ERROR_INIT;
    struct writer writer = {.done = false};
    pthread_t thread;
    write_file(b, "plain.wasm", "");
    writer.fd = open(b->path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(writer.fd, LARGE), 0);
    assert_int_equal(pthread_create(&thread, NULL, write_until_done, &writer), 0);
    enum swapc_status status = SWAPC_OK;
    for (int i = 0; i < TRIES && status == SWAPC_OK; i++) {
        status = swapci_image_read(b->path, wide_plain, &image, &error);
        if (status == SWAPC_OK) swapci_image_fini(&image);
    }
    atomic_store(&writer.done, true);
    pthread_join(thread, NULL);
    close(writer.fd);
    assert_int_equal(status, SWAPC_IO);
    assert_non_null(strstr(error.text, "written to while it was read"));
}

static void what_is_no_regular_file(void **state) {
    struct bench *b = *state;
    char path[96];
    write_file(b, "module.toml", "name = \"n\"\nversion = \"1.0.0\"\n[flavours]\nwide = \"sub\"\n");
    snprintf(path, sizeof path, "%s/sub", b->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_failure(b->folder, wide_plain, SWAPC_IO, "not a regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_failure(b->folder, wide_plain, SWAPC_IO, "not a regular file");
    expect_failure(path, wide_plain, SWAPC_IO, "not a regular file");
    expect_failure("/dev/zero", wide_plain, SWAPC_IO, "not a regular file");
}

static void a_file_too_large(void **state) {
    struct bench *b = *state;
    write_file(b, "plain.wasm", "");
    assert_int_equal(truncate(b->path, (off_t)SWAPCI_IMAGE_MAX + 1), 0);
    expect_failure(b->path, wide_plain, SWAPC_TOO_LARGE, "at most 268435456");
}

static void a_file_is_no_bundle(void **state) {
    struct bench *b = *state;
    struct swapci_manifest manifest;
    write_bundle(b);
    assert_int_equal(swapci_bundle_manifest(b->path, &manifest, NULL), SWAPC_INVALID);
    assert_int_equal(swapci_bundle_manifest(b->folder, &manifest, NULL), SWAPC_OK);
    assert_int_equal(manifest.flavour_count, 3);
}

static void without_a_manifest_and_without_a_report(void **state) {
    struct bench *b = *state;
    struct swapci_manifest manifest;
    assert_int_equal(swapci_bundle_manifest(b->folder, &manifest, NULL), SWAPC_BUNDLE);
}

static void a_copy_is_a_copy(void **state) {
    (void)state;
    struct swapci_image image;
    char bytes[] = "abc";
    assert_int_equal(swapci_image_copy("m", swapc_bytes_of(bytes, 3), &image, NULL), SWAPC_OK);
    bytes[0] = 'x';
    assert_true(swapc_bytes_equal(image.bytes, swapc_bytes_str("abc")));
    assert_string_equal(image.name, "m");
    swapci_image_fini(&image);
    assert_int_equal(swapci_image_copy("m", swapc_bytes_of(NULL, 0), &image, NULL), SWAPC_OK);
    swapci_image_fini(&image);
}

static void out_of_memory_is_a_status(void **state) {
    struct bench *b = *state;
    struct swapci_image image;
    enum swapc_status status;
    size_t n = 0;
    write_bundle(b);
    do {
        swapc_error error = SWAPC_ERROR_INIT;
        swapci_alloc_fail_at(++n);
        status = swapci_image_read(b->folder, wide_plain, &image, &error);
        assert_int_equal(status, swapci_alloc_failed() ? SWAPC_NO_MEMORY : SWAPC_OK);
    } while (status != SWAPC_OK);
    swapci_alloc_fail_at(0);
    swapci_image_fini(&image);
    assert_true(n > 3);
    for (n = 1; n <= 2; n++) {
        swapci_alloc_fail_at(n);
        assert_int_equal(swapci_image_copy("m", swapc_bytes_str("abc"), &image, NULL),
                         SWAPC_NO_MEMORY);
    }
    swapci_alloc_fail_at(0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_best_flavour_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(the_digest_is_sha256, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flavour_that_no_engine_wants, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flavour_whose_file_is_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_manifest_names_its_line, setup, teardown),
        cmocka_unit_test_setup_teardown(a_replaced_folder_is_never_a_mix, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_written_to_meanwhile_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_regular_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_is_no_bundle, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_manifest_and_without_a_report, setup, teardown),
        cmocka_unit_test(a_copy_is_a_copy),
        cmocka_unit_test_setup_teardown(out_of_memory_is_a_status, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
