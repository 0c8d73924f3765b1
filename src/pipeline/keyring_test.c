#include "keyring.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hex.h"
#include "key_pairs_impl.h"
#include "test_main.h"

/* The public key of secret 3 (BIP-340, vector 0), and of secret 1: the generator. */
#define SECRET_1 "0000000000000000000000000000000000000000000000000000000000000001"
#define SECRET_3 "0000000000000000000000000000000000000000000000000000000000000003"
#define X_1 "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define Y_1 "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
#define X_3 "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"
#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define PRIME "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static char dir[64], keys[128], pub[160];

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/swapc-keyring-test-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    snprintf(keys, sizeof keys, "%s/keys", dir);
    snprintf(pub, sizeof pub, "%s.pub", keys);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(keys);
    unlink(pub);
    return rmdir(dir); /* fails when a temporary file was left */
}

static void write_text(const char *path, const char *text, mode_t mode) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void read_text(const char *path, char *out, size_t size) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    fclose(file);
}

static mode_t mode_of(const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void expect_refused(const char *text, const char *why) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_keyring *ring = NULL;
    write_text(keys, text, 0600);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 4, &ring, &error),
                     SWAPC_INVALID);
    assert_null(ring);
    if (!strstr(error.text, why)) fail_msg("\"%s\" is not in \"%s\"", why, error.text);
}

static bool has_hex(const swapci_keyring_public *publics, const char *hex) {
    uint8_t bytes[80];
    assert_int_equal(swapci_hex_decode(swapc_bytes_str(hex), bytes), 1);
    size_t len = strlen(hex) / 2;
    enum swapci_key_form form = len == SWAPCI_KEY_X_ONLY_SIZE ? SWAPCI_KEY_X_ONLY : SWAPCI_KEY_SEC1;
    return swapci_keyring_public_has(publics, form, swapc_bytes_of(bytes, len));
}

static void makes_missing_keys(void **state) {
    swapci_keyring *ring = NULL, *again = NULL;
    swapci_keyring_public *publics = NULL;
    (void)state;
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 0, &ring, NULL),
                     SWAPC_NOT_FOUND);
    assert_int_equal(access(keys, F_OK), -1);
    umask(0);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 5, &ring, NULL), SWAPC_OK);
    assert_int_equal(mode_of(keys), 0600);
    assert_int_equal(mode_of(pub), 0644);
    assert_int_equal(swapci_keyring_count(ring), 5);
    assert_memory_not_equal(swapci_keyring_secret(ring, 0), swapci_keyring_secret(ring, 1), 32);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 9, &again, NULL), SWAPC_OK);
    assert_int_equal(swapci_keyring_count(again), 5);
    for (size_t i = 0; i < 5; i++)
        assert_memory_equal(swapci_keyring_secret(ring, i), swapci_keyring_secret(again, i), 32);
    assert_int_equal(swapci_keyring_public_load(pub, &publics, NULL), SWAPC_OK);
    assert_int_equal(swapci_keyring_public_count(publics), 5);
    swapci_keyring_public_free(publics);
    swapci_keyring_free(ring);
    swapci_keyring_free(again);
}

/* Processes that start at once: each exits with a byte of the first secret that it loaded. */
static void racing_makers_agree(void **state) {
    enum { MAKERS = 8 };
    pid_t pids[MAKERS];
    int first = -1;
    (void)state;
    for (int i = 0; i < MAKERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            swapci_keyring *ring = NULL;
            if (swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 3, &ring, NULL) != SWAPC_OK)
                _exit(0);
            _exit(1 + swapci_keyring_secret(ring, 0)[7] % 255);
        }
    }
    for (int i = 0; i < MAKERS; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
        if (first < 0) first = WEXITSTATUS(status);
        assert_int_equal(WEXITSTATUS(status), first);
    }
}

static void public_file_is_derived(void **state) {
    char text[512];
    swapci_keyring *ring = NULL;
    (void)state;
    write_text(keys, "swapc-keys 1\n# mine\n\n  " SECRET_3 " \r\n" SECRET_1, 0600);
    write_text(pub, "swapc-keys-pub 1\n", 0644); /* out of date */
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 0, &ring, NULL), SWAPC_OK);
    assert_int_equal(swapci_keyring_count(ring), 2);
    assert_int_equal(swapci_keyring_secret(ring, 0)[31], 3);
    read_text(pub, text, sizeof text);
    assert_string_equal(text, "swapc-keys-pub 1\n# public: x-only and compressed\n" X_3 " 02" X_3
                              "\n" X_1 " 02" X_1 "\n");
    swapci_keyring_free(ring);
}

