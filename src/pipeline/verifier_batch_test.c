/* A verifier that judges many at once, with modules whose verify_batch cannot be relied on. The module is a
 * program of the fake engine: verify_message is the shipped guest's own, verify_batch does what the case
 * wants once the module has been admitted (one that did so before would not be). Whatever that is, each message has the verdict that it has one by one. */
#include "keys_fixture.h"
#include "stream_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_engine.h"
#include "native_host.h"
#include "tamper.h"
#include "transport_memory.h"
#include "verifier.h"

enum { MESSAGES = 400, BATCH = 64, REQUEST_AT = 1024 };

/* What verify_batch does. */
enum trick {
    HONEST,
    NEVER_VALID,
    SAYS_NOTHING,
    SAYS_GARBAGE,
    SAYS_TWO,
    SAYS_ERROR,
    GUEST_FAILS,
    TRAPS,
    IS_LATE,
    IS_OUT_OF_MEMORY,
    SLOW_TRAP,
    TRICKS
};

static enum trick trick;
static struct swapci_native_host honest;
static unsigned batches, batches_good; /* the module's calls */

/* Two calls of verify_message that take a second, and those behind them, which wait to be let go. */
static atomic_bool dawdles, let_go;
static atomic_uint dawdled;

static void dawdle(void) {
    if (atomic_fetch_add(&dawdled, 1) < 2) usleep(SWAPCI_VERIFIER_STORE_MS * 1000 + 1000);
    else
        while (!atomic_load(&let_go)) usleep(1000);
}

static enum swapc_status respond(struct swapci_fake_guest *guest, const char *bytes, size_t len,
                                 int32_t *result) {
    *result = 1;
    return swapci_fake_respond(guest, swapc_bytes_of(bytes, len));
}

static enum swapc_status fail_by(struct swapci_fake_guest *guest, swapc_bytes why,
                                 int32_t *result) {
    *result = 0;
    memcpy(guest->memory, why.ptr, why.len);
    return swapci_fake_wapc(guest, "__guest_error", SWAPCI_FAKE_ARGS(0, why.len), NULL);
}

static enum swapc_status be_honest(struct swapci_fake_guest *guest, swapc_bytes operation,
                                   swapc_bytes payload, int32_t *result) {
    *result = swapci_native_host_call(&honest, operation, payload);
    const struct swapci_kept *said = *result ? &honest.response : &honest.error;
    return *result ? respond(guest, (const char *)said->ptr, said->len, result)
                   : fail_by(guest, swapc_bytes_of(said->ptr, said->len), result);
}

#define ANSWER(status) "\x82\xacpayload_back\xa2Ok\xa6status" status

static enum swapc_status play(struct swapci_fake_guest *guest, swapc_bytes operation,
                              swapc_bytes payload, int32_t *result) {
    static const char garbage[] = "\xc1\xff\x00\x93", not_valid[] = ANSWER("\xa8NotValid"),
                      error[] = ANSWER("\xa5"
                                       "Error"),
                      two[] = ANSWER("\xa5Valid") ANSWER("\xa5Valid");
    static const enum swapc_status ends[TRICKS] = {
        [TRAPS] = SWAPC_TRAP, [IS_LATE] = SWAPC_DEADLINE, [IS_OUT_OF_MEMORY] = SWAPC_NO_MEMORY};
    switch (trick) {
    case HONEST:
        return be_honest(guest, operation, payload, result);
    case NEVER_VALID:
        return respond(guest, not_valid, sizeof not_valid - 1, result);
    case SAYS_NOTHING:
        return respond(guest, "", 0, result);
    case SAYS_GARBAGE:
        return respond(guest, garbage, sizeof garbage, result);
    case SAYS_TWO:
        return respond(guest, two, sizeof two - 1, result);
    case SAYS_ERROR:
        return respond(guest, error, sizeof error - 1, result);
    case GUEST_FAILS:
        return fail_by(guest, swapc_bytes_str("unknown operation"), result);
    case SLOW_TRAP:
        for (volatile unsigned i = 0; i < 3000000; i++) continue;
        return SWAPC_TRAP;
    default:
        return ends[trick];
    }
}

