/* A server that says anything: the input is what a connection gets after its greeting, and each of
 * the reply decoders has to make something of it. The first byte chooses the question. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit.h"
#include "dead.h"
#include "fuzz.h"
#include "ledger.h"
#include "redis.h"
#include "redis_dial.h"
#include "stream.h"
#include "lease.h"
#include "strikes.h"
#include "verdict.h"

static swapc_bytes script; /* of the next connection */
static bool fresh;         /* it was not said yet */
static int server = -1;    /* the other end of the connection */

enum swapc_status __wrap_swapci_redis_dial(const swapci_redis_url *url, uint32_t connect_ms,
                                           const atomic_int *stop, int *fd, swapc_error *error);
enum swapc_status __wrap_swapci_redis_sleep(const atomic_int *stop, uint32_t ms,
                                            swapc_error *error);
enum swapc_status __wrap_swapci_redis_await(int fd, short events, uint64_t until_ns,
                                            const atomic_int *stop, swapc_error *error);
enum swapc_status __real_swapci_redis_await(int fd, short events, uint64_t until_ns,
                                            const atomic_int *stop, swapc_error *error);

/* What is dialled for the connection (the linker's --wrap): a socket whose other end has said
 * hello, then the script, then that it says no more; what it is sent goes unread. All of it lies in
 * the kernel before anybody reads, so that no thread has to serve. Who dials again is hung up
 * on: an input has an end. */