/* A file of that mode is refused, with the remedy. */
static void refused_with(mode_t mode, enum swapci_keys_mode kind, const char *remedy) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_keyring *ring = NULL;
    write_text(keys, "swapc-keys 1\n" SECRET_1 "\n", mode);
    assert_int_equal(swapci_keyring_load(keys, kind, 1, &ring, &error), SWAPC_INVALID);
    assert_non_null(strstr(error.text, remedy));
}

static void open_files_are_refused(void **state) {
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601};
    swapci_keyring *ring = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        refused_with(modes[i], SWAPCI_KEYS_PRIVATE, "chmod 600");
    assert_int_equal(chmod(keys, 0400), 0);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 1, &ring, NULL), SWAPC_OK);
    swapci_keyring_free(ring);
}

/* As secrets come in containers: the group may read them, nobody may write, others may do nothing. */
static void a_groups_keys_are_taken_where_that_is_meant(void **state) {
    static const mode_t good[] = {0440, 0640, 0400, 0600}, bad[] = {0660, 0650, 0644, 0604, 0641};
    swapci_keyring *ring = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        write_text(keys, "swapc-keys 1\n" SECRET_1 "\n", good[i]);
        assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_GROUP, 0, &ring, NULL), SWAPC_OK);
        swapci_keyring_free(ring);
        chmod(keys, 0600);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused_with(bad[i], SWAPCI_KEYS_GROUP, "chmod 640");
    refused_with(0440, SWAPCI_KEYS_PRIVATE, "--keys-mode group");
    assert_int_equal(unlink(keys), 0);
    umask(0);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_GROUP, 1, &ring, NULL), SWAPC_OK);
    assert_int_equal(mode_of(keys), 0640);
    swapci_keyring_free(ring);
}

static void unreadable_files_are_named(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_keyring *ring = NULL;
    (void)state;
    assert_int_equal(mkdir(keys, 0700), 0);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 1, &ring, &error),
                     SWAPC_INVALID);
    assert_non_null(strstr(error.text, keys));
    rmdir(keys);
    swapc_error_clear(&error);
    assert_int_equal(
        swapci_keyring_load("/nonexistent/dir/keys", SWAPCI_KEYS_PRIVATE, 1, &ring, &error),
        SWAPC_IO);
    assert_non_null(strstr(error.text, "/nonexistent/dir/keys"));
}

static void bad_lines_are_numbered(void **state) {
    (void)state;
    expect_refused("", "first line");
    expect_refused("swapc-keys 2\n" SECRET_1 "\n", "first line");
    expect_refused(SECRET_1 "\n", "first line");
    expect_refused("swapc-keys 1\n# none\n", "has no key");
    expect_refused("swapc-keys 1\n# x\n" SECRET_1 "\n\n" SECRET_1 "0\n", "line 5, is not a key");
    expect_refused("swapc-keys 1\n0x" SECRET_1 "\n", "line 2, is not a key");
    expect_refused("swapc-keys 1\ng" SECRET_1 "\n", "line 2, is not a key");
    expect_refused("swapc-keys 1\n" ZERO "\n", "line 2, is no secret key");
    expect_refused("swapc-keys 1\n" SECRET_1 "\n" ORDER "\n", "line 3, is no secret key");
}

static void secrets_stay_out_of_errors(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_keyring *ring = NULL;
    (void)state;
    write_text(keys, "swapc-keys 1\nabcdefabcdefabcdef\n", 0600);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 1, &ring, &error),
                     SWAPC_INVALID);
    assert_null(strstr(error.text, "abcdef"));
}

static void too_many_keys(void **state) {
    FILE *file = fopen(keys, "w");
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_keyring *ring = NULL;
    (void)state;
    assert_non_null(file);
    fputs("swapc-keys 1\n", file);
    for (int i = 0; i <= SWAPCI_KEYRING_MAX; i++) fprintf(file, "%064x\n", i + 1);
    fclose(file);
    chmod(keys, 0600);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 1, &ring, &error),
                     SWAPC_INVALID);
    assert_non_null(strstr(error.text, "line 4098"));
}

static void finds_each_form_and_no_other(void **state) {
    swapci_keyring *ring = NULL;
    swapci_keyring_public *p = NULL;
    (void)state;
    write_text(keys, "swapc-keys 1\n" SECRET_1 "\n" SECRET_1 "\n", 0600);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 0, &ring, NULL), SWAPC_OK);
    assert_int_equal(swapci_keyring_public_load(pub, &p, NULL), SWAPC_OK);
    assert_int_equal(has_hex(p, X_1), 1);
    assert_int_equal(has_hex(p, "02" X_1), 1);
    assert_int_equal(has_hex(p, "04" X_1 Y_1), 1);
    assert_int_equal(has_hex(p, "03" X_1), 0);
    assert_int_equal(has_hex(p, "06" X_1 Y_1), 0);
    assert_int_equal(has_hex(p, "04" X_1 X_1), 0);
    assert_int_equal(has_hex(p, X_3), 0);
    assert_int_equal(has_hex(p, "02" X_3), 0);
    assert_int_equal(has_hex(p, ""), 0);
    assert_int_equal(has_hex(p, "02"), 0);
    assert_int_equal(has_hex(p, X_1 "00"), 0);
    swapci_keyring_public_free(p);
    swapci_keyring_free(ring);
}

