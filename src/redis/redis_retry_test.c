/* What is tried again and what is not, against a server that refuses by our order. */
#include "redis_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "printable.h"
#include "redis_impl.h"
#include "redis_refusal.h"
#include "redis_retry.h"

typedef struct scene {
    swapci_redis *admin, *redis;
    atomic_int stop;
    swapci_redis_health health;
    swapc_log log;
    unsigned warnings, notes; /* lines in the log */
    char last[512];
    unsigned tries;
    unsigned mend_at; /* before this try, `mend` is done by the administrator */
    const char *mend;
} scene;

static void note(enum swapc_log_level level, const char *source, const char *message, void *user) {
    scene *s = user;
    assert_string_equal(source, "tester");
    *(level == SWAPC_LOG_INFO ? &s->notes : &s->warnings) += 1;
    snprintf(s->last, sizeof s->last, "%s", message);
}

static void admin(scene *s, const char *command) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    char line[256], *at = line;
    swapc_bytes argv[16];
    size_t argc = 0;
    snprintf(line, sizeof line, "%s", command);
    for (char *word; (word = strsep(&at, " "));) argv[argc++] = swapc_bytes_str(word);
    fixture_ok(swapci_redis_append(s->admin, argc, argv, &error), &error);
    fixture_ok(swapci_redis_get(s->admin, "a test", &reply, &error), &error);
    freeReplyObject(reply);
}

static void open_scene(scene *s, uint32_t retry_ms, bool service) {
    swapc_error error = SWAPC_ERROR_INIT;
    *s = (scene){.admin = fixture_open(0), .log = {note, s, SWAPC_LOG_INFO}};
    swapci_redis_config config = {.url = fixture_url(),
                                  .retry_ms = retry_ms,
                                  .service = service,
                                  .log = &s->log,
                                  .role = "tester",
                                  .stop = &s->stop,
                                  .health = &s->health};
    fixture_ok(swapci_redis_open(&config, &s->redis, &error), &error);
}

static void close_scene(scene *s) {
    swapci_redis_free(s->redis);
    swapci_redis_free(s->admin);
}

/* A write, as a step; the cause of its refusal is mended before try number mend_at. */
static enum swapc_status put(void *user, swapc_error *error) {
    scene *s = user;
    redisReply *reply = NULL;
    if (++s->tries == s->mend_at) admin(s, s->mend);
    enum swapc_status status =
        swapci_redis_call(s->redis, "to put", &reply, error, "XADD s * n %u", s->tries);
    if (status == SWAPC_OK) freeReplyObject(reply);
    return status;
}

