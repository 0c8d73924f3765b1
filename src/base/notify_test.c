/* A service manager is played by a socket of the test's own. */
#include "notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test_main.h"

enum { LINE = 512 };
static const uint64_t second = 1000000000;

struct manager {
    int fd;
    char folder[32], path[64];
};

static void bind_at(struct manager *m, const struct sockaddr_un *address, socklen_t len) {
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(m->fd, (const struct sockaddr *)address, len), 0);
}

static int setup(void **state) {
    struct manager *m = calloc(1, sizeof *m);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(m->folder, "/tmp/notify-test-XXXXXX");
    if (!mkdtemp(m->folder)) return -1;
    snprintf(m->path, sizeof m->path, "%s/s", m->folder);
    strcpy(address.sun_path, m->path);
    bind_at(m, &address, sizeof address);
    setenv("NOTIFY_SOCKET", m->path, 1);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    *state = m;
    return 0;
}

static int teardown(void **state) {
    struct manager *m = *state;
    close(m->fd);
    unlink(m->path);
    rmdir(m->folder);
    free(m);
    return 0;
}

/* The next datagram; "" when there is none. */
static const char *heard(struct manager *m) {
    static char line[LINE];
    ssize_t n = recv(m->fd, line, sizeof line - 1, 0);
    line[n > 0 ? n : 0] = 0;
    return line;
}

static swapci_notify opened(void) {
    swapci_notify notify;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_notify_open(&notify, &error), SWAPC_OK);
    assert_string_equal(error.text, "");
    assert_true(notify.fd >= 0);
    return notify;
}

static void ready_is_said_once_and_only_when_serving(void **state) {
    struct manager *m = *state;
    swapci_notify notify = opened();
    swapci_notify_turn(&notify, second, false, "Redis does not answer");
    assert_string_equal(heard(m), "STATUS=Redis does not answer");
    assert_string_equal(heard(m), "EXTEND_TIMEOUT_USEC=30000000");
    swapci_notify_turn(&notify, 2 * second, false, "Redis does not answer");
    assert_string_equal(heard(m), "");
    swapci_notify_turn(&notify, 12 * second, false, "Redis does not answer");
    assert_string_equal(heard(m), "EXTEND_TIMEOUT_USEC=30000000");
    swapci_notify_turn(&notify, 13 * second, true, "serving");
    assert_string_equal(heard(m), "STATUS=serving");
    assert_string_equal(heard(m), "READY=1");
    swapci_notify_turn(&notify, 14 * second, true, "serving");
    swapci_notify_turn(&notify, 15 * second, false, "the peer is gone");
    swapci_notify_turn(&notify, 30 * second, true, "serving");
    assert_string_equal(heard(m), "STATUS=the peer is gone");
    assert_string_equal(heard(m), "STATUS=serving");
    assert_string_equal(heard(m), "");
    swapci_notify_close(&notify);
}

static void signs_of_life_come_four_times_in_the_time_it_waits(void **state) {
    struct manager *m = *state;
    setenv("WATCHDOG_USEC", "8000000", 1);
    char pid[32];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    swapci_notify notify = opened();
    unsigned beats = 0;
    for (uint64_t tenth = 10; tenth < 10 + 400; tenth++) {
        swapci_notify_turn(&notify, tenth * second / 10, true, "serving");
        for (const char *line = heard(m); *line; line = heard(m))
            beats += strcmp(line, "WATCHDOG=1") == 0;
    }
    assert_int_equal(beats, 20); /* 40 s, one in 2 s */
    swapci_notify_close(&notify);
}

