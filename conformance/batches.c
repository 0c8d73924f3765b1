/* batches BUNDLES [SEED [BATCHES]]: verify_batch of the Schnorr bundle against verify_message. Each
 * batch is made of right requests of which some are altered, from one flipped bit to signatures
 * whose errors cancel; every engine and flavour must say Valid of the batch exactly when native
 * says it of each member. Exit status: 0 they did, 1 one did not (seed and batch are printed), 2
 * it could not run. */
#include <openssl/sha.h>
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "candidates.h"
#include "engine_names.h"
#include "hex.h"
#include "verify_batch.h"

enum {
    KEYS = 24,
    POOL = 96,
    MEMBERS_MAX = 300,
    REQUEST_MAX = 512,
    DEFAULT_BATCHES = 2000,
    SLOW_SHARE = 64 /* of which one batch goes through an interpreter too */
};

/* The order of the group, and the field's characteristic. */
static const uint8_t order[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                  255, 255, 255, 255, 254, 186, 174, 220, 230, 175, 72,
                                  160, 59,  191, 210, 94,  140, 208, 54,  65,  65};

struct signed_message {
    uint8_t message[64];
    size_t message_len;
    uint8_t signature[64];
    uint8_t key[32];
};

/* A member: what is signed, and how it is written. */
struct member {
    struct signed_message content;
    char hex[2 * 64 + 1];
    size_t hex_len;
    size_t key_len;
    enum swapci_verify_oper oper;
};

struct pool {
    struct signed_message entries[POOL];
};

struct batch {
    struct member members[MEMBERS_MAX];
    uint8_t bytes[MEMBERS_MAX][REQUEST_MAX];
    swapc_bytes requests[MEMBERS_MAX];
    uint8_t payload[MEMBERS_MAX * REQUEST_MAX];
    size_t payload_len;
    uint32_t count;
};

/* xorshift64*: the same batches for the same seed, on any machine. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

static uint32_t below(uint64_t *state, uint32_t limit) {
    return (uint32_t)((next_random(state) >> 32) % limit);
}

static void fill(uint64_t *random, uint8_t *at, size_t len) {
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)(next_random(random) >> 56);
}

static bool sign_one(const secp256k1_context *context, const secp256k1_keypair *pair,
                     struct signed_message *out) {
    uint8_t digest[32];
    secp256k1_xonly_pubkey key;
    SHA256(out->message, out->message_len, digest);
    return secp256k1_keypair_xonly_pub(context, &key, NULL, pair) &&
           secp256k1_xonly_pubkey_serialize(context, out->key, &key) &&
           secp256k1_schnorrsig_sign32(context, out->signature, digest, pair, NULL);
}

static bool make_pool(uint64_t *random, struct pool *pool) {
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    secp256k1_keypair pairs[KEYS];
    uint8_t secret[32];
    bool good = context;
    for (int i = 0; i < KEYS && good; i++) {
        fill(random, secret, sizeof secret);
        good = secp256k1_keypair_create(context, &pairs[i], secret);
    }
    for (int i = 0; i < POOL && good; i++) {
        struct signed_message *entry = &pool->entries[i];
        entry->message_len = below(random, sizeof entry->message + 1);
        fill(random, entry->message, entry->message_len);
        good = sign_one(context, &pairs[below(random, KEYS)], entry);
    }
    secp256k1_context_destroy(context);
    return good;
}

static void make_member(const struct signed_message *content, struct member *out) {
    *out = (struct member){.content = *content, .hex_len = 128, .key_len = 32};
}

/* value += delta modulo the order, both big-endian and below it. */
static void add_modulo(uint8_t value[32], const uint8_t delta[32]) {
    uint8_t sum[33];
    unsigned carry = 0, borrow = 0;
    for (int i = 31; i >= 0; i--) {
        carry += value[i] + delta[i];
        sum[i + 1] = (uint8_t)carry;
        carry >>= 8;
    }
    sum[0] = (uint8_t)carry;
    if (carry == 0 && memcmp(sum + 1, order, 32) < 0) {
        memcpy(value, sum + 1, 32);
        return;
    }
    for (int i = 31; i >= 0; i--) {
        unsigned digit = 256u + sum[i + 1] - order[i] - borrow;
        value[i] = (uint8_t)digit;
        borrow = digit < 256;
    }
}

static void negate(uint8_t value[32]) {
    unsigned borrow = 0;
    for (int i = 31; i >= 0; i--) {
        unsigned digit = 256u + order[i] - value[i] - borrow;
        value[i] = (uint8_t)digit;
        borrow = digit < 256;
    }
}

/* Two signatures wrong by as much, one up and one down: only weights that nobody chooses find
 * it. */
