#include "wapc.h"

#include <stdarg.h>
#include <stdio.h>

/* How many host calls deep this thread is: a host-call handler may call modules in its turn, on
 * other instances, so the depth is the thread's and not the instance's. */
static _Thread_local uint32_t host_call_depth;

static const char no_message[] = "guest failed without a message";

void swapci_call_begin(swapc_call *call, swapc_bytes operation, swapc_bytes payload,
                       swapc_reply *reply, void *user, uint64_t generation) {
    call->operation = operation;
    call->payload = payload;
    call->reply = reply;
    call->user = user;
    call->generation = generation;
    call->run = NULL;
    call->responded = false;
    call->failed = false;
    call->host_calls = 0;
    call->log_lines = 0;
    call->exit_code = 0;
    call->host_answer = SWAPCI_HOST_NONE;
    call->report.status = SWAPC_OK;
    call->output.used = 0;
    reply->body = swapc_bytes_of(NULL, 0);
}

enum swapc_status swapci_call_answer(swapc_call *call, int32_t result) {
    swapc_bytes text = swapci_call_error_text(call);
    if (result != 0 && (call->responded || text.len == 0)) return SWAPC_OK;
    if (text.len == 0) text = swapc_bytes_of(no_message, sizeof no_message - 1);
    enum swapc_status status = swapc_reply_set(call->reply, text);
    return status == SWAPC_OK ? SWAPC_GUEST_ERROR : status;
}

swapc_bytes swapci_call_error_text(const swapc_call *call) {
    return call->failed ? call->guest_error.body : swapc_bytes_of(NULL, 0);
}

void swapci_call_fini(swapc_call *call) {
    swapc_reply_fini(&call->guest_error);
    swapc_reply_fini(&call->host_reply);
}

