/* Several owners in one process, on one server: what each has of the partitions, as they join, leave and lose their leases. */
#include "stream_fixture.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "balance.h"
#include "ownership.h"
#include "test_main.h"

enum { COUNT = 5, CREWS = 3 };

static atomic_int owners[COUNT]; /* how many work on each now: never more than one */

struct crew {
    swapci_partitions partitions;
    swapci_fleet *fleet;
    swapci_ownership *ownership;
};

struct job {
    unsigned k;
    atomic_bool over;
};

static enum swapc_status job_open(void *user, unsigned k, atomic_int *stop, void **member,
                                  swapc_error *error) {
    struct job *job = calloc(1, sizeof *job);
    (void)user;
    (void)stop;
    (void)error;
    assert_int_equal(atomic_fetch_add(&owners[k], 1), 0);
    job->k = k;
    *member = job;
    return SWAPC_OK;
}

static void job_end(void *member, bool now) {
    (void)now;
    atomic_store(&((struct job *)member)->over, true);
}

static bool job_ended(void *member) {
    return atomic_load(&((struct job *)member)->over);
}

static void job_keep(void *user, void *member) {
    (void)user;
    (void)member;
}

static enum swapc_status job_start_or_join(void *member, swapc_error *error) {
    (void)member;
    (void)error;
    return SWAPC_OK;
}

static void job_close(void *member) {
    atomic_fetch_sub(&owners[((struct job *)member)->k], 1);
    free(member);
}

static const struct swapci_fleet_ops ops = {.open = job_open,
                                            .start = job_start_or_join,
                                            .end = job_end,
                                            .ended = job_ended,
                                            .keep = job_keep,
                                            .join = job_start_or_join,
                                            .close = job_close};

static void join(struct crew *crew, const char *consumer) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(
        swapci_partitions_init(&crew->partitions, "--stream", "b", COUNT, fixture_url(), &error),
        &error);
    const swapci_fleet_config fleet = {.ops = &ops, .user = crew, .partitions = &crew->partitions};
    fixture_ok(swapci_fleet_new(&fleet, &crew->fleet, &error), &error);
    const swapci_ownership_config config = {.partitions = &crew->partitions,
                                            .plain = "b:messages",
                                            .check_ms = 200,
                                            .role = "signer",
                                            .consumer = consumer,
                                            .fleet = crew->fleet};
    fixture_ok(swapci_ownership_start(&config, &crew->ownership, &error), &error);
}

static void leave(struct crew *crew) {
    assert_int_equal(swapci_fleet_join(crew->fleet, NULL), SWAPC_OK);
    swapci_ownership_end(crew->ownership);
    swapci_fleet_free(crew->fleet);
    swapci_partitions_fini(&crew->partitions);
}

static unsigned working(void) {
    unsigned sum = 0;
    for (unsigned k = 0; k < COUNT; k++) sum += (unsigned)atomic_load(&owners[k]);
    return sum;
}

static unsigned owned(const struct crew *crew) {
    return swapci_ownership_tell(crew->ownership, NULL);
}

/* Until each of the crews has its share, and all are worked on. */
static void await_shares(const struct crew *crews, unsigned count) {
    for (bool even = false; !even;) {
        unsigned sum = 0;
        swapci_redis_sleep(NULL, 10, NULL);
        even = working() == COUNT;
        for (unsigned i = 0; i < count; i++) {
            unsigned own = owned(&crews[i]);
            sum += own;
            even &= own == COUNT / count || own == (COUNT + count - 1) / count;
        }
        even &= sum == COUNT;
    }
}

static void each_partition_has_one_owner_as_they_join_and_leave(void **state) {
    struct crew crews[CREWS];
    char text[SWAPCI_OWNERSHIP_TEXT_MAX];
    swapci_redis *redis = fixture_open(0);
    (void)state;
    join(&crews[0], "one");
    await_shares(crews, 1);
    swapci_ownership_tell(crews[0].ownership, text);
    assert_string_equal(text, "0-4 of 5");
    join(&crews[1], "one"); /* names need not differ */
    await_shares(crews, 2);
    join(&crews[2], "two");
    await_shares(crews, 3);
    leave(&crews[2]);
    await_shares(crews, 2);
    leave(&crews[1]);
    leave(&crews[0]);
    assert_int_equal(working(), 0);
    /* What was held is given back. */
    assert_int_equal(fixture_integer(redis, "EXISTS %s", "{b.0}:owner:signer"), 0);
    assert_int_equal(fixture_integer(redis, "EXISTS %s", "b:members:signer"), 0);
    swapci_redis_free(redis);
}

