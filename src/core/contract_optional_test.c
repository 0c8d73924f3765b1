/* Operations that a module may offer, and must answer when it does; and the time that all vectors
 * of a candidate have together. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "fake_engine.h"
#include "swapc/slot.h"
#include "test_main.h"

#define VECTOR(operation, request, answer)                                                         \
    "[[self_test]]\noperation = \"" operation "\"\nrequest_text = \"" request "\"\n" answer "\n"
#define HELLO "response_text = \"hello\""
#define TEXT                                                                                       \
    "name = \"greetings\"\noptional = [\"greet_many\"]\n" VECTOR("greet", "ada", HELLO)            \
        VECTOR("greet_many", "ada,bob", HELLO) VECTOR("greet_many", "", "error = true")
#define MANY_LEN 10 /* greet_many */

enum { VECTORS = 64, CALL_MS = 60, SLOW_CALL_MS = 300 };

struct bench {
    char folder[40], wasm[64], toml[64];
    swapc_host *host;
    swapc_contract *contract;
    swapc_slot *slot;
    swapc_error error;
};

static unsigned calls, calls_of_many, call_ms;

/* All are greeted; of the many there has to be one. */
static enum swapc_status right(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    calls_of_many += op_len == MANY_LEN;
    *result = op_len != MANY_LEN || msg_len > 0;
    return *result ? swapci_fake_respond(guest, swapc_bytes_str("hello")) : SWAPC_OK;
}

static enum swapc_status lies(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                              int32_t *result) {
    (void)op_len, (void)msg_len;
    *result = 1;
    return swapci_fake_respond(guest, swapc_bytes_str("hello"));
}

static enum swapc_status wrong(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    if (op_len != MANY_LEN) return right(guest, op_len, msg_len, result);
    *result = 1;
    return swapci_fake_respond(guest, swapc_bytes_str("who?"));
}

static enum swapc_status traps(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    return op_len == MANY_LEN ? SWAPC_TRAP : right(guest, op_len, msg_len, result);
}

static enum swapc_status hangs(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                               int32_t *result) {
    if (op_len != MANY_LEN) return right(guest, op_len, msg_len, result);
    while (swapci_clock_monotonic_ns() < guest->run.deadline_ns) usleep(1000);
    return SWAPC_DEADLINE;
}

/* Right, and never soon. */
static enum swapc_status slow(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                              int32_t *result) {
    calls++;
    usleep(call_ms * 1000);
    return right(guest, op_len, msg_len, result);
}

static void write_file(const char *path, swapc_bytes bytes) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    fclose(file);
}

static int setup(void **state) {
    static struct bench b;
    b = (struct bench){.error = SWAPC_ERROR_INIT};
    strcpy(b.folder, "/tmp/swapc-optional-test-XXXXXX");
    assert_non_null(mkdtemp(b.folder));
    snprintf(b.wasm, sizeof b.wasm, "%s/wide.wasm", b.folder);
    snprintf(b.toml, sizeof b.toml, "%s/module.toml", b.folder);
    assert_int_equal(swapc_host_new(NULL, &b.host, NULL), SWAPC_OK);
    memset(&swapci_fake, 0, sizeof swapci_fake);
    calls = calls_of_many = 0;
    call_ms = CALL_MS;
    *state = &b;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    swapc_slot_free(b->slot);
    swapc_contract_release(b->contract);
    assert_int_equal(atomic_load(&swapci_fake.modules), 0);
    swapc_host_free(b->host);
    unlink(b->wasm);
    unlink(b->toml);
    return rmdir(b->folder);
}

/* A slot of that contract. */
static void ask(struct bench *b, const char *text) {
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapc_contract_load_bytes("c", swapc_bytes_str(text), &b->contract, &error) != SWAPC_OK)
        fail_msg("%s", error.text);
    assert_int_equal(swapc_slot_new("front", &b->slot, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_set_contract(b->slot, b->contract, NULL), SWAPC_OK);
}

