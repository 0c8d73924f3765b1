#include "redis_fixture.h"
#include "redis_refusal.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void answers_come_in_order(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    (void)state;
    for (int i = 0; i < 1000; i++)
        fixture_ok(swapci_redis_appendf(redis, &error, "INCR n"), &error);
    for (int i = 1; i <= 1000; i++) {
        redisReply *reply = NULL;
        fixture_ok(swapci_redis_get(redis, "to count", &reply, &error), &error);
        assert_int_equal(reply->integer, i);
        freeReplyObject(reply);
    }
    swapci_redis_free(redis);
}

static void an_error_answer_becomes_a_sentence(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    redisReply *reply = NULL;
    (void)state;
    assert_int_equal(swapci_redis_call(redis, "to set", &reply, &error, "SET a 1"), SWAPC_OK);
    freeReplyObject(reply);
    reply = NULL;
    assert_int_equal(swapci_redis_call(redis, "the length", &reply, &error, "XLEN a"),
                     SWAPC_PROTOCOL);
    assert_null(reply);
    assert_non_null(strstr(error.text, "--stream"));
    assert_non_null(strstr(error.text, "the length"));
    swapci_redis_free(redis);
}

/* Room is made by what a reply claims to hold: one that claims more than any of ours is none. */
static void an_array_beyond_all_bounds_ends_the_connection(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    redisReply *reply = NULL;
    (void)state;
    fixture_ok(swapci_redis_appendf(redis, &error, "EVAL %s 0",
                                    "local t = {} for i = 1, 1100000 do t[i] = 1 end return t"),
               &error);
    assert_int_equal(swapci_redis_get(redis, "an array", &reply, &error), SWAPC_IO);
    assert_null(reply);
    swapci_redis_free(redis);
}

/* It hangs up in the middle of what is sent, behind its last words. */
static void what_is_larger_than_any_that_redis_takes_is_told(void **state) {
    enum { MIB = 1 << 20 };
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    uint8_t *bytes = calloc(1, 3 * MIB);
    const swapc_bytes argv[] = {swapc_bytes_str("ECHO"), swapc_bytes_of(bytes, 3 * MIB)};
    redisReply *reply = NULL;
    (void)state;
    assert_non_null(bytes);
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error,
                                 "CONFIG SET proto-max-bulk-len %d", (int)MIB),
               &error);
    freeReplyObject(reply);
    for (int before = 0; before < 3; before++) { /* answers that come before it */
        for (int i = 0; i < 400 * before; i++)
            fixture_ok(swapci_redis_appendf(redis, &error, "PING"), &error);
        fixture_ok(swapci_redis_append(redis, 2, argv, &error), &error);
        enum swapc_status status = SWAPC_OK;
        for (int i = 0; i <= 400 * before && status == SWAPC_OK; i++) {
            status = swapci_redis_get(redis, "a test", &reply, &error);
            if (status == SWAPC_OK) freeReplyObject(reply);
        }
        assert_int_equal(status, SWAPC_PROTOCOL);
        assert_non_null(strstr(error.text, "raise its proto-max-bulk-len"));
        assert_true(swapci_redis_is_outsized(redis));
        assert_int_equal(swapci_redis_last_refusal(redis), SWAPCI_REDIS_GONE);
        swapc_error_clear(&error);
        fixture_ok(swapci_redis_attempt(redis, &error), &error);
        assert_false(swapci_redis_is_outsized(redis));
    }
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error,
                                 "CONFIG SET proto-max-bulk-len %d", 512 * MIB),
               &error);
    freeReplyObject(reply);
    free(bytes);
    swapci_redis_free(redis);
}

static void skip_takes_all_after_an_error(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    (void)state;
    fixture_ok(swapci_redis_appendf(redis, &error, "NONSENSE"), &error);
    fixture_ok(swapci_redis_appendf(redis, &error, "SET n 7"), &error);
    assert_int_equal(swapci_redis_skip(redis, 2, "a test", &error), SWAPC_PROTOCOL);
    assert_int_equal(fixture_integer(redis, "INCR %s", "n"), 8);
    swapci_redis_free(redis);
}

static void names_an_absent_server_without_the_password(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis_config config = {.url = "redis://:secret@127.0.0.1:1", .connect_ms = 500};
    swapci_redis *redis = NULL;
    (void)state;
    assert_int_equal(swapci_redis_open(&config, &redis, &error), SWAPC_UNREACHABLE);
    assert_non_null(strstr(error.text, "redis://127.0.0.1:1/0"));
    assert_non_null(strstr(error.text, "--redis"));
    assert_null(strstr(error.text, "secret"));
}

