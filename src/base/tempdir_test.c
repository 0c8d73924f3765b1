/* What is swept and what is not: only what swapc made, known by what it wrote into the lock
 * file. */
#include "tempdir.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_main.h"

enum { PATH_SIZE = 256 };

static int setup(void **state) {
    char *root = strdup("/tmp/tempdir-test-XXXXXX");
    *state = root;
    return root && mkdtemp(root) ? 0 : -1;
}

static void shell(const char *command, const char *root) {
    char line[2048];
    int len = snprintf(line, sizeof line, "cd '%s' && %s", root, command);
    assert_in_range(len, 1, sizeof line - 1);
    assert_int_equal(system(line), 0);
}

static int teardown(void **state) {
    shell("rm -rf \"$PWD\"", *state);
    free(*state);
    return 0;
}

static swapci_tempdir make(const char *root) {
    swapci_tempdir dir = SWAPCI_TEMPDIR_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapci_tempdir_new(root, &dir, &error) != SWAPC_OK) fail_msg("%s", error.text);
    return dir;
}

static bool is_there(const char *root, const char *name) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return access(path, F_OK) == 0;
}

/* Makes a directory as a process does that dies before it removes it. Out: its path. */
static void make_and_die(const char *root, char path[PATH_SIZE]) {
    int pipe_ends[2], how;
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        swapci_tempdir dir = SWAPCI_TEMPDIR_INIT;
        if (swapci_tempdir_new(root, &dir, NULL) != SWAPC_OK) _exit(1);
        _exit(write(pipe_ends[1], dir.path, sizeof dir.path) != (ssize_t)sizeof dir.path);
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_int_equal(how, 0);
    assert_int_equal(read(pipe_ends[0], path, SWAPCI_TEMPDIR_PATH_MAX + 1),
                     SWAPCI_TEMPDIR_PATH_MAX + 1);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void what_a_dead_process_left_is_swept(void **state) {
    char left[PATH_SIZE];
    make_and_die(*state, left);
    shell("mkdir -p swapc-*/appendonlydir && touch swapc-*/appendonlydir/x", *state);
    swapci_tempdir dir = make(*state);
    assert_int_equal(access(left, F_OK), -1);
    swapci_tempdir_remove(&dir);
}

static void what_is_in_use_stays(void **state) {
    swapci_tempdir one = make(*state), two = make(*state);
    assert_int_equal(access(one.path, F_OK), 0);
    swapci_tempdir_remove(&one);
    assert_int_equal(access(two.path, F_OK), 0);
    swapci_tempdir_remove(&two);
    swapci_tempdir_remove(&two);
}

/* Folders that look like ours, by name, by a lock file, even by a copy of a true one. */
static void what_swapc_did_not_make_is_not_swept(void **state) {
    static const char *const kept[] = {
        "swapc-thesis/one.txt",  "swapc-empty/one.txt",   "swapc-copy/one.txt",
        "swapc-renamed/one.txt", "swapc-talking/one.txt", "swapc-link/one.txt",
        "swapc-fifo/one.txt",    "swapc-folder/one.txt",  "swapc-linked/one.txt",
        "elsewhere/one.txt",     "swapc-hard/one.txt",
    };
    const char *root = *state;
    char left[PATH_SIZE], line[1024];
    make_and_die(root, left);
    const char *name = strrchr(left, '/') + 1;
    snprintf(line, sizeof line,
             "for d in thesis empty talking fifo folder linked hard; do mkdir swapc-$d; done;"
             "touch swapc-thesis/lock; echo locked >swapc-talking/lock; mkfifo swapc-fifo/lock;"
             "mkdir swapc-folder/lock; cp -a '%s' swapc-copy; ln '%s/lock' swapc-hard/lock;"
             "ln -s ../'%s'/lock swapc-linked/lock; mkdir elsewhere; touch elsewhere/lock;"
             "ln -s elsewhere swapc-link; mv '%s' swapc-renamed;"
             "for d in swapc-*; do echo precious >$d/one.txt; done",
             name, name, name, name);
    shell(line, root);
    swapci_tempdir dir = make(root);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (!is_there(root, kept[i])) fail_msg("%s is gone", kept[i]);
    swapci_tempdir_remove(&dir);
}

static void a_directory_that_took_the_place_is_not_removed(void **state) {
    char path[PATH_SIZE];
    swapci_tempdir dir = make(*state);
    snprintf(path, sizeof path, "%s", dir.path);
    shell("mv swapc-?????? moved", *state);
    assert_int_equal(mkdir(path, 0700), 0);
    swapci_tempdir_remove(&dir);
    assert_int_equal(access(path, F_OK), 0);
    assert_true(is_there(*state, "moved/lock"));
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_dead_process_left_is_swept, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_in_use_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(what_swapc_did_not_make_is_not_swept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_directory_that_took_the_place_is_not_removed, setup,
                                        teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
