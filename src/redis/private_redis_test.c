#include "redis_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void is_private_and_leaves_nothing(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_private_redis *server = NULL;
    struct stat info;
    char path[128];
    (void)state;
    fixture_ok(swapci_private_redis_start(NULL, &server, &error), &error);
    snprintf(path, sizeof path, "%s", swapci_private_redis_directory(server));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    pid_t pid = swapci_private_redis_pid(server);
    assert_int_equal(getpgid(pid), pid); /* Ctrl-C does not reach it */
    swapci_private_redis_stop(server);
    assert_int_not_equal(stat(path, &info), 0);
    assert_int_not_equal(kill(pid, 0), 0);
}

static void names_the_package_that_is_missing(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_private_redis *server = NULL;
    char *before = strdup(getenv("PATH"));
    (void)state;
    setenv("PATH", "/nowhere", 1);
    enum swapc_status status = swapci_private_redis_start(NULL, &server, &error);
    setenv("PATH", before, 1);
    free(before);
    assert_int_equal(status, SWAPC_NOT_FOUND);
    assert_non_null(strstr(error.text, "redis-tools"));
    swapci_private_redis_stop(server);
}

static void says_so_when_the_server_ends_at_once(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_private_redis_config config = SWAPCI_PRIVATE_REDIS_CONFIG_INIT;
    swapci_private_redis *server = NULL;
    (void)state;
    config.program = "/bin/true";
    assert_int_equal(swapci_private_redis_start(&config, &server, &error), SWAPC_UNREACHABLE);
    assert_non_null(strstr(error.text, "/bin/true"));
    swapci_private_redis_stop(server);
}

static void refuses_a_root_too_long_for_a_socket(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_private_redis_config config = SWAPCI_PRIVATE_REDIS_CONFIG_INIT;
    swapci_private_redis *server = NULL;
    char root[100];
    (void)state;
    memset(root, 'a', sizeof root);
    root[0] = '/';
    root[sizeof root - 1] = 0;
    config.root = root;
    assert_int_equal(swapci_private_redis_start(&config, &server, &error), SWAPC_TOO_LARGE);
    assert_non_null(strstr(error.text, "TMPDIR"));
    swapci_private_redis_stop(server);
}

/* Tells the test the server's pid and directory. */
static void send_path(int fd, const swapci_private_redis *server) {
    char message[128] = {0};
    pid_t pid = swapci_private_redis_pid(server);
    memcpy(message, &pid, sizeof pid);
    snprintf(message + sizeof pid, sizeof message - sizeof pid, "%s",
             swapci_private_redis_directory(server));
    if (write(fd, message, sizeof message) != (ssize_t)sizeof message) _exit(1);
}

static void await_gone(pid_t pid) {
    while (kill(pid, 0) == 0) swapci_redis_sleep(NULL, 10, NULL);
}

/* In a root of its own: in /tmp the tests that run beside it sweep too. */
static void dies_with_its_parent_and_is_swept(void **state) {
    char root[] = "/tmp/sweep-XXXXXX";
    swapci_private_redis_config config = SWAPCI_PRIVATE_REDIS_CONFIG_INIT;
    char message[128];
    int ends[2];
    pid_t server_pid;
    struct stat info;
    (void)state;
    config.root = mkdtemp(root);
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        swapci_private_redis *server = NULL;
        if (swapci_private_redis_start(&config, &server, NULL) == SWAPC_OK) {
            send_path(ends[1], server);
            pause();
        }
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], message, sizeof message), sizeof message);
    close(ends[0]);
    memcpy(&server_pid, message, sizeof server_pid);
    const char *path = message + sizeof server_pid;
    assert_int_equal(kill(server_pid, 0), 0);
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_private_redis *other = NULL;
    fixture_ok(swapci_private_redis_start(&config, &other, &error), &error);
    swapci_private_redis_stop(other);
    assert_int_equal(stat(path, &info), 0); /* a living one is not swept */
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    await_gone(server_pid);
    assert_int_equal(stat(path, &info), 0);
    fixture_ok(swapci_private_redis_start(&config, &other, &error), &error);
    swapci_private_redis_stop(other);
    assert_int_not_equal(stat(path, &info), 0);
    assert_int_equal(rmdir(root), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_private_and_leaves_nothing),
        cmocka_unit_test(names_the_package_that_is_missing),
        cmocka_unit_test(says_so_when_the_server_ends_at_once),
        cmocka_unit_test(refuses_a_root_too_long_for_a_socket),
        cmocka_unit_test(dies_with_its_parent_and_is_swept),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