static enum swapc_status called(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                                int32_t *result) {
    enum swapc_status status =
        swapci_fake_wapc(guest, "__guest_request", SWAPCI_FAKE_ARGS(0, REQUEST_AT), NULL);
    if (status != SWAPC_OK) return status;
    swapc_bytes operation = swapc_bytes_of(guest->memory, op_len);
    swapc_bytes payload = swapc_bytes_of(guest->memory + REQUEST_AT, msg_len);
    if (atomic_load(&dawdles)) dawdle();
    if (!swapc_bytes_equal(operation, swapc_bytes_str("verify_batch")))
        return be_honest(guest, operation, payload, result);
    batches++;
    status = play(guest, operation, payload, result);
    batches_good += status == SWAPC_OK && *result == 1 && trick == HONEST;
    return status;
}

static const struct swapci_fake_program program = {.call = called};

typedef struct scene {
    swapci_redis *redis;
    swapci_stream_names names;
    fixture_keys keys;
    char bundle[80], wasm[96], toml[96];
    swapci_judges *judges;
    memory_hub hub;
    swapci_sender *sender;
    swapci_receiver *receiver;
    swapci_verifier *verifier;
    swapci_batch entries;
    bool altered[MESSAGES];
} scene;

static void write_file(const char *path, swapc_bytes bytes) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    fclose(file);
}

static void write_bundle(scene *s, const char *operations) {
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    char toml[256];
    snprintf(s->bundle, sizeof s->bundle, "%s/b", s->keys.folder);
    snprintf(s->wasm, sizeof s->wasm, "%s/wide.wasm", s->bundle);
    snprintf(s->toml, sizeof s->toml, "%s/module.toml", s->bundle);
    assert_int_equal(mkdir(s->bundle, 0700), 0);
    write_file(s->wasm, swapci_fake_bytes(&program, bytes));
    snprintf(toml, sizeof toml,
             "name = \"fake\"\nversion = \"1.0.0\"\noperations = [%s]\n[flavours]\nwide = "
             "\"wide.wasm\"\n",
             operations);
    write_file(s->toml, swapc_bytes_str(toml));
}

static int scene_setup(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    scene *s = calloc(1, sizeof *s);
    *state = s;
    fixture_keys_make(&s->keys, 4);
    fixture_ok(swapci_native_host_open(&honest, SWAPC_TEST_BUNDLES "/schnorr/native.so", &error),
               &error);
    memory_hub_init(&s->hub, 4 << 20);
    s->redis = fixture_open(0);
    s->names = fixture_names();
    batches = batches_good = 0;
    return 0;
}

static int scene_teardown(void **state) {
    scene *s = *state;
    swapci_verifier_free(s->verifier);
    swapci_receiver_close(s->receiver);
    swapci_sender_close(s->sender);
    memory_hub_fini(&s->hub);
    swapci_judges_free(s->judges);
    swapci_batch_fini(&s->entries);
    swapci_redis_free(s->redis);
    swapci_native_host_close(&honest);
    unlink(s->wasm);
    unlink(s->toml);
    rmdir(s->bundle);
    fixture_keys_remove(&s->keys);
    free(s);
    return 0;
}

static void open_verifier(scene *s, const char *operations, unsigned batch) {
    swapc_error error = SWAPC_ERROR_INIT;
    enum trick later = trick;
    write_bundle(s, operations);
    swapci_judges_config judges = {
        .engine = "fake", .keys_pub = s->keys.public_path, .workers = 1, .paths = {s->bundle}};
    trick = HONEST;
    fixture_ok(swapci_judges_new(&judges, &s->judges, &error), &error);
    trick = later;
    batches = batches_good = 0;
    assert_int_equal(memory_send_open(&s->hub, &s->sender), SWAPC_OK);
    assert_int_equal(memory_receive_open(&s->hub, &s->receiver), SWAPC_OK);
    swapci_verifier_config config = {.judges = s->judges,
                                     .receiver = s->receiver,
                                     .redis = {.url = fixture_url()},
                                     .names = &s->names,
                                     .workers = 1,
                                     .batch = batch};
    fixture_ok(swapci_verifier_new(&config, &s->verifier, &error), &error);
}

