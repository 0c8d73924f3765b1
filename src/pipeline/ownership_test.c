/* Several owners in one process, on one server: what each has of the partitions, as they join, leave and lose their leases. */
#include "stream_fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "balance.h"
#include "crew.h"
#include "jobs_fixture.h"
#include "test_main.h"

/* However crowded the machine is, no server counts as one that hangs, and no lease ends: nobody here dies. */
enum { CREWS = 3, PATIENCE_MS = 600000, LEASE_MS = 120000 };

struct crew {
    swapci_partitions partitions;
    swapci_fleet *fleet;
    _Atomic(swapci_ownership *) ownership;
};

/* check_ms: to another look at the number. */
static enum swapc_status try_to_join_at(struct crew *crew, const char *consumer, const char *urls,
                                        uint32_t check_ms, swapc_error *why) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_partitions_init(&crew->partitions, "--stream", "b", COUNT, urls, &error),
               &error);
    const swapci_fleet_config fleet = {.ops = &ops, .user = crew, .partitions = &crew->partitions};
    fixture_ok(swapci_fleet_new(&fleet, &crew->fleet, &error), &error);
    const swapci_ownership_config config = {.partitions = &crew->partitions,
                                            .plain = "b:messages",
                                            .answer_ms = PATIENCE_MS,
                                            .check_ms = check_ms,
                                            .lease_ms = LEASE_MS,
                                            .role = "signer",
                                            .consumer = consumer,
                                            .fleet = crew->fleet};
    return swapci_ownership_start(&config, &crew->ownership, why);
}

static enum swapc_status try_to_join(struct crew *crew, const char *consumer, swapc_error *why) {
    return try_to_join_at(crew, consumer, fixture_url(), 200, why);
}

static void join(struct crew *crew, const char *consumer) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(try_to_join(crew, consumer, &error), &error);
}

static void close_crew(struct crew *crew) {
    swapci_ownership_free(crew->ownership);
    swapci_fleet_free(crew->fleet);
    swapci_partitions_fini(&crew->partitions);
}

static void leave(struct crew *crew) {
    assert_int_equal(swapci_fleet_join(crew->fleet, NULL), SWAPC_OK);
    close_crew(crew);
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
            even &= swapci_ownership_members(crews[i].ownership) == count;
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

/* Beats so far, refused ones too: each begins with the server's own look at the hash. */
static long long beats(swapci_redis *redis) {
    return fixture_integer(redis, "EVAL %s 0",
                           "return tonumber(string.match(redis.call('INFO', 'commandstats'), "
                           "'cmdstat_hgetall:calls=(%d+)') or 0)");
}

static void await_beats(swapci_redis *redis, long long more) {
    for (long long until = beats(redis) + more; beats(redis) < until;)
        swapci_redis_sleep(NULL, 10, NULL);
}

/* As while the first server is away: here it refuses each beat. */
static void while_they_cannot_be_shared_out_all_go_on_with_what_they_have(void **state) {
    struct crew crews[2];
    swapci_redis *redis = fixture_open(0);
    (void)state;
    join(&crews[0], "one");
    join(&crews[1], "two");
    await_shares(crews, 2);
    fixture_command(redis, "SET b:members:signer x");
    await_beats(redis, 6);
    assert_int_equal(working(), COUNT);
    unsigned own = owned(&crews[0]);
    leave(&crews[1]);
    await_beats(redis, 2);
    assert_int_equal(working(), own); /* nobody is given what the other had */
    fixture_command(redis, "DEL b:members:signer");
    await_shares(crews, 1);
    leave(&crews[0]);
    swapci_redis_free(redis);
}

static void what_is_wrong_at_the_start_ends_all_and_is_told(void **state) {
    struct crew crew = {.ownership = NULL};
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    (void)state;
    fixture_command(redis, "SET b:members:signer x");
    assert_int_equal(try_to_join(&crew, "one", &error), SWAPC_PROTOCOL);
    assert_non_null(strstr(error.text, "HGETALL to share out the partitions"));
    close_crew(&crew);
    fixture_command(redis, "DEL b:members:signer");
    atomic_store(&shut, true);
    join(&crew, "one");
    while (!swapci_fleet_ended(crew.fleet)) swapci_redis_sleep(NULL, 10, NULL);
    swapc_error_clear(&error);
    assert_int_equal(swapci_fleet_join(crew.fleet, &error), SWAPC_PROTOCOL);
    assert_non_null(strstr(error.text, "partition {b."));
    assert_non_null(strstr(error.text, "it is refused"));
    close_crew(&crew);
    atomic_store(&shut, false);
    swapci_redis_free(redis);
}

static unsigned troubled(swapci_fleet *fleet) {
    unsigned count = 0;
    char why[64];
    for (unsigned k = 0; k < COUNT; k++) count += swapci_fleet_trouble(fleet, k, why, sizeof why);
    return count;
}

static void what_is_given_later_and_cannot_be_opened_is_tried_again(void **state) {
    struct crew crews[2];
    (void)state;
    join(&crews[0], "one");
    join(&crews[1], "two");
    await_shares(crews, 2);
    atomic_store(&shut, true);
    leave(&crews[1]);
    while (troubled(crews[0].fleet) < COUNT / 2) swapci_redis_sleep(NULL, 10, NULL);
    assert_false(swapci_fleet_failed(crews[0].fleet));
    atomic_store(&shut, false);
    await_shares(crews, 1);
    assert_int_equal(swapci_ownership_members(crews[0].ownership), 1);
    leave(&crews[0]);
}

static void init_crew(swapci_crew *crew, swapci_partitions *partitions) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_partitions_init(partitions, "--stream", "b", COUNT, fixture_url(), &error),
               &error);
    const swapci_crew_config config = {.ops = &ops,
                                       .share = {.partitions = partitions,
                                                 .plain = "b:messages",
                                                 .answer_ms = PATIENCE_MS,
                                                 .lease_ms = LEASE_MS,
                                                 .role = "signer",
                                                 .consumer = "one"}};
    fixture_ok(swapci_crew_init(crew, &config, &error), &error);
}

