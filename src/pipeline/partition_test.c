#include "partition.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "stream_fixture.h"

static swapci_partitions made(const char *prefix, unsigned count, const char *urls) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_partitions p;
    fixture_ok(swapci_partitions_init(&p, "--stream", prefix, count, urls, &error), &error);
    return p;
}

static void called(const char *prefix, unsigned count, unsigned k, const char *expected) {
    char name[64];
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_partitions p = made(prefix, count, "unix:x");
    fixture_ok(swapci_partition_prefix(&p, k, name, sizeof name, &error), &error);
    assert_string_equal(name, expected);
    swapci_partitions_fini(&p);
}

static void all_keys_of_a_partition_have_one_tag(void **state) {
    (void)state;
    called("swapc", 4, 0, "{swapc.0}");
    called("swapc", 4, 3, "{swapc.3}");
    called("{b}", 8, 7, "{b.7}");
    called("{orders}:priced", 2, 1, "{orders.1}:priced");
    called("a{b}c", 2, 1, "a{b.1}c");
    called("swapc", 1, 0, "swapc");
    called("{b}", 1, 0, "{b}");
    called("}odd{", 1, 0, "}odd{");
}

static void refused(const char *prefix, unsigned count, const char *urls, enum swapc_status status,
                    const char *part) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_partitions p;
    assert_int_equal(swapci_partitions_init(&p, "--in", prefix, count, urls, &error), status);
    if (!strstr(error.text, part)) fail_msg("'%s' does not say '%s'", error.text, part);
    swapci_partitions_fini(&p);
}

static void what_gives_no_partitions_is_refused_with_the_remedy(void **state) {
    static const char *const bad[] = {"a}b", "{a", "{}", "{}x", "{a}{b}", "{a{b}", "}a{", "{a}}"};
    char longest[SWAPCI_STREAM_NAME_MAX + 1], name[64];
    swapc_error error = SWAPC_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(bad[i], 2, "unix:x", SWAPC_INVALID, "{orders}:priced");
    refused("b", 2, "unix:a,unix:b,unix:c", SWAPC_INVALID, "--partitions 3");
    refused("b", 1, "redis://a,redis://b", SWAPC_INVALID, "--partitions 2");
    refused("b", SWAPCI_PARTITIONS_MAX + 1, "unix:x", SWAPC_TOO_LARGE, "--partitions");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    swapci_partitions p = made(longest, 2, "unix:x");
    assert_int_equal(swapci_partition_prefix(&p, 1, name, sizeof name, &error), SWAPC_INVALID);
    swapci_partitions_fini(&p);
}

static void servers_take_partitions_in_turn(void **state) {
    swapci_partitions p = made("b", 5, "redis://u:a,b@one:1,rediss://two?ca=x,unix:/tmp/a,b.sock");
    (void)state;
    assert_int_equal(p.servers, 3);
    assert_string_equal(swapci_partition_url(&p, 0), "redis://u:a,b@one:1");
    assert_string_equal(swapci_partition_url(&p, 1), "rediss://two?ca=x");
    assert_string_equal(swapci_partition_url(&p, 2), "unix:/tmp/a,b.sock");
    assert_string_equal(swapci_partition_url(&p, 3), swapci_partition_url(&p, 0));
    swapci_partitions_fini(&p);
}

static void the_numbers_as_a_list(void **state) {
    static const struct {
        const char *text, *in_8_bytes;
        unsigned count, numbers[6];
    } rows[] = {{"none", "none", 0, {0}},
                {"0", "0", 1, {0}},
                {"0-3,7", "0-3…", 5, {0, 1, 2, 3, 7}},
                {"1,3,255", "1,3…", 3, {1, 3, SWAPCI_PARTITIONS_MAX - 1}}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool chosen[SWAPCI_PARTITIONS_MAX] = {false};
        char text[64];
        for (unsigned k = 0; k < rows[i].count; k++) chosen[rows[i].numbers[k]] = true;
        swapci_partition_list(chosen, text, sizeof text);
        assert_string_equal(text, rows[i].text);
        swapci_partition_list(chosen, text, 8);
        assert_string_equal(text, rows[i].in_8_bytes);
    }
}

