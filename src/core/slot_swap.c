#include "clock.h"
#include "contract_impl.h"
#include "host_state.h"
#include "module_call.h"
#include "options.h"
#include "report.h"
#include "self_test.h"
#include "slot_impl.h"

static const char *const stage_names[] = {"prepare", "check", "self-test", "publish"};

const char *swapc_swap_stage_name(enum swapc_swap_stage stage) {
    return (unsigned)stage < sizeof stage_names / sizeof *stage_names ? stage_names[stage]
                                                                      : "unknown";
}

/* Loading fails in its check when the module is at fault, else in preparing it; with a trust policy
 * it runs the self-test itself, before it admits the version. */
static enum swapc_swap_stage stage_of(enum swapc_status status) {
    if (status == SWAPC_SELF_TEST || status == SWAPC_CONTRACT) return SWAPC_SWAP_SELF_TEST;
    bool module = status >= SWAPC_MODULE_MALFORMED && status < SWAPC_NO_MEMORY;
    return module || status == SWAPC_UNSUPPORTED ? SWAPC_SWAP_CHECK : SWAPC_SWAP_PREPARE;
}

/* Puts slot and stage before the sentence, and says what goes on serving. */
static enum swapc_status refused(swapc_slot *slot, const swapc_log *log,
                                 const swapc_swap_report *report, swapc_error *error) {
    swapc_error cause = *error;
    swapc_error_clear(error);
    swapc_error_set(error, cause.status, "swap of slot \"%s\" refused at %s: %s",
                    swapc_slot_name(slot), swapc_swap_stage_name(report->stage), cause.text);
    error->native = cause.native;
    error->engine = cause.engine;
    unsigned long long generation = swapc_slot_generation(slot);
    if (generation > 0)
        swapc_log_write(log, SWAPC_LOG_WARN, "slot", "%s; generation %llu goes on serving",
                        error->text, generation);
    else
        swapc_log_write(log, SWAPC_LOG_WARN, "slot", "%s",
                        error->text); /* nothing does: a check, or the first */
    return cause.status;
}

/* The contract first: its deadlines are the slot's, and its time is that of the bundle's own
 * vectors as well. */
static enum swapc_status self_test(swapc_slot *slot, swapc_module *module,
                                   enum swapc_self_test wanted, swapc_swap_report *report,
                                   swapc_error *error) {
    const swapc_contract *contract = swapc_slot_contract(slot);
    uint32_t deadline_max_ms = contract ? SWAPCI_VECTOR_DEADLINE_MS : SWAPCI_VECTOR_DEADLINE_MAX_MS;
    const struct swapci_vector_time time =
        swapci_vector_time_begin(contract ? swapci_contract_total_ms(contract) : 0);
    enum swapc_status status = swapci_slot_admit(slot, module, error);
    if (status != SWAPC_OK) return status;
    report->self_tests = wanted == SWAPC_SELF_TEST_SKIP ? 0 : swapci_module_self_tests(module);
    if (wanted == SWAPC_SELF_TEST_SKIP) return SWAPC_OK;
    if (wanted == SWAPC_SELF_TEST_REQUIRED && report->self_tests == 0)
        return swapc_error_set(
            error, SWAPC_SELF_TEST,
            "%s has no self-test vectors, and they are required: add [[self_test]] "
            "tables to its module.toml",
            swapc_module_describe(module)->path);
    return swapci_module_self_test(module, deadline_max_ms, contract ? &time : NULL, error);
}

static void log_swap(const swapc_slot *slot, const swapc_log *log, const swapc_module *module,
                     const swapc_swap_report *report) {
    const swapc_module_info *info = swapc_module_describe(module);
    swapc_log_write(log, SWAPC_LOG_INFO, "slot",
                    "%s: generation %llu is %s %s on %s, digest %.12s, %u self-tests",
                    swapc_slot_name(slot), (unsigned long long)report->generation, info->name,
                    info->version, info->engine, info->digest_hex, report->self_tests);
}

static enum swapc_status publish(swapc_slot *slot, swapc_module *module, swapc_swap_report *report,
                                 swapc_error *error) {
    report->stage = SWAPC_SWAP_PUBLISH;
    enum swapc_status status = swapc_slot_publish(slot, module, &report->generation);
    if (status != SWAPC_OK)
        return swapc_error_set(error, status, "%s is not one that the slot takes",
                               swapc_module_describe(module)->path);
    log_swap(slot, swapci_module_log(module), module, report);
    return SWAPC_OK;
}

static enum swapc_status swap(swapc_slot *slot, swapc_host *host, const char *path,
                              const swapc_swap_options *options, swapc_swap_report *report,
                              swapc_error *error) {
    swapc_module *module;
    uint64_t start = swapci_clock_monotonic_ns();
    enum swapc_status status = swapci_module_load(
        host, path, &options->module, swapc_slot_contract(slot) ? SWAPCI_CONTRACT_START_MS : 0,
        &module, error);
    uint64_t loaded = swapci_clock_monotonic_ns();
    report->load_us = (loaded - start) / 1000;
    report->stage = stage_of(status);
    if (status != SWAPC_OK) return status;
    report->stage = SWAPC_SWAP_SELF_TEST;
    status = self_test(slot, module, options->self_test, report, error);
    report->self_test_us = (swapci_clock_monotonic_ns() - loaded) / 1000;
    if (status == SWAPC_OK) status = publish(slot, module, report, error);
    swapc_module_release(module);
    return status;
}

enum swapc_status swapci_slot_swap(swapc_slot *slot, swapc_host *host, const char *path,
                                   const swapc_swap_options *options, swapc_swap_report *report,
                                   swapc_error *error) {
    swapc_swap_report own = SWAPC_SWAP_REPORT_INIT;
    swapc_swap_options own_options;
    swapc_error cause = SWAPC_ERROR_INIT;
    SWAPC_CHECK(slot && host && path);
    error = swapci_report_into(error);
    enum swapc_status status = swapci_check_swap_report(report, error);
    if (status == SWAPC_OK) status = swapci_take_swap_options(options, &own_options, error);
    if (status != SWAPC_OK) return status;
    status = swap(slot, host, path, &own_options, &own, &cause);
    swapci_give_swap_report(&own, report);
    if (status == SWAPC_OK) return SWAPC_OK;
    refused(slot, &host->config.log, &own, &cause);
    if (error) *error = cause;
    return status;
}