static enum swapc_status start_crew(swapci_crew *crew, swapci_partitions *partitions,
                                    swapc_error *why) {
    init_crew(crew, partitions);
    return swapci_crew_start(crew, why);
}

static void end_crew(swapci_crew *crew, swapci_partitions *partitions, enum swapc_status with) {
    assert_int_equal(swapci_crew_join(crew, NULL), with);
    swapci_crew_fini(crew);
    swapci_partitions_fini(partitions);
}

/* Another one has all partitions, or has let them go. */
static void others_have_all(swapci_redis *redis, bool they_have) {
    char line[64];
    for (unsigned k = 0; k < COUNT; k++) {
        snprintf(line, sizeof line,
                 they_have ? "SET {b.%u}:owner:signer other" : "DEL {b.%u}:owner:signer", k);
        fixture_command(redis, line);
    }
}

/* Who says that it is ready does not end by what it was to begin with. */
static void a_start_is_over_when_what_it_begins_with_is_open(void **state) {
    swapci_crew crew;
    swapci_partitions partitions;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(0);
    char why[SWAPCI_OWNERSHIP_REFUSED_MAX];
    (void)state;
    fixture_ok(start_crew(&crew, &partitions, &error), &error);
    assert_int_equal(working(), COUNT);
    end_crew(&crew, &partitions, SWAPC_OK);
    atomic_store(&shut, true);
    assert_int_equal(start_crew(&crew, &partitions, &error), SWAPC_PROTOCOL);
    assert_non_null(strstr(error.text, "it is refused"));
    assert_int_equal(working(), 0);
    end_crew(&crew, &partitions, SWAPC_PROTOCOL);
    /* What a dead one still has is none of that. */
    others_have_all(redis, true);
    fixture_ok(start_crew(&crew, &partitions, &error), &error);
    others_have_all(redis, false);
    while (!swapci_crew_trouble(&crew, 0, why, sizeof why)) swapci_redis_sleep(NULL, 10, NULL);
    assert_non_null(strstr(why, "it is refused"));
    atomic_store(&shut, false);
    while (working() < COUNT) swapci_redis_sleep(NULL, 10, NULL);
    end_crew(&crew, &partitions, SWAPC_OK);
    swapci_redis_free(redis);
}

struct onlooker {
    swapci_crew crew;
    atomic_uint looks;
    atomic_bool over;
};

static void *look_on(void *user) {
    struct onlooker *o = user;
    char text[SWAPCI_OWNERSHIP_REFUSED_MAX];
    while (!atomic_load(&o->over)) {
        swapci_crew_tell(&o->crew, text);
        swapci_crew_refused(&o->crew, text);
        (void)swapci_crew_members(&o->crew);
        for (unsigned k = 0; k < COUNT; k++) {
            (void)swapci_crew_trouble(&o->crew, k, text, sizeof text);
            (void)swapci_crew_has(&o->crew, k);
        }
        atomic_fetch_add(&o->looks, 1);
    }
    return NULL;
}

