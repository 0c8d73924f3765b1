#include "control_client.h"

#include "rpc_message.h"

#include "control.pb-c.h"

#include <stdio.h>

#define COPY(to, from) snprintf(to, sizeof to, "%s", from)

static void copy_module(const Swapc__Control__V1__Module *from, swapci_control_module *to) {
    *to = (swapci_control_module){.generation = 0};
    if (!from) return;
    COPY(to->slot, from->slot);
    COPY(to->name, from->name);
    COPY(to->version, from->version);
    COPY(to->engine, from->engine);
    COPY(to->flavour, from->flavour);
    COPY(to->path, from->path);
    COPY(to->digest, from->digest);
    to->generation = from->generation;
}

enum swapc_status swapci_control_client_status(swapci_rpc_client *client, unsigned timeout_ms,
                                               swapci_control_status *out, swapc_error *error) {
    Swapc__Control__V1__StatusRequest request = SWAPC__CONTROL__V1__STATUS_REQUEST__INIT;
    ProtobufCMessage *reply;
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_CONTROL_STATUS, &request.base,
        &swapc__control__v1__status_response__descriptor, timeout_ms, &reply, error);
    if (status) return status;
    const Swapc__Control__V1__StatusResponse *r = (const Swapc__Control__V1__StatusResponse *)reply;
    *out = (swapci_control_status){.pid = r->pid, .uptime_ms = r->uptime_ms};
    COPY(out->role, r->role);
    COPY(out->version, r->version);
    COPY(out->state, r->state);
    for (size_t i = 0; i < r->n_counters && i < SWAPCI_CONTROL_COUNTERS_MAX; i++) {
        COPY(out->counters[i].name, r->counters[i]->name);
        out->counters[i].value = r->counters[i]->value;
        out->counter_count++;
    }
    protobuf_c_message_free_unpacked(reply, NULL);
    return SWAPC_OK;
}

enum swapc_status swapci_control_client_drain(swapci_rpc_client *client, unsigned timeout_ms,
                                              swapc_error *error) {
    Swapc__Control__V1__DrainRequest request = SWAPC__CONTROL__V1__DRAIN_REQUEST__INIT;
    ProtobufCMessage *reply;
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_CONTROL_DRAIN, &request.base,
        &swapc__control__v1__drain_response__descriptor, timeout_ms, &reply, error);
    if (status == SWAPC_OK) protobuf_c_message_free_unpacked(reply, NULL);
    return status;
}

enum swapc_status swapci_control_client_list(swapci_rpc_client *client, unsigned timeout_ms,
                                             swapci_control_modules *out, swapc_error *error) {
    Swapc__Control__V1__ListModulesRequest request = SWAPC__CONTROL__V1__LIST_MODULES_REQUEST__INIT;
    ProtobufCMessage *reply;
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_CONTROL_LIST, &request.base,
        &swapc__control__v1__list_modules_response__descriptor, timeout_ms, &reply, error);
    if (status) return status;
    const Swapc__Control__V1__ListModulesResponse *r =
        (const Swapc__Control__V1__ListModulesResponse *)reply;
    out->count = 0;
    for (size_t i = 0; i < r->n_modules && i < SWAPCI_CONTROL_MODULES_MAX; i++)
        copy_module(r->modules[i], &out->rows[out->count++]);
    protobuf_c_message_free_unpacked(reply, NULL);
    return SWAPC_OK;
}

enum swapc_status swapci_control_client_swap(swapci_rpc_client *client, const char *slot,
                                             const char *path, unsigned timeout_ms,
                                             swapci_control_module *out, swapc_error *error) {
    Swapc__Control__V1__SwapRequest request = SWAPC__CONTROL__V1__SWAP_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.slot = (char *)slot;
    request.path = (char *)path;
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_CONTROL_SWAP, &request.base,
        &swapc__control__v1__swap_response__descriptor, timeout_ms, &reply, error);
    if (status) return status;
    copy_module(((const Swapc__Control__V1__SwapResponse *)reply)->module, out);
    protobuf_c_message_free_unpacked(reply, NULL);
    return SWAPC_OK;
}

enum swapc_status swapci_control_client_rollback(swapci_rpc_client *client, const char *slot,
                                                 unsigned timeout_ms, swapci_control_module *out,
                                                 swapc_error *error) {
    Swapc__Control__V1__RollbackRequest request = SWAPC__CONTROL__V1__ROLLBACK_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.slot = (char *)slot;
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_CONTROL_ROLLBACK, &request.base,
        &swapc__control__v1__rollback_response__descriptor, timeout_ms, &reply, error);
    if (status) return status;
    copy_module(((const Swapc__Control__V1__RollbackResponse *)reply)->module, out);
    protobuf_c_message_free_unpacked(reply, NULL);
    return SWAPC_OK;
}