/* As after a stop beyond the lease: another has it, and ours ends. */
static void who_lost_a_lease_ends_and_has_it_again_when_it_is_free(void **state) {
    struct crew crew;
    swapci_redis *redis = fixture_open(0);
    (void)state;
    join(&crew, "one");
    await_shares(&crew, 1);
    fixture_command(redis, "SET {b.2}:owner:signer other PX 60000");
    while (swapci_ownership_may(crew.ownership, 2) || atomic_load(&owners[2]) != 0)
        swapci_redis_sleep(NULL, 10, NULL);
    char text[SWAPCI_OWNERSHIP_TEXT_MAX];
    swapci_ownership_tell(crew.ownership, text);
    assert_string_equal(text, "0-1,3-4 of 5");
    fixture_command(redis, "DEL {b.2}:owner:signer");
    await_shares(&crew, 1);
    leave(&crew);
    swapci_redis_free(redis);
}

/* Others have come with another number, as after a DEL of the record. */
static void who_has_another_number_lets_all_go(void **state) {
    struct crew crew;
    char why[SWAPCI_OWNERSHIP_REFUSED_MAX];
    swapci_redis *redis = fixture_open(0);
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    (void)state;
    join(&crew, "one");
    await_shares(&crew, 1);
    assert_false(swapci_ownership_refused(crew.ownership, why, sizeof why));
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error, "SET b:partitions %b",
                                 "7 partitions, server 1 of 1",
                                 strlen("7 partitions, server 1 of 1")),
               &error);
    freeReplyObject(reply);
    while (!swapci_ownership_refused(crew.ownership, why, sizeof why) || working() > 0 ||
           owned(&crew) > 0)
        swapci_redis_sleep(NULL, 10, NULL);
    assert_non_null(strstr(why, "stream b has 7 partitions, --partitions says 5"));
    fixture_command(redis, "DEL b:partitions");
    await_shares(&crew, 1);
    leave(&crew);
    swapci_redis_free(redis);
}

static void await_refusal(const struct crew *crew, const char *expected) {
    char why[SWAPCI_OWNERSHIP_REFUSED_MAX];
    while (!swapci_ownership_refused(crew->ownership, why, sizeof why))
        swapci_redis_sleep(NULL, 10, NULL);
    if (!strstr(why, expected)) fail_msg("'%s' does not say '%s'", why, expected);
}

static void await_no_refusal(const struct crew *crew) {
    char why[SWAPCI_OWNERSHIP_REFUSED_MAX];
    while (swapci_ownership_refused(crew->ownership, why, sizeof why))
        swapci_redis_sleep(NULL, 10, NULL);
}

/* While nobody may own a partition, or none can be shared out, a process that could is not to count as one that serves. */
static void a_lease_or_a_share_that_is_refused_is_told(void **state) {
    struct crew crew;
    swapci_redis *redis = fixture_open(0);
    (void)state;
    join(&crew, "one");
    await_shares(&crew, 1);
    fixture_command(redis, "DEL {b.2}:owner:signer");
    fixture_command(redis, "LPUSH {b.2}:owner:signer x");
    await_refusal(&crew, "of partition 2: Redis at ");
    fixture_command(redis, "DEL {b.2}:owner:signer");
    await_no_refusal(&crew);
    fixture_command(redis, "DEL b:members:signer");
    fixture_command(redis, "SET b:members:signer x");
    await_refusal(&crew, "not shared out: Redis at ");
    fixture_command(redis, "DEL b:members:signer");
    await_no_refusal(&crew);
    await_shares(&crew, 1);
    leave(&crew);
    swapci_redis_free(redis);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_partition_has_one_owner_as_they_join_and_leave),
        cmocka_unit_test(who_lost_a_lease_ends_and_has_it_again_when_it_is_free),
        cmocka_unit_test(who_has_another_number_lets_all_go),
        cmocka_unit_test(a_lease_or_a_share_that_is_refused_is_told),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