static void send_one(scene *s, const swapci_entry *entry, size_t key, bool altered) {
    swapc_error error = SWAPC_ERROR_INIT;
    uint8_t bytes[512];
    size_t len;
    swapci_signature signature;
    swapci_buffer other = SWAPCI_BUFFER_INIT;
    fixture_ok(swapci_method_sign(swapci_method_table[0], s->keys.pairs, key, entry->body,
                                  &signature, &error),
               &error);
    swapci_record record = {.id = entry->id,
                            .method = swapci_method_table[0],
                            .deliveries = 1,
                            .key = signature.key,
                            .signature = swapc_bytes_of(signature.bytes, signature.len),
                            .message = entry->body};
    if (altered) {
        assert_int_equal(swapci_tamper(entry->body, key, &other), SWAPC_OK);
        record.message = swapci_buffer_bytes(&other);
    }
    fixture_ok(swapci_record_encode(&record, bytes, sizeof bytes, &len, &error), &error);
    fixture_ok(swapci_sender_send(s->sender, swapc_bytes_of(bytes, len), -1, &error), &error);
    swapci_buffer_fini(&other);
}

/* All messages lie ready before the verifier starts; every `each`-th is altered, 0: none. */
static void give(scene *s, unsigned each) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_message message = {swapc_bytes_str("hello"), NULL, 0};
    swapci_stream_id id;
    fixture_ok(swapci_stream_create(s->redis, &s->names, &error), &error);
    for (unsigned i = 0; i < MESSAGES; i++)
        fixture_ok(swapci_stream_add(s->redis, &s->names, &message, 1, &id, &error), &error);
    fixture_ok(swapci_stream_read(s->redis, &s->names, "c", MESSAGES, 0, &s->entries, &error),
               &error);
    assert_int_equal(s->entries.count, MESSAGES);
    for (unsigned i = 0; i < MESSAGES; i++) {
        s->altered[i] = each > 0 && i % each == each - 1;
        send_one(s, &s->entries.entries[i], i % 4, s->altered[i]);
    }
}

static void judge_all(scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_verifier_start(s->verifier, &error), &error);
    while (fixture_integer(s->redis, "XLEN %s", s->names.verdicts) < MESSAGES) {
        assert_false(swapci_verifier_failed(s->verifier));
        swapci_redis_sleep(NULL, 2, NULL);
    }
    swapci_verifier_stop(s->verifier);
    fixture_ok(swapci_verifier_join(s->verifier, &error), &error);
}

static unsigned number_of(const scene *s, swapc_bytes id) {
    swapci_stream_id parsed;
    unsigned i = 0;
    assert_true(swapci_stream_id_parse(id, &parsed));
    while (i < MESSAGES && swapci_stream_id_compare(s->entries.entries[i].id, parsed) != 0) i++;
    assert_in_range(i, 0, MESSAGES - 1);
    return i;
}

/* One verdict a message, each its own. */
static void check_verdicts(const scene *s) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply = NULL;
    bool seen[MESSAGES] = {false};
    const char *digest = swapci_judges_module(s->judges, swapci_method_table[0])->digest_hex;
    fixture_ok(
        swapci_redis_call(s->redis, "a test", &reply, &error, "XRANGE %s - +", s->names.verdicts),
        &error);
    assert_int_equal(reply->elements, MESSAGES);
    for (size_t i = 0; i < reply->elements; i++) {
        swapc_bytes f[SWAPCI_VERDICT_FIELD_COUNT];
        assert_true(swapci_verdict_read(reply->element[i]->element[1], f));
        unsigned number = number_of(s, f[SWAPCI_VERDICT_FIELD_id]);
        assert_false(seen[number]);
        seen[number] = true;
        assert_true(swapc_bytes_equal(f[SWAPCI_VERDICT_FIELD_status],
                                      swapc_bytes_str(s->altered[number] ? "NotValid" : "Valid")));
        assert_int_equal(f[SWAPCI_VERDICT_FIELD_reason].len, 0);
        assert_true(swapc_bytes_equal(f[SWAPCI_VERDICT_FIELD_generation], swapc_bytes_str("1")));
        assert_memory_equal(f[SWAPCI_VERDICT_FIELD_digest].ptr, digest, SWAPCI_VERDICT_DIGEST);
    }
    freeReplyObject(reply);
    swapci_histogram times;
    swapci_histogram_init(&times);
    swapci_verifier_times(s->verifier, &times);
    assert_int_equal(times.count, MESSAGES);
    assert_int_equal(swapci_judges_judged(s->judges), MESSAGES);
}

