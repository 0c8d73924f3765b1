/* The one translation unit that reaches into libsecp256k1: it includes the library's own source for
 * the multiplication of many points, which its API does not offer. The whole of it, so that the module has
 * each function once: it takes the place of the library's object file. cmake/Guests.cmake compares
 * the sources' hash, so that another release is never taken for the one that this was written against. */
#include <secp256k1.c>

#include "batch.h"

enum {
    ALIGN = 16,
    PROBES = 16, /* places looked at for a key that was there before */
    WINDOW_MIN = 3,
    WINDOW_MAX = 9,  /* buckets of Pippenger's method: 2 to the power of it */
    STRAUSS_MAX = 64 /* points that Strauss's method is given at most */
};

/* What costs what, in multiplications of field elements: an affine point added, a projective one
 * added, a doubling; and of Strauss's method the table of a point and the digits of a half scalar. A
 * table is some 140 multiplications; it is counted as what it was measured to cost with its memory. */
enum { ADD = 11, ADD_PROJECTIVE = 16, DOUBLE = 7, TABLE = 415, DIGITS = 22 };

/* A key that the batch holds, with the sum of the weighted challenges of its members. */
struct key_term {
    secp256k1_ge point;
    secp256k1_scalar scalar;
    const uint8_t *bytes;
};

struct batch {
    const struct swapci_schnorr_member *members;
    size_t count;
    secp256k1_scalar *challenges; /* one a member */
    secp256k1_ge *nonces;         /* R, one a member */
    secp256k1_scalar *weights;    /* one a member */
    struct key_term *keys;
    size_t key_count;
    uint32_t *places; /* hash table of indices of keys, plus 1 */
    size_t place_mask;
    secp256k1_scalar generator; /* what G is multiplied by */
    uint8_t *rest;              /* of the arena, for the multiplication */
};

static const secp256k1_hash_ctx hash_context = {secp256k1_sha256_transform};

static size_t aligned(size_t size) {
    return (size + ALIGN - 1) / ALIGN * ALIGN;
}

static void *take(uint8_t **at, size_t size) {
    void *taken = *at;
    *at += aligned(size);
    return taken;
}

static size_t place_count(size_t members) {
    size_t places = 4;
    while (places < 2 * members) places *= 2;
    return places;
}

/* R once, P and G in two halves each. */
static size_t halves_max(size_t count) {
    return 3 * count + 2;
}

static size_t strauss_points(size_t count) {
    return 2 * count < STRAUSS_MAX ? 2 * count : STRAUSS_MAX;
}

static size_t digits_of(int window) {
    return (size_t)WNAF_SIZE(window + 1);
}

static size_t pippenger_arena(size_t halves) {
    return aligned(halves * sizeof(secp256k1_ge)) + aligned(halves * sizeof(secp256k1_scalar)) +
           aligned(halves * sizeof(struct secp256k1_pippenger_point_state)) +
           aligned(halves * digits_of(WINDOW_MIN) * sizeof(int)) +
           aligned(sizeof(secp256k1_gej) << WINDOW_MAX);
}

static size_t strauss_arena(size_t points) {
    return aligned(points * sizeof(secp256k1_gej)) + aligned(points * sizeof(secp256k1_scalar)) +
           aligned(points * ECMULT_TABLE_SIZE(WINDOW_A) * sizeof(secp256k1_fe)) +
           aligned(points * ECMULT_TABLE_SIZE(WINDOW_A) * sizeof(secp256k1_ge)) +
           aligned(points * sizeof(struct secp256k1_strauss_point_state));
}

size_t swapci_schnorr_batch_arena(size_t count) {
    size_t pippenger = pippenger_arena(halves_max(count));
    size_t strauss = strauss_arena(strauss_points(count));
    return 2 * aligned(count * sizeof(secp256k1_scalar)) + aligned(count * sizeof(secp256k1_ge)) +
           aligned(count * sizeof(struct key_term)) +
           aligned(place_count(count) * sizeof(uint32_t)) +
           (pippenger > strauss ? pippenger : strauss);
}

static void lay_out(struct batch *b, void *arena) {
    uint8_t *at = arena;
    size_t places = place_count(b->count);
    b->challenges = take(&at, b->count * sizeof *b->challenges);
    b->weights = take(&at, b->count * sizeof *b->weights);
    b->nonces = take(&at, b->count * sizeof *b->nonces);
    b->keys = take(&at, b->count * sizeof *b->keys);
    b->places = take(&at, places * sizeof *b->places);
    memset(b->places, 0, places * sizeof *b->places);
    b->place_mask = places - 1;
    b->rest = at;
}

