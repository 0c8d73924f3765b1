/* What a new method has to be: a row. Signed, carried as a record, judged and stored like the others,
 * alone and drawn among them. */
#include "keys_fixture.h"
#include "stream_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "generator.h"
#include "judge.h"
#include "signer.h"
#include "tamper.h"
#include "transport_ring.h"
#include "verifier.h"

enum { MESSAGES = 300, WORKERS = 2 };

static const char name[] = "ecdsa-hedged";

typedef struct scene {
    fixture_keys keys;
    char paths[SWAPCI_METHODS_MAX][512];
    swapci_judges *judges;
} scene;

static int setup(void **state) {
    scene *s = calloc(1, sizeof *s);
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_judges_config config = {.engine = "wasmtime", .workers = WORKERS};
    *state = s;
    fixture_keys_make(&s->keys, 3);
    config.keys_pub = s->keys.public_path;
    for (unsigned m = 0; m < swapci_method_count; m++) {
        snprintf(s->paths[m], sizeof s->paths[m], BUNDLES "/%s", swapci_method_table[m]->module);
        config.paths[m] = s->paths[m];
    }
    fixture_ok(swapci_judges_new(&config, &s->judges, &error), &error);
    return 0;
}

static int teardown(void **state) {
    scene *s = *state;
    swapci_judges_free(s->judges);
    fixture_keys_remove(&s->keys);
    free(s);
    return 0;
}

/* The verdict of a message that went through a record's bytes. */
static const char *judged(scene *s, const swapci_method *method, bool altered) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_signature signature;
    swapci_buffer other = SWAPCI_BUFFER_INIT;
    swapci_record record = {.id = {1, 2}, .method = method, .message = swapc_bytes_str("Ada")};
    uint8_t bytes[512];
    size_t len;
    swapci_judge judge;
    swapci_verdict verdict;
    fixture_ok(swapci_method_sign(method, s->keys.pairs, 1, record.message, &signature, &error),
               &error);
    record.key = signature.key;
    record.signature = swapc_bytes_of(signature.bytes, signature.len);
    assert_int_equal(swapci_tamper(record.message, 7, &other), SWAPC_OK);
    if (altered) record.message = swapci_buffer_bytes(&other);
    fixture_ok(swapci_record_encode(&record, bytes, sizeof bytes, &len, &error), &error);
    fixture_ok(swapci_record_decode(swapc_bytes_of(bytes, len), &record, &error), &error);
    assert_ptr_equal(record.method, method);
    swapci_judge_init(&judge, s->judges);
    swapci_judge_record(&judge, &record, &verdict);
    assert_string_equal(verdict.method, method->name);
    swapci_judge_fini(&judge);
    swapci_buffer_fini(&other);
    return verdict.status;
}

static void a_signature_becomes_a_verdict(void **state) {
    const swapci_method *method = swapci_method_find(swapc_bytes_str(name));
    assert_non_null(method);
    assert_int_equal(swapci_method_number(method), 2);
    assert_string_equal(judged(*state, method, false), "Valid");
    assert_string_equal(judged(*state, method, true), "NotValid");
}

/* How many verdicts are stored of the third method, and whether all of them are Valid. */
static unsigned stored(swapci_redis *redis, const swapci_stream_names *names) {
    swapc_error error = SWAPC_ERROR_INIT;
    redisReply *reply;
    unsigned count = 0;
    fixture_ok(swapci_redis_call(redis, "a test", &reply, &error, "XRANGE %s - +", names->verdicts),
               &error);
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *fields = reply->element[i]->element[1];
        const char *method = "", *status = "";
        for (size_t f = 0; f + 1 < fields->elements; f += 2) {
            if (!strcmp(fields->element[f]->str, "method")) method = fields->element[f + 1]->str;
            if (!strcmp(fields->element[f]->str, "status")) status = fields->element[f + 1]->str;
        }
        assert_string_equal(status, "Valid");
        count += strcmp(method, name) == 0;
    }
    freeReplyObject(reply);
    return count;
}

/* The pipeline as it is, with messages that draw one of three. */
static void the_pipeline_carries_it_among_the_others(void **state) {
    scene *s = *state;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_redis *redis = fixture_open(5000);
    swapci_stream_names names = fixture_names();
    swapci_verifier *verifier = NULL;
    swapci_signer *signer = NULL;
    swapci_ledger *ledger = NULL;
    swapci_generator_result generated;
    swapci_ledger_result books;
    swapci_transport_ring_config ring = {.name = "t", .directory = s->keys.folder};
    swapci_receiver *receiver = NULL;
    swapci_sender *sender = NULL;
    fixture_ok(swapci_transport_ring_receive(&ring, &receiver, &error), &error);
    fixture_ok(swapci_transport_ring_send(&ring, &sender, &error), &error);
    swapci_verifier_config verify = {.judges = s->judges,
                                     .receiver = receiver,
                                     .redis = {.url = fixture_url(), .retry_ms = 5000},
                                     .names = &names,
                                     .workers = WORKERS};
    swapci_signer_config sign = {.redis_url = fixture_url(),
                                 .redis_retry_ms = 5000,
                                 .consumer = "one",
                                 .sender = sender,
                                 .pairs = s->keys.pairs};
    fixture_ok(swapci_verifier_new(&verify, &verifier, &error), &error);
    fixture_ok(swapci_verifier_start(verifier, &error), &error);
    fixture_ok(swapci_signer_new(&sign, &signer, &error), &error);
    fixture_ok(swapci_signer_start(signer, &error), &error);
    fixture_ok(swapci_ledger_new(&ledger, &error), &error);
    fixture_ok(swapci_ledger_start(ledger, redis, &names, &error), &error);
    swapci_generator_config generate = {.redis = {.url = fixture_url(), .retry_ms = 5000},
                                        .names = names,
                                        .messages = MESSAGES,
                                        .method = SWAPCI_METHOD_RANDOM,
                                        .seed = 1,
                                        .message_max = 1000,
                                        .ledger = ledger};
    fixture_ok(swapci_generator_run(&generate, &generated, &error), &error);
    for (uint64_t answered = 0; answered < MESSAGES;) { /* else the case does not end */
        fixture_ok(swapci_ledger_read(ledger, redis, &names, &answered, &error), &error);
        swapci_redis_sleep(NULL, 2, NULL);
    }
    swapci_signer_drain(signer);
    fixture_ok(swapci_signer_join(signer, &error), &error);
    swapci_verifier_stop(verifier);
    fixture_ok(swapci_verifier_join(verifier, &error), &error);
    fixture_ok(swapci_ledger_join(ledger, redis, &names, &books, &error), &error);
    assert_int_equal(books.valid, MESSAGES);
    assert_int_equal(books.lost + books.duplicates + books.wrong, 0);
    assert_in_range(stored(redis, &names), MESSAGES / 6, MESSAGES / 2);
    swapci_ledger_free(ledger);
    swapci_signer_free(signer);
    swapci_verifier_free(verifier);
    swapci_sender_close(sender);
    swapci_receiver_close(receiver);
    swapci_redis_free(redis);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signature_becomes_a_verdict, setup, teardown),
        cmocka_unit_test_setup_teardown(the_pipeline_carries_it_among_the_others, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
