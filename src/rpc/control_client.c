#include "control_client.h"

#include "rpc_message.h"

#include "control.pb-c.h"

#include <stdio.h>
#include <string.h>

#define COPY(to, from) snprintf(to, sizeof to, "%s", from)

/* Finds the status whose name, in brackets, begins what the server said; text is what follows. */
static enum swapc_status named(const char *words, const char **text) {
    static const enum swapc_status statuses[] = {
#define STATUS(name, code, words) SWAPC_##name,
        SWAPC_STATUS_MAP(STATUS)
#undef STATUS
    };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const char *name = swapc_status_name(statuses[i]);
        size_t len = strlen(name);
        if (strncmp(words, name, len) == 0 && strncmp(words + len, "] ", 2) == 0) {
            *text = words + len + 2;
            return statuses[i];
        }
    }
    return SWAPC_OK;
}

/* A refusal as the server meant it, and not as the transport of gRPC's code and text. */
static enum swapc_status refusal(enum swapc_status status, swapc_error *own, swapc_error *error) {
    const char *at = strstr(own->text, ": [");
    const char *text;
    enum swapc_status meant = at ? named(at + 3, &text) : SWAPC_OK;
    if (meant != SWAPC_OK) return swapc_error_set(error, meant, "%s", text);
    swapc_error_set(error, status, "%s", own->text);
    if (error) error->native = own->native;
    return status;
}

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
    to->unoptimised = from->unoptimised;
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
    COPY(out->reason, r->reason);
    COPY(out->last_error, r->last_error);
    out->serving = r->serving;
    out->redis_up = r->redis_up;
    out->peer_up = r->peer_up;
    out->valid = r->valid;
    out->not_valid = r->not_valid;
    out->errors = r->errors;
    out->rate_per_s = r->rate_per_s;
    out->waiting = r->waiting;
    out->in_flight = r->in_flight;
    COPY(out->partitions, r->partitions);
    for (size_t i = 0; i < r->n_counters && i < SWAPCI_CONTROL_COUNTERS_MAX; i++) {
        COPY(out->counters[i].name, r->counters[i]->name);
        out->counters[i].value = r->counters[i]->value;
        out->counter_count++;
    }
    protobuf_c_message_free_unpacked(reply, NULL);
    return SWAPC_OK;
}

static void copy_partition(const Swapc__Control__V1__Partition *from,
                           swapci_control_partition *to) {
    *to = (swapci_control_partition){
#define UNKNOWN(name) .name = SWAPCI_CONTROL_UNKNOWN,
        SWAPCI_CONTROL_FIGURES(UNKNOWN)
#undef UNKNOWN
            .rate_per_s = from->rate_per_s,
        .number = from->number, .here = from->here};
    COPY(to->state, from->state);
    COPY(to->server, from->server);
    COPY(to->owner, from->owner);
    COPY(to->why, from->why);
    for (size_t i = 0; i < from->n_figures; i++) {
        const Swapc__Control__V1__Counter *figure = from->figures[i];
#define TAKE(which)                                                                                \
    if (strcmp(figure->name, #which) == 0) to->which = figure->value;
        SWAPCI_CONTROL_FIGURES(TAKE)
#undef TAKE
    }
}

enum swapc_status swapci_control_client_partitions(swapci_rpc_client *client, unsigned timeout_ms,
                                                   swapci_control_partitions *out,
                                                   swapc_error *error) {
    Swapc__Control__V1__PartitionsRequest request = SWAPC__CONTROL__V1__PARTITIONS_REQUEST__INIT;
    ProtobufCMessage *reply;
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_CONTROL_PARTITIONS, &request.base,
        &swapc__control__v1__partitions_response__descriptor, timeout_ms, &reply, error);
    if (status) return status;
    const Swapc__Control__V1__PartitionsResponse *r =
        (const Swapc__Control__V1__PartitionsResponse *)reply;
    out->count = 0;
    for (size_t i = 0; i < r->n_partitions && i < SWAPCI_CONTROL_PARTITION_ROWS; i++)
        copy_partition(r->partitions[i], &out->rows[out->count++]);
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
    swapc_error own = SWAPC_ERROR_INIT;
    ProtobufCMessage *reply;
    request.slot = (char *)slot;
    request.path = (char *)path;
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_CONTROL_SWAP, &request.base, &swapc__control__v1__swap_response__descriptor,
        timeout_ms, &reply, &own);
    if (status) return refusal(status, &own, error);
    copy_module(((const Swapc__Control__V1__SwapResponse *)reply)->module, out);
    protobuf_c_message_free_unpacked(reply, NULL);
    return SWAPC_OK;
}

enum swapc_status swapci_control_client_rollback(swapci_rpc_client *client, const char *slot,
                                                 unsigned timeout_ms, swapci_control_module *out,
                                                 swapc_error *error) {
    Swapc__Control__V1__RollbackRequest request = SWAPC__CONTROL__V1__ROLLBACK_REQUEST__INIT;
    swapc_error own = SWAPC_ERROR_INIT;
    ProtobufCMessage *reply;
    request.slot = (char *)slot;
    enum swapc_status status = swapci_rpc_message_call(
        client, SWAPCI_CONTROL_ROLLBACK, &request.base,
        &swapc__control__v1__rollback_response__descriptor, timeout_ms, &reply, &own);
    if (status) return refusal(status, &own, error);
    copy_module(((const Swapc__Control__V1__RollbackResponse *)reply)->module, out);
    protobuf_c_message_free_unpacked(reply, NULL);
    return SWAPC_OK;
}
