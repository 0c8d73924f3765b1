/* What a host with a trust policy takes and refuses: whole bundles through swapc_module_load. */
#include "trust_policy.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "fake_engine.h"
#include "minisign.h"
#include "bundle_sign.h"
#include "small_file.h"
#include "swapc/module.h"
#include "swapc/slot.h"
#include "publish.h"
#include "test_main.h"

struct bench {
    char folder[64], bundle[96], keys[96], state[96];
    struct swapci_minisign_secret secret;
    swapc_trust *trust;
    swapc_host *host;
    swapc_error error;
    unsigned warnings;
};

static void put(const char *folder, const char *name, swapc_bytes content) {
    char path[192];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(swapci_small_file_replace(path, content, 0600, NULL), SWAPC_OK);
}

static swapci_buffer get(const char *folder, const char *name) {
    char path[192];
    swapci_buffer content = SWAPCI_BUFFER_INIT;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(swapci_small_file_read(path, 1 << 20, &content, NULL), SWAPC_OK);
    return content;
}

static void put_key(struct bench *b, const struct swapci_minisign_secret *secret,
                    const char *name) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    assert_int_equal(swapci_minisign_public_write(secret, &text), SWAPC_OK);
    put(b->keys, name, swapci_buffer_bytes(&text));
    swapci_buffer_fini(&text);
}

static void count_warning(enum swapc_log_level level, const char *source, const char *message,
                          void *user) {
    (void)source, (void)message;
    if (level == SWAPC_LOG_WARN) ((struct bench *)user)->warnings++;
}

static void write_manifest(struct bench *b, const char *version) {
    char text[256];
    snprintf(text, sizeof text,
             "# tested\nname = \"tested\"\nversion = \"%s\"\n\n[flavours]\nwide = \"wide.wasm\"\n"
             "plain = \"plain.wasm\"\n",
             version);
    put(b->bundle, "module.toml", swapc_bytes_str(text));
}

static enum swapc_status sign_as(struct bench *b, const char *expires, bool legacy) {
    struct swapci_signing signing = {&b->secret, expires, legacy};
    return swapci_bundle_sign(b->bundle, &signing, NULL);
}

static void write_signed(struct bench *b, const char *version) {
    write_manifest(b, version);
    assert_int_equal(sign_as(b, NULL, false), SWAPC_OK);
}

static int setup(void **state) {
    static struct bench bench;
    struct bench *b = &bench;
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    *b = (struct bench){.error = SWAPC_ERROR_INIT};
    *state = b;
    memset(&swapci_fake, 0, sizeof swapci_fake);
    strcpy(b->folder, "/tmp/swapc-trust-XXXXXX");
    if (sodium_init() < 0 || !mkdtemp(b->folder)) return -1;
    snprintf(b->bundle, sizeof b->bundle, "%.32s/bundle", b->folder);
    snprintf(b->keys, sizeof b->keys, "%.32s/keys", b->folder);
    snprintf(b->state, sizeof b->state, "%.32s/state", b->folder);
    if (mkdir(b->bundle, 0700) != 0 || mkdir(b->keys, 0700) != 0) return -1;
    swapci_minisign_generate(&b->secret);
    put_key(b, &b->secret, "ours.pub");
    swapc_bytes module = swapci_fake_bytes(&swapci_fake_echo, bytes);
    put(b->bundle, "wide.wasm", module);
    put(b->bundle, "plain.wasm", module);
    swapc_trust_config config = SWAPC_TRUST_CONFIG_INIT;
    config.keys_dir = b->keys;
    config.state_dir = b->state;
    config.log = (swapc_log){count_warning, b, SWAPC_LOG_DEBUG};
    assert_int_equal(swapc_trust_new(&config, &b->trust, NULL), SWAPC_OK);
    swapc_host_config host = SWAPC_HOST_CONFIG_INIT;
    host.trust = b->trust;
    host.cache = "";
    assert_int_equal(swapc_host_new(&host, &b->host, NULL), SWAPC_OK);
    write_signed(b, "1.0.0");
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    char command[96];
    swapc_host_free(b->host);
    swapc_trust_free(b->trust);
    snprintf(command, sizeof command, "rm -r %s", b->folder);
    return system(command);
}