static void await_look(struct onlooker *o) {
    unsigned before = atomic_load(&o->looks);
    while (atomic_load(&o->looks) - before < 2) swapci_redis_sleep(NULL, 1, NULL);
}

/* The page and the metrics of a process are asked for while it starts, and while it ends. */
static void who_looks_on_may_do_so_while_it_starts_and_when_it_was_joined(void **state) {
    struct onlooker o = {.over = false};
    swapci_partitions partitions;
    swapc_error error = SWAPC_ERROR_INIT;
    pthread_t thread;
    char text[SWAPCI_OWNERSHIP_TEXT_MAX];
    swapci_redis *redis = fixture_open(0);
    (void)state;
    init_crew(&o.crew, &partitions);
    assert_int_equal(pthread_create(&thread, NULL, look_on, &o), 0);
    await_look(&o);
    fixture_ok(swapci_crew_start(&o.crew, &error), &error);
    await_look(&o);
    assert_int_equal(swapci_crew_members(&o.crew), 1);
    fixture_ok(swapci_crew_join(&o.crew, &error), &error);
    await_look(&o);
    swapci_crew_tell(&o.crew, text);
    assert_string_equal(text, "none of 5");
    assert_int_equal(swapci_crew_members(&o.crew), 0);
    atomic_store(&o.over, true);
    pthread_join(thread, NULL);
    end_crew(&o.crew, &partitions, SWAPC_OK);
    swapci_redis_free(redis);
}