/* ---- the record ---------------------------------------------------------------------------------- */

/* NULL: it must be taken; else it must be refused, and the report says so. */
static void claims(const char *prefix, unsigned count, const char *urls, const char *says) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis_config config = {.retry_ms = 0};
    char plain[128];
    swapci_partitions p = made(prefix, count, urls);
    snprintf(plain, sizeof plain, "%s:messages", prefix);
    enum swapc_status status = swapci_partitions_claim(&p, plain, &config, &error);
    swapci_partitions_fini(&p);
    if (!says) fixture_ok(status, &error);
    else if (status != SWAPC_INVALID || !strstr(error.text, says))
        fail_msg("%s: '%s' does not say '%s'", swapc_status_name(status), error.text, says);
}

static void another_number_is_refused(void **state) {
    swapci_redis *redis = fixture_open(0);
    const char *url = fixture_url();
    (void)state;
    claims("b", 1, url, NULL);
    assert_int_equal(fixture_integer(redis, "EXISTS %s", "b:partitions"), 0);
    claims("b", 4, url, NULL);
    claims("b", 4, url, NULL);
    claims("b", 8, url, "stream b has 4 partitions, --partitions says 8");
    claims("b", 2, url, "DEL b:partitions");
    claims("b", 1, url, "give --partitions 4");
    claims("{b}", 8, url, "has 4 partitions, --partitions says 8"); /* the same keys */
    claims("c", 8, url, NULL);
    claims("{orders}:priced", 4, url, NULL);
    claims("{orders}:final", 8, url, "has 4 partitions");
    claims("orders", 8, url, "has 4 partitions");
    swapci_redis_free(redis);
}

static void a_stream_without_partitions_gets_none(void **state) {
    swapci_redis *redis = fixture_open(0);
    (void)state;
    fixture_command(redis, "XGROUP CREATE b:messages swapc 0 MKSTREAM");
    claims("b", 4, fixture_url(), "leave --partitions out");
    assert_int_equal(fixture_integer(redis, "EXISTS %s", "b:partitions"), 0);
    claims("b", 1, fixture_url(), NULL);
    fixture_command(redis, "DEL b:messages");
    claims("b", 4, fixture_url(), NULL);
    swapci_redis_free(redis);
}

struct race {
    pthread_t thread;
    pthread_barrier_t start;
    enum swapc_status status;
};

/* As a command without partitions begins. */
static void *begin_single(void *user) {
    struct race *race = user;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_partitions one = made("b", 1, "unix:x");
    swapci_redis *redis = fixture_open(0);
    pthread_barrier_wait(&race->start);
    race->status = swapci_partitions_check_single(&one, redis, &error);
    if (race->status == SWAPC_OK) {
        fixture_command(redis, "XGROUP CREATE b:messages swapc 0 MKSTREAM");
        race->status = swapci_partitions_check_single(&one, redis, &error);
    }
    swapci_redis_free(redis);
    swapci_partitions_fini(&one);
    return NULL;
}

