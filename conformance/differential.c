/* differential BUNDLES [SEED [CALLS]]: the same random calls on every engine and flavour of the
 * build must give the same status and the same bytes. Exit status: 0 they did, 1 they differed
 * (seed and call are printed), 2 it could not run. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "candidates.h"
#include "engine_names.h"
#include "hex.h"
#include "recorded.h"

enum { PAYLOAD_MAX = 20000, BUNDLES = 3, DEFAULT_CALLS = 2000 };

static const char *const bundles[BUNDLES] = {"echo", "schnorr", "ecdsa"};

/* xorshift64*: the same calls for the same seed, on any machine. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

static uint32_t below(uint64_t *state, uint32_t limit) {
    return (uint32_t)((next_random(state) >> 32) % limit);
}

struct call {
    unsigned bundle;
    char operation[32];
    uint8_t payload[PAYLOAD_MAX];
    size_t len;
};

static void fill(uint64_t *random, uint8_t *at, size_t len) {
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)(next_random(random) >> 56);
}

static void make_echo(uint64_t *random, struct call *call) {
    static const char *const operations[] = {"echo", "fail", "host", "log", "", "no_such_op"};
    strcpy(call->operation, operations[below(random, 6)]);
    call->len = below(random, below(random, 8) == 0 ? PAYLOAD_MAX : 300);
    fill(random, call->payload, call->len);
}

/* Changes the payload at some place: a bit, a byte, a cut, or bytes put in. */
static void mutate(uint64_t *random, struct call *call) {
    size_t at = call->len ? below(random, (uint32_t)call->len) : 0;
    switch (below(random, 5)) {
    case 0:
        call->payload[at] ^= (uint8_t)(1u << below(random, 8));
        break;
    case 1:
        call->payload[at] = (uint8_t)below(random, 256);
        break;
    case 2:
        call->len = at;
        break;
    case 3:
        memmove(call->payload + at + 1, call->payload + at, call->len - at);
        call->payload[at] = (uint8_t)below(random, 256);
        call->len++;
        break;
    default:
        fill(random, call->payload + at, call->len - at < 8 ? call->len - at : 8);
    }
}

static size_t recorded_of(const char *module, const struct swapci_recorded *rows[16]) {
    size_t count = 0;
    for (const struct swapci_recorded *r = swapci_recorded; r->name && count < 16; r++)
        if (strcmp(r->module, module) == 0) rows[count++] = r;
    return count;
}

/* A recorded request with up to three changes; now and then as it is, or nothing but noise. */
static void make_verify(uint64_t *random, struct call *call) {
    const struct swapci_recorded *rows[16];
    size_t count = recorded_of(bundles[call->bundle], rows);
    strcpy(call->operation, below(random, 4) == 0 ? "verify_raw" : "verify_message");
    if (count == 0 || below(random, 20) == 0) {
        call->len = below(random, 200);
        fill(random, call->payload, call->len);
        return;
    }
    const struct swapci_recorded *row = rows[below(random, (uint32_t)count)];
    swapc_bytes digits = swapc_bytes_str(row->request_hex);
    swapci_hex_decode(digits, call->payload);
    call->len = digits.len / 2;
    if (call->bundle == 1 && below(random, 4) == 0) { /* the same in a batch of one */
        strcpy(call->operation, "verify_batch");
        memmove(call->payload + 1, call->payload, call->len++);
        call->payload[0] = 0x91;
    }
    for (uint32_t n = below(random, 4); n > 0; n--) mutate(random, call);
}

static void make_call(uint64_t *random, struct call *call) {
    call->bundle = below(random, BUNDLES);
    if (call->bundle == 0) make_echo(random, call);
    else make_verify(random, call);
}

static enum swapc_status answer(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                swapc_bytes payload, swapc_reply *reply, void *call_user,
                                void *user) {
    (void)binding, (void)ns, (void)operation, (void)call_user, (void)user;
    bool refused = payload.len % 3 == 0;
    enum swapc_status status = swapc_reply_set(reply, payload);
    return refused && status == SWAPC_OK ? SWAPC_INVALID : status;
}

static enum swapc_status enter(swapc_module *module, const struct call *call, swapc_reply *reply) {
    return swapc_module_call(module, swapc_bytes_str(call->operation),
                             swapc_bytes_of(call->payload, call->len), NULL, reply, NULL);
}

static void print_difference(const struct call *call, const swapc_module *module,
                             enum swapc_status first, enum swapc_status other) {
    const swapc_module_info *info = swapc_module_describe(module);
    char *hex = malloc(SWAPCI_HEX_SIZE(call->len));
    if (hex) swapci_hex_encode(swapc_bytes_of(call->payload, call->len), hex);
    printf("%s \"%s\" on %s %s: %s, on the first: %s; payload %s\n", bundles[call->bundle],
           call->operation, info->engine, info->flavour, swapc_status_name(other),
           swapc_status_name(first), hex ? hex : "");
    free(hex);
}

/* Returns whether all candidates answer like the first. */
static bool agree(const struct swapci_candidates *candidates, const struct call *call,
                  swapc_reply reply[2], unsigned *answers) {
    enum swapc_status first = enter(candidates->module[0], call, &reply[0]);
    for (size_t i = 1; i < candidates->count; i++) {
        enum swapc_status other = enter(candidates->module[i], call, &reply[1]);
        if (other == first && swapc_bytes_equal(reply[0].body, reply[1].body)) continue;
        print_difference(call, candidates->module[i], first, other);
        return false;
    }
    *answers += first == SWAPC_OK;
    return true;
}

static enum swapc_status run(swapc_host *host, const char *folder, uint64_t seed, unsigned calls,
                             bool *differed, swapc_error *error) {
    static struct call call;
    struct swapci_candidates candidates[BUNDLES] = {{{NULL}, 0}};
    swapc_reply reply[2] = {SWAPC_REPLY_INIT, SWAPC_REPLY_INIT};
    unsigned answers = 0, done = 0;
    uint64_t random = seed;
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < BUNDLES && status == SWAPC_OK; i++)
        status = swapci_candidates_load(host, folder, bundles[i], NULL, &candidates[i], error);
    while (status == SWAPC_OK && done < calls && !*differed) {
        make_call(&random, &call);
        *differed = !agree(&candidates[call.bundle], &call, reply, &answers);
        done++;
    }
    if (status == SWAPC_OK)
        printf("seed %llu: %u calls on %zu engines and flavours, %u answered, %s\n",
               (unsigned long long)seed, done, candidates[0].count, answers,
               *differed ? "the last one differs" : "all alike");
    for (unsigned i = 0; i < BUNDLES; i++) swapci_candidates_fini(&candidates[i]);
    swapc_reply_fini(&reply[0]);
    swapc_reply_fini(&reply[1]);
    return status;
}

int main(int argc, char **argv) {
    swapc_host *host = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.engines = swapci_engine_names_all(engines);
    bool differed = false;
    if (argc < 2) {
        fprintf(stderr, "usage: differential BUNDLES [SEED [CALLS]]\n");
        return 2;
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    unsigned calls = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 0) : DEFAULT_CALLS;
    config.host_call = answer;
    enum swapc_status status = swapc_host_new(&config, &host, &error);
    if (status == SWAPC_OK) status = run(host, argv[1], seed ? seed : 1, calls, &differed, &error);
    swapc_host_free(host);
    if (status != SWAPC_OK) fprintf(stderr, "differential: %s\n", error.text);
    return status != SWAPC_OK ? 2 : differed;
}
