#include "redis_fixture.h"

#include <string.h>

#include "redis_refusal.h"

/* Texts as servers say them. */
static const struct {
    const char *text;
    enum swapci_redis_refusal class;
} said[] = {
    {"LOADING Redis is loading the dataset in memory", SWAPCI_REDIS_GONE},
    {"READONLY You can't write against a read only replica.", SWAPCI_REDIS_GONE},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
     SWAPCI_REDIS_GONE},
    {"UNBLOCKED the stream key no longer exists", SWAPCI_REDIS_GONE},
    {"OOM command not allowed when used memory > 'maxmemory'.", SWAPCI_REDIS_LATER},
    {"MISCONF Redis is configured to save RDB snapshots", SWAPCI_REDIS_LATER},
    {"NOREPLICAS Not enough good replicas to write.", SWAPCI_REDIS_LATER},
    {"BUSY Redis is busy running a script.", SWAPCI_REDIS_LATER},
    {"TRYAGAIN Multiple keys request during rehashing of slot", SWAPCI_REDIS_LATER},
    {"ASK 3999 127.0.0.1:6381", SWAPCI_REDIS_LATER},
    {"CLUSTERDOWN The cluster is down", SWAPCI_REDIS_LATER},
    {"ERR max number of clients reached", SWAPCI_REDIS_LATER},
    {"ERR max number of clients + cluster connections reached", SWAPCI_REDIS_LATER},
    {"NOGROUP No such key 's' or consumer group 'g' in XREADGROUP", SWAPCI_REDIS_MISSING},
    {"ERR no such key", SWAPCI_REDIS_MISSING},
    {"NOAUTH Authentication required.", SWAPCI_REDIS_NEVER},
    {"NOPERM this user has no permissions to run the 'xadd' command", SWAPCI_REDIS_NEVER},
    {"ERR The user executing the script can't run this command or subcommand", SWAPCI_REDIS_NEVER},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", SWAPCI_REDIS_NEVER},
    {"MOVED 3999 127.0.0.1:6381", SWAPCI_REDIS_NEVER},
    {"CROSSSLOT Keys in request don't hash to the same slot", SWAPCI_REDIS_NEVER},
    {"BUSYGROUP Consumer Group name already exists", SWAPCI_REDIS_NEVER},
    {"OOMPH", SWAPCI_REDIS_NEVER},
    /* As scripts of Redis 6.2 say it. */
    {"@user_script: 37: -OOM command not allowed when used memory > 'maxmemory'.",
     SWAPCI_REDIS_LATER},
    {"@user_script: 5: -READONLY You can't write against a read only replica.", SWAPCI_REDIS_GONE},
    {"@user_script: 5: NOREPLICAS Not enough good replicas to write.", SWAPCI_REDIS_LATER},
    {"@user_script: 5", SWAPCI_REDIS_NEVER},
    {"@a: b: ", SWAPCI_REDIS_NEVER},
    {"@::", SWAPCI_REDIS_NEVER},
    {"", SWAPCI_REDIS_NEVER},
};

static void each_text_has_its_class(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        enum swapci_redis_refusal class = swapci_redis_refusal_of(swapc_bytes_str(said[i].text));
        if (class != said[i].class) fail_msg("'%s' is of class %d", said[i].text, (int)class);
    }
}

/* What a script of `user` is denied, and the remedy that the sentence must give. */
static const struct {
    const char *text, *command, *remedy;
} denied[] = {
    {"NOPERM this user has no permissions to run the 'xadd' command", "", "SETUSER default +xadd"},
    {"NOPERM this user has no permissions to run the 'xgroup|create' command", "",
     "+xgroup|create"},
    {"NOPERM this user has no permissions to access one of the keys used as arguments", "",
     "~PREFIX:*"},
    {"ERR The user executing the script can't run this command or subcommand", "XACK",
     "default +xack"},
    {"NOPERM this user may not run XDEL on swapc:messages", "XDEL", "+xdel ~swapc:messages"},
    {"ERR The user executing the script can't run this command", "XADD", "refused XADD to store"},
    {"NOPERM this user has no permissions", "XACK on swapc:messages", "+xack ~swapc:messages"},
    {"ERR The user executing the script can't run this", "XGROUP|CREATE", "+xgroup|create"},
    {"@user_script: 37: The user executing the script can't run this command or subcommand", "GET",
     "SETUSER default +get"},
};

static void a_remedy_names_what_was_denied(void **state) {
    swapci_redis *redis = fixture_open(0);
    (void)state;
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        assert_int_equal(swapci_redis_refused(redis, swapc_bytes_str(denied[i].text), "to store",
                                              swapc_bytes_str(denied[i].command), &error),
                         SWAPC_PROTOCOL);
        assert_int_equal(swapci_redis_last_refusal(redis), SWAPCI_REDIS_NEVER);
        if (!strstr(error.text, denied[i].remedy))
            fail_msg("'%s' does not say %s", error.text, denied[i].remedy);
    }
    swapci_redis_free(redis);
}