static void of_two_that_start_at_once_one_is_refused(void **state) {
    swapci_redis *redis = fixture_open(0);
    swapci_redis_config config = {.retry_ms = 0};
    (void)state;
    for (int round = 0; round < 40; round++) {
        struct race race = {.status = SWAPC_OK};
        swapc_error error = SWAPC_ERROR_INIT;
        swapci_partitions four = made("b", 4, fixture_url());
        fixture_command(redis, "FLUSHALL");
        assert_int_equal(pthread_barrier_init(&race.start, NULL, 2), 0);
        assert_int_equal(pthread_create(&race.thread, NULL, begin_single, &race), 0);
        pthread_barrier_wait(&race.start);
        enum swapc_status status = swapci_partitions_claim(&four, "b:messages", &config, &error);
        pthread_join(race.thread, NULL);
        assert_true(status == SWAPC_OK || status == SWAPC_INVALID);
        assert_true(status == SWAPC_INVALID || race.status == SWAPC_INVALID);
        assert_int_equal(fixture_integer(redis, "EXISTS %s", "b:partitions"), status == SWAPC_OK);
        pthread_barrier_destroy(&race.start);
        swapci_partitions_fini(&four);
    }
    swapci_redis_free(redis);
}

static void the_record_of_another_kind(void **state) {
    swapci_redis *redis = fixture_open(0);
    (void)state;
    fixture_command(redis, "SET b:partitions mine");
    claims("b", 4, fixture_url(), "holds 'mine'");
    claims("b", 1, fixture_url(), NULL); /* it has never asked for such a key */
    swapci_redis_free(redis);
}

/* Two databases are as good as two servers. */
static void other_servers_are_refused_by_name(void **state) {
    swapci_redis *redis = fixture_open(0);
    char a[300], b[300], urls[700];
    (void)state;
    snprintf(a, sizeof a, "%s?db=0", fixture_url());
    snprintf(b, sizeof b, "%s?db=1", fixture_url());
    snprintf(urls, sizeof urls, "%s,%s", a, b);
    claims("b", 4, urls, NULL);
    claims("b", 4, urls, NULL);
    claims("b", 4, a, "is server 1 of 2 of stream b, and in --redis it is 1 of 1");
    snprintf(urls, sizeof urls, "%s,%s", b, a);
    claims("b", 4, urls, "is server 2 of 2 of stream b, and in --redis it is 1 of 2");
    snprintf(urls, sizeof urls, "%s,%s,%s", a, b, fixture_url());
    claims("c", 4, urls, "is in --redis twice, as number 1 and 3: name each server once");
    assert_int_equal(fixture_integer(redis, "EXISTS %s", "c:partitions"), 0);
    /* What is refused keeps nothing anywhere: the server that does not know the stream yet is asked first. */
    fixture_command(redis, "DEL c:partitions");
    fixture_command(redis, "SET c:partitions 3");
    snprintf(urls, sizeof urls, "%s,%s", b, a);
    claims("c", 4, urls, "holds '3'");
    fixture_command(redis, "SELECT 1");
    assert_int_equal(fixture_integer(redis, "EXISTS %s", "c:partitions"), 0);
    swapci_redis_free(redis);
}

static void who_may_not_read_the_record_has_no_partitions(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *admin = fixture_open(0), *clerk = fixture_clerk(admin);
    swapci_partitions one = made("{b}", 1, "unix:x");
    (void)state;
    claims("{b}", 4, fixture_url(), NULL);
    assert_int_equal(swapci_partitions_check_single(&one, clerk, &error), SWAPC_INVALID);
    fixture_command(admin, "ACL SETUSER clerk -get");
    fixture_ok(swapci_partitions_check_single(&one, clerk, &error), &error);
    swapci_partitions_fini(&one);
    swapci_redis_free(clerk);
    swapci_redis_free(admin);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_keys_of_a_partition_have_one_tag),
        cmocka_unit_test(what_gives_no_partitions_is_refused_with_the_remedy),
        cmocka_unit_test(servers_take_partitions_in_turn),
        cmocka_unit_test(the_numbers_as_a_list),
        cmocka_unit_test(another_number_is_refused),
        cmocka_unit_test(a_stream_without_partitions_gets_none),
        cmocka_unit_test(of_two_that_start_at_once_one_is_refused),
        cmocka_unit_test(the_record_of_another_kind),
        cmocka_unit_test(other_servers_are_refused_by_name),
        cmocka_unit_test(who_may_not_read_the_record_has_no_partitions),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
