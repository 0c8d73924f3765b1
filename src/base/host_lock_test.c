/* Who has the lock, and that it ends with its process, whatever ends that. */
#include "host_lock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_main.h"

static char name[64];

static swapci_host_lock open_lock(void) {
    swapci_host_lock lock;
    swapc_error error = SWAPC_ERROR_INIT;
    snprintf(name, sizeof name, "test-%d", (int)getpid());
    if (swapci_host_lock_open(&lock, name, &error) != SWAPC_OK) fail_msg("%s", error.text);
    return lock;
}

static void one_has_it_and_all_have_one_place(void **state) {
    (void)state;
    swapci_host_lock first = open_lock(), second = open_lock();
    assert_true(swapci_host_lock_try(&first));
    assert_true(swapci_host_lock_try(&first));
    assert_false(swapci_host_lock_try(&second));
    assert_string_equal(first.place, second.place);
    swapci_host_lock_close(&first, false);
    assert_true(swapci_host_lock_try(&second));
    char path[sizeof second.path];
    strcpy(path, second.path);
    assert_int_equal(access(path, F_OK), 0);
    swapci_host_lock_close(&second, true);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void one_that_was_forgotten_is_another(void **state) {
    (void)state;
    swapci_host_lock first = open_lock(), waiting = open_lock();
    char place[SWAPCI_HOST_PLACE_MAX];
    assert_true(swapci_host_lock_try(&first));
    strcpy(place, first.place);
    swapci_host_lock_close(&first, true);
    swapci_host_lock next = open_lock();
    assert_true(swapci_host_lock_try(&waiting)); /* of a file that nobody finds any more */
    assert_true(swapci_host_lock_try(&next));
    assert_string_not_equal(next.place, place);
    swapci_host_lock_close(&waiting, false);
    swapci_host_lock_close(&next, true);
}

static void it_ends_with_its_process(void **state) {
    int pipe_of[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(pipe_of), 0);
    swapci_host_lock mine = open_lock();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        swapci_host_lock own;
        swapc_error error = SWAPC_ERROR_INIT;
        if (swapci_host_lock_open(&own, name, &error) != SWAPC_OK || !swapci_host_lock_try(&own))
            _exit(1);
        if (write(pipe_of[1], "x", 1) != 1) _exit(2);
        for (;;) pause();
    }
    assert_int_equal(read(pipe_of[0], &byte, 1), 1);
    assert_false(swapci_host_lock_try(&mine));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(swapci_host_lock_try(&mine));
    swapci_host_lock_close(&mine, true);
    close(pipe_of[0]);
    close(pipe_of[1]);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_has_it_and_all_have_one_place),
        cmocka_unit_test(one_that_was_forgotten_is_another),
        cmocka_unit_test(it_ends_with_its_process),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
