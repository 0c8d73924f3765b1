#include "self_test.h"

#include <stdio.h>

static swapc_bytes view(const struct swapci_self_tests *tests, struct swapci_span16 span) {
    return swapc_bytes_of(tests->bytes + span.at, span.len);
}

static enum swapc_status failed(unsigned number, swapc_bytes operation, const char *expected,
                                const char *came, swapc_error *error) {
    return swapc_error_set(
        error, SWAPC_SELF_TEST,
        "vector %u (operation %.*s) must be answered with %s, and was answered with %s", number,
        (int)operation.len, (const char *)operation.ptr, expected, came);
}

static enum swapc_status run_one(const struct swapci_self_tests *tests, unsigned index,
                                 swapc_module *module, swapc_reply *reply, swapc_error *error) {
    const struct swapci_self_test *test = &tests->tests[index];
    swapc_bytes operation = view(tests, test->operation), response = view(tests, test->response);
    swapc_error call_error = SWAPC_ERROR_INIT;
    char expected[64], came[SWAPC_ERROR_TEXT_MAX + 32];
    enum swapc_status status =
        swapc_module_call(module, operation, view(tests, test->request), NULL, reply, &call_error);
    if (test->refuses ? status == SWAPC_GUEST_ERROR
                      : status == SWAPC_OK && swapc_bytes_equal(reply->body, response))
        return SWAPC_OK;
    if (test->refuses) snprintf(expected, sizeof expected, "a guest error");
    else snprintf(expected, sizeof expected, "%u bytes of its own", (unsigned)response.len);
    if (status == SWAPC_OK) snprintf(came, sizeof came, "a response of %zu bytes", reply->body.len);
    else
        snprintf(came, sizeof came, "%s: %s", swapc_status_name(status),
                 status == SWAPC_GUEST_ERROR ? "the guest refused it" : call_error.text);
    return failed(index + 1, operation, expected, came, error);
}

enum swapc_status swapci_self_tests_run(const struct swapci_self_tests *tests, swapc_module *module,
                                        swapc_error *error) {
    swapc_reply reply = SWAPC_REPLY_INIT;
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < tests->count && status == SWAPC_OK; i++)
        status = run_one(tests, i, module, &reply, error);
    swapc_reply_fini(&reply);
    return status;
}