/* operations: of its manifest, as there; "": says none. */
static void write_bundle(const struct bench *b, const struct swapci_fake_program *program,
                         const char *operations, const char *vectors) {
    static char toml[VECTORS * 200];
    uint8_t bytes[SWAPCI_FAKE_BYTES_MAX];
    write_file(b->wasm, swapci_fake_bytes(program, bytes));
    snprintf(toml, sizeof toml,
             "name = \"m\"\nversion = \"1.0.0\"\n%s\n[flavours]\nwide = \"wide.wasm\"\n%s",
             operations, vectors);
    write_file(b->toml, swapc_bytes_str(toml));
}

static enum swapc_status offer(struct bench *b, const struct swapci_fake_program *program,
                               const char *operations, const char *vectors) {
    write_bundle(b, program, operations, vectors);
    swapc_error_clear(&b->error);
    return swapc_slot_swap(b->slot, b->host, b->folder, NULL, NULL, &b->error);
}

#define ONE "operations = [\"greet\"]"
#define BOTH "operations = [\"greet\", \"greet_many\"]"

static const struct {
    struct swapci_fake_program program;
    const char *refused_for; /* when it offers greet_many; NULL: it is taken */
} candidates[] = {
    {{.call = right}, NULL},
    {{.call = lies},
     "vector 3 (operation greet_many) must be answered with a guest error, and was answered with "
     "the "
     "response \"hello\""},
    {{.call = wrong},
     "vector 2 (operation greet_many) must be answered with the response \"hello\", and was "
     "answered "
     "with the response \"who?\""},
    {{.call = traps}, "vector 2 (operation greet_many) must be answered with the response"},
    {{.call = hangs}, "DEADLINE"},
};

static void what_a_module_offers_it_must_answer(void **state) {
    struct bench *b = *state;
    ask(b, TEXT);
    assert_string_equal(swapc_contract_operations(b->contract)[0], "greet");
    assert_null(swapc_contract_operations(b->contract)[1]);
    assert_string_equal(swapc_contract_optional(b->contract)[0], "greet_many");
    assert_null(swapc_contract_optional(b->contract)[1]);
    assert_int_equal(swapc_contract_vectors(b->contract), 3);
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        const char *why = candidates[i].refused_for;
        enum swapc_status status = offer(b, &candidates[i].program, BOTH, "");
        if (status != (why ? SWAPC_CONTRACT : SWAPC_OK) || (why && !strstr(b->error.text, why)) ||
            (why && !strstr(b->error.text, "m does not do what slot front needs")))
            fail_msg("candidate %zu: %s %s", i, swapc_status_name(status), b->error.text);
    }
    assert_int_equal(swapc_slot_generation(b->slot), 1);
}

/* Nor is it called: whatever it does there is nobody's business. */
static void what_it_does_not_offer_it_is_not_asked_for(void **state) {
    struct bench *b = *state;
    ask(b, TEXT);
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        assert_int_equal(offer(b, &candidates[i].program, ONE, ""), SWAPC_OK);
        assert_int_equal(offer(b, &candidates[i].program, "", ""), SWAPC_OK);
    }
    assert_int_equal(calls_of_many, 0);
    assert_int_equal(offer(b, &candidates[0].program, "operations = [\"greet_many\"]", ""),
                     SWAPC_CONTRACT);
    assert_non_null(strstr(b->error.text, "m offers: greet_many; slot front needs: greet"));
}

static void a_contract_of_optional_operations_only(void **state) {
    struct bench *b = *state;
    ask(b, "optional = [\"greet_many\"]\n" VECTOR("greet_many", "ada", HELLO));
    assert_null(swapc_contract_operations(b->contract)[0]);
    assert_int_equal(offer(b, &candidates[2].program, ONE, ""), SWAPC_OK);
    assert_int_equal(offer(b, &candidates[2].program, BOTH, ""), SWAPC_CONTRACT);
}