static const struct {
    const char *spoil, *mend;
} causes[] = {
    {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"},
    {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"},
    {"CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"},
    {"SET s x", "DEL s"},
    {"ACL SETUSER default -xadd", "ACL SETUSER default +xadd"},
};

/* A service that has served before goes on whatever it is, says it once, and counts as down. */
static void a_service_outlives_each_refusal(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        scene s;
        swapc_error error = SWAPC_ERROR_INIT;
        open_scene(&s, SWAPCI_REDIS_FOREVER, true);
        swapci_redis_settled(s.redis);
        admin(&s, causes[i].spoil);
        s.mend_at = 4;
        s.mend = causes[i].mend;
        fixture_ok(swapci_redis_persist(s.redis, put, &s, &error), &error);
        assert_int_equal(s.tries, 4);
        assert_int_equal(s.warnings, 1);
        assert_int_equal(s.notes, 1);
        assert_non_null(strstr(s.last, "serves again"));
        assert_true(swapci_redis_up(&s.health));
        char why[2] = "x";
        assert_false(swapci_redis_refuses(&s.health, why, sizeof why));
        assert_string_equal(why, "x");
        assert_string_equal(s.health.why, "");
        close_scene(&s);
    }
}

static void what_is_cut_of_a_refusal_is_text(void **state) {
    swapci_redis_health health = {.stuck = 1, .why = "key \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"};
    (void)state;
    for (size_t size = 5; size < 20; size++) {
        char why[20];
        assert_true(swapci_redis_refuses(&health, why, size));
        assert_true(strlen(why) < size);
        assert_true(swapci_printable_is(swapc_bytes_str(why)));
    }
}

/* As put; remembers the longest pause that was made before a try, which is the one that was set then. */
struct patience {
    scene *scene;
    uint32_t next_ms, longest_ms;
    uint64_t before_ns, slowest_ns;
};

static enum swapc_status put_patiently(void *user, swapc_error *error) {
    struct patience *p = user;
    uint64_t now = swapci_clock_monotonic_ns();
    if (p->scene->tries > 0 && now - p->before_ns > p->slowest_ns)
        p->slowest_ns = now - p->before_ns;
    if (p->next_ms > p->longest_ms) p->longest_ms = p->next_ms;
    p->next_ms = p->scene->redis->pause_ms;
    enum swapc_status status = put(p->scene, error);
    p->before_ns = swapci_clock_monotonic_ns();
    return status;
}

static void pauses_grow_to_a_second_and_no_further(void **state) {
    (void)state;
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    struct patience p = {.scene = &s};
    open_scene(&s, SWAPCI_REDIS_FOREVER, true);
    swapci_redis_settled(s.redis);
    admin(&s, causes[0].spoil);
    s.mend_at = 9;
    s.mend = causes[0].mend;
    fixture_ok(swapci_redis_persist(s.redis, put_patiently, &p, &error), &error);
    assert_int_equal(s.tries, 9);
    assert_int_equal(p.longest_ms, 1000);
    assert_true(p.slowest_ns > 900000000u); /* that is how long it did wait */
    close_scene(&s);
}

/* One that never served does not serve again, not even when it is given up. */
static void a_server_that_never_was_does_not_serve_again(void **state) {
    static const uint32_t retries[] = {0, 100};
    (void)state;
    for (size_t i = 0; i < sizeof retries / sizeof *retries; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        scene s = {.log = {note, &s, SWAPC_LOG_INFO}};
        swapci_redis_config config = {.url = "unix:/nonexistent/s",
                                      .retry_ms = retries[i],
                                      .service = true,
                                      .log = &s.log,
                                      .role = "tester",
                                      .stop = &s.stop};
        assert_int_equal(swapci_redis_open(&config, &s.redis, &error), SWAPC_UNREACHABLE);
        assert_int_equal(s.warnings, 1);
        assert_int_equal(s.notes, 0);
    }
}

static void *make_room_soon(void *user) {
    swapci_redis_sleep(NULL, 300, NULL);
    admin(user, "CONFIG SET maxclients 100");
    return NULL;
}

static void a_full_server_is_waited_for(void **state) {
    scene s;
    pthread_t thread;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, SWAPCI_REDIS_FOREVER, true);
    admin(&s, "CONFIG SET maxclients 1");
    admin(&s, "CLIENT KILL TYPE normal"); /* but for the one that asks */
    pthread_create(&thread, NULL, make_room_soon, &s);
    fixture_ok(swapci_redis_persist(s.redis, put, &s, &error), &error);
    pthread_join(thread, NULL);
    assert_int_equal(s.tries, 2);
    assert_in_range(s.warnings, 1, 2); /* a refusal may be lost with its connection */
    close_scene(&s);
}

static void what_will_never_do_ends_a_job_and_a_service_that_starts(void **state) {
    (void)state;
    for (int service = 0; service < 2; service++) {
        scene s;
        swapc_error error = SWAPC_ERROR_INIT;
        open_scene(&s, SWAPCI_REDIS_FOREVER, service);
        admin(&s, "SET s x");
        assert_int_equal(swapci_redis_persist(s.redis, put, &s, &error), SWAPC_PROTOCOL);
        assert_int_equal(s.tries, 1);
        assert_int_equal(s.warnings, 0);
        assert_non_null(strstr(error.text, "WRONGTYPE"));
        close_scene(&s);
    }
}