/* A hash with a tag's midstate: SHA256(SHA256(tag) || SHA256(tag) || …). */
static void tagged(secp256k1_sha256 *sha, const char *tag) {
    secp256k1_sha256_initialize_tagged(&hash_context, sha, (const unsigned char *)tag, strlen(tag));
}

/* The challenges, and a seed that all of the batch goes into: each challenge, as the hash it is,
 * stands for R, key and message; s stands for itself. */
static void hash_all(const struct batch *b, uint8_t seed[32]) {
    secp256k1_sha256 challenge, all, sha;
    uint8_t hash[32];
    tagged(&challenge, "BIP0340/challenge");
    tagged(&all, "swapc/batch");
    for (size_t i = 0; i < b->count; i++) {
        const struct swapci_schnorr_member *m = &b->members[i];
        sha = challenge;
        secp256k1_sha256_write(&hash_context, &sha, m->signature, 32);
        secp256k1_sha256_write(&hash_context, &sha, m->key, sizeof m->key);
        secp256k1_sha256_write(&hash_context, &sha, m->message.ptr, m->message.len);
        secp256k1_sha256_finalize(&hash_context, &sha, hash);
        secp256k1_scalar_set_b32(&b->challenges[i], hash, NULL);
        secp256k1_sha256_write(&hash_context, &all, hash, sizeof hash);
        secp256k1_sha256_write(&hash_context, &all, m->signature + 32, 32);
    }
    secp256k1_sha256_finalize(&hash_context, &all, seed);
}

/* One hash of the seed and a counter makes two weights. */
static void make_weights(const struct batch *b, const uint8_t seed[32]) {
    for (size_t i = 0; i < b->count; i += 2) {
        secp256k1_sha256 sha;
        uint8_t hash[32], bytes[32] = {0};
        const uint8_t counter[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
                                    (uint8_t)i};
        secp256k1_sha256_initialize(&sha);
        secp256k1_sha256_write(&hash_context, &sha, seed, 32);
        secp256k1_sha256_write(&hash_context, &sha, counter, sizeof counter);
        secp256k1_sha256_finalize(&hash_context, &sha, hash);
        for (size_t half = 0; half < 2 && i + half < b->count; half++) {
            memcpy(bytes + 16, hash + 16 * half, 16);
            secp256k1_scalar_set_b32(&b->weights[i + half], bytes, NULL);
            if (secp256k1_scalar_is_zero(&b->weights[i + half]))
                b->weights[i + half] = secp256k1_scalar_one;
        }
    }
    if (b->count > 0) b->weights[0] = secp256k1_scalar_one;
}

/* The point of that x whose y is even. Returns whether there is one. */
static bool lift(const uint8_t x[32], secp256k1_ge *out) {
    secp256k1_fe field;
    return secp256k1_fe_set_b32_limit(&field, x) && secp256k1_ge_set_xo_var(out, &field, 0);
}

static uint32_t key_hash(const uint8_t *key) {
    return (uint32_t)key[28] << 24 | (uint32_t)key[29] << 16 | (uint32_t)key[30] << 8 | key[31];
}

/* The term of a key: the one that is there, or a new one. After PROBES places it gets one more,
 * which costs time and changes no answer: who chooses keys with one hash cannot make this slow.
 * Returns NULL when the key is no point's x. */
static struct key_term *term_of(struct batch *b, const uint8_t *key) {
    uint32_t hash = key_hash(key);
    struct key_term *term;
    uint32_t *place = NULL;
    for (unsigned probe = 0; probe < PROBES; probe++) {
        place = &b->places[(hash + probe) & b->place_mask];
        if (*place == 0) break;
        term = &b->keys[*place - 1];
        if (memcmp(term->bytes, key, 32) == 0) return term;
    }
    term = &b->keys[b->key_count];
    if (!lift(key, &term->point)) return NULL;
    term->bytes = key;
    term->scalar = secp256k1_scalar_zero;
    b->key_count++;
    if (*place == 0) *place = (uint32_t)b->key_count;
    return term;
}

/* Adds one member to the sums. Returns false when it is not well formed or its R is no point. */
static bool add_member(struct batch *b, size_t i) {
    const struct swapci_schnorr_member *m = &b->members[i];
    secp256k1_scalar s, weighted;
    int overflow;
    secp256k1_scalar_set_b32(&s, m->signature + 32, &overflow);
    if (overflow || secp256k1_scalar_is_zero(&s) || !lift(m->signature, &b->nonces[i]))
        return false;
    struct key_term *term = term_of(b, m->key);
    if (!term) return false;
    secp256k1_scalar_mul(&weighted, &b->weights[i], &s);
    secp256k1_scalar_add(&b->generator, &b->generator, &weighted);
    secp256k1_scalar_mul(&weighted, &b->weights[i], &b->challenges[i]);
    secp256k1_scalar_add(&term->scalar, &term->scalar, &weighted);
    return true;
}