#define BATCHES "\"verify_message\", \"verify_batch\""

static void right_messages_are_judged_together(void **state) {
    scene *s = *state;
    trick = HONEST;
    open_verifier(s, BATCHES, BATCH);
    give(s, 0);
    judge_all(s);
    check_verdicts(s);
    assert_in_range(batches, 1, MESSAGES / 16);
}

static void wrong_ones_among_them_have_their_own_verdicts(void **state) {
    scene *s = *state;
    trick = HONEST;
    open_verifier(s, BATCHES, BATCH);
    give(s, 50);
    judge_all(s);
    check_verdicts(s);
    assert_true(batches > 0);
}

static void a_module_that_offers_none_is_asked_one_by_one(void **state) {
    scene *s = *state;
    trick = TRAPS;
    open_verifier(s, "\"verify_message\"", BATCH);
    give(s, 10);
    judge_all(s);
    check_verdicts(s);
    assert_int_equal(batches, 0);
}

static void batch_of_one_is_off(void **state) {
    scene *s = *state;
    trick = TRAPS;
    open_verifier(s, BATCHES, 1);
    give(s, 10);
    judge_all(s);
    check_verdicts(s);
    assert_int_equal(batches, 0);
}

static void what_an_unreliable_batch_does_changes_no_verdict(void **state) {
    scene *s = *state;
    open_verifier(s, BATCHES, BATCH);
    give(s, 10);
    judge_all(s);
    check_verdicts(s);
    assert_true(batches > 0);
    assert_int_equal(batches_good, 0);
}

/* A signer that hears nothing of a message for long sends it again: what is judged does not wait for all that was taken. */
static void what_is_judged_is_stored_while_slow_calls_go_on(void **state) {
    scene *s = *state;
    trick = HONEST;
    open_verifier(s, "\"verify_message\"", BATCH);
    give(s, 10);
    atomic_store(&dawdles, true);
    swapc_error error = SWAPC_ERROR_INIT;
    fixture_ok(swapci_verifier_start(s->verifier, &error), &error);
    while (fixture_integer(s->redis, "XLEN %s", s->names.verdicts) == 0)
        swapci_redis_sleep(NULL, 10, NULL);
    long long stored = fixture_integer(s->redis, "XLEN %s", s->names.verdicts);
    atomic_store(&let_go, true);
    assert_int_equal(stored, 2);
    while (fixture_integer(s->redis, "XLEN %s", s->names.verdicts) < MESSAGES)
        swapci_redis_sleep(NULL, 10, NULL);
    swapci_verifier_stop(s->verifier);
    fixture_ok(swapci_verifier_join(s->verifier, &error), &error);
    atomic_store(&dawdles, false);
    check_verdicts(s);
}

#define UNRELIABLE(name, what)                                                                     \
    static void name(void **state) {                                                               \
        trick = what;                                                                              \
        what_an_unreliable_batch_does_changes_no_verdict(state);                                   \
    }

UNRELIABLE(never_valid, NEVER_VALID)
UNRELIABLE(an_empty_answer, SAYS_NOTHING)
UNRELIABLE(garbage, SAYS_GARBAGE)
UNRELIABLE(two_answers, SAYS_TWO)
UNRELIABLE(an_error, SAYS_ERROR)
UNRELIABLE(a_guest_error, GUEST_FAILS)
UNRELIABLE(a_trap, TRAPS)
UNRELIABLE(a_deadline, IS_LATE)
UNRELIABLE(no_memory, IS_OUT_OF_MEMORY)
UNRELIABLE(a_costly_trap, SLOW_TRAP)

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(right_messages_are_judged_together, scene_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(wrong_ones_among_them_have_their_own_verdicts, scene_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(a_module_that_offers_none_is_asked_one_by_one, scene_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(batch_of_one_is_off, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(what_is_judged_is_stored_while_slow_calls_go_on,
                                        scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(never_valid, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(an_empty_answer, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(garbage, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(two_answers, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(an_error, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_guest_error, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_trap, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_deadline, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(no_memory, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_costly_trap, scene_setup, scene_teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
