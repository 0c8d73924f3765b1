/* What is told of messages that others took away, by what is counted. */
#include "losses.h"

#include "test_main.h"

static uint64_t begin(swapci_losses *losses, swapci_counts now) {
    return swapci_losses_begin(losses, &now);
}

static uint64_t more(swapci_losses *losses, swapci_counts now) {
    return swapci_losses_more(losses, &now);
}

static void what_came_and_was_neither_answered_nor_is_open_is_gone(void **state) {
    swapci_losses l = SWAPCI_LOSSES_INIT;
    (void)state;
    assert_int_equal(
        begin(&l, (swapci_counts){.added = 100, .verdicts = 70, .open = 30, .gone = -1}), 0);
    assert_int_equal(
        more(&l, (swapci_counts){.added = 150, .verdicts = 120, .open = 5, .gone = -1}), 25);
    assert_int_equal(
        more(&l, (swapci_counts){.added = 150, .verdicts = 125, .open = 0, .gone = -1}), 0);
    assert_int_equal(
        more(&l, (swapci_counts){.added = 151, .verdicts = 125, .open = 0, .gone = -1}), 1);
}

static void what_the_group_never_got_is_told_once(void **state) {
    swapci_losses l = SWAPCI_LOSSES_INIT;
    (void)state;
    assert_int_equal(begin(&l, (swapci_counts){.added = 100, .open = 60, .gone = 40}), 40);
    assert_int_equal(more(&l, (swapci_counts){.added = 110, .verdicts = 60, .gone = 50}), 10);
    assert_int_equal(more(&l, (swapci_counts){.added = 110, .verdicts = 60, .gone = 50}), 0);
    /* The server has forgotten, and counts from there. */
    assert_int_equal(more(&l, (swapci_counts){.added = 111, .verdicts = 61, .gone = 0}), 0);
    assert_int_equal(more(&l, (swapci_counts){.added = 121, .verdicts = 68, .gone = 3}), 3);
}

static void verdicts_that_were_stored_twice_hide_some_but_make_up_none(void **state) {
    swapci_losses l = SWAPCI_LOSSES_INIT;
    (void)state;
    begin(&l, (swapci_counts){.gone = -1});
    assert_int_equal(more(&l, (swapci_counts){.added = 10, .verdicts = 13, .gone = -1}), 0);
    assert_int_equal(more(&l, (swapci_counts){.added = 20, .verdicts = 22, .gone = -1}), 1);
}

static void another_stream_or_deleted_verdicts_make_up_none(void **state) {
    swapci_losses l = SWAPCI_LOSSES_INIT;
    (void)state;
    begin(&l, (swapci_counts){.added = 100, .verdicts = 100, .gone = 0});
    assert_int_equal(more(&l, (swapci_counts){.added = 120, .verdicts = 20, .gone = 0}), 0);
    assert_int_equal(more(&l, (swapci_counts){.added = 50, .verdicts = 20, .gone = 0}), 0);
    assert_int_equal(more(&l, (swapci_counts){.added = 60, .verdicts = 28, .gone = 0}), 2);
}

static void of_a_stream_that_was_made_anew_only_the_group_is_believed(void **state) {
    swapci_losses l = SWAPCI_LOSSES_INIT;
    (void)state;
    begin(&l, (swapci_counts){.added = 2000, .verdicts = 1000, .open = 1000, .gone = 0});
    l.renewed = true;
    begin(&l, (swapci_counts){.added = 0, .verdicts = 1000, .gone = 0});
    /* The old one is renamed back. */
    assert_int_equal(more(&l, (swapci_counts){.added = 2000, .verdicts = 2000, .gone = 0}), 0);
    assert_int_equal(more(&l, (swapci_counts){.added = 2010, .verdicts = 2005, .gone = 5}), 5);
}

static void without_a_first_look_the_group_alone_tells(void **state) {
    swapci_losses l = SWAPCI_LOSSES_INIT;
    (void)state;
    assert_int_equal(more(&l, (swapci_counts){.added = 100, .verdicts = 10, .gone = 7}), 7);
    assert_int_equal(more(&l, (swapci_counts){.added = 110, .verdicts = 15, .gone = 7}), 5);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_and_was_neither_answered_nor_is_open_is_gone),
        cmocka_unit_test(what_the_group_never_got_is_told_once),
        cmocka_unit_test(verdicts_that_were_stored_twice_hide_some_but_make_up_none),
        cmocka_unit_test(another_stream_or_deleted_verdicts_make_up_none),
        cmocka_unit_test(of_a_stream_that_was_made_anew_only_the_group_is_believed),
        cmocka_unit_test(without_a_first_look_the_group_alone_tells),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