static enum swapc_status load(struct bench *b) {
    swapc_module *module = NULL;
    swapc_error_clear(&b->error);
    enum swapc_status status = swapc_module_load(b->host, b->bundle, NULL, &module, &b->error);
    swapc_module_release(module);
    return status;
}

static void expect_taken(struct bench *b) {
    if (load(b) != SWAPC_OK) fail_msg("%s", b->error.text);
}

static void expect_refused(struct bench *b, enum swapc_status status, const char *text) {
    assert_int_equal(load(b), status);
    if (!strstr(b->error.text, text)) fail_msg("\"%s\" is not in \"%s\"", text, b->error.text);
}

static void a_signed_bundle(void **state) {
    struct bench *b = *state;
    expect_taken(b);
    assert_int_equal(sign_as(b, NULL, true), SWAPC_OK);
    expect_taken(b);
}

static void an_unsigned_bundle(void **state) {
    struct bench *b = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/module.toml.minisig", b->bundle);
    assert_int_equal(unlink(path), 0);
    expect_refused(b, SWAPC_SIGNATURE, path);
    assert_non_null(strstr(b->error.text, "swapc module sign"));
}

static void a_foreign_key(void **state) {
    struct bench *b = *state;
    swapci_minisign_generate(&b->secret);
    write_signed(b, "1.0.0");
    expect_refused(b, SWAPC_SIGNATURE, b->keys);
    /* Until it is allowed; and no longer than that. */
    put_key(b, &b->secret, "theirs.pub");
    expect_taken(b);
    char path[128];
    snprintf(path, sizeof path, "%s/theirs.pub", b->keys);
    unlink(path);
    expect_refused(b, SWAPC_SIGNATURE, b->keys);
}

/* A key that calls itself by an allowed key's id. */
static void a_borrowed_id(void **state) {
    struct bench *b = *state;
    struct swapci_minisign_secret forger;
    swapci_minisign_generate(&forger);
    memcpy(b->secret.key, forger.key, sizeof forger.key);
    write_signed(b, "1.0.0");
    expect_refused(b, SWAPC_SIGNATURE, "does not match");
}

