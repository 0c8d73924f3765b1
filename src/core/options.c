#include "options.h"

#include "sized.h"

/* One row a struct: where its first version of this ABI number ended, and where it ends now. */
SWAPCI_SIZED(limits_row, swapc_limits, "SWAPC_LIMITS_INIT", host_call_count, compile_ms);
SWAPCI_SIZED(host_row, swapc_host_config, "SWAPC_HOST_CONFIG_INIT", engines, engines);
SWAPCI_SIZED(module_row, swapc_module_options, "SWAPC_MODULE_OPTIONS_INIT", limits, limits);
SWAPCI_SIZED(call_row, swapc_call_options, "SWAPC_CALL_OPTIONS_INIT", user, user);
SWAPCI_SIZED(swap_row, swapc_swap_options, "SWAPC_SWAP_OPTIONS_INIT", module_room, module_room);
SWAPCI_SIZED(report_row, swapc_swap_report, "SWAPC_SWAP_REPORT_INIT", self_test_us, self_test_us);
SWAPCI_SIZED(usage_row, swapc_module_usage, "SWAPC_MODULE_USAGE_INIT", memory_bytes, memory_bytes);
SWAPCI_SIZED(engine_row, swapc_engine_info, "SWAPC_ENGINE_INFO_INIT", built, built);

static_assert(sizeof(swapc_limits) <= SWAPC_LIMITS_ROOM, "limits have outgrown their room");
static_assert(sizeof(swapc_module_options) <= SWAPC_MODULE_OPTIONS_ROOM,
              "module options have outgrown their room");

enum swapc_status swapci_take_host_config(const swapc_host_config *theirs, swapc_host_config *own,
                                          swapc_error *error) {
    *own = (swapc_host_config)SWAPC_HOST_CONFIG_INIT;
    if (!theirs) return SWAPC_OK;
    enum swapc_status status = swapci_sized_take(&host_row, 0, theirs, own, error);
    return status == SWAPC_OK ? swapci_sized_take(&limits_row, SWAPC_LIMITS_ROOM, &theirs->limits,
                                                  &own->limits, error)
                              : status;
}

enum swapc_status swapci_take_module_options(const swapc_module_options *theirs,
                                             const swapc_limits *host, swapc_module_options *own,
                                             swapc_limits *limits, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    *own = (swapc_module_options)SWAPC_MODULE_OPTIONS_INIT;
    *limits = *host;
    if (theirs) status = swapci_sized_take(&module_row, 0, theirs, own, error);
    if (status == SWAPC_OK && own->limits)
        status = swapci_sized_take(&limits_row, 0, own->limits, limits, error);
    own->limits = limits;
    return status;
}

enum swapc_status swapci_take_swap_options(const swapc_swap_options *theirs,
                                           swapc_swap_options *own, swapc_error *error) {
    *own = (swapc_swap_options)SWAPC_SWAP_OPTIONS_INIT;
    if (!theirs) return SWAPC_OK;
    enum swapc_status status = swapci_sized_take(&swap_row, 0, theirs, own, error);
    return status == SWAPC_OK ? swapci_sized_take(&module_row, SWAPC_MODULE_OPTIONS_ROOM,
                                                  &theirs->module, &own->module, error)
                              : status;
}

enum swapc_status swapci_take_call_options(const swapc_call_options *theirs,
                                           swapc_call_options *own, swapc_error *error) {
    return swapci_sized_take(&call_row, 0, theirs, own, error);
}

enum swapc_status swapci_check_swap_report(const swapc_swap_report *theirs, swapc_error *error) {
    return theirs ? swapci_sized_check(&report_row, theirs, error) : SWAPC_OK;
}

void swapci_give_swap_report(const swapc_swap_report *own, swapc_swap_report *theirs) {
    if (theirs) swapci_sized_give(&report_row, own, theirs);
}

void swapci_give_engine_info(const swapc_engine_info *own, swapc_engine_info *theirs) {
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapci_sized_check(&engine_row, theirs, &error) != SWAPC_OK)
        swapc_panic(__FILE__, __LINE__, error.text);
    swapci_sized_give(&engine_row, own, theirs);
}

enum swapc_status swapci_give_module_usage(const swapc_module_usage *own,
                                           swapc_module_usage *theirs, swapc_error *error) {
    enum swapc_status status = swapci_sized_check(&usage_row, theirs, error);
    if (status == SWAPC_OK) swapci_sized_give(&usage_row, own, theirs);
    return status;
}