/* A command, refused for its first or second key, and what is said of it. */
static const struct {
    const char *command, *remedy;
} touching[] = {
    {"XADD elsewhere * m x", "SETUSER poor ~elsewhere"},
    {"XGROUP CREATE elsewhere g 0 MKSTREAM", "SETUSER poor ~elsewhere"},
    {"XREADGROUP GROUP g c COUNT 1 STREAMS elsewhere >", "SETUSER poor ~elsewhere"},
    {"EVAL return 2 mine:1 elsewhere x", "SETUSER poor ~elsewhere"},
    {"EVAL return 3 mine:1 elsewhere nowhere", "SETUSER poor ~elsewhere ~nowhere"},
    {"XRANGE mine:1 - +", "SETUSER poor +xrange ~mine:1"},
    {"SCRIPT FLUSH", "SETUSER poor +script"},
    {"CONFIG GET x", "SETUSER poor +config"},
};

static swapci_redis *as_poor(swapci_redis *redis) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *poor = NULL;
    redisReply *reply;
    char url[300];
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error,
                                 "ACL SETUSER poor on >word ~mine:* +ping +xadd +xgroup "
                                 "+xreadgroup +eval +set"),
               &error);
    freeReplyObject(reply);
    snprintf(url, sizeof url, "%s?user=poor&password=word", fixture_url());
    const swapci_redis_config config = {.url = url};
    fixture_ok(swapci_redis_open(&config, &poor, &error), &error);
    return poor;
}

static void says_remedy(const swapc_error *error, const char *remedy) {
    const char *at = strstr(error->text, remedy);
    char after = at ? at[strlen(remedy)] : 'x';
    if (after != 0 && after != '|') fail_msg("'%s' does not end with %s", error->text, remedy);
}

static void a_key_that_is_denied_is_named(void **state) {
    swapci_redis *redis = fixture_open(0), *poor = as_poor(redis);
    (void)state;
    for (size_t i = 0; i < sizeof touching / sizeof *touching; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        redisReply *reply = NULL;
        fixture_ok(swapci_redis_appendf(poor, &error, touching[i].command), &error);
        assert_int_equal(swapci_redis_get(poor, "this", &reply, &error), SWAPC_PROTOCOL);
        says_remedy(&error, touching[i].remedy);
    }
    swapci_redis_free(poor);
    swapci_redis_free(redis);
}

/* In a pipeline each refusal has its own command's keys; a script's cannot be asked for meanwhile. */
static void in_a_pipeline_each_refusal_has_its_own_key(void **state) {
    static const char *const sent[] = {"XADD mine:1 * m x", "XADD first * m x", "XADD second * m x",
                                       "EVAL return 2 mine:1 third", "XADD fourth * m x"};
    static const char *const said_of[] = {NULL, "~first", "~second", "~mine:1 ~third", "~fourth"};
    enum { COUNT = sizeof sent / sizeof *sent };
    swapci_redis *redis = fixture_open(0), *poor = as_poor(redis);
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        fixture_ok(swapci_redis_appendf(poor, &error, sent[i]), &error);
    for (size_t i = 0; i < COUNT; i++) {
        redisReply *reply = NULL;
        swapc_error_clear(&error);
        enum swapc_status status = swapci_redis_get(poor, "this", &reply, &error);
        assert_int_equal(status, said_of[i] ? SWAPC_PROTOCOL : SWAPC_OK);
        if (said_of[i]) says_remedy(&error, said_of[i]);
        else freeReplyObject(reply);
    }
    swapci_redis_free(poor);
    swapci_redis_free(redis);
}

/* MISCONF's fills a log line by itself. */
static void a_long_text_leaves_room_for_the_remedy(void **state) {
    swapci_redis *redis = fixture_open(0);
    swapc_error error = SWAPC_ERROR_INIT;
    char text[600] = "MISCONF ";
    (void)state;
    memset(text + strlen(text), 'x', sizeof text - 1 - strlen(text));
    assert_int_equal(swapci_redis_refused(redis, swapc_bytes_of(text, sizeof text - 1), "to store",
                                          swapc_bytes_of(NULL, 0), &error),
                     SWAPC_PROTOCOL);
    if (!strstr(error.text, "xxx...): ") || !strstr(error.text, "see its log"))
        fail_msg("'%s' does not say what to do", error.text);
    assert_true(strlen(error.text) < 400); /* more may follow in a log line */
    swapci_redis_free(redis);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_has_its_class),
        cmocka_unit_test(a_remedy_names_what_was_denied),
        cmocka_unit_test(a_key_that_is_denied_is_named),
        cmocka_unit_test(in_a_pipeline_each_refusal_has_its_own_key),
        cmocka_unit_test(a_long_text_leaves_room_for_the_remedy),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
