/* What is shared: the table of services and the list of watchers, between the rpc thread and those who set
 * states; `lock` guards both. It is taken before the server's lock (inside the send functions) and
 * never the other way round: the server calls handlers and `gone` without its lock. */
#include "health_service.h"

#include "health_names.h"
#include "rpc_message.h"

#include "health.pb-c.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef Grpc__Health__V1__HealthCheckRequest request_t;
typedef Grpc__Health__V1__HealthListResponse__StatusesEntry entry_t;

struct state {
    char name[SWAPCI_HEALTH_NAME_MAX + 1];
    bool serving;
};

struct watcher {
    struct watcher *next;
    swapci_rpc_call *call;
    char name[SWAPCI_HEALTH_NAME_MAX + 1];
};

struct swapci_health_service {
    pthread_mutex_t lock;
    struct state states[SWAPCI_HEALTH_SERVICES_MAX];
    size_t count;
    bool draining;
    struct watcher *watchers;
};

/* Returns NULL for a service that is not known; lock held, as for all below. */
static struct state *find(swapci_health_service *health, const char *name) {
    for (size_t i = 0; i < health->count; i++)
        if (strcmp(health->states[i].name, name) == 0) return &health->states[i];
    return NULL;
}

static Grpc__Health__V1__HealthCheckResponse describe(swapci_health_service *health,
                                                      const char *name) {
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    const struct state *state = find(health, name);
    if (!state)
        response.status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN;
    else if (state->serving)
        response.status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
    else response.status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
    return response;
}

/* A watcher that cannot be told has left; `gone` takes it off the list. */
static void tell(swapci_health_service *health, const struct watcher *watcher) {
    Grpc__Health__V1__HealthCheckResponse response = describe(health, watcher->name);
    swapci_rpc_message_send(watcher->call, &response.base);
}

static void tell_all(swapci_health_service *health, const char *name) {
    for (struct watcher *w = health->watchers; w; w = w->next)
        if (strcmp(w->name, name) == 0) tell(health, w);
}

static struct state *find_or_add(swapci_health_service *health, const char *name) {
    struct state *state = find(health, name);
    if (state) return state;
    SWAPC_CHECK(health->count < SWAPCI_HEALTH_SERVICES_MAX);
    state = &health->states[health->count++];
    memcpy(state->name, name, strlen(name) + 1);
    return state;
}

enum swapc_status swapci_health_service_new(swapci_health_service **out, swapc_error *error) {
    *out = calloc(1, sizeof **out);
    if (!*out) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the health service");
    pthread_mutex_init(&(*out)->lock, NULL);
    (*out)->count = 1; /* "" */
    find_or_add(*out, SWAPCI_HEALTH_LIVENESS)->serving = true;
    return SWAPC_OK;
}

static bool is_liveness(const char *name) {
    return strcmp(name, SWAPCI_HEALTH_LIVENESS) == 0;
}

void swapci_health_service_set(swapci_health_service *health, const char *service, bool serving) {
    SWAPC_CHECK(strlen(service) <= SWAPCI_HEALTH_NAME_MAX && !is_liveness(service));
    pthread_mutex_lock(&health->lock);
    bool known = find(health, service) != NULL;
    struct state *state = find_or_add(health, service);
    bool now = serving && !health->draining;
    if (!known || state->serving != now) {
        state->serving = now;
        tell_all(health, service);
    }
    pthread_mutex_unlock(&health->lock);
}

void swapci_health_service_drain(swapci_health_service *health) {
    pthread_mutex_lock(&health->lock);
    health->draining = true;
    for (size_t i = 0; i < health->count; i++) {
        if (!health->states[i].serving || is_liveness(health->states[i].name)) continue;
        health->states[i].serving = false;
        tell_all(health, health->states[i].name);
    }
    pthread_mutex_unlock(&health->lock);
}

/* Returns the request, or NULL after having finished the call. */
static request_t *read_request(swapci_rpc_call *call, swapc_bytes bytes) {
    ProtobufCMessage *message = swapci_rpc_message_request(
        call, &grpc__health__v1__health_check_request__descriptor, bytes);
    request_t *request = (request_t *)message;
    if (request && strlen(request->service) > SWAPCI_HEALTH_NAME_MAX) {
        protobuf_c_message_free_unpacked(message, NULL);
        swapci_rpc_call_finish(call, SWAPCI_RPC_INVALID_ARGUMENT,
                               "the service's name is longer than 127 bytes");
        return NULL;
    }
    return request;
}

