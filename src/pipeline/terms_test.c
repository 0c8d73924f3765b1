#include "terms.h"

#include <string.h>

#include "test_main.h"

static swapci_terms made(const char *out, const char *operation) {
    swapci_terms terms = {.what = "in as group g"};
    swapci_terms_add(&terms, "--out", out);
    swapci_terms_add(&terms, "--operation", operation);
    return terms;
}

static void the_same_agree_and_none_agree_with_all(void **state) {
    swapc_error error = SWAPC_ERROR_INIT;
    const swapci_terms a = made("priced", "price"), b = made("priced", "price"),
                       none = {.text = ""};
    (void)state;
    assert_int_equal(swapci_terms_check(&a, swapc_bytes_str(b.text), &error), SWAPC_OK);
    assert_int_equal(swapci_terms_check(&a, swapc_bytes_of(NULL, 0), &error), SWAPC_OK);
    assert_int_equal(swapci_terms_check(&none, swapc_bytes_str(b.text), &error), SWAPC_OK);
}

static void refused(const swapci_terms *ours, const char *theirs, const char *words) {
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_terms_check(ours, swapc_bytes_str(theirs), &error), SWAPC_NOT_ALLOWED);
    if (!strstr(error.text, words)) fail_msg("no '%s' in: %s", words, error.text);
}

static void the_first_that_differs_is_told(void **state) {
    const swapci_terms ours = made("priced", "price");
    (void)state;
    refused(&ours, made("billed", "price").text,
            "with --out billed, and this process has --out priced:");
    refused(&ours, made("priced", "weigh").text,
            "with --operation weigh, and this process has --operation price:");
    refused(&ours, made("priced", "price2").text, "in as group g with --operation price2,");
    refused(&ours, "--out priced\n", "has --operation price:");
    refused(&ours, "any bytes", "with any bytes, and");
}

static void what_is_too_long_is_cut(void **state) {
    char name[2 * SWAPCI_TERMS_MAX];
    swapci_terms terms = {.what = "in as group g"};
    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    swapci_terms_add(&terms, "--out", name);
    swapci_terms_add(&terms, "--operation", name);
    assert_int_equal(strlen(terms.text), sizeof terms.text - 1);
    name[3] = '\n';
    refused(&terms, name, "and this process has --out xxx");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_agree_and_none_agree_with_all),
        cmocka_unit_test(the_first_that_differs_is_told),
        cmocka_unit_test(what_is_too_long_is_cut),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