/* Flips every bit of a file of the bundle in turn. */
static void every_bit_counts(struct bench *b, const char *name, size_t from) {
    swapci_buffer content = get(b->bundle, name);
    for (size_t bit = 8 * from; bit < 8 * content.len; bit++) {
        content.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        put(b->bundle, name, swapci_buffer_bytes(&content));
        if (load(b) != SWAPC_SIGNATURE) fail_msg("bit %zu of %s: %s", bit, name, b->error.text);
        assert_non_null(strstr(b->error.text, b->bundle));
        content.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    put(b->bundle, name, swapci_buffer_bytes(&content));
    swapci_buffer_fini(&content);
    expect_taken(b);
}

static void every_bit_of_the_manifest(void **state) {
    every_bit_counts(*state, "module.toml", 0);
}

static void every_bit_of_a_flavour(void **state) {
    every_bit_counts(*state, "wide.wasm", 0);
}

/* But for the untrusted comment and the newline at the end, which mean nothing. */
static void every_bit_of_the_signature(void **state) {
    struct bench *b = *state;
    swapci_buffer text = get(b->bundle, "module.toml.minisig");
    put(b->bundle, "module.toml.minisig", swapc_bytes_of(text.ptr, text.len - 1));
    size_t from = (size_t)((uint8_t *)memchr(text.ptr, '\n', text.len) - text.ptr);
    swapci_buffer_fini(&text);
    every_bit_counts(b, "module.toml.minisig", from);
}

static void truncated(void **state) {
    struct bench *b = *state;
    static const char *const names[] = {"module.toml", "wide.wasm", "module.toml.minisig"};
    for (size_t n = 0; n < 3; n++) {
        swapci_buffer content = get(b->bundle, names[n]);
        for (size_t len = 0; len + 1 < content.len; len++) {
            put(b->bundle, names[n], swapc_bytes_of(content.ptr, len));
            if (load(b) != SWAPC_SIGNATURE)
                fail_msg("%s of %zu bytes: %s", names[n], len, b->error.text);
        }
        put(b->bundle, names[n], swapci_buffer_bytes(&content));
        swapci_buffer_fini(&content);
    }
    expect_taken(b);
}

/* Another bundle's signed files cannot be mixed into this one. */
static void parts_of_two_bundles(void **state) {
    struct bench *b = *state;
    static const char *const names[] = {"module.toml", "wide.wasm", "module.toml.minisig"};
    swapci_buffer first[3];
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    static const struct swapci_fake_program other = {.user = &other};
    for (size_t n = 0; n < 3; n++) first[n] = get(b->bundle, names[n]);
    put(b->bundle, "wide.wasm", swapci_fake_bytes(&other, bytes));
    write_signed(b, "1.0.1");
    for (unsigned mix = 1; mix < 7; mix++) {
        swapci_buffer second[3];
        for (size_t n = 0; n < 3; n++) {
            second[n] = get(b->bundle, names[n]);
            if (mix & 1u << n) put(b->bundle, names[n], swapci_buffer_bytes(&first[n]));
        }
        if (load(b) != SWAPC_SIGNATURE) fail_msg("mix %u: %s", mix, b->error.text);
        for (size_t n = 0; n < 3; n++) {
            put(b->bundle, names[n], swapci_buffer_bytes(&second[n]));
            swapci_buffer_fini(&second[n]);
        }
    }
    for (size_t n = 0; n < 3; n++) swapci_buffer_fini(&first[n]);
}

static void signed_by_other_means(void **state) {
    struct bench *b = *state;
    swapci_buffer signature = SWAPCI_BUFFER_INIT;
    write_manifest(b, "1.0.0"); /* no digests */
    swapci_buffer text = get(b->bundle, "module.toml");
    assert_int_equal(
        swapci_minisign_sign(&b->secret, swapci_buffer_bytes(&text), true, "", &signature),
        SWAPC_OK);
    put(b->bundle, "module.toml.minisig", swapci_buffer_bytes(&signature));
    swapci_buffer_fini(&signature);
    swapci_buffer_fini(&text);
    expect_refused(b, SWAPC_SIGNATURE, "digest");
}

static void what_is_no_bundle(void **state) {
    struct bench *b = *state;
    char path[128];
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    swapc_module *module = NULL;
    snprintf(path, sizeof path, "%s/wide.wasm", b->bundle);
    assert_int_equal(swapc_module_load(b->host, path, NULL, &module, &b->error), SWAPC_SIGNATURE);
    assert_non_null(strstr(b->error.text, path));
    assert_int_equal(swapc_module_load_bytes(b->host, "tested",
                                             swapci_fake_bytes(&swapci_fake_echo, bytes), NULL,
                                             &module, NULL),
                     SWAPC_SIGNATURE);
    assert_null(module);
}

static void expiry(void **state) {
    struct bench *b = *state;
    assert_int_equal(sign_as(b, "9999-12-31", false), SWAPC_OK);
    expect_taken(b);
    assert_int_equal(sign_as(b, "2020-01-01T00:00:00Z", false), SWAPC_OK);
    expect_refused(b, SWAPC_SIGNATURE, "expired (2020-01-01T00:00:00Z)");
    assert_int_equal(sign_as(b, NULL, false), SWAPC_OK); /* stays */
    expect_refused(b, SWAPC_SIGNATURE, "expired");
    assert_int_equal(sign_as(b, "", false), SWAPC_OK);
    expect_taken(b);
    assert_int_equal(sign_as(b, "soon", false), SWAPC_INVALID);
}

static void versions_rise(void **state) {
    struct bench *b = *state;
    write_signed(b, "1.2.0");
    expect_taken(b);
    write_signed(b, "1.1.9");
    expect_refused(b, SWAPC_VERSION, "1.1.9 is older than 1.2.0");
    write_signed(b, "1.10.0");
    expect_taken(b);
    expect_taken(b);
}

/* A module that fails later than at its signature was not admitted. */
static void a_failing_module_raises_nothing(void **state) {
    struct bench *b = *state;
    write_signed(b, "2.0.0");
    swapci_fake.fail_compile = SWAPC_MODULE_MALFORMED;
    assert_int_equal(load(b), SWAPC_MODULE_MALFORMED);
    swapci_fake.fail_compile = SWAPC_OK;
    swapci_fake.fail_instantiate = SWAPC_MODULE_INIT;
    assert_int_equal(load(b), SWAPC_MODULE_INIT);
    swapci_fake.fail_instantiate = SWAPC_OK;
    write_signed(b, "1.0.0");
    expect_taken(b);
}

static void going_back_deliberately(void **state) {
    struct bench *b = *state;
    write_signed(b, "2.0.0");
    expect_taken(b);
    write_signed(b, "1.0.0");
    expect_refused(b, SWAPC_VERSION, "2.0.0");
    swapc_log log = {count_warning, b, SWAPC_LOG_WARN};
    assert_int_equal(swapc_trust_allow_version(b->state, "tested", "1.0.0", &log, NULL), SWAPC_OK);
    assert_int_equal(b->warnings, 1);
    expect_taken(b);
    assert_int_equal(swapc_trust_allow_version(b->state, "tested", "1", &log, NULL), SWAPC_INVALID);
    assert_int_equal(swapc_trust_allow_version(b->state, "../x", "1.0.0", &log, NULL),
                     SWAPC_INVALID);
    assert_int_equal(swapc_trust_allow_version("/nonexistent", "tested", "1.0.0", &log, NULL),
                     SWAPC_IO);
}

/* What is loaded is admitted: slots compare nothing. */
static void slots_compare_nothing(void **state) {
    struct bench *b = *state;
    swapc_module *old = NULL, *young = NULL;
    swapc_slot *slot;
    uint64_t generation;
    assert_int_equal(swapc_module_load(b->host, b->bundle, NULL, &old, NULL), SWAPC_OK);
    write_signed(b, "2.0.0");
    assert_int_equal(swapc_module_load(b->host, b->bundle, NULL, &young, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_new("s", &slot, NULL), SWAPC_OK);
    assert_int_equal(published(slot, old), 1);
    assert_int_equal(published(slot, young), 2);
    assert_int_equal(swapc_slot_rollback(slot, &generation), SWAPC_OK);
    assert_int_equal(generation, 3);
    assert_int_equal(published(slot, old), 4);
    swapc_slot_free(slot);
    swapc_module_release(old);
    swapc_module_release(young);
}

static void policies_that_cannot_be(void **state) {
    struct bench *b = *state;
    swapc_trust_config config = SWAPC_TRUST_CONFIG_INIT;
    swapc_trust *trust = NULL;
    assert_int_equal(swapc_trust_new(&config, &trust, NULL), SWAPC_INVALID);
    config.keys_dir = b->bundle;
    assert_int_equal(swapc_trust_new(&config, &trust, &b->error), SWAPC_NOT_FOUND);
    assert_non_null(strstr(b->error.text, "holds no key"));
    config.keys_dir = "/nonexistent/keys";
    assert_int_equal(swapc_trust_new(&config, &trust, NULL), SWAPC_NOT_FOUND);
    put(b->keys, "bad.pub", swapc_bytes_str("rubbish"));
    config.keys_dir = b->keys;
    assert_int_equal(swapc_trust_new(&config, &trust, NULL), SWAPC_SIGNATURE);
    assert_null(trust);
}

/* A damaged key beside the right one, and no key at all, while the policy is in force. */
static void keys_that_go_bad(void **state) {
    struct bench *b = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/ours.pub", b->keys);
    put(b->keys, "ours.pub", swapc_bytes_str("rubbish"));
    expect_refused(b, SWAPC_SIGNATURE, path);
    unlink(path);
    expect_refused(b, SWAPC_SIGNATURE, b->keys);
    rmdir(b->keys);
    expect_refused(b, SWAPC_NOT_FOUND, b->keys);
}

/* Whatever allocation fails: NO_MEMORY, nothing admitted that is not, and nothing leaks. */
static void no_memory(void **state) {
    struct bench *b = *state;
    swapc_trust_config config = SWAPC_TRUST_CONFIG_INIT;
    config.keys_dir = b->keys;
    config.state_dir = b->state;
    config.log.max_level = SWAPC_LOG_ERROR;
    expect_taken(b); /* the engine is open */
    enum swapc_status status;
    size_t n = 0;
    do {
        swapc_trust *trust = NULL;
        swapci_alloc_fail_at(++n);
        status = swapc_trust_new(&config, &trust, NULL);
        assert_int_equal(status, swapci_alloc_failed() ? SWAPC_NO_MEMORY : SWAPC_OK);
        swapc_trust_free(trust);
    } while (status != SWAPC_OK);
    assert_true(n > 3);
    n = 0;
    do {
        swapci_alloc_fail_at(++n);
        status = load(b);
        assert_int_equal(status, swapci_alloc_failed() ? SWAPC_NO_MEMORY : SWAPC_OK);
    } while (status != SWAPC_OK);
    assert_true(n > 8);
    n = 0;
    do {
        swapci_alloc_fail_at(++n);
        status = sign_as(b, NULL, false);
        assert_int_equal(status, swapci_alloc_failed() ? SWAPC_NO_MEMORY : SWAPC_OK);
    } while (status != SWAPC_OK);
    swapci_alloc_fail_at(0);
    assert_true(n > 8);
    expect_taken(b);
}

/* Without a policy the digests of a signed bundle count all the same. */
static void digests_without_a_policy(void **state) {
    struct bench *b = *state;
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    swapc_host *host;
    swapc_module *module = NULL;
    config.cache = "";
    assert_int_equal(swapc_host_new(&config, &host, NULL), SWAPC_OK);
    put(b->bundle, "wide.wasm", swapc_bytes_str("x"));
    assert_int_equal(swapc_module_load(host, b->bundle, NULL, &module, &b->error), SWAPC_BUNDLE);
    assert_non_null(strstr(b->error.text, "digest"));
    swapc_host_free(host);
}

/* Signing again changes nothing but the digests; comments and order stay. */
static void signing_again(void **state) {
    struct bench *b = *state;
    swapci_buffer first = get(b->bundle, "module.toml");
    assert_int_equal(sign_as(b, NULL, false), SWAPC_OK);
    swapci_buffer second = get(b->bundle, "module.toml");
    assert_true(swapc_bytes_equal(swapci_buffer_bytes(&first), swapci_buffer_bytes(&second)));
    assert_memory_equal(first.ptr, "# tested\n", 9);
    swapci_buffer_fini(&first);
    swapci_buffer_fini(&second);
    put(b->bundle, "module.toml", swapc_bytes_str("name = \"n\"\nnonsense\n"));
    assert_int_equal(sign_as(b, NULL, false), SWAPC_BUNDLE);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signed_bundle, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unsigned_bundle, setup, teardown),
        cmocka_unit_test_setup_teardown(a_foreign_key, setup, teardown),
        cmocka_unit_test_setup_teardown(a_borrowed_id, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_the_manifest, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_a_flavour, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_the_signature, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_of_two_bundles, setup, teardown),
        cmocka_unit_test_setup_teardown(signed_by_other_means, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_bundle, setup, teardown),
        cmocka_unit_test_setup_teardown(expiry, setup, teardown),
        cmocka_unit_test_setup_teardown(versions_rise, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_module_raises_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(going_back_deliberately, setup, teardown),
        cmocka_unit_test_setup_teardown(slots_compare_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(policies_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_that_go_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(digests_without_a_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(signing_again, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