/* A server that takes connections and never answers. Out: its URL. */
static int hang_at(char url[64]) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    snprintf(url, 64, "redis://127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}

/* Of five partitions 0 and 3 lie on the server that answers. */
static void nobody_waits_for_a_server_that_hangs(void **state) {
    char urls[600], one[64], two[64];
    int fds[] = {hang_at(one), hang_at(two)};
    swapci_redis *redis = fixture_open(0);
    swapc_error error = SWAPC_ERROR_INIT;
    struct crew crew;
    (void)state;
    snprintf(urls, sizeof urls, "%s,%s,%s", fixture_url(), one, two);
    fixture_ok(try_to_join_at(&crew, "one", urls, UINT32_MAX, &error), &error);
    while (!swapci_ownership_may(crew.ownership, 0) || !swapci_ownership_may(crew.ownership, 3))
        swapci_redis_sleep(NULL, 10, NULL);
    for (int renewed = 0; renewed < 2; renewed++) { /* and has them still */
        fixture_command(redis, "PEXPIRE {b.3}:owner:signer 600000");
        while (fixture_integer(redis, "PTTL %s", "{b.3}:owner:signer") > 300000)
            swapci_redis_sleep(NULL, 10, NULL);
    }
    close(fds[0]);
    close(fds[1]);
    leave(&crew);
    swapci_redis_free(redis);
}

struct relay {
    pthread_t thread;
    int listener;
    atomic_int stop;
};

/* Hands a client's bytes on to the server once the questions for the leases of partitions 1 and 3 are both among them. */
static void relay_one(struct relay *relay, int client) {
    static char held[1 << 16];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t used = 0;
    bool open = false;
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", fixture_url() + strlen("unix:"));
    assert_int_equal(connect(server, (const struct sockaddr *)&name, sizeof name), 0);
    while (!atomic_load(&relay->stop)) {
        struct pollfd fds[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
        char back[4096];
        (void)poll(fds, 2, 10);
        if (fds[0].revents) {
            ssize_t size = read(client, held + used, sizeof held - used);
            if (size <= 0) break;
            used += (size_t)size;
            open |=
                !memmem(held, used, "EVAL", 4) || /* how it greets */
                (memmem(held, used, "{b.1}:owner", 11) && memmem(held, used, "{b.3}:owner", 11));
        }
        if (open && used > 0) {
            assert_int_equal(write(server, held, used), used);
            open = memmem(held, used, "EVAL", 4) != NULL;
            used = 0;
        }
        ssize_t size = fds[1].revents ? read(server, back, sizeof back) : 0;
        if (size > 0) assert_int_equal(write(client, back, (size_t)size), size);
    }
    close(server);
    close(client);
}

static void *relay_main(void *user) {
    struct relay *relay = user;
    while (!atomic_load(&relay->stop)) {
        struct pollfd fd = {relay->listener, POLLIN, 0};
        if (poll(&fd, 1, 10) > 0) relay_one(relay, accept(relay->listener, NULL, NULL));
    }
    return NULL;
}

/* One after the other, the leases of many partitions would end on the way to a server that is far away. */
static void all_leases_of_a_server_are_asked_for_together(void **state) {
    char urls[600], one[64];
    struct relay relay = {.listener = hang_at(one)};
    swapc_error error = SWAPC_ERROR_INIT;
    struct crew crew;
    (void)state;
    snprintf(urls, sizeof urls, "%s,%s", fixture_url(), one);
    assert_int_equal(pthread_create(&relay.thread, NULL, relay_main, &relay), 0);
    fixture_ok(try_to_join_at(&crew, "one", urls, UINT32_MAX, &error), &error);
    while (working() < COUNT) swapci_redis_sleep(NULL, 10, NULL);
    assert_int_equal(swapci_fleet_join(crew.fleet, NULL), SWAPC_OK);
    close_crew(&crew);
    atomic_store(&relay.stop, 1);
    pthread_join(relay.thread, NULL);
    close(relay.listener);
}

static bool has_all_leases(swapci_redis *redis) {
    bool all = true;
    for (unsigned k = 0; k < COUNT; k++) {
        char key[32];
        snprintf(key, sizeof key, "{b.%u}:owner:signer", k);
        all &= fixture_integer(redis, "EXISTS %s", key) == 1;
    }
    return all;
}

/* The server that had the name goes on living, as a replica. */
static void after_a_failover_all_is_asked_of_the_server_that_the_name_leads_to(void **state) {
    swapci_redis *before = fixture_open(0), *after = NULL;
    swapci_private_redis *server;
    swapc_error error = SWAPC_ERROR_INIT;
    char folder[] = "/tmp/swapc-owners-XXXXXX", name[64], next[64], url[80];
    struct crew crew;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof name, "%s/name", folder);
    snprintf(next, sizeof next, "%s/next", folder);
    snprintf(url, sizeof url, "unix:%s", name);
    fixture_ok(swapci_private_redis_start(NULL, &server, &error), &error);
    const swapci_redis_config config = {.url = swapci_private_redis_url(server)};
    fixture_ok(swapci_redis_open(&config, &after, &error), &error);
    assert_int_equal(symlink(fixture_url() + strlen("unix:"), name), 0);
    fixture_ok(try_to_join_at(&crew, "a", url, 200, &error), &error);
    await_shares(&crew, 1);
    assert_int_equal(symlink(config.url + strlen("unix:"), next), 0);
    assert_int_equal(rename(next, name), 0);
    fixture_integer(before, "REPLICAOF 127.0.0.1 %s", "1");
    while (!has_all_leases(after)) swapci_redis_sleep(NULL, 10, NULL);
    await_shares(&crew, 1);
    await_no_refusal(&crew);
    leave(&crew);
    fixture_integer(before, "REPLICAOF NO %s", "ONE");
    unlink(name);
    rmdir(folder);
    swapci_redis_free(after);
    swapci_private_redis_stop(server);
    swapci_redis_free(before);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_partition_has_one_owner_as_they_join_and_leave),
        cmocka_unit_test(who_lost_a_lease_ends_and_has_it_again_when_it_is_free),
        cmocka_unit_test(who_has_another_number_lets_all_go),
        cmocka_unit_test(a_lease_or_a_share_that_is_refused_is_told),
        cmocka_unit_test(while_they_cannot_be_shared_out_all_go_on_with_what_they_have),
        cmocka_unit_test(what_is_wrong_at_the_start_ends_all_and_is_told),
        cmocka_unit_test(a_start_is_over_when_what_it_begins_with_is_open),
        cmocka_unit_test(who_looks_on_may_do_so_while_it_starts_and_when_it_was_joined),
        cmocka_unit_test(what_is_given_later_and_cannot_be_opened_is_tried_again),
        cmocka_unit_test(nobody_waits_for_a_server_that_hangs),
        cmocka_unit_test(all_leases_of_a_server_are_asked_for_together),
        cmocka_unit_test(after_a_failover_all_is_asked_of_the_server_that_the_name_leads_to),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