/* head, then so many vectors, each of them answered rightly and in time. */
static const char *many_vectors(const char *head, unsigned count) {
    static char text[VECTORS * 160];
    size_t len = (size_t)snprintf(text, sizeof text, "%s", head);
    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s",
                                VECTOR("greet", "ada", HELLO "\ndeadline_ms = 1000"));
    return text;
}

static const struct swapci_fake_program slow_program = {.call = slow};

/* A crowded machine may have the last call, whose deadline is what was left, tried again, as often as patience.h allows. */
enum { AGAIN_MAX = 6 };

static void expect_used_up(const struct bench *b, const char *total, unsigned calls_max) {
    if (!strstr(b->error.text, total) || !strstr(b->error.text, "used up at vector"))
        fail_msg("%s", b->error.text);
    assert_in_range(calls, 1, calls_max + AGAIN_MAX);
}

static void all_vectors_have_a_time_together(void **state) {
    struct bench *b = *state;
    ask(b, many_vectors("total_ms = 200\n", VECTORS));
    assert_int_equal(offer(b, &slow_program, "", ""), SWAPC_CONTRACT);
    expect_used_up(b, "the 200 ms that the vectors of a module have together", 200 / CALL_MS + 1);
}

static void which_is_two_seconds_unless_said(void **state) {
    struct bench *b = *state;
    call_ms = SLOW_CALL_MS;
    ask(b, many_vectors("", VECTORS));
    assert_int_equal(offer(b, &slow_program, "", ""), SWAPC_CONTRACT);
    expect_used_up(b, "the 2000 ms that", 2000 / SLOW_CALL_MS + 1);
}

static void the_bundles_own_vectors_are_among_them(void **state) {
    struct bench *b = *state;
    ask(b, "total_ms = 200\n" VECTOR("greet", "ada", HELLO));
    assert_int_equal(offer(b, &slow_program, "", many_vectors("", VECTORS)), SWAPC_SELF_TEST);
    expect_used_up(b, "the 200 ms that", 200 / CALL_MS + 1);
    assert_int_equal(swapc_slot_generation(b->slot), 0);
}

/* Without a contract as well, by whatever way they are put. */
static void a_bundle_cannot_hold_up_a_slot_without_a_contract(void **state) {
    struct bench *b = *state;
    swapc_module *module = NULL;
    call_ms = SLOW_CALL_MS;
    assert_int_equal(swapc_slot_new("front", &b->slot, NULL), SWAPC_OK);
    assert_int_equal(offer(b, &slow_program, "", many_vectors("", VECTORS)), SWAPC_SELF_TEST);
    expect_used_up(b, "the 2000 ms that", 2000 / SLOW_CALL_MS + 1);
    calls = 0;
    assert_int_equal(swapc_module_load(b->host, b->folder, NULL, &module, NULL), SWAPC_OK);
    swapc_error_clear(&b->error);
    assert_int_equal(swapc_module_self_test(module, &b->error), SWAPC_SELF_TEST);
    expect_used_up(b, "the 2000 ms that", 2000 / SLOW_CALL_MS + 1);
    swapc_module_release(module);
}

/* One that may take longer than all have otherwise has its time. */
static void a_long_deadline_is_kept(void **state) {
    struct bench *b = *state;
    call_ms = 2100;
    ask(b, VECTOR("greet", "ada", HELLO "\ndeadline_ms = 10000"));
    assert_int_equal(offer(b, &slow_program, "", ""), SWAPC_OK);
    assert_int_equal(calls, 1);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_module_offers_it_must_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(what_it_does_not_offer_it_is_not_asked_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_contract_of_optional_operations_only, setup, teardown),
        cmocka_unit_test_setup_teardown(all_vectors_have_a_time_together, setup, teardown),
        cmocka_unit_test_setup_teardown(which_is_two_seconds_unless_said, setup, teardown),
        cmocka_unit_test_setup_teardown(the_bundles_own_vectors_are_among_them, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bundle_cannot_hold_up_a_slot_without_a_contract, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_long_deadline_is_kept, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
