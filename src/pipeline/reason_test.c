#include "reason.h"

#include <string.h>

#include "swapc/error.h"
#include "test_main.h"

/* Each reason that docs/DURABILITY.md lists. */
static void every_reason_has_a_remedy(void **state) {
    static const char *const reasons[] = {"malformed", "unknown method", "method not served",
                                          "too large", "poisoned",       "unknown key",
                                          "response",  "deleted",        "key or signature"};
    static const enum swapc_status judged[] = {
        SWAPC_GUEST_ERROR, SWAPC_TRAP,  SWAPC_TRAP_MEMORY, SWAPC_TRAP_STACK,
        SWAPC_DEADLINE,    SWAPC_LIMIT, SWAPC_EXIT,        SWAPC_MEMORY_LIMIT};
    const char *other = swapci_reason_remedy("something else");
    (void)state;
    assert_non_null(strstr(other, "logs"));
    assert_string_equal(swapci_reason_remedy(NULL), other);
    assert_string_equal(swapci_reason_remedy(""), other);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        assert_string_not_equal(swapci_reason_remedy(reasons[i]), other);
    for (size_t i = 0; i < sizeof judged / sizeof *judged; i++)
        assert_string_not_equal(swapci_reason_remedy(swapc_status_name(judged[i])), other);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(every_reason_has_a_remedy)};
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