static void one_that_hangs_is_told_from_one_that_closes(void **state) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = NULL;
    char url[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    snprintf(url, sizeof url, "redis://127.0.0.1:%u", ntohs(at.sin_port));
    swapci_redis_config config = {.url = url, .answer_ms = 50};
    assert_int_equal(swapci_redis_open(&config, &redis, &error), SWAPC_UNREACHABLE);
    assert_non_null(strstr(error.text, "takes connections and does not answer"));
    close(fd);
}

static void where_no_file_can_be_opened_the_server_is_not_blamed(void **state) {
    struct rlimit before, none;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum swapc_status status = swapci_redis_attempt(redis, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, SWAPC_UNREACHABLE);
    assert_non_null(strstr(error.text, "ulimit -n"));
    assert_null(strstr(error.text, "start it"));
    swapci_redis_free(redis);
}

static void a_raised_stop_ends_the_wait(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    atomic_int stop = 0;
    swapci_redis_config config = {.url = fixture_url(), .stop = &stop};
    swapci_redis *redis = NULL;
    redisReply *reply = NULL;
    (void)state;
    fixture_ok(swapci_redis_open(&config, &redis, &error), &error);
    atomic_store(&stop, 1);
    assert_int_equal(swapci_redis_call(redis, "to wait", &reply, &error, "BLPOP none 30"),
                     SWAPC_INTERRUPTED);
    swapci_redis_free(redis);
}

static void a_lost_server_is_io_then_unreachable(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_private_redis *server = NULL;
    swapci_redis *redis = NULL;
    redisReply *reply = NULL;
    (void)state;
    fixture_ok(swapci_private_redis_start(NULL, &server, &error), &error);
    swapci_redis_config config = {.url = swapci_private_redis_url(server), .retry_ms = 300};
    fixture_ok(swapci_redis_open(&config, &redis, &error), &error);
    kill(swapci_private_redis_pid(server), SIGKILL);
    enum swapc_status status = SWAPC_OK;
    for (int i = 0; i < 1000 && status == SWAPC_OK; i++) {
        status = swapci_redis_call(redis, "to ask", &reply, &error, "PING");
        if (status == SWAPC_OK) freeReplyObject(reply);
    }
    assert_int_equal(status, SWAPC_IO);
    swapc_error_clear(&error);
    assert_int_equal(swapci_redis_attempt(redis, &error), SWAPC_UNREACHABLE);
    assert_int_equal(swapci_redis_call(redis, "to ask", &reply, &error, "PING"), SWAPC_IO);
    swapci_redis_free(redis);
    swapci_private_redis_stop(server);
}

static void a_database_that_is_not_there_is_named(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    char url[256];
    swapci_redis_config config = {.url = url};
    swapci_redis *redis = NULL;
    (void)state;
    snprintf(url, sizeof url, "%s?db=9999", fixture_url());
    assert_int_equal(swapci_redis_open(&config, &redis, &error), SWAPC_PROTOCOL);
    assert_non_null(strstr(error.text, "no such database: change the number in the URL"));
}

static void an_attempt_connects_again(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(5000);
    swapci_redis *other = fixture_open(0);
    redisReply *reply = NULL;
    (void)state;
    fixture_ok(swapci_redis_call(other, "to kill", &reply, &error, "CLIENT KILL TYPE normal"),
               &error);
    freeReplyObject(reply);
    assert_int_equal(swapci_redis_call(redis, "to ask", &reply, &error, "PING"), SWAPC_IO);
    swapc_error_clear(&error);
    fixture_ok(swapci_redis_attempt(redis, &error), &error);
    assert_int_equal(fixture_integer(redis, "INCR %s", "n"), 1);
    swapci_redis_free(redis);
    swapci_redis_free(other);
}

struct raiser {
    pthread_t thread;
    atomic_int stop;
};

static void *raise_soon(void *user) {
    swapci_redis_sleep(NULL, 200, NULL);
    atomic_store((atomic_int *)user, 1);
    return NULL;
}

static swapci_private_redis *server_of_my_own(void) {
    swapci_private_redis *server = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_private_redis_start(NULL, &server, &error), &error);
    return server;
}

static void a_raised_stop_ends_the_sending_of_megabytes(void **state) {
    enum { LEN = 64 << 20 };
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_private_redis *server = server_of_my_own();
    struct raiser raiser = {.stop = 0};
    swapci_redis_config config = {.url = swapci_private_redis_url(server), .stop = &raiser.stop};
    swapci_redis *redis = NULL;
    char *large = calloc(1, LEN);
    (void)state;
    fixture_ok(swapci_redis_open(&config, &redis, &error), &error);
    kill(swapci_private_redis_pid(server), SIGSTOP);
    const swapc_bytes command[] = {swapc_bytes_str("SET"), swapc_bytes_str("k"),
                                   swapc_bytes_of(large, LEN)};
    fixture_ok(swapci_redis_append(redis, 3, command, &error), &error);
    pthread_create(&raiser.thread, NULL, raise_soon, &raiser.stop);
    assert_int_equal(swapci_redis_flush(redis, &error), SWAPC_INTERRUPTED);
    pthread_join(raiser.thread, NULL);
    assert_int_equal(swapci_redis_flush(redis, &error), SWAPC_IO); /* the connection is gone */
    swapci_redis_free(redis);
    free(large);
    kill(swapci_private_redis_pid(server), SIGCONT);
    swapci_private_redis_stop(server);
}

