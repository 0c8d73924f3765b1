#include "remote.h"

#include "rpc_runtime.h"

enum { READY_MS = 3000 };

enum swapc_status swapci_remote_open(const char *address, const swapci_rpc_tls *tls,
                                     swapci_rpc_client **out, swapc_error *error) {
    enum swapc_status status =
        swapci_rpc_client_new_tls(address, swapci_rpc_tls_given(tls) ? tls : NULL, out, error);
    return status == SWAPC_OK ? swapci_rpc_client_wait_ready(*out, READY_MS, error) : status;
}

void swapci_remote_close(swapci_rpc_client *client) {
    swapci_rpc_client_free(client);
    swapci_rpc_shutdown();
}

json_t *swapci_remote_module_json(const swapci_control_module *module) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b}", "slot", module->slot, "name",
                     module->name, "version", module->version, "engine", module->engine, "flavour",
                     module->flavour, "path", module->path, "digest", module->digest, "generation",
                     (json_int_t)module->generation, "unoptimised", (int)module->unoptimised);
}