static void a_job_gives_up_after_its_time(void **state) {
    scene s;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, 300, false);
    admin(&s, "CONFIG SET maxmemory 1");
    uint64_t start = swapci_clock_monotonic_ns();
    assert_int_equal(swapci_redis_persist(s.redis, put, &s, &error), SWAPC_PROTOCOL);
    assert_true(swapci_clock_monotonic_ns() - start >= 300000000u);
    assert_true(s.tries > 1); /* more where the machine is not crowded */
    assert_int_equal(s.warnings, 1);
    assert_non_null(strstr(error.text, "OOM"));
    assert_false(swapci_redis_up(&s.health));
    char why[80] = "";
    assert_true(swapci_redis_refuses(&s.health, why, sizeof why));
    assert_memory_equal(why, error.text, sizeof why - 1);
    admin(&s, "CONFIG SET maxmemory 0");
    close_scene(&s);
}

static void *raise_soon(void *user) {
    swapci_redis_sleep(NULL, 200, NULL);
    atomic_store((atomic_int *)user, 1);
    return NULL;
}

static void a_raised_stop_ends_it(void **state) {
    scene s;
    pthread_t thread;
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, SWAPCI_REDIS_FOREVER, true);
    admin(&s, "CONFIG SET maxmemory 1");
    pthread_create(&thread, NULL, raise_soon, &s.stop);
    assert_int_equal(swapci_redis_persist(s.redis, put, &s, &error), SWAPC_INTERRUPTED);
    pthread_join(thread, NULL);
    admin(&s, "CONFIG SET maxmemory 0");
    close_scene(&s);
    assert_int_equal(s.notes, 0); /* it does not serve again: nobody has asked */
}

static void a_status_that_is_no_refusal_comes_back(void **state) {
    scene s;
    swapc_error why = SWAPC_ERROR_INIT, error = SWAPC_ERROR_INIT;
    (void)state;
    open_scene(&s, SWAPCI_REDIS_FOREVER, true);
    swapc_error_set(&why, SWAPC_CORRUPT, "bad");
    assert_int_equal(swapci_redis_mend(s.redis, SWAPC_CORRUPT, &why, &error), SWAPC_CORRUPT);
    assert_string_equal(error.text, "bad");
    close_scene(&s);
}

/* The first connection: a service waits for its server, a job does not. */
struct late_server {
    pthread_t thread;
    const char *path;
    char away[SWAPCI_REDIS_PATH_MAX + 8]; /* beside it */
};

static void *resume(void *user) {
    struct late_server *late = user;
    swapci_redis_sleep(NULL, 300, NULL);
    return rename(late->away, late->path) == 0 ? NULL : user;
}

static void a_service_waits_for_its_first_connection(void **state) {
    struct late_server late;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_private_redis *server = NULL;
    swapci_redis *redis = NULL;
    void *failed;
    (void)state;
    fixture_ok(swapci_private_redis_start(NULL, &server, &error), &error);
    const char *url = swapci_private_redis_url(server);
    late.path = url + strlen("unix:");
    snprintf(late.away, sizeof late.away, "%s.away", late.path);
    assert_int_equal(rename(late.path, late.away), 0);
    swapci_redis_config config = {.url = url, .retry_ms = SWAPCI_REDIS_FOREVER};
    assert_int_equal(swapci_redis_open(&config, &redis, &error), SWAPC_UNREACHABLE);
    swapc_error_clear(&error);
    config.service = true;
    pthread_create(&late.thread, NULL, resume, &late);
    fixture_ok(swapci_redis_open(&config, &redis, &error), &error);
    pthread_join(late.thread, &failed);
    assert_null(failed);
    swapci_redis_free(redis);
    swapci_private_redis_stop(server);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_never_was_does_not_serve_again),
        cmocka_unit_test(a_service_outlives_each_refusal),
        cmocka_unit_test(what_is_cut_of_a_refusal_is_text),
        cmocka_unit_test(pauses_grow_to_a_second_and_no_further),
        cmocka_unit_test(a_full_server_is_waited_for),
        cmocka_unit_test(what_will_never_do_ends_a_job_and_a_service_that_starts),
        cmocka_unit_test(a_job_gives_up_after_its_time),
        cmocka_unit_test(a_raised_stop_ends_it),
        cmocka_unit_test(a_status_that_is_no_refusal_comes_back),
        cmocka_unit_test(a_service_waits_for_its_first_connection),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
