/* Every method has a contract, which says more than one thing. */
#include "method_contract.h"

#include "test_main.h"

static void every_method_has_one(void **state) {
    (void)state;
    for (unsigned m = 0; m < swapci_method_count; m++) {
        swapc_contract *contract = NULL;
        swapc_error error = SWAPC_ERROR_INIT;
        enum swapc_status status =
            swapci_method_contract(swapci_method_table[m], &contract, &error);
        if (status != SWAPC_OK || !contract)
            fail_msg("%s: %s", swapci_method_table[m]->name, error.text);
        assert_string_equal(swapc_contract_operations(contract)[0], "verify_message");
        assert_null(swapc_contract_operations(contract)[1]);
        assert_true(swapc_contract_vectors(contract) >= 5);
        swapc_contract_release(contract);
    }
}

/* One answer for many messages is taken only of who was asked for some. */
static void a_module_that_offers_batches_is_asked_for_them(void **state) {
    (void)state;
    swapc_contract *contract = NULL;
    assert_int_equal(swapci_method_contract(swapci_method_table[0], &contract, NULL), SWAPC_OK);
    assert_string_equal(swapc_contract_name(contract), "schnorr");
    assert_string_equal(swapc_contract_optional(contract)[0], "verify_batch");
    assert_null(swapc_contract_optional(contract)[1]);
    swapc_contract_release(contract);
}

static void a_method_without_a_file_has_none(void **state) {
    (void)state;
    static const swapci_method other = {.name = "other", .module = "other"};
    swapc_contract *contract = NULL;
    assert_int_equal(swapci_method_contract(&other, &contract, NULL), SWAPC_OK);
    assert_null(contract);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_has_one),
        cmocka_unit_test(a_module_that_offers_batches_is_asked_for_them),
        cmocka_unit_test(a_method_without_a_file_has_none),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