static void another_processes_watchdog_is_not_fed(void **state) {
    struct manager *m = *state;
    setenv("WATCHDOG_USEC", "8000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    swapci_notify notify = opened();
    swapci_notify_turn(&notify, second, true, "serving");
    assert_string_equal(heard(m), "STATUS=serving");
    assert_string_equal(heard(m), "READY=1");
    assert_string_equal(heard(m), "");
    swapci_notify_close(&notify);
}

static void a_watchdog_time_that_is_no_number_is_none(void **state) {
    struct manager *m = *state;
    static const char *const wrong[] = {"", "-5", "8s", " 8", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        setenv("WATCHDOG_USEC", wrong[i], 1);
        swapci_notify notify = opened();
        assert_int_equal(notify.watchdog_ns, 0);
        swapci_notify_close(&notify);
    }
    assert_string_equal(heard(m), "");
}

static void the_end_is_said_once_and_signs_of_life_go_on(void **state) {
    struct manager *m = *state;
    setenv("WATCHDOG_USEC", "4000000", 1);
    swapci_notify notify = opened();
    swapci_notify_stopping(&notify);
    swapci_notify_stopping(&notify);
    assert_non_null(strstr(heard(m), "STOPPING=1\n"));
    swapci_notify_turn(&notify, second, false, "it is ending");
    assert_string_equal(heard(m), "WATCHDOG=1");
    assert_string_equal(heard(m), "");
    swapci_notify_close(&notify);
}

static void a_status_is_one_line_and_no_statement_of_its_own(void **state) {
    struct manager *m = *state;
    swapci_notify notify = opened();
    swapci_notify_turn(&notify, second, false, "odd\nREADY=1");
    assert_string_equal(heard(m), "STATUS=odd");
    assert_string_equal(heard(m), "EXTEND_TIMEOUT_USEC=30000000");
    assert_string_equal(heard(m), "");
    swapci_notify_close(&notify);
}

/* What found no room is said later: READY above all. */
static void a_full_socket_loses_nothing_and_holds_nobody_up(void **state) {
    struct manager *m = *state;
    swapci_notify notify = opened();
    char text[32];
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "%u", i);
        swapci_notify_turn(&notify, i + 1, false, text);
    }
    swapci_notify_turn(&notify, second, true, "serving");
    assert_false(notify.ready);
    while (*heard(m)) continue;
    swapci_notify_turn(&notify, 2 * second, true, "serving");
    assert_true(notify.ready);
    assert_string_equal(heard(m), "STATUS=serving");
    assert_string_equal(heard(m), "READY=1");
    swapci_notify_close(&notify);
}

static void the_abstract_name_space_is_reached(void **state) {
    struct manager abstract = {.fd = -1};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    (void)state;
    int len = snprintf(name, sizeof name, "@swapc-notify-test-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
    bind_at(&abstract, &address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len));
    setenv("NOTIFY_SOCKET", name, 1);
    swapci_notify notify = opened();
    swapci_notify_stopping(&notify);
    assert_non_null(strstr(heard(&abstract), "STOPPING=1"));
    swapci_notify_close(&notify);
    close(abstract.fd);
}

static void without_a_manager_nothing_is_said_and_wrong_names_are_named(void **state) {
    static const struct {
        const char *name;
        enum swapc_status status;
    } cases[] = {{"", SWAPC_OK},
                 {"relative", SWAPC_INVALID},
                 {"/", SWAPC_INVALID},
                 {"vsock:2:5", SWAPC_INVALID},
                 {"/tmp/no/such/socket", SWAPC_SYSTEM}};
    char longer[200];
    swapci_notify notify;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        setenv("NOTIFY_SOCKET", cases[i].name, 1);
        assert_int_equal(swapci_notify_open(&notify, &error), cases[i].status);
        assert_int_equal(notify.fd, -1);
        if (cases[i].status != SWAPC_OK) assert_non_null(strstr(error.text, cases[i].name));
        swapci_notify_turn(&notify, second, true, "serving");
        swapci_notify_stopping(&notify);
        swapci_notify_close(&notify);
    }
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = 0;
    setenv("NOTIFY_SOCKET", longer, 1);
    assert_int_equal(swapci_notify_open(&notify, NULL), SWAPC_INVALID);
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(swapci_notify_open(&notify, NULL), SWAPC_OK);
    assert_int_equal(notify.fd, -1);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ready_is_said_once_and_only_when_serving, setup, teardown),
        cmocka_unit_test_setup_teardown(signs_of_life_come_four_times_in_the_time_it_waits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_processes_watchdog_is_not_fed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_watchdog_time_that_is_no_number_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_is_said_once_and_signs_of_life_go_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_status_is_one_line_and_no_statement_of_its_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_socket_loses_nothing_and_holds_nobody_up, setup,
                                        teardown),
        cmocka_unit_test(the_abstract_name_space_is_reached),
        cmocka_unit_test(without_a_manager_nothing_is_said_and_wrong_names_are_named),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
