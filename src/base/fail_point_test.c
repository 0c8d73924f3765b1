/* Fail points as a process of a test meets them: this program runs itself with one set. */
#include "fail_point.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_main.h"

static int clock_ms; /* after which the process of a test dies; 0: never */

/* The status of a fresh process of this program that passes mid_record twice, with text set. */
static int passes_twice(const char *text) {
    pid_t pid = fork();
    if (pid == 0) {
        setenv("SWAPC_FAIL_POINT", text, 1);
        (void)!freopen("/dev/null", "w", stderr);
        if (clock_ms) ualarm((useconds_t)clock_ms * 1000, 0);
        execl("/proc/self/exe", "fail_point_test", "the_process_that_passes", NULL);
        _exit(127);
    }
    int status = 0;
    while (waitpid(pid, &status, WUNTRACED) < 0 && errno == EINTR) continue;
    if (WIFSTOPPED(status)) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return status;
}

static void the_process_that_passes(void **state) {
    (void)state;
    swapci_fail_point(SWAPCI_FAIL_mid_record);
    swapci_fail_point(SWAPCI_FAIL_mid_record);
    swapci_fail_point_with(SWAPCI_FAIL_in_call, swapc_bytes_str("a harmless message"));
    swapci_fail_point_with(SWAPCI_FAIL_in_call, swapc_bytes_str("a deadly message"));
}

static void dies_at_the_chosen_pass(void **state) {
    (void)state;
    for (int n = 1; n <= 2; n++) {
        char text[32];
        snprintf(text, sizeof text, "mid_record:%d", n);
        int status = passes_twice(text);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
    }
}

static void stops_where_told(void **state) {
    (void)state;
    assert_true(WIFSTOPPED(passes_twice("mid_record:1:stop")));
}

/* Its clock, which goes on in what it becomes, ends it; who went on would have ended by itself. */
static void hangs_where_told(void **state) {
    (void)state;
    clock_ms = 300;
    int status = passes_twice("mid_record:1:hang");
    clock_ms = 0;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGALRM);
}

static void dies_of_the_message_with_the_text(void **state) {
    (void)state;
    int status = passes_twice("in_call:=deadly");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_int_equal(passes_twice("in_call:=dreadful"), 0);
    assert_int_equal(passes_twice("mid_record:=deadly"), 0);
}

static void passes_where_nothing_is_set(void **state) {
    (void)state;
    static const char *const harmless[] = {"", "mid_record:3", "after_verify:1"};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        assert_int_equal(passes_twice(harmless[i]), 0);
}

static void refuses_what_is_none(void **state) {
    (void)state;
    static const char *const wrong[] = {"mid",          "no_such:1",    "mid_record",
                                        "mid_record:0", "mid_record:x", "mid_record:1:go"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int status = passes_twice(wrong[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 2);
    }
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_process_that_passes),
        cmocka_unit_test(dies_at_the_chosen_pass),
        cmocka_unit_test(stops_where_told),
        cmocka_unit_test(hangs_where_told),
        cmocka_unit_test(dies_of_the_message_with_the_text),
        cmocka_unit_test(passes_where_nothing_is_set),
        cmocka_unit_test(refuses_what_is_none),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