enum swapc_status __wrap_swapci_redis_dial(const swapci_redis_url *url, uint32_t connect_ms,
                                           const atomic_int *stop, int *fd, swapc_error *error) {
    static const char hello[] = "+PONG\r\n";
    int ends[2];
    (void)url, (void)connect_ms, (void)stop, (void)error;
    if (server >= 0) close(server);
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    *fd = ends[0];
    server = ends[1];
    if (fresh) {
        FUZZ_CHECK(send(server, hello, sizeof hello - 1, MSG_NOSIGNAL) == sizeof hello - 1);
        (void)!send(server, script.ptr, script.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    fresh = false;
    shutdown(server, SHUT_WR);
    return SWAPC_OK;
}

/* A pause before another try costs no time here. */
enum swapc_status __wrap_swapci_redis_sleep(const atomic_int *stop, uint32_t ms,
                                            swapc_error *error) {
    (void)stop, (void)ms, (void)error;
    return SWAPC_OK;
}

/* Room for what is sent, when it is waited for. */
enum swapc_status __wrap_swapci_redis_await(int fd, short events, uint64_t until_ns,
                                            const atomic_int *stop, swapc_error *error) {
    char drop[4096];
    while (events & POLLOUT && recv(server, drop, sizeof drop, MSG_DONTWAIT) > 0) continue;
    return __real_swapci_redis_await(fd, events, until_ns, stop, error);
}

static void read_batch(swapci_redis *redis, const swapci_stream_names *names, bool claim) {
    static const swapci_pending pending[] = {{{1, 0}, 1}, {{2, 0}, 3}, {{7, 7}, 1}};
    swapci_batch batch = SWAPCI_BATCH_INIT;
    enum swapc_status status =
        claim ? swapci_stream_claim(redis, names, "me", 0, pending, 3, &batch, NULL)
              : swapci_stream_read(redis, names, "me", 16, 1, &batch, NULL);
    for (size_t i = 0; status == SWAPC_OK && i < batch.count; i++) {
        const swapci_entry *entry = &batch.entries[i];
        volatile uint8_t seen = entry->body.len ? entry->body.ptr[entry->body.len - 1] : 0;
        (void)seen;
        FUZZ_CHECK(entry->deliveries >= 1 || claim);
    }
    swapci_batch_fini(&batch);
}

static void list(swapci_redis *redis, const swapci_stream_names *names) {
    swapci_pending out[8];
    size_t count = 8;
    if (swapci_stream_pending(redis, names, "me", (swapci_stream_id){0, 0}, out, &count, NULL) ==
        SWAPC_OK)
        FUZZ_CHECK(count <= 8);
}

static void store(swapci_redis *redis, const swapci_stream_names *names) {
    swapci_verdict_writer *writer = NULL;
    FUZZ_CHECK(swapci_verdict_writer_new(redis, names, 0, &writer, NULL) == SWAPC_OK);
    swapci_verdict verdict = {
        .id = {1, 1}, .method = "schnorr", .status = "Valid", .digest = "", .generation = 1};
    for (int i = 0; i < 3; i++)
        if (swapci_verdict_add(writer, &verdict, NULL) != SWAPC_OK) break;
    (void)swapci_verdict_flush(writer, NULL);
    swapci_verdict_writer_free(writer);
}

static void add(swapci_redis *redis, const swapci_stream_names *names) {
    const swapci_message messages[2] = {{{NULL, 0}, "schnorr", 1}, {{NULL, 0}, NULL, 0}};
    swapci_stream_id ids[2];
    (void)swapci_stream_add(redis, names, messages, 2, ids, NULL);
}

static void lease(swapci_redis *redis, const swapci_stream_names *names) {
    swapci_lease lease;
    bool recalled;
    if (swapci_lease_init(&lease, names, "me", NULL, NULL) != SWAPC_OK) return;
    (void)swapci_lease_hold(redis, &lease, true, &recalled, NULL);
    (void)swapci_lease_leave(redis, names, &lease, "me", NULL);
}

static void strikes(swapci_redis *redis, const swapci_stream_names *names) {
    const swapci_transport_note note = {.ms = 1, .seq = 2, .alone = true};
    swapci_strikes book = SWAPCI_STRIKES_INIT;
    const swapci_transport_note many = {.ms = 1, .last_ms = 2};
    (void)swapci_strikes_add(redis, names, "me", &note, NULL);
    (void)swapci_strikes_add(redis, names, "me", &many, NULL);
    (void)swapci_strikes_load(redis, names, &book, NULL);
    (void)swapci_strikes_of(&book, (swapci_stream_id){1, 2});
    swapci_strikes_fini(&book);
}

static void bury(swapci_redis *redis, const swapci_stream_names *names) {
    swapci_verdict_writer *writer;
    swapci_verdict verdict = {.method = "schnorr", .status = "Error", .reason = "poisoned"};
    const swapci_dead_letter letter = {swapc_bytes_str("m"), "poisoned", 3};
    if (swapci_verdict_writer_new(redis, names, 0, &writer, NULL) != SWAPC_OK) return;
    (void)swapci_verdict_bury(writer, &verdict, &letter, NULL);
    swapci_verdict_writer_free(writer);
}

static enum swapc_status look(const swapci_letter *letter, void *user, swapc_error *error) {
    volatile uint8_t seen = letter->body.len ? letter->body.ptr[letter->body.len - 1] : 0;
    (void)user, (void)error, (void)seen;
    FUZZ_CHECK(letter->has_body || letter->body.len == 0);
    return SWAPC_OK;
}

static void dead(swapci_redis *redis, const swapci_stream_names *names) {
    const swapci_stream_id entry = {1, 1};
    swapci_stream_id id;
    bool taken;
    (void)swapci_dead_each(redis, names, SWAPCI_LETTER_MESSAGE, look, NULL, NULL);
    (void)swapci_dead_each(redis, names, SWAPCI_LETTER_ENTRY, look, NULL, NULL);
    (void)swapci_dead_retry(redis, names, SWAPCI_LETTER_ENTRY, entry, &taken, &id, NULL);
    (void)swapci_dead_drop(redis, names, entry, &taken, NULL);
}

static void audit(swapci_redis *redis, const swapci_stream_names *names) {
    swapci_pending page[4] = {{{1, 1}, 1}, {{1, 2}, 1}, {{1, 3}, 1}, {{2, 1}, 1}}, gone[4];
    size_t count = 4, gone_count = 0;
    swapci_lease mine;
    swapci_audit found;
    FUZZ_CHECK(swapci_lease_init(&mine, names, "me", "", NULL) == SWAPC_OK);
    if (swapci_audit_look(redis, names, &mine, "me", 8, &found, NULL) == SWAPC_OK)
        FUZZ_CHECK(!found.fresh || found.counted == SWAPCI_COUNTED_NOT_NOW);
    (void)swapci_audit_count(redis, names, &found, NULL);
    if (swapci_audit_deleted(redis, names, page, &count, gone, &gone_count, NULL) == SWAPC_OK)
        FUZZ_CHECK(count + gone_count == 4);
}

static enum swapc_status note_gone(void *user, swapci_stream_id id, swapc_error *error) {
    (void)user, (void)id, (void)error;
    return SWAPC_OK;
}

static void ask(swapci_redis *redis, const swapci_stream_names *names, uint8_t question) {
    swapci_stream_id id;
    uint64_t number;
    size_t moved, too_fresh;
    if (question >= 240) {
        dead(redis, names);
        return;
    }
    if (question >= 220) {
        audit(redis, names);
        return;
    }
    switch (question % 13) {
    case 0:
        read_batch(redis, names, false);
        break;
    case 1:
        read_batch(redis, names, true);
        break;
    case 2:
        list(redis, names);
        break;
    case 3:
        (void)swapci_stream_adopt(redis, names, "me", 0, 8, note_gone, NULL, &moved, &too_fresh,
                                  NULL);
        break;
    case 4:
        (void)swapci_stream_length(redis, names, &number, NULL);
        break;
    case 5:
        (void)swapci_stream_last_id(redis, names->messages, &id, NULL);
        break;
    case 6:
        store(redis, names);
        break;
    case 7:
        add(redis, names);
        break;
    case 8:
        (void)swapci_stream_retire(redis, names, "me", "", NULL);
        break;
    case 9:
        (void)swapci_stream_create(redis, names, NULL);
        break;
    case 10:
        lease(redis, names);
        break;
    case 11:
        strikes(redis, names);
        break;
    case 12:
        bury(redis, names);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input_of(data, size);
    uint8_t question = fuzz_byte(&in);
    swapci_redis *redis = NULL;
    swapci_stream_names names;
    FUZZ_CHECK(swapci_stream_names_init(&names, NULL, NULL) == SWAPC_OK);
    script = fuzz_rest(&in);
    fresh = true;
    swapci_redis_config config = {.url = "unix:/nowhere", .connect_ms = 2000, .answer_ms = 2000};
    if (swapci_redis_open(&config, &redis, NULL) == SWAPC_OK) ask(redis, &names, question);
    swapci_redis_free(redis);
    return 0;
}