/* As many keys as are allowed, each found; those of a second ring not. */
static void full_table(void **state) {
    swapci_keyring *ring = NULL;
    swapci_keyring_public *p = NULL;
    char line[256];
    size_t found = 0;
    (void)state;
    assert_int_equal(
        swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, SWAPCI_KEYRING_MAX, &ring, NULL), SWAPC_OK);
    assert_int_equal(swapci_keyring_public_load(pub, &p, NULL), SWAPC_OK);
    FILE *file = fopen(pub, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strlen(line) != 132) continue;
        line[64] = line[131] = '\0';
        found += (size_t)(has_hex(p, line) && has_hex(p, line + 65));
        line[0] = line[0] == '0' ? '1' : '0';
        assert_int_equal(has_hex(p, line), 0);
    }
    fclose(file);
    assert_int_equal(found, SWAPCI_KEYRING_MAX);
    swapci_keyring_public_free(p);
    swapci_keyring_free(ring);
}

static void expect_public_refused(const char *text, const char *why) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_keyring_public *p = NULL;
    write_text(pub, text, 0644);
    assert_int_equal(swapci_keyring_public_load(pub, &p, &error), SWAPC_INVALID);
    if (!strstr(error.text, why)) fail_msg("\"%s\" is not in \"%s\"", why, error.text);
}

static void bad_public_files_are_refused(void **state) {
    swapci_keyring_public *p = NULL;
    (void)state;
    assert_int_equal(swapci_keyring_public_load(pub, &p, NULL), SWAPC_NOT_FOUND);
    expect_public_refused("swapc-keys 1\n" SECRET_1 "\n", "first line");
    expect_public_refused("swapc-keys-pub 1\n", "has no key");
    expect_public_refused("swapc-keys-pub 1\n" X_1 "\n", "line 2");
    expect_public_refused("swapc-keys-pub 1\n" X_1 "  2" X_1 "\n", "line 2");
    expect_public_refused("swapc-keys-pub 1\n" X_1 " 02" X_3 "\n", "two different keys");
    expect_public_refused("swapc-keys-pub 1\n" X_1 " 04" X_1 "\n", "no point");
    expect_public_refused("swapc-keys-pub 1\n" PRIME " 02" PRIME "\n", "no point");
    write_text(pub, "swapc-keys-pub 1\n" X_1 " 02" X_1 "\n", 0664);
    assert_int_equal(swapci_keyring_public_load(pub, &p, NULL), SWAPC_INVALID);
}

/* Memory that was freed, which only the kernel still reads for us (the address sanitizer keeps it as it
 * was; where it was unmapped nothing is read). */
static void expect_no_secret(const void *freed, size_t len) {
    uint8_t secret[SWAPCI_SECRET_SIZE], seen[512] = {0};
    assert_true(len <= sizeof seen);
    assert_int_equal(swapci_hex_decode(swapc_bytes_str(SECRET_3), secret), 1);
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_true(memory >= 0);
    ssize_t got = pread(memory, seen, len, (off_t)(uintptr_t)freed);
    close(memory);
    if (got > 0) assert_null(memmem(seen, (size_t)got, secret, sizeof secret));
}

static void what_was_freed_holds_no_secret(void **state) {
    (void)state;
    swapci_keyring *ring = NULL;
    swapci_key_pairs *pairs = NULL;
    write_text(keys, "swapc-keys 1\n" SECRET_3 "\n", 0600);
    assert_int_equal(swapci_keyring_load(keys, SWAPCI_KEYS_PRIVATE, 0, &ring, NULL), SWAPC_OK);
    assert_int_equal(swapci_key_pairs_new(ring, &pairs, NULL), SWAPC_OK);
    const void *read = swapci_keyring_secret(ring, 0), *prepared = &pairs->pairs[0];
    swapci_keyring_free(ring);
    swapci_key_pairs_free(pairs);
    expect_no_secret(read, SWAPCI_SECRET_SIZE);
    expect_no_secret(prepared, sizeof pairs->pairs[0]);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_freed_holds_no_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(makes_missing_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(racing_makers_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(public_file_is_derived, setup, teardown),
        cmocka_unit_test_setup_teardown(open_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_groups_keys_are_taken_where_that_is_meant, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(unreadable_files_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_lines_are_numbered, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_stay_out_of_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_each_form_and_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(full_table, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_public_files_are_refused, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