static void check(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    swapci_health_service *health = user;
    request_t *request = read_request(call, bytes);
    if (!request) return;
    pthread_mutex_lock(&health->lock);
    bool known = find(health, request->service) != NULL;
    Grpc__Health__V1__HealthCheckResponse response = describe(health, request->service);
    pthread_mutex_unlock(&health->lock);
    if (known) swapci_rpc_message_reply(call, &response.base);
    else swapci_rpc_call_finish(call, SWAPCI_RPC_NOT_FOUND, "the server has no such service");
    protobuf_c_message_free_unpacked(&request->base, NULL);
}

static void watch(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    swapci_health_service *health = user;
    request_t *request = read_request(call, bytes);
    if (!request) return;
    if (!swapci_rpc_call_keep(call)) {
        protobuf_c_message_free_unpacked(&request->base, NULL);
        return;
    }
    struct watcher *watcher = calloc(1, sizeof *watcher);
    if (watcher) {
        watcher->call = call;
        memcpy(watcher->name, request->service, strlen(request->service) + 1);
        pthread_mutex_lock(&health->lock);
        watcher->next = health->watchers;
        health->watchers = watcher;
        tell(health, watcher);
        pthread_mutex_unlock(&health->lock);
    } else {
        swapci_rpc_call_finish(call, SWAPCI_RPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    protobuf_c_message_free_unpacked(&request->base, NULL);
}

static void watch_gone(void *user, swapci_rpc_call *call) {
    swapci_health_service *health = user;
    pthread_mutex_lock(&health->lock);
    struct watcher **at = &health->watchers;
    while (*at && (*at)->call != call) at = &(*at)->next;
    struct watcher *found = *at;
    if (found) *at = found->next;
    pthread_mutex_unlock(&health->lock);
    if (!found) return;
    swapci_rpc_call_finish(found->call, SWAPCI_RPC_CANCELLED, "the watcher left");
    free(found);
}

/* What is pointed at while the lock is held is copied by the reply. */
static void list(void *user, swapci_rpc_call *call, swapc_bytes bytes) {
    swapci_health_service *health = user;
    Grpc__Health__V1__HealthListResponse response = GRPC__HEALTH__V1__HEALTH_LIST_RESPONSE__INIT;
    entry_t entries[SWAPCI_HEALTH_SERVICES_MAX], *rows[SWAPCI_HEALTH_SERVICES_MAX];
    Grpc__Health__V1__HealthCheckResponse values[SWAPCI_HEALTH_SERVICES_MAX];
    ProtobufCMessage *request =
        swapci_rpc_message_request(call, &grpc__health__v1__health_list_request__descriptor, bytes);
    if (!request) return;
    protobuf_c_message_free_unpacked(request, NULL);
    pthread_mutex_lock(&health->lock);
    for (size_t i = 0; i < health->count; i++) {
        grpc__health__v1__health_list_response__statuses_entry__init(&entries[i]);
        values[i] = describe(health, health->states[i].name);
        entries[i].key = health->states[i].name;
        entries[i].value = &values[i];
        rows[i] = &entries[i];
    }
    response.statuses = rows;
    response.n_statuses = health->count;
    swapci_rpc_message_reply(call, &response.base);
    pthread_mutex_unlock(&health->lock);
}

static const swapci_rpc_method methods[] = {
    {.name = SWAPCI_HEALTH_LIST, .handle = list, .flags = SWAPCI_RPC_ON_RPC_THREAD},
    {.name = SWAPCI_HEALTH_CHECK, .handle = check, .flags = SWAPCI_RPC_ON_RPC_THREAD},
    {.name = SWAPCI_HEALTH_WATCH,
     .handle = watch,
     .gone = watch_gone,
     .flags = SWAPCI_RPC_ON_RPC_THREAD,
     .kept_max = SWAPCI_HEALTH_WATCHERS_MAX},
};

void swapci_health_service_add(swapci_health_service *health, swapci_rpc_server *server) {
    swapci_rpc_server_add(server, methods, sizeof methods / sizeof *methods, health);
}

void swapci_health_service_free(swapci_health_service *health) {
    if (!health) return;
    SWAPC_CHECK(!health->watchers);
    pthread_mutex_destroy(&health->lock);
    free(health);
}
