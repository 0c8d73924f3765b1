#include "sized.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test_main.h"

/* One struct in three versions, as a library and its programs may know it. */
struct one {
    size_t size;
    uint64_t a;
};
struct two {
    size_t size;
    uint64_t a, b;
};
struct three {
    size_t size;
    uint64_t a, b, c;
};
SWAPCI_SIZED(row, struct two, "TWO_INIT", a, b);

static enum swapc_status take(const void *theirs, struct two *own, swapc_error *error) {
    *error = (swapc_error)SWAPC_ERROR_INIT;
    *own = (struct two){77, 77, 77};
    return swapci_sized_take(&row, 0, theirs, own, error);
}

static void zeros_are_refused(void **state) {
    (void)state;
    struct two own, zeros = {0};
    swapc_error error;
    assert_int_equal(take(&zeros, &own, &error), SWAPC_INVALID);
    assert_non_null(strstr(error.text, "struct two"));
    assert_non_null(strstr(error.text, "TWO_INIT"));
    assert_int_equal(own.a, 77);
}

static void no_versions_size_is_refused(void **state) {
    (void)state;
    const size_t wrong[] = {1,    sizeof(size_t), sizeof(struct one) - 1,
                            4097, SIZE_MAX,       SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct two own, theirs = {wrong[i], 1, 2};
        swapc_error error;
        assert_int_equal(take(&theirs, &own, &error), SWAPC_INVALID);
        assert_non_null(strstr(error.text, "no version has"));
        assert_int_equal(own.a, 77);
    }
}

/* Its storage ends where its size says: the sanitizers see a byte read beyond. */
static void an_older_struct_is_taken_and_nothing_beyond_it(void **state) {
    (void)state;
    struct one *theirs = malloc(sizeof *theirs);
    struct two own;
    swapc_error error;
    assert_non_null(theirs);
    *theirs = (struct one){sizeof *theirs, 5};
    assert_int_equal(take(theirs, &own, &error), SWAPC_OK);
    assert_int_equal(own.a, 5);
    assert_int_equal(own.b, 0);
    assert_int_equal(own.size, sizeof own);
    free(theirs);
}

static void a_newer_struct_is_taken_while_its_tail_is_zero(void **state) {
    (void)state;
    struct three theirs = {sizeof theirs, 5, 6, 0};
    struct two own;
    swapc_error error;
    assert_int_equal(take(&theirs, &own, &error), SWAPC_OK);
    assert_int_equal(own.b, 6);
    assert_int_equal(own.size, sizeof own);
}

static void each_byte_of_an_unknown_field_is_seen(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        struct three theirs = {sizeof theirs, 5, 6, UINT64_C(1) << bit};
        struct two own;
        swapc_error error;
        assert_int_equal(take(&theirs, &own, &error), SWAPC_INVALID);
        assert_non_null(strstr(error.text, "newer header"));
        assert_int_equal(own.a, 77);
    }
}

static void one_inside_another_has_its_room(void **state) {
    (void)state;
    struct three theirs = {sizeof theirs, 5, 6, 0};
    struct two own;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_sized_take(&row, sizeof theirs, &theirs, &own, &error), SWAPC_OK);
    assert_int_equal(swapci_sized_take(&row, sizeof own, &theirs, &own, &error), SWAPC_INVALID);
}

static void giving_fills_what_is_there_and_clears_the_rest(void **state) {
    (void)state;
    const struct two own = {sizeof own, 5, 6};
    struct one *old = malloc(sizeof *old);
    struct three new = {sizeof new, 1, 2, 3};
    assert_non_null(old);
    *old = (struct one){sizeof *old, 1};
    assert_int_equal(swapci_sized_check(&row, old, NULL), SWAPC_OK);
    swapci_sized_give(&row, &own, old);
    assert_int_equal(old->size, sizeof *old);
    assert_int_equal(old->a, 5);
    free(old);
    swapci_sized_give(&row, &own, &new);
    assert_int_equal(new.size, sizeof new);
    assert_int_equal(new.b, 6);
    assert_int_equal(new.c, 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_are_refused),
        cmocka_unit_test(no_versions_size_is_refused),
        cmocka_unit_test(an_older_struct_is_taken_and_nothing_beyond_it),
        cmocka_unit_test(a_newer_struct_is_taken_while_its_tail_is_zero),
        cmocka_unit_test(each_byte_of_an_unknown_field_is_seen),
        cmocka_unit_test(one_inside_another_has_its_room),
        cmocka_unit_test(giving_fills_what_is_there_and_clears_the_rest),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