/* A point and its scalar in two halves; one is shorter than 129 bits. */
static void put_halves(secp256k1_ge *points, secp256k1_scalar *scalars, size_t *count,
                       const secp256k1_ge *point, const secp256k1_scalar *scalar) {
    size_t at = *count;
    points[at] = *point;
    scalars[at] = *scalar;
    secp256k1_ecmult_endo_split(&scalars[at], &scalars[at + 1], &points[at], &points[at + 1]);
    *count = at + 2;
}

static void pippenger(const struct batch *b, int window, secp256k1_gej *sum) {
    size_t max = b->count + 2 * b->key_count + 2, count = 0;
    uint8_t *at = b->rest;
    struct secp256k1_pippenger_state state;
    secp256k1_ge *points = take(&at, max * sizeof *points);
    secp256k1_scalar *scalars = take(&at, max * sizeof *scalars);
    state.ps = take(&at, max * sizeof *state.ps);
    state.wnaf_na = take(&at, max * digits_of(window) * sizeof *state.wnaf_na);
    secp256k1_gej *buckets = take(&at, sizeof *buckets << window);
    put_halves(points, scalars, &count, &secp256k1_ge_const_g, &b->generator);
    for (size_t i = 0; i < b->key_count; i++)
        put_halves(points, scalars, &count, &b->keys[i].point, &b->keys[i].scalar);
    for (size_t i = 0; i < b->count; i++) { /* weights are half scalars as they are */
        points[count] = b->nonces[i];
        scalars[count++] = b->weights[i];
    }
    secp256k1_ecmult_pippenger_wnaf(buckets, window, &state, sum, scalars, points, count);
}

static void strauss(const struct batch *b, secp256k1_gej *sum) {
    size_t max = b->count + b->key_count, count = 0, entries = max * ECMULT_TABLE_SIZE(WINDOW_A);
    uint8_t *at = b->rest;
    struct secp256k1_strauss_state state;
    secp256k1_gej *points = take(&at, max * sizeof *points);
    secp256k1_scalar *scalars = take(&at, max * sizeof *scalars);
    state.aux = take(&at, entries * sizeof *state.aux);
    state.pre_a = take(&at, entries * sizeof *state.pre_a);
    state.ps = take(&at, max * sizeof *state.ps);
    for (size_t i = 0; i < b->key_count; i++) {
        secp256k1_gej_set_ge(&points[count], &b->keys[i].point);
        scalars[count++] = b->keys[i].scalar;
    }
    for (size_t i = 0; i < b->count; i++) {
        secp256k1_gej_set_ge(&points[count], &b->nonces[i]);
        scalars[count++] = b->weights[i];
    }
    secp256k1_ecmult_strauss_wnaf(&state, sum, count, points, scalars, &b->generator);
}

static uint64_t pippenger_cost(const struct batch *b, int window) {
    uint64_t halves = b->count + 2 * (uint64_t)b->key_count + 2;
    uint64_t buckets = (uint64_t)2 << window;
    return digits_of(window) *
           (halves * ADD + buckets * ADD_PROJECTIVE + (uint64_t)(window + 1) * DOUBLE);
}

static uint64_t strauss_cost(const struct batch *b) {
    uint64_t points = b->count + (uint64_t)b->key_count;
    return points * TABLE + (points + b->key_count) * DIGITS * ADD + WNAF_BITS * DOUBLE +
           2 * WNAF_BITS / WINDOW_G * (uint64_t)ADD_PROJECTIVE;
}

/* The cheaper of both methods for what the batch holds. */
static void multiply(const struct batch *b, secp256k1_gej *sum) {
    int best = WINDOW_MIN;
    for (int window = WINDOW_MIN + 1; window <= WINDOW_MAX; window++)
        if (pippenger_cost(b, window) < pippenger_cost(b, best)) best = window;
    if (b->count + b->key_count <= STRAUSS_MAX && strauss_cost(b) < pippenger_cost(b, best))
        strauss(b, sum);
    else pippenger(b, best, sum);
}

bool swapci_schnorr_batch_valid(const struct swapci_schnorr_member *members, size_t count,
                                void *arena) {
    struct batch b = {.members = members, .count = count};
    uint8_t seed[32];
    secp256k1_gej sum;
    lay_out(&b, arena);
    hash_all(&b, seed);
    make_weights(&b, seed);
    b.generator = secp256k1_scalar_zero;
    for (size_t i = 0; i < count; i++)
        if (!add_member(&b, i)) return false;
    secp256k1_scalar_negate(&b.generator, &b.generator);
    multiply(&b, &sum);
    return secp256k1_gej_is_infinity(&sum);
}