static void cancel(uint64_t *random, struct member *a, struct member *b) {
    uint8_t delta[32] = {0};
    if (below(random, 2)) fill(random, delta + 1, 31);
    else delta[31] = (uint8_t)(1 + below(random, 255));
    add_modulo(a->content.signature + 32, delta);
    negate(delta);
    add_modulo(b->content.signature + 32, delta);
}

static void swap_bytes(uint8_t *a, uint8_t *b, size_t len) {
    for (size_t i = 0; i < len; i++) {
        uint8_t kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* Alters one member, or two. Some leave it right. */
static void alter(uint64_t *random, const struct pool *pool, struct batch *b) {
    struct member *m = &b->members[below(random, b->count)];
    struct member *other = &b->members[below(random, b->count)];
    struct signed_message *c = &m->content;
    const struct signed_message *from = &pool->entries[below(random, POOL)];
    switch (below(random, 16)) {
    case 0: /* a bit of the message */
        if (c->message_len == 0) c->message[c->message_len++] = 0;
        else
            c->message[below(random, (uint32_t)c->message_len)] ^= (uint8_t)(1 << below(random, 8));
        break;
    case 1:
        c->signature[below(random, 64)] ^= (uint8_t)(1 << below(random, 8));
        break;
    case 2:
        c->key[below(random, 32)] ^= (uint8_t)(1 << below(random, 8));
        break;
    case 3:
    case 4:
    case 5:
        if (other != m) cancel(random, m, other);
        break;
    case 6: /* signatures, or halves of them, exchanged */
        swap_bytes(c->signature, other->content.signature, below(random, 2) ? 64 : 32);
        break;
    case 7:
        negate(c->signature + 32);
        break;
    case 8:
        memset(c->signature + 32, 0, 32);
        break;
    case 9: /* s + n, or n itself */
        memcpy(c->signature + 32, order, 32);
        break;
    case 10: /* r: above the field's characteristic, 0, or small: half of those are no point's x */
        memset(c->signature, below(random, 2) ? 255 : 0, 32);
        c->signature[31] = (uint8_t)below(random, 256);
        break;
    case 11: /* another's key, nonce or whole content */
        if (below(random, 2)) memcpy(c->key, from->key, 32);
        else memcpy(c->signature, from->signature, 32);
        break;
    case 12: /* the same twice: right when it is right */
        *other = *m;
        break;
    case 13:
        m->hex_len = below(random, 129);
        break;
    case 14:
        m->key_len = below(random, 34);
        break;
    default:
        m->oper = (enum swapci_verify_oper)below(random, 3);
    }
}

static uint32_t draw_count(uint64_t *random) {
    switch (below(random, 64)) {
    case 0:
        return 1 + below(random, MEMBERS_MAX);
    case 1:
    case 2:
        return 1 + below(random, 100);
    default:
        return 1 + below(random, 8);
    }
}

static void write_requests(struct batch *b) {
    for (uint32_t i = 0; i < b->count; i++) {
        struct member *m = &b->members[i];
        uint8_t key[40] = {0};
        memcpy(key, m->content.key, 32);
        swapci_hex_encode(swapc_bytes_of(m->content.signature, 64), m->hex);
        struct swapci_verify_request request = {
            .message = swapc_bytes_of(m->content.message, m->content.message_len),
            .signature = swapc_bytes_of(m->hex, m->hex_len),
            .key = swapc_bytes_of(key, m->key_len),
            .id = i,
            .oper = m->oper};
        b->requests[i] = swapc_bytes_of(
            b->bytes[i], swapci_verify_request_encode(&request, b->bytes[i], REQUEST_MAX));
    }
    b->payload_len =
        swapci_verify_batch_encode(b->requests, b->count, b->payload, sizeof b->payload);
}

static void make_batch(uint64_t *random, const struct pool *pool, struct batch *b) {
    b->count = draw_count(random);
    bool one_key = below(random, 4) == 0;
    const uint8_t *key = pool->entries[below(random, POOL)].key;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct signed_message *entry = &pool->entries[below(random, POOL)];
        while (one_key && memcmp(entry->key, key, 32) != 0)
            entry = &pool->entries[below(random, POOL)];
        make_member(entry, &b->members[i]);
    }
    for (uint32_t n = below(random, 3); n > 0; n--) alter(random, pool, b);
    write_requests(b);
}

/* Returns whether the call answered, and in *valid whether with Valid. */
static bool ask(swapc_module *module, const char *operation, swapc_bytes payload,
                swapc_reply *reply, bool *valid) {
    struct swapci_verify_response response;
    enum swapc_status status =
        swapc_module_call(module, swapc_bytes_str(operation), payload, NULL, reply, NULL);
    bool answered = status == SWAPC_OK && swapci_verify_response_decode(reply->body, &response);
    *valid = answered && response.status == SWAPCI_VERIFY_VALID;
    return answered;
}

static bool each_is_valid(swapc_module *native, const struct batch *b, swapc_reply *reply) {
    bool all = true, valid;
    for (uint32_t i = 0; i < b->count && all; i++)
        all = ask(native, "verify_message", b->requests[i], reply, &valid) && valid;
    return all;
}

/* Now and then bytes of the payload change at random, so that it may be no batch at all: then the
 * engines need only say the same as the first. */
static bool garbled_alike(const struct swapci_candidates *candidates, const struct batch *b,
                          uint64_t *random, swapc_reply *reply) {
    static uint8_t copy[sizeof b->payload];
    bool answered[SWAPCI_CANDIDATES_MAX], valid[SWAPCI_CANDIDATES_MAX];
    memcpy(copy, b->payload, b->payload_len);
    copy[below(random, (uint32_t)b->payload_len)] = (uint8_t)below(random, 256);
    size_t len = below(random, 4) ? b->payload_len : below(random, (uint32_t)b->payload_len);
    for (size_t i = 0; i < candidates->count; i++) {
        bool slow = strcmp(swapc_module_describe(candidates->module[i])->engine, "wasm3") == 0;
        answered[i] = answered[0], valid[i] = valid[0];
        if (slow && below(random, SLOW_SHARE) > 0) continue;
        answered[i] =
            ask(candidates->module[i], "verify_batch", swapc_bytes_of(copy, len), reply, &valid[i]);
        if (answered[i] != answered[0] || valid[i] != valid[0]) return false;
    }
    return true;
}

struct tally {
    uint64_t valid, not_valid, slow;
};

static bool check(const struct swapci_candidates *candidates, swapc_module *native,
                  const struct batch *b, uint64_t *random, swapc_reply *reply,
                  struct tally *tally) {
    bool expected = each_is_valid(native, b, reply), valid;
    bool slow_too = b->count <= 100 && below(random, SLOW_SHARE) == 0;
    swapc_bytes payload = swapc_bytes_of(b->payload, b->payload_len);
    for (size_t i = 0; i < candidates->count; i++) {
        const swapc_module_info *info = swapc_module_describe(candidates->module[i]);
        if (strcmp(info->engine, "wasm3") == 0) {
            if (!slow_too) continue;
            tally->slow++;
        }
        if (ask(candidates->module[i], "verify_batch", payload, reply, &valid) && valid == expected)
            continue;
        printf("%s %s: a batch of %u is %s, its members are %s\n", info->engine, info->flavour,
               b->count, valid ? "Valid" : "not", expected ? "all Valid" : "not all");
        return false;
    }
    tally->valid += expected;
    tally->not_valid += !expected;
    return true;
}

static swapc_module *native_of(const struct swapci_candidates *candidates) {
    for (size_t i = 0; i < candidates->count; i++)
        if (strcmp(swapc_module_describe(candidates->module[i])->engine, "native") == 0)
            return candidates->module[i];
    return candidates->module[0];
}

static bool run(const struct swapci_candidates *candidates, uint64_t seed, uint64_t batches) {
    static struct batch batch;
    static struct pool pool;
    swapc_reply reply = SWAPC_REPLY_INIT;
    struct tally tally = {0, 0, 0};
    uint64_t random = seed ? seed : 1, done = 0;
    bool good = make_pool(&random, &pool);
    for (; good && done < batches; done++) {
        make_batch(&random, &pool, &batch);
        good = check(candidates, native_of(candidates), &batch, &random, &reply, &tally) &&
               (below(&random, 4) > 0 || garbled_alike(candidates, &batch, &random, &reply));
    }
    printf(
        "seed %llu: %llu batches on %zu engines and flavours, %llu all Valid, %llu not, %llu on an "
        "interpreter; %s\n",
        (unsigned long long)seed, (unsigned long long)done, candidates->count,
        (unsigned long long)tally.valid, (unsigned long long)tally.not_valid,
        (unsigned long long)tally.slow, good ? "as their members" : "the last one differs");
    swapc_reply_fini(&reply);
    return good && tally.valid > 0 && tally.not_valid > 0;
}

int main(int argc, char **argv) {
    swapc_host *host = NULL;
    struct swapci_candidates candidates = {.count = 0};
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    if (argc < 2) {
        fprintf(stderr, "usage: batches BUNDLES [SEED [BATCHES]]\n");
        return 2;
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    uint64_t batches = argc > 3 ? strtoull(argv[3], NULL, 0) : DEFAULT_BATCHES;
    config.engines = swapci_engine_names_all(engines);
    enum swapc_status status = swapc_host_new(&config, &host, &error);
    if (status == SWAPC_OK)
        status = swapci_candidates_load(host, argv[1], "schnorr", NULL, &candidates, &error);
    bool good = status == SWAPC_OK && run(&candidates, seed, batches);
    swapci_candidates_fini(&candidates);
    swapc_host_free(host);
    if (status != SWAPC_OK) fprintf(stderr, "batches: %s\n", error.text);
    return status != SWAPC_OK ? 2 : !good;
}
