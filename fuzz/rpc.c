/* Any bytes as the requests of the control, transport, health and reflection services: every
 * method's handler is given them as the server would, and each call gets exactly one end. The
 * functions of rpc_server.h that handlers use are this file's own. */
#include <pthread.h>

#include "control_service.h"
#include "fuzz.h"
#include "health_service.h"
#include "reflection_service.h"
#include "transport_service.h"

enum { METHODS_MAX = 32 };

static struct method {
    const swapci_rpc_method *row;
    void *user;
} methods[METHODS_MAX];
static size_t method_count;

/* The swap's thread answers too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
struct swapci_rpc_call {
    unsigned sent, ended;
};

void swapci_rpc_server_add(swapci_rpc_server *server, const swapci_rpc_method *rows, size_t count,
                           void *user) {
    (void)server;
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(method_count < METHODS_MAX);
        methods[method_count++] = (struct method){&rows[i], user};
    }
}

static void end(swapci_rpc_call *call) {
    pthread_mutex_lock(&lock);
    call->ended++;
    pthread_mutex_unlock(&lock);
}

void swapci_rpc_call_reply(swapci_rpc_call *call, swapc_bytes message) {
    FUZZ_CHECK(message.len <= SWAPCI_RPC_MESSAGE_MAX);
    end(call);
}

void swapci_rpc_call_finish(swapci_rpc_call *call, enum swapci_rpc_code code, const char *text) {
    (void)code;
    FUZZ_CHECK(!text || strlen(text) < 100000);
    end(call);
}

enum swapc_status swapci_rpc_call_send(swapci_rpc_call *call, swapc_bytes message) {
    (void)message;
    pthread_mutex_lock(&lock);
    call->sent++;
    pthread_mutex_unlock(&lock);
    return SWAPC_OK;
}

/* No room is left for every second one, which is then ended, as the server does it. */
bool swapci_rpc_call_keep(swapci_rpc_call *call) {
    static unsigned asked;
    bool kept = asked++ % 2 == 0;
    if (!kept) end(call);
    return kept;
}

static void status(void *user, swapci_control_status *out) {
    (void)user;
    snprintf(out->role, sizeof out->role, "fuzz");
}

static void list(void *user, swapci_control_modules *out) {
    (void)user;
    out->count = 0;
}

static enum swapc_status swap(void *user, const char *slot, const char *path,
                              swapci_control_module *out, swapc_error *error) {
    (void)user;
    snprintf(out->path, sizeof out->path, "%s", path);
    if (strlen(slot) % 2 == 0) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_NOT_FOUND, "there is no slot %s", slot);
}

static enum swapc_status rollback(void *user, const char *slot, swapci_control_module *out,
                                  swapc_error *error) {
    return swap(user, slot, "", out, error);
}

static void drain(void *user) {
    (void)user;
}

static void on_connect(void *user, const char *stream, uint32_t serial,
                       swapci_transport_answer *answer) {
    (void)user;
    if (serial % 2) answer->status = SWAPCI_TRANSPORT_ERROR;
    FUZZ_CHECK(strlen(stream) <= SWAPCI_TRANSPORT_STREAM_MAX);
}

static void on_sending(void *user, const char *stream, uint32_t serial,
                       swapci_transport_sending *sending) {
    (void)user, (void)serial;
    swapci_transport_sending_answer(sending, SWAPCI_TRANSPORT_OK, stream);
}

static swapci_control_service control = {
    .status = status, .list = list, .swap = swap, .rollback = rollback, .drain = drain};
static const swapci_transport_service transport = {.on_connect = on_connect,
                                                   .on_sending = on_sending};
static const char *const services[] = {"grpc.health.v1.Health", NULL};

static void add_services(void) {
    static swapci_health_service *health;
    FUZZ_CHECK(swapci_health_service_new(&health, NULL) == SWAPC_OK);
    swapci_control_service_add(NULL, &control);
    swapci_transport_service_add(NULL, &transport);
    swapci_health_service_add(health, NULL);
    swapci_health_service_set(health, "", true);
    swapci_reflection_service_add(NULL, services);
}

static void call_method(const struct method *method, swapc_bytes request) {
    swapci_rpc_call call = {0, 0};
    swapci_buffer reply = SWAPCI_BUFFER_INIT;
    if (method->row->answer) {
        (void)method->row->answer(method->user, request, &reply);
    } else {
        method->row->handle(method->user, &call, request);
        swapci_control_service_end(&control);
        if (method->row->gone && !call.ended) method->row->gone(method->user, &call);
        FUZZ_CHECK(call.ended == 1);
    }
    swapci_buffer_fini(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input_of(data, size);
    if (!method_count) add_services();
    const struct method *method = &methods[fuzz_byte(&in) % method_count];
    call_method(method, fuzz_rest(&in));
    return 0;
}