/* A listener that accepts nobody, with its queue full. */
static int full_listener(struct sockaddr *name, socklen_t len, int queued[8]) {
    int fd = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, name, len), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, name, &len), 0);
    for (int i = 0; i < 8; i++) {
        queued[i] = socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(queued[i], name, len);
    }
    return fd;
}

static void assert_stop_ends_the_connect(const char *url) {
    swapc_error error = SWAPC_ERROR_INIT;
    struct raiser raiser = {.stop = 0};
    swapci_redis_config config = {.url = url, .connect_ms = 600000, .stop = &raiser.stop};
    swapci_redis *redis = NULL;
    pthread_create(&raiser.thread, NULL, raise_soon, &raiser.stop);
    assert_int_equal(swapci_redis_open(&config, &redis, &error), SWAPC_INTERRUPTED);
    pthread_join(raiser.thread, NULL);
}

static void a_raised_stop_ends_the_connect(void **state) {
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    char url[160];
    int queued[2][8];
    (void)state;
    snprintf(local.sun_path, sizeof local.sun_path, "/tmp/swapc-redis-test-%d", (int)getpid());
    unlink(local.sun_path);
    int tcp_fd = full_listener((struct sockaddr *)&tcp, sizeof tcp, queued[0]);
    int local_fd = full_listener((struct sockaddr *)&local, sizeof local, queued[1]);
    snprintf(url, sizeof url, "redis://127.0.0.1:%u", ntohs(tcp.sin_port));
    assert_stop_ends_the_connect(url);
    snprintf(url, sizeof url, "unix:%s", local.sun_path);
    assert_stop_ends_the_connect(url);
    for (int i = 0; i < 16; i++) close(queued[i / 8][i % 8]);
    close(tcp_fd);
    close(local_fd);
    unlink(local.sun_path);
}

static void health_follows_the_answers(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis_health health = {0};
    swapci_private_redis *server = server_of_my_own();
    swapci_redis_config config = {
        .url = swapci_private_redis_url(server), .answer_ms = 2500, .health = &health};
    swapci_redis *redis = NULL;
    (void)state;
    while (swapci_redis_open(&config, &redis, NULL) != SWAPC_OK) continue; /* a crowded machine */
    while (swapci_redis_probe(redis, NULL) != SWAPC_OK) continue;
    assert_true(swapci_redis_up(&health));
    kill(swapci_private_redis_pid(server), SIGSTOP);
    assert_int_equal(swapci_redis_probe(redis, &error), SWAPC_IO);
    assert_false(swapci_redis_up(&health));
    kill(swapci_private_redis_pid(server), SIGCONT);
    while (swapci_redis_probe(redis, NULL) != SWAPC_OK) continue; /* connects anew */
    assert_true(swapci_redis_up(&health));
    swapci_redis_stuck(redis, true);
    while (swapci_redis_probe(redis, NULL) != SWAPC_OK) continue;
    assert_false(swapci_redis_up(&health));
    swapci_redis_stuck(redis, false);
    assert_true(swapci_redis_up(&health));
    swapci_private_redis_stop(server);
    assert_int_not_equal(swapci_redis_probe(redis, NULL), SWAPC_OK);
    assert_false(swapci_redis_up(&health));
    swapci_redis_free(redis);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_in_order),
        cmocka_unit_test(an_error_answer_becomes_a_sentence),
        cmocka_unit_test(an_array_beyond_all_bounds_ends_the_connection),
        cmocka_unit_test(what_is_larger_than_any_that_redis_takes_is_told),
        cmocka_unit_test(skip_takes_all_after_an_error),
        cmocka_unit_test(names_an_absent_server_without_the_password),
        cmocka_unit_test(one_that_hangs_is_told_from_one_that_closes),
        cmocka_unit_test(where_no_file_can_be_opened_the_server_is_not_blamed),
        cmocka_unit_test(a_raised_stop_ends_the_wait),
        cmocka_unit_test(a_lost_server_is_io_then_unreachable),
        cmocka_unit_test(a_database_that_is_not_there_is_named),
        cmocka_unit_test(an_attempt_connects_again),
        cmocka_unit_test(a_raised_stop_ends_the_sending_of_megabytes),
        cmocka_unit_test(a_raised_stop_ends_the_connect),
        cmocka_unit_test(health_follows_the_answers),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
