/* The record that never falls by itself. */
#include "admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "small_file.h"
#include "test_main.h"

static int setup(void **state) {
    static char folder[64];
    strcpy(folder, "/tmp/swapc-admission-XXXXXX");
    *state = folder;
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", (char *)*state);
    return system(command);
}

static enum swapc_status raise_to(const char *folder, const char *name, const char *version) {
    return swapci_admission(folder, name, version, SWAPCI_ADMISSION_RAISE, NULL);
}

static void lower_is_refused_and_both_are_named(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(raise_to(*state, "m", "1.9.0"), SWAPC_OK);
    assert_int_equal(raise_to(*state, "m", "1.10.0"), SWAPC_OK);
    assert_int_equal(raise_to(*state, "m", "1.10.0"), SWAPC_OK);
    assert_int_equal(swapci_admission(*state, "m", "1.9.0", SWAPCI_ADMISSION_RAISE, &error),
                     SWAPC_VERSION);
    assert_non_null(strstr(error.text, "1.9.0"));
    assert_non_null(strstr(error.text, "1.10.0"));
    assert_int_equal(raise_to(*state, "other", "1.0.0"), SWAPC_OK);
}

static void comparing_changes_nothing(void **state) {
    assert_int_equal(raise_to(*state, "m", "1.0.0"), SWAPC_OK);
    assert_int_equal(swapci_admission(*state, "m", "3.0.0", SWAPCI_ADMISSION_COMPARE, NULL),
                     SWAPC_OK);
    assert_int_equal(raise_to(*state, "m", "2.0.0"), SWAPC_OK);
}

static void setting_lowers(void **state) {
    assert_int_equal(raise_to(*state, "m", "2.0.0"), SWAPC_OK);
    assert_int_equal(swapci_admission(*state, "m", "1.0.0", SWAPCI_ADMISSION_SET, NULL), SWAPC_OK);
    assert_int_equal(raise_to(*state, "m", "1.0.0"), SWAPC_OK);
    assert_int_equal(raise_to(*state, "m", "0.9.0"), SWAPC_VERSION);
}

/* A name is no path, and two names are two records. */
static void names_of_any_bytes(void **state) {
    static const char *const names[] = {"../../x", "a/b", ".", "..", "%2E", "a b", "\xc3\xa4", "m"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(raise_to(*state, names[i], "2.0.0"), SWAPC_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(raise_to(*state, names[i], "1.0.0"), SWAPC_VERSION);
    char path[128];
    snprintf(path, sizeof path, "%s/../../x.version", (char *)*state);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Fail closed: what cannot be read is not "nothing admitted yet". */
static void a_damaged_record(void **state) {
    static const char *const contents[] = {"", "\n", "rubbish\n", "1.0\n"};
    char path[128];
    snprintf(path, sizeof path, "%s/m.version", (char *)*state);
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        assert_int_equal(swapci_small_file_replace(path, swapc_bytes_str(contents[i]), 0600, NULL),
                         SWAPC_OK);
        assert_int_equal(swapci_admission(*state, "m", "9.0.0", SWAPCI_ADMISSION_RAISE, &error),
                         SWAPC_CORRUPT);
        assert_non_null(strstr(error.text, path));
    }
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(raise_to(*state, "m", "9.0.0"), SWAPC_IO);
}

static void a_folder_that_is_missing(void **state) {
    char path[128];
    snprintf(path, sizeof path, "%s/new", (char *)*state);
    assert_int_equal(raise_to(path, "m", "1.0.0"), SWAPC_IO);
    assert_int_equal(swapci_admission_open(path, NULL), SWAPC_OK);
    assert_int_equal(swapci_admission_open(path, NULL), SWAPC_OK);
    assert_int_equal(raise_to(path, "m", "1.0.0"), SWAPC_OK);
    snprintf(path, sizeof path, "%s/new/lock", (char *)*state);
    assert_int_equal(swapci_admission_open(path, NULL), SWAPC_IO);
}

/* Four processes raise one record at the same time: the highest stays. */
static void processes_at_once(void **state) {
    enum { PROCESSES = 4, ROUNDS = 25 };
    for (int p = 0; p < PROCESSES; p++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child > 0) continue;
        for (int i = 0; i < ROUNDS; i++) {
            char version[32];
            snprintf(version, sizeof version, "1.%d.0", PROCESSES * i + p);
            enum swapc_status status = raise_to(*state, "m", version);
            if (status != SWAPC_OK && status != SWAPC_VERSION) _exit(1);
        }
        _exit(0);
    }
    for (int p = 0; p < PROCESSES; p++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(raise_to(*state, "m", "1.98.0"), SWAPC_VERSION);
    assert_int_equal(raise_to(*state, "m", "1.99.0"), SWAPC_OK);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lower_is_refused_and_both_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(comparing_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(setting_lowers, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_any_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_record, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_is_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(processes_at_once, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
