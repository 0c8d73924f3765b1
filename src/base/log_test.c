#include "swapc/log.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_main.h"

struct seen {
    int count;
    enum swapc_log_level level;
    char source[16];
    char message[600];
};

static void remember(enum swapc_log_level level, const char *source, const char *message,
                     void *user) {
    struct seen *seen = user;
    seen->count++;
    seen->level = level;
    strncpy(seen->source, source, sizeof seen->source - 1);
    strncpy(seen->message, message, sizeof seen->message - 1);
}

static void message_reaches_the_sink(void **state) {
    (void)state;
    struct seen seen = {0};
    swapc_log log = {remember, &seen, SWAPC_LOG_INFO};
    swapc_log_write(&log, SWAPC_LOG_WARN, "slot", "n=%d", 7);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.level, SWAPC_LOG_WARN);
    assert_string_equal(seen.source, "slot");
    assert_string_equal(seen.message, "n=7");
}

/* Whatever piece of somebody else's it holds, a message is one line. */
static void a_message_is_one_line(void **state) {
    (void)state;
    struct seen seen = {0};
    swapc_log log = {remember, &seen, SWAPC_LOG_INFO};
    swapc_log_write(&log, SWAPC_LOG_INFO, "slot", "%s \\", "a\nlevel=error\x1b[2J\xff");
    assert_string_equal(seen.message, "a\\nlevel=error\\x1b[2J\\xff \\");
}

static void level_filters(void **state) {
    (void)state;
    struct seen seen = {0};
    swapc_log log = {remember, &seen, SWAPC_LOG_WARN};
    swapc_log_write(&log, SWAPC_LOG_INFO, "slot", "dropped");
    assert_int_equal(seen.count, 0);
}

static void without_a_sink_nothing_happens(void **state) {
    (void)state;
    swapc_log log = {0};
    swapc_log_write(&log, SWAPC_LOG_ERROR, "slot", "dropped");
    swapc_log_write(NULL, SWAPC_LOG_ERROR, "slot", "dropped");
}

static void long_message_is_cut(void **state) {
    (void)state;
    struct seen seen = {0};
    swapc_log log = {remember, &seen, SWAPC_LOG_INFO};
    swapc_log_write(&log, SWAPC_LOG_INFO, "slot", "%0600d", 1);
    assert_int_equal(strlen(seen.message), 511);
}

static jmp_buf panicked;
static char panic_condition[64];

static void leap(const char *file, int line, const char *condition) {
    (void)file;
    (void)line;
    strncpy(panic_condition, condition, sizeof panic_condition - 1);
    longjmp(panicked, 1);
}

static void check_calls_the_panic_callback(void **state) {
    (void)state;
    swapc_panic_fn before = swapc_panic_set(leap);
    volatile int reached = 0;
    if (setjmp(panicked) == 0) {
        SWAPC_CHECK(1 + 1 == 2);
        reached = 1;
        SWAPC_CHECK(1 + 1 == 3);
        reached = 2;
    }
    assert_int_equal(reached, 1);
    assert_string_equal(panic_condition, "1 + 1 == 3");
    assert_ptr_equal(swapc_panic_set(NULL), leap);
    assert_ptr_equal(swapc_panic_set(NULL), before);
}

static void returns(const char *file, int line, const char *condition) {
    (void)file, (void)line, (void)condition;
}

/* What the process did, and what it wrote to standard error, whose contract is broken. */
static int break_contract(swapc_panic_fn callback, char out[256]) {
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        swapc_panic_set(callback);
        SWAPC_CHECK(2 + 2 == 5);
        _exit(3);
    }
    close(ends[1]);
    size_t used = 0;
    for (ssize_t got; (got = read(ends[0], out + used, 255 - used)) > 0;) used += (size_t)got;
    out[used] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_broken_contract_aborts_whatever_the_callback_does(void **state) {
    (void)state;
    char said[256];
    int status = break_contract(returns, said);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_string_equal(said, "");
    status = break_contract(NULL, said);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(said, "2 + 2 == 5"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); /* one line */
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_line),
        cmocka_unit_test(message_reaches_the_sink),
        cmocka_unit_test(level_filters),
        cmocka_unit_test(without_a_sink_nothing_happens),
        cmocka_unit_test(long_message_is_cut),
        cmocka_unit_test(check_calls_the_panic_callback),
        cmocka_unit_test(a_broken_contract_aborts_whatever_the_callback_does),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
