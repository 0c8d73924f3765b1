#include "tally.h"

#include <pthread.h>
#include <string.h>

#include "reason.h"
#include "test_main.h"

static void counts_by_status_and_reason(void **state) {
    swapci_tally tally = {0};
    char reason[SWAPCI_TALLY_REASON_MAX];
    (void)state;
    swapci_tally_reason(&tally, reason);
    assert_string_equal(reason, "");
    swapci_tally_note(&tally, "Valid", NULL);
    swapci_tally_note(&tally, "Valid", "said all the same");
    swapci_tally_note(&tally, "NotValid", NULL);
    swapci_tally_note(&tally, "NotValid", SWAPCI_REASON_UNKNOWN_KEY);
    swapci_tally_reason(&tally, reason);
    assert_string_equal(reason, ""); /* of Errors alone */
    swapci_tally_note(&tally, "Error", "TRAP");
    swapci_tally_note(&tally, "Error", "DEADLINE");
    swapci_tally_reason(&tally, reason);
    assert_string_equal(reason, "DEADLINE");
    swapci_tally_note(&tally, "Error", NULL);
    swapci_tally_reason(&tally, reason);
    assert_string_equal(reason, "");
    assert_int_equal(tally.valid, 2);
    assert_int_equal(tally.not_valid, 2);
    assert_int_equal(tally.unknown_keys, 1);
    assert_int_equal(tally.errors, 3);
}

static void a_long_reason_is_cut(void **state) {
    swapci_tally tally = {0};
    char reason[SWAPCI_TALLY_REASON_MAX], text[2 * SWAPCI_TALLY_REASON_MAX];
    (void)state;
    memset(text, 'r', sizeof text - 1);
    text[sizeof text - 1] = 0;
    swapci_tally_note(&tally, "Error", text);
    swapci_tally_reason(&tally, reason);
    assert_int_equal(strlen(reason), SWAPCI_TALLY_REASON_MAX - 1);
    assert_memory_equal(reason, text, SWAPCI_TALLY_REASON_MAX - 1);
}

enum { NOTES = 20000 };

struct noting {
    swapci_tally *tally;
    char letter;
};

static void *note_much(void *user) {
    const struct noting *n = user;
    char reason[40];
    memset(reason, n->letter, sizeof reason - 1);
    reason[sizeof reason - 1] = 0;
    for (int i = 0; i < NOTES; i++) swapci_tally_note(n->tally, "Error", reason);
    return NULL;
}

/* Two threads write long reasons of one letter each: none is lost from the count, and a reason that is
 * read is never made of both. */
static void a_reason_is_never_torn(void **state) {
    swapci_tally tally = {0};
    struct noting a = {&tally, 'a'}, b = {&tally, 'b'};
    pthread_t threads[2];
    (void)state;
    assert_int_equal(pthread_create(&threads[0], NULL, note_much, &a), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, note_much, &b), 0);
    for (uint64_t seen = 0; seen < 2 * NOTES; seen = atomic_load(&tally.errors)) {
        char reason[SWAPCI_TALLY_REASON_MAX];
        swapci_tally_reason(&tally, reason);
        size_t len = strlen(reason);
        assert_true(len == 0 || len == 39);
        for (size_t i = 1; i < len; i++) assert_int_equal(reason[i], reason[0]);
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(tally.errors, 2 * NOTES);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(counts_by_status_and_reason),
                                              cmocka_unit_test(a_long_reason_is_cut),
                                              cmocka_unit_test(a_reason_is_never_torn)};
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