enum swapc_status swapci_call_stop(swapc_call *call, enum swapc_status status, const char *format,
                                   ...) {
    char text[SWAPC_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return swapc_error_set(&call->report, status, "%s", text);
}

bool swapci_span(swapc_memory memory, uint64_t ptr, uint64_t len, uint8_t **out) {
    static uint8_t nowhere;
    if (len == 0) {
        *out = &nowhere;
        return true;
    }
    if (ptr > memory.size || len > memory.size - ptr) return false;
    /* Native memory has base NULL and is addressed by its real pointers, hence no base + ptr. */
    *out = (uint8_t *)((uintptr_t)memory.base + (uintptr_t)ptr);
    return true;
}

static enum swapc_status outside(swapc_call *call, const char *import, uint64_t ptr, uint64_t len) {
    return swapci_call_stop(
        call, SWAPC_TRAP_MEMORY, "module \"%s\" passed %s the span %#llx+%llu, outside its memory",
        call->module_name, import, (unsigned long long)ptr, (unsigned long long)len);
}

/* Copies a span of the guest into reply, under the response limit. */
static enum swapc_status take(swapc_call *call, swapc_memory memory, const char *import,
                              const uint64_t *args, swapc_reply *reply) {
    uint8_t *at;
    if (!swapci_span(memory, args[0], args[1], &at)) return outside(call, import, args[0], args[1]);
    uint64_t max = call->limits->response_max;
    if (max != 0 && args[1] > max)
        return swapci_call_stop(
            call, SWAPC_LIMIT,
            "module \"%s\" gave %s %llu bytes; the limit is %llu (limits.response_max)",
            call->module_name, import, (unsigned long long)args[1], (unsigned long long)max);
    if (swapc_reply_set(reply, swapc_bytes_of(at, (size_t)args[1])) != SWAPC_OK)
        return swapci_call_stop(call, SWAPC_NO_MEMORY, "no memory for %llu bytes of %s",
                                (unsigned long long)args[1], import);
    return SWAPC_OK;
}

/* Writes bytes to the guest at ptr. */
static enum swapc_status give(swapc_call *call, swapc_memory memory, const char *import,
                              uint64_t ptr, swapc_bytes bytes) {
    uint8_t *at;
    if (!swapci_span(memory, ptr, bytes.len, &at)) return outside(call, import, ptr, bytes.len);
    if (bytes.len > 0) memcpy(at, bytes.ptr, bytes.len);
    return SWAPC_OK;
}

enum swapc_status swapci_wapc_guest_request(swapc_call *call, swapc_memory memory,
                                            const uint64_t *args, uint64_t *result) {
    (void)result;
    enum swapc_status status = give(call, memory, "__guest_request", args[0], call->operation);
    return status != SWAPC_OK ? status
                              : give(call, memory, "__guest_request", args[1], call->payload);
}

enum swapc_status swapci_wapc_guest_response(swapc_call *call, swapc_memory memory,
                                             const uint64_t *args, uint64_t *result) {
    (void)result;
    call->responded = true;
    return take(call, memory, "__guest_response", args, call->reply);
}

enum swapc_status swapci_wapc_guest_error(swapc_call *call, swapc_memory memory,
                                          const uint64_t *args, uint64_t *result) {
    (void)result;
    enum swapc_status status = take(call, memory, "__guest_error", args, &call->guest_error);
    if (status == SWAPC_OK) call->failed = true;
    return status;
}

/* Returns UNSUPPORTED: the guest gets text as the host's error; or NO_MEMORY. */
static enum swapc_status set_host_error(swapc_call *call, const char *text) {
    return swapc_reply_set(&call->host_reply, swapc_bytes_str(text)) == SWAPC_OK ? SWAPC_UNSUPPORTED
                                                                                 : SWAPC_NO_MEMORY;
}

/* Lets the embedder's handler answer; its views are the guest's memory itself. */
static enum swapc_status answer_host_call(swapc_call *call, const swapc_bytes part[4]) {
    const swapc_host_config *host = call->host;
    call->host_reply.body = swapc_bytes_of(NULL, 0);
    if (!host->host_call) return set_host_error(call, "this host takes no host calls");
    host_call_depth++;
    enum swapc_status status = host->host_call(part[0], part[1], part[2], part[3],
                                               &call->host_reply, call->user, host->host_call_user);
    host_call_depth--;
    if (status != SWAPC_OK && status != SWAPC_NO_MEMORY && call->host_reply.body.len == 0)
        return set_host_error(call, swapc_status_text(status));
    return status;
}

static enum swapc_status host_call_limits(swapc_call *call, size_t payload_len) {
    const swapc_limits *limits = call->limits;
    if (limits->response_max != 0 && payload_len > limits->response_max)
        return swapci_call_stop(call, SWAPC_LIMIT,
                                "module \"%s\" made a host call of %zu bytes; the limit is %llu "
                                "(limits.response_max)",
                                call->module_name, payload_len,
                                (unsigned long long)limits->response_max);
    if (limits->host_call_count != 0 && call->host_calls >= limits->host_call_count)
        return swapci_call_stop(
            call, SWAPC_LIMIT,
            "module \"%s\" made more than %u host calls (limits.host_call_count)",
            call->module_name, limits->host_call_count);
    if (limits->host_call_depth != 0 && host_call_depth >= limits->host_call_depth)
        return swapci_call_stop(call, SWAPC_LIMIT,
                                "module \"%s\" nested host calls more than %u deep "
                                "(limits.host_call_depth)",
                                call->module_name, limits->host_call_depth);
    call->host_calls++;
    return SWAPC_OK;
}

enum swapc_status swapci_wapc_host_call(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                        uint64_t *result) {
    swapc_bytes part[4];
    for (int i = 0; i < 4; i++) {
        uint8_t *at;
        if (!swapci_span(memory, args[2 * i], args[2 * i + 1], &at))
            return outside(call, "__host_call", args[2 * i], args[2 * i + 1]);
        part[i] = swapc_bytes_of(at, (size_t)args[2 * i + 1]);
    }
    enum swapc_status limit = host_call_limits(call, part[3].len);
    if (limit != SWAPC_OK) return limit;
    enum swapc_status status = answer_host_call(call, part);
    if (status == SWAPC_NO_MEMORY)
        return swapci_call_stop(call, status, "no memory for a host call of module \"%s\"",
                                call->module_name);
    call->host_answer = status == SWAPC_OK ? SWAPCI_HOST_RESPONSE : SWAPCI_HOST_ERROR;
    *result = status == SWAPC_OK;
    return SWAPC_OK;
}

static swapc_bytes host_bytes(const swapc_call *call, enum swapci_host_answer kind) {
    return call->host_answer == kind ? call->host_reply.body : swapc_bytes_of(NULL, 0);
}

enum swapc_status swapci_wapc_host_response_len(swapc_call *call, swapc_memory memory,
                                                const uint64_t *args, uint64_t *result) {
    (void)memory, (void)args;
    *result = (uint32_t)host_bytes(call, SWAPCI_HOST_RESPONSE).len;
    return SWAPC_OK;
}

enum swapc_status swapci_wapc_host_response(swapc_call *call, swapc_memory memory,
                                            const uint64_t *args, uint64_t *result) {
    (void)result;
    return give(call, memory, "__host_response", args[0], host_bytes(call, SWAPCI_HOST_RESPONSE));
}

enum swapc_status swapci_wapc_host_error_len(swapc_call *call, swapc_memory memory,
                                             const uint64_t *args, uint64_t *result) {
    (void)memory, (void)args;
    *result = (uint32_t)host_bytes(call, SWAPCI_HOST_ERROR).len;
    return SWAPC_OK;
}

enum swapc_status swapci_wapc_host_error(swapc_call *call, swapc_memory memory,
                                         const uint64_t *args, uint64_t *result) {
    (void)result;
    return give(call, memory, "__host_error", args[0], host_bytes(call, SWAPCI_HOST_ERROR));
}

void swapci_console(swapc_call *call, swapc_bytes line) {
    const swapc_host_config *host = call->host;
    const swapc_limits *limits = call->limits;
    if (!host->console || (limits->log_lines != 0 && call->log_lines >= limits->log_lines)) return;
    call->log_lines++;
    if (limits->log_max != 0 && line.len > limits->log_max) line.len = limits->log_max;
    host->console(call->module_name, call->generation, line, host->console_user);
}

void swapci_console_flush(swapc_call *call) {
    struct swapci_output *output = &call->output;
    while (output->used > 0 && output->line[output->used - 1] == '\r') output->used--;
    if (output->used > 0) swapci_console(call, swapc_bytes_of(output->line, output->used));
    output->used = 0;
}

void swapci_console_write(swapc_call *call, uint64_t stream, swapc_bytes text) {
    struct swapci_output *output = &call->output;
    if (output->stream != stream) swapci_console_flush(call);
    output->stream = stream;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\n') swapci_console_flush(call);
        else if (output->used < sizeof output->line) output->line[output->used++] = text.ptr[i];
}

enum swapc_status swapci_wapc_console_log(swapc_call *call, swapc_memory memory,
                                          const uint64_t *args, uint64_t *result) {
    (void)result;
    uint8_t *at;
    if (!swapci_span(memory, args[0], args[1], &at))
        return outside(call, "__console_log", args[0], args[1]);
    swapci_console(call, swapc_bytes_of(at, (size_t)args[1]));
    return SWAPC_OK;
}
