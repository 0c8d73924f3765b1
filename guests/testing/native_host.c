#include "native_host.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "swapc/log.h"

static void append(struct swapci_kept *kept, const void *ptr, size_t len) {
    uint8_t *grown = realloc(kept->ptr, kept->len + len + 1);
    SWAPC_CHECK(grown != NULL);
    if (len > 0) memcpy(grown + kept->len, ptr, len);
    kept->ptr = grown;
    kept->len += len;
}

static void clear(struct swapci_kept *kept) {
    free(kept->ptr);
    *kept = (struct swapci_kept){NULL, 0, 0};
}

static void keep(struct swapci_kept *kept, const uint8_t *ptr, size_t len) {
    kept->len = 0;
    append(kept, ptr, len);
    kept->times++;
}

static void copy_out(swapc_bytes bytes, uint8_t *to) {
    if (bytes.len > 0) memcpy(to, bytes.ptr, bytes.len);
}

/* Exactly len bytes, so that the sanitizer sees a guest that writes past them. */
static uint8_t *scratch(void *user, uint32_t purpose, size_t len) {
    struct swapci_native_host *host = user;
    SWAPC_CHECK(purpose < SWAPC_NATIVE_SCRATCH_COUNT);
    free(host->scratch[purpose]);
    host->scratch[purpose] = host->no_scratch ? NULL : malloc(len > 0 ? len : 1);
    return host->scratch[purpose];
}

static void guest_request(void *user, uint8_t *operation, uint8_t *message) {
    struct swapci_native_host *host = user;
    copy_out(host->operation, operation);
    copy_out(host->payload, message);
}

static void guest_response(void *user, const uint8_t *ptr, size_t len) {
    keep(&((struct swapci_native_host *)user)->response, ptr, len);
}

static void guest_error(void *user, const uint8_t *ptr, size_t len) {
    keep(&((struct swapci_native_host *)user)->error, ptr, len);
}

static int32_t host_call(void *user, const uint8_t *binding, size_t binding_len, const uint8_t *ns,
                         size_t ns_len, const uint8_t *operation, size_t operation_len,
                         const uint8_t *ptr, size_t len) {
    struct swapci_native_host *host = user;
    keep(&host->host_call, binding, binding_len);
    append(&host->host_call, "|", 1);
    append(&host->host_call, ns, ns_len);
    append(&host->host_call, "|", 1);
    append(&host->host_call, operation, operation_len);
    append(&host->host_call, "|", 1);
    append(&host->host_call, ptr, len);
    return host->host_call_result;
}

static size_t host_response_len(void *user) {
    const struct swapci_native_host *host = user;
    return host->host_call_result ? host->host_call_answer.len : 0;
}

static size_t host_error_len(void *user) {
    const struct swapci_native_host *host = user;
    return host->host_call_result ? 0 : host->host_call_answer.len;
}

static void host_answer(void *user, uint8_t *ptr) {
    copy_out(((struct swapci_native_host *)user)->host_call_answer, ptr);
}

static void console_log(void *user, const uint8_t *ptr, size_t len) {
    keep(&((struct swapci_native_host *)user)->console, ptr, len);
}

static const struct swapc_native_imports imports = {
    .abi = SWAPC_NATIVE_ABI,
    .scratch = scratch,
    .guest_request = guest_request,
    .guest_response = guest_response,
    .guest_error = guest_error,
    .host_call = host_call,
    .host_response_len = host_response_len,
    .host_response = host_answer,
    .host_error_len = host_error_len,
    .host_error = host_answer,
    .console_log = console_log,
};

enum swapc_status swapci_native_host_open(struct swapci_native_host *host, const char *path,
                                          swapc_error *error) {
    *host = (struct swapci_native_host){.host_call_result = 0};
    host->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!host->library)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED, "%s: %s", path, dlerror());
    host->module = dlsym(host->library, SWAPC_NATIVE_SYMBOL);
    if (!host->module || host->module->abi != SWAPC_NATIVE_ABI) {
        swapci_native_host_close(host);
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED, "%s has no %s of abi %u", path,
                               SWAPC_NATIVE_SYMBOL, SWAPC_NATIVE_ABI);
    }
    host->state = calloc(1, host->module->state_size);
    SWAPC_CHECK(host->state != NULL);
    if (host->module->init(host->state, &imports, host)) return SWAPC_OK;
    swapci_native_host_close(host);
    return swapc_error_set(error, SWAPC_MODULE_INIT, "%s refused to start", path);
}

int32_t swapci_native_host_call(struct swapci_native_host *host, swapc_bytes operation,
                                swapc_bytes payload) {
    clear(&host->response);
    clear(&host->error);
    clear(&host->console);
    clear(&host->host_call);
    host->operation = operation;
    host->payload = payload;
    return host->module->call(host->state, (uint32_t)operation.len, (uint32_t)payload.len);
}

void swapci_native_host_close(struct swapci_native_host *host) {
    clear(&host->response);
    clear(&host->error);
    clear(&host->console);
    clear(&host->host_call);
    for (unsigned i = 0; i < SWAPC_NATIVE_SCRATCH_COUNT; i++) free(host->scratch[i]);
    free(host->state);
    if (host->library) dlclose(host->library);
}
