#include "swapc/version.h"

#include <stdio.h>

#include "swapc/host.h"
#include "test_main.h"

/* The library has its version from the top CMakeLists.txt, the headers have it written out. */
static void headers_and_library_agree(void **state) {
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", SWAPC_VERSION_MAJOR, SWAPC_VERSION_MINOR,
             SWAPC_VERSION_PATCH);
    assert_string_equal(swapc_version(), text);
}

static void numbers_compare_as_versions_do(void **state) {
    (void)state;
    assert_true(SWAPC_VERSION_OF(0, 9, 99) < SWAPC_VERSION_OF(0, 10, 0));
    assert_true(SWAPC_VERSION_OF(0, 999, 999) < SWAPC_VERSION_OF(1, 0, 0));
    assert_true(SWAPC_VERSION_NUMBER >= SWAPC_VERSION_OF(0, 1, 0));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_and_library_agree),
        cmocka_unit_test(numbers_compare_as_versions_do),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
