#include "batch.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
#include <stdlib.h>

#include "hex.h"
#include "test_main.h"
#include "vectors.h"

enum { MEMBERS_MAX = 400, COLLIDING = 40 };

static struct swapci_schnorr_member members[MEMBERS_MAX];

/* With an arena of exactly the size that is asked for, so that the sanitizer sees one byte too far. */
static bool valid(const struct swapci_schnorr_member *first, size_t count) {
    size_t size = swapci_schnorr_batch_arena(count);
    void *arena = malloc(size ? size : 1);
    assert_non_null(arena);
    memset(arena, 0xa5, size);
    bool result = swapci_schnorr_batch_valid(first, count, arena);
    free(arena);
    return result;
}

static uint64_t random_state = 88172645463325252u;

static uint32_t draw(uint32_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 32) % limit);
}

static void make_pair(const secp256k1_context *context, secp256k1_keypair *pair) {
    uint8_t secret[32];
    for (size_t i = 0; i < sizeof secret; i++) secret[i] = (uint8_t)draw(256);
    assert_true(secp256k1_keypair_create(context, pair, secret));
}

static void sign(const secp256k1_context *context, const secp256k1_keypair *pair,
                 struct swapci_schnorr_member *out) {
    secp256k1_xonly_pubkey key;
    for (size_t i = 0; i < sizeof out->digest; i++) out->digest[i] = (uint8_t)draw(256);
    out->message = swapc_bytes_of(out->digest, sizeof out->digest);
    assert_true(secp256k1_keypair_xonly_pub(context, &key, NULL, pair));
    assert_true(secp256k1_xonly_pubkey_serialize(context, out->key, &key));
    assert_true(secp256k1_schnorrsig_sign32(context, out->signature, out->digest, pair, NULL));
}

/* members[0..count) signed by as many keys, each in turn. */
static void sign_members(size_t count, size_t keys) {
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    secp256k1_keypair *pairs = calloc(keys, sizeof *pairs);
    assert_non_null(pairs);
    for (size_t i = 0; i < keys; i++) make_pair(context, &pairs[i]);
    for (size_t i = 0; i < count; i++) sign(context, &pairs[i % keys], &members[i]);
    free(pairs);
    secp256k1_context_destroy(context);
}

static void add_one(uint8_t value[32]) {
    for (int i = 31; i >= 0 && ++value[i] == 0; i--) {
    }
}

static void subtract_one(uint8_t value[32]) {
    for (int i = 31; i >= 0 && value[i]-- == 0; i--) {
    }
}

static void right_batches_of_every_size_are_valid(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 16, 64, 84, 85, 86, 87, 88, 127, 128, 129, 256, 400};
    for (size_t keys = 1; keys <= MEMBERS_MAX; keys = keys * 7 + 1) {
        sign_members(MEMBERS_MAX, keys);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            assert_true(valid(members, sizes[i]));
    }
}

/* Anywhere in the batch, and by as little as one. */
static void one_wrong_member_is_enough(void **state) {
    (void)state;
    sign_members(100, 3);
    for (size_t size = 1; size <= 100; size += 33)
        for (size_t at = 0; at < size; at += 1 + size / 8) {
            struct swapci_schnorr_member kept = members[at];
            add_one(members[at].signature + 32);
            assert_false(valid(members, size));
            members[at] = kept;
            members[at].message = swapc_bytes_of(kept.digest, 31);
            assert_false(valid(members, size));
            members[at] = kept;
            members[at].message = swapc_bytes_of(members[at].digest, sizeof kept.digest);
            memcpy(members[at].signature, members[(at + 1) % 100].signature, 32);
            assert_false(valid(members, size));
            members[at] = kept;
            members[at].message = swapc_bytes_of(members[at].digest, sizeof kept.digest);
        }
    assert_true(valid(members, 100));
}

/* Without weights, or with equal ones, the sum of both would come out right. */
static void errors_that_cancel_are_found(void **state) {
    (void)state;
    static const size_t keys[] = {1, 2, 300};
    for (size_t k = 0; k < 3; k++) {
        sign_members(300, keys[k]);
        for (size_t size = 2; size <= 300; size += 149) {
            struct swapci_schnorr_member first = members[0], last = members[size - 1];
            add_one(members[0].signature + 32);
            subtract_one(members[size - 1].signature + 32);
            assert_false(valid(members, size));
            memcpy(members[0].signature, first.signature, 64);
            memcpy(members[size - 1].signature, last.signature, 64);
            assert_true(valid(members, size));
        }
    }
}

/* More keys with one hash than places are looked at: the answers stay, whatever the order. */
static void keys_of_one_hash_change_no_answer(void **state) {
    (void)state;
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    for (size_t found = 0; found < COLLIDING;) {
        secp256k1_keypair pair;
        make_pair(context, &pair);
        sign(context, &pair, &members[found]);
        if (members[found].key[31] != 0x5a) continue; /* twice 2 * COLLIDING is below 256 places */
        sign(context, &pair, &members[COLLIDING + found]);
        found++;
    }
    secp256k1_context_destroy(context);
    assert_true(valid(members, 2 * COLLIDING));
    for (size_t i = 0; i < 2 * COLLIDING; i += 13) {
        add_one(members[i].signature + 32);
        assert_false(valid(members, 2 * COLLIDING));
        subtract_one(members[i].signature + 32);
    }
    assert_true(valid(members, 2 * COLLIDING));
}

/* Reads the published vectors as members; what is of another length than a member holds is left out.
 * The requests stay the set's. */
static size_t read_vectors(struct swapci_vectors *vectors, bool wanted,
                           struct swapci_schnorr_member *out) {
    struct swapci_vector vector;
    size_t count = 0;
    while (swapci_vectors_next(vectors, &vector)) {
        struct swapci_verify_request request;
        assert_true(swapci_verify_request_decode(vector.request, &request));
        if ((vector.expected == SWAPCI_VERIFY_VALID) != wanted) continue;
        assert_int_equal(request.key.len, 32);
        assert_int_equal(request.signature.len, 128);
        assert_true(swapci_hex_decode(request.signature, out[count].signature));
        memcpy(out[count].key, request.key.ptr, 32);
        out[count++].message = request.message;
    }
    return count;
}

static void bip340_vectors_in_batches(void **state) {
    (void)state;
    struct swapci_vectors *sets[2];
    struct swapci_schnorr_member wrong[32];
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            swapci_vectors_bip340(SWAPC_TEST_VECTORS "/bip340_test_vectors.csv", &sets[i], NULL),
            SWAPC_OK);
    size_t right_count = read_vectors(sets[0], true, members);
    size_t wrong_count = read_vectors(sets[1], false, wrong);
    assert_int_equal(right_count + wrong_count, swapci_vectors_count(sets[0]));
    for (size_t size = 1; size <= right_count; size++) assert_true(valid(members, size));
    for (size_t i = 0; i < wrong_count; i++) {
        assert_false(valid(&wrong[i], 1));
        for (size_t at = 0; at < right_count; at++) {
            struct swapci_schnorr_member kept = members[at];
            members[at] = wrong[i];
            assert_false(valid(members, right_count));
            members[at] = kept;
        }
    }
    swapci_vectors_free(sets[0]);
    swapci_vectors_free(sets[1]);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_batches_of_every_size_are_valid),
        cmocka_unit_test(one_wrong_member_is_enough),
        cmocka_unit_test(errors_that_cancel_are_found),
        cmocka_unit_test(keys_of_one_hash_change_no_answer),
        cmocka_unit_test(bip340_vectors_in_batches),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
