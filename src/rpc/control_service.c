/* What is shared: `busy` of a service, an atomic, between the handlers' thread, which alone raises it, and the
 * swap's thread, which lowers it. */
#include "control_service.h"

#include "clock.h"
#include "rpc_message.h"

#include "control.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef Swapc__Control__V1__Module module_message;

enum {
    FIGURES = 0
#define ONE_MORE(name) +1
    SWAPCI_CONTROL_FIGURES(ONE_MORE)
#undef ONE_MORE
};

/* Reads a request; NULL after the call was finished. */
#define READ(call, bytes, type)                                                                    \
    swapci_rpc_message_request(call, &swapc__control__v1__##type##__descriptor, bytes)

static void finish_error(swapci_rpc_call *call, enum swapc_status status,
                         const swapc_error *error) {
    char text[SWAPC_ERROR_TEXT_MAX + 64]; /* cut by finish */
    enum swapci_rpc_code code = status == SWAPC_NOT_FOUND     ? SWAPCI_RPC_NOT_FOUND
                                : status == SWAPC_NO_MEMORY   ? SWAPCI_RPC_RESOURCE_EXHAUSTED
                                : status == SWAPC_UNSUPPORTED ? SWAPCI_RPC_UNIMPLEMENTED
                                                              : SWAPCI_RPC_FAILED_PRECONDITION;
    snprintf(text, sizeof text, "[%s] %s", swapc_status_name(status),
             error->text[0] ? error->text : swapc_status_text(status));
    swapci_rpc_call_finish(call, code, text);
}

/* The message's strings are those of module. */
static void describe(const swapci_control_module *module, module_message *out) {
    swapc__control__v1__module__init(out);
    out->slot = (char *)module->slot;
    out->name = (char *)module->name;
    out->version = (char *)module->version;
    out->engine = (char *)module->engine;
    out->flavour = (char *)module->flavour;
    out->path = (char *)module->path;
    out->digest = (char *)module->digest;
    out->generation = module->generation;
    out->unoptimised = module->unoptimised;
}

static void reply_status(swapci_rpc_call *call, const swapci_control_service *service,
                         const swapci_control_status *status) {
    Swapc__Control__V1__StatusResponse response = SWAPC__CONTROL__V1__STATUS_RESPONSE__INIT;
    Swapc__Control__V1__Counter counters[SWAPCI_CONTROL_COUNTERS_MAX];
    Swapc__Control__V1__Counter *rows[SWAPCI_CONTROL_COUNTERS_MAX];
    for (size_t i = 0; i < status->counter_count; i++) {
        swapc__control__v1__counter__init(&counters[i]);
        counters[i].name = (char *)status->counters[i].name;
        counters[i].value = status->counters[i].value;
        rows[i] = &counters[i];
    }
    response.role = (char *)status->role;
    response.version = (char *)status->version;
    response.state = (char *)(service->draining ? "draining" : "serving");
    response.pid = (uint32_t)getpid();
    response.uptime_ms = (swapci_clock_monotonic_ns() - service->started_ns) / 1000000;
    response.reason = (char *)status->reason;
    response.last_error = (char *)status->last_error;
    response.serving = status->serving;
    response.redis_up = status->redis_up;
    response.peer_up = status->peer_up;
    response.valid = status->valid;
    response.not_valid = status->not_valid;
    response.errors = status->errors;
    response.rate_per_s = status->rate_per_s;
    response.waiting = status->waiting;
    response.in_flight = status->in_flight;
    response.partitions = (char *)status->partitions;
    response.counters = rows;
    response.n_counters = status->counter_count;
    swapci_rpc_message_reply(call, &response.base);
}

static void handle_status(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    const swapci_control_service *service = user;
    swapci_control_status status = {.counter_count = 0};
    ProtobufCMessage *request = READ(call, bytes, status_request);
    if (!request) return;
    protobuf_c_message_free_unpacked(request, NULL);
    service->status(service->user, &status);
    if (service->frame_status) service->frame_status(service->drain_user, &status);
    reply_status(call, service, &status);
}

/* Returns false after having refused what a read-only service does not do. */
static bool may_change(const swapci_control_service *service, swapci_rpc_call *call) {
    if (!service->read_only) return true;
    swapci_rpc_call_finish(
        call, SWAPCI_RPC_PERMISSION_DENIED,
        "[SYSTEM] on TCP without mutual TLS this is read-only: start the process "
        "with --tls-cert, --tls-key and --tls-client-ca, or with --listen "
        "unix:PATH");
    return false;
}

static void handle_drain(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    const swapci_control_service *service = user;
    Swapc__Control__V1__DrainResponse response = SWAPC__CONTROL__V1__DRAIN_RESPONSE__INIT;
    ProtobufCMessage *request = READ(call, bytes, drain_request);
    if (!request) return;
    protobuf_c_message_free_unpacked(request, NULL);
    if (!may_change(service, call)) return;
    service->drain(service->drain_user);
    swapci_rpc_message_reply(call, &response.base);
}

static void reply_list(swapci_rpc_call *call, const swapci_control_modules *modules) {
    Swapc__Control__V1__ListModulesResponse response =
        SWAPC__CONTROL__V1__LIST_MODULES_RESPONSE__INIT;
    module_message messages[SWAPCI_CONTROL_MODULES_MAX];
    module_message *rows[SWAPCI_CONTROL_MODULES_MAX];
    for (size_t i = 0; i < modules->count; i++) {
        describe(&modules->rows[i], &messages[i]);
        rows[i] = &messages[i];
    }
    response.modules = rows;
    response.n_modules = modules->count;
    swapci_rpc_message_reply(call, &response.base);
}

static void handle_list(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    const swapci_control_service *service = user;
    ProtobufCMessage *request = READ(call, bytes, list_modules_request);
    if (!request) return;
    protobuf_c_message_free_unpacked(request, NULL);
    swapci_control_modules *modules = calloc(1, sizeof *modules);
    if (!modules) {
        swapci_rpc_call_finish(call, SWAPCI_RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    if (service->list) service->list(service->user, modules);
    reply_list(call, modules);
    free(modules);
}

/* The message's strings are the row's; figures has room for all. */
static void describe_partition(const swapci_control_partition *row,
                               Swapc__Control__V1__Partition *out,
                               Swapc__Control__V1__Counter *figures,
                               Swapc__Control__V1__Counter **places) {
    static const char *const names[] = {
#define NAME(name) #name,
        SWAPCI_CONTROL_FIGURES(NAME)
#undef NAME
    };
    const uint64_t values[] = {
#define VALUE(name) row->name,
        SWAPCI_CONTROL_FIGURES(VALUE)
#undef VALUE
    };
    swapc__control__v1__partition__init(out);
    out->number = row->number;
    out->here = row->here;
    out->state = (char *)row->state;
    out->server = (char *)row->server;
    out->owner = (char *)row->owner;
    out->why = (char *)row->why;
    out->rate_per_s = row->rate_per_s;
    out->figures = places;
    for (size_t i = 0; i < FIGURES; i++) {
        if (values[i] == SWAPCI_CONTROL_UNKNOWN) continue;
        swapc__control__v1__counter__init(&figures[i]);
        figures[i].name = (char *)names[i];
        figures[i].value = values[i];
        places[out->n_figures++] = &figures[i];
    }
}

/* What one answer is made of; too large for a stack. */
struct partitions_answer {
    swapci_control_partitions all;
    Swapc__Control__V1__Partition messages[SWAPCI_CONTROL_PARTITION_ROWS];
    Swapc__Control__V1__Partition *rows[SWAPCI_CONTROL_PARTITION_ROWS];
    Swapc__Control__V1__Counter figures[SWAPCI_CONTROL_PARTITION_ROWS][FIGURES];
    Swapc__Control__V1__Counter *places[SWAPCI_CONTROL_PARTITION_ROWS][FIGURES];
};

static void handle_partitions(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    const swapci_control_service *service = user;
    Swapc__Control__V1__PartitionsResponse response = SWAPC__CONTROL__V1__PARTITIONS_RESPONSE__INIT;
    ProtobufCMessage *request = READ(call, bytes, partitions_request);
    if (!request) return;
    protobuf_c_message_free_unpacked(request, NULL);
    struct partitions_answer *answer = calloc(1, sizeof *answer);
    if (!answer) {
        swapci_rpc_call_finish(call, SWAPCI_RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    if (service->frame_partitions) service->frame_partitions(service->drain_user, &answer->all);
    for (size_t i = 0; i < answer->all.count; i++) {
        answer->rows[i] = &answer->messages[i];
        describe_partition(&answer->all.rows[i], answer->rows[i], answer->figures[i],
                           answer->places[i]);
    }
    response.partitions = answer->rows;
    response.n_partitions = answer->all.count;
    swapci_rpc_message_reply(call, &response.base);
    free(answer);
}

static void no_slots(swapci_rpc_call *call) {
    swapci_rpc_call_finish(call, SWAPCI_RPC_UNIMPLEMENTED,
                           "[UNSUPPORTED] this process has no slots: swap the verifier's");
}

/* One Swap on its thread. */
struct swap_job {
    swapci_control_service *service;
    swapci_rpc_call *call;
    ProtobufCMessage *request;
};

/* Not busy any more before the answer leaves, so that who got it can swap again at once. */
static void *swap_main(void *user) {
    struct swap_job *job = user;
    swapci_control_service *service = job->service;
    const Swapc__Control__V1__SwapRequest *r =
        (const Swapc__Control__V1__SwapRequest *)job->request;
    Swapc__Control__V1__SwapResponse response = SWAPC__CONTROL__V1__SWAP_RESPONSE__INIT;
    swapci_control_module module = {.generation = 0};
    module_message message;
    swapc_error error = SWAPC_ERROR_INIT;
    enum swapc_status status = service->swap(service->user, r->slot, r->path, &module, &error);
    atomic_store(&service->swapping.busy, false);
    describe(&module, &message);
    response.module = &message;
    if (status == SWAPC_OK) swapci_rpc_message_reply(job->call, &response.base);
    else finish_error(job->call, status, &error);
    protobuf_c_message_free_unpacked(job->request, NULL);
    free(job);
    return NULL;
}

/* Takes job over. */
static void start_swap(struct swap_job *job) {
    swapci_control_service *service = job->service;
    swapci_control_service_end(service); /* the one before has answered, or is just about to */
    atomic_store(&service->swapping.busy, true);
    service->swapping.started =
        pthread_create(&service->swapping.thread, NULL, swap_main, job) == 0;
    if (!service->swapping.started) swap_main(job);
}

static void handle_swap(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    swapci_control_service *service = user;
    ProtobufCMessage *request = READ(call, bytes, swap_request);
    struct swap_job *job = NULL;
    if (!request) return;
    if (!may_change(service, call)) {
        /* answered */
    } else if (!service->swap) {
        no_slots(call);
    } else if (atomic_load(&service->swapping.busy)) {
        swapci_rpc_call_finish(call, SWAPCI_RPC_ABORTED,
                               "[BUSY] another swap is under way: try again when it is done");
    } else if (!(job = malloc(sizeof *job))) {
        swapci_rpc_call_finish(call, SWAPCI_RPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    if (!job) {
        protobuf_c_message_free_unpacked(request, NULL);
        return;
    }
    *job = (struct swap_job){service, call, request};
    start_swap(job);
}

static void handle_rollback(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    const swapci_control_service *service = user;
    Swapc__Control__V1__RollbackResponse response = SWAPC__CONTROL__V1__ROLLBACK_RESPONSE__INIT;
    swapci_control_module module = {.generation = 0};
    module_message message;
    swapc_error error = SWAPC_ERROR_INIT;
    ProtobufCMessage *request = READ(call, bytes, rollback_request);
    if (!request) return;
    const char *slot = ((const Swapc__Control__V1__RollbackRequest *)request)->slot;
    if (!may_change(service, call)) {
        /* answered */
    } else if (!service->rollback) {
        no_slots(call);
    } else {
        enum swapc_status status = service->rollback(service->user, slot, &module, &error);
        describe(&module, &message);
        response.module = &message;
        if (status == SWAPC_OK) swapci_rpc_message_reply(call, &response.base);
        else finish_error(call, status, &error);
    }
    protobuf_c_message_free_unpacked(request, NULL);
}

static const swapci_rpc_method methods[] = {
    {.name = SWAPCI_CONTROL_STATUS, .handle = handle_status},
    {.name = SWAPCI_CONTROL_DRAIN, .handle = handle_drain},
    {.name = SWAPCI_CONTROL_PARTITIONS, .handle = handle_partitions},
    {.name = SWAPCI_CONTROL_LIST, .handle = handle_list},
    {.name = SWAPCI_CONTROL_SWAP, .handle = handle_swap},
    {.name = SWAPCI_CONTROL_ROLLBACK, .handle = handle_rollback},
};

void swapci_control_service_add(swapci_rpc_server *server, swapci_control_service *service) {
    swapci_rpc_server_add(server, methods, sizeof methods / sizeof *methods, service);
}

void swapci_control_service_end(swapci_control_service *service) {
    if (service->swapping.started) pthread_join(service->swapping.thread, NULL);
    service->swapping.started = false;
}
