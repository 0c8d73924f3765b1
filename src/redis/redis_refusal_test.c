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
     "+xgroup|create and"},
    {"NOPERM this user has no permissions to access one of the keys used as arguments", "",
     "~PREFIX:*"},
    {"ERR The user executing the script can't run this command or subcommand", "XACK", "+xack and"},
    {"NOPERM this user may not run XDEL on swapc:messages", "XDEL", "+xdel and"},
    {"ERR The user executing the script can't run this command", "XADD", "refused XADD to store"},
    {"@user_script: 37: The user executing the script can't run this command or subcommand", "GET",
     "SETUSER default +get and"},
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
        cmocka_unit_test(a_long_text_leaves_room_for_the_remedy),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
