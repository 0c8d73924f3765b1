/* What is shared: call->now, the engine's clock, which its ticker writes and calls read, and the
 * cancel flag that other threads raise; both are read as atomics and order nothing. A call is
 * one thread's. */
#include "wapc.h"

#include <stdarg.h>
#include <stdio.h>

#include "printable.h"
#include "reply.h"

_Thread_local struct swapci_around swapci_around;

const uint64_t swapci_look_words[2] = {[SWAPCI_LOOK_ALWAYS] = 0, [SWAPCI_LOOK_NEVER] = 1};

enum { OPERATION_SHOWN = 80 };
enum { HOST_CALL_DEPTH_MAX = 1000 }; /* each level is an instance, and mostly a stack */
enum { SLICE_BYTES = 1 << 20 };      /* copied between two looks at the clock: some 0.1 ms */

static const char no_message[] = "guest failed without a message";

bool swapci_around_has(const swapc_limits *limits) {
    const swapc_call *call = swapci_around.call;
    while (call && call->limits != limits) call = call->around;
    return call != NULL;
}

/* Around each callback of the program's that runs below a guest. */
static void enter_callback(swapc_call *call) {
    call->around = swapci_around.call;
    swapci_around.call = call;
}

/* An engine's record of what this thread is in is a stack as well, and breaks when it is left in
 * another order: a coroutine's callback that is switched away from comes back before those begun
 *     after it do. */
static void leave_callback(swapc_call *call) {
    bool the_last_callback_returns_first = swapci_around.call == call;
    SWAPC_CHECK(the_last_callback_returns_first);
    swapci_around.call = call->around;
}

uint32_t swapc_call_remaining_ms(void) {
    const swapc_run *run = swapci_around.call ? swapci_around.call->run : NULL;
    if (!run) return UINT32_MAX;
    if (swapc_run_cancelled(run)) return 0;
    if (run->deadline_ns == 0) return UINT32_MAX;
    uint64_t left = swapci_clock_left_ms(run->deadline_ns);
    return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX - 1;
}

enum swapc_status swapci_call_look_at(swapc_call *call, bool exact) {
    const swapc_run *run = call->run;
    if (!run) return SWAPC_OK;
    if (swapc_run_cancelled(run))
        return swapci_call_stop(call, SWAPC_CANCELLED,
                                "module \"%s\" was stopped: its call was cancelled",
                                call->module_name);
    if (run->deadline_ns == 0) return SWAPC_OK;
    uint64_t now = !exact && call->now ? __atomic_load_n(call->now, __ATOMIC_RELAXED) : 0;
    if (!exact && now == 0) now = swapci_clock_coarse_ns();
    if (!exact && now < run->deadline_ns) return SWAPC_OK;
    if (swapci_clock_monotonic_ns() < run->deadline_ns) return SWAPC_OK;
    return swapci_call_stop(call, SWAPC_DEADLINE,
                            "module \"%s\" was stopped at its deadline: raise deadline_ms if it "
                            "needs longer",
                            call->module_name);
}

void swapci_call_begin(swapc_call *call, swapc_bytes operation, swapc_bytes payload,
                       swapc_reply *reply, void *user, uint64_t generation) {
    call->operation = operation;
    call->payload = payload;
    call->reply = reply;
    call->user = user;
    call->generation = generation;
    call->run = NULL;
    call->clock = &swapci_look_words[SWAPCI_LOOK_NEVER];
    call->due = UINT64_MAX;
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

static enum swapc_status copy_in_slices(swapc_call *call, uint8_t *to, const uint8_t *from,
                                        size_t len) {
    enum swapc_status status = SWAPC_OK;
    for (size_t slice; len > 0 && status == SWAPC_OK; to += slice, from += slice, len -= slice) {
        slice = len < SLICE_BYTES ? len : SLICE_BYTES;
        memcpy(to, from, slice);
        status = swapci_call_look_now(call);
    }
    return status;
}

/* Between the guest's memory and ours. */
static inline enum swapc_status copy(swapc_call *call, uint8_t *to, const uint8_t *from,
                                     size_t len) {
    if (len > SLICE_BYTES) return copy_in_slices(call, to, from, len);
    if (len > 0) memcpy(to, from, len);
    return SWAPC_OK;
}

/* Copies a span of the guest into reply, under the response limit. */
static enum swapc_status take(swapc_call *call, swapc_memory memory, const char *import,
                              const uint64_t *args, swapc_reply *reply) {
    uint8_t *at;
    call->memory_bytes = memory.size; /* an answer is what a call ends with, mostly */
    if (!swapci_span(memory, args[0], args[1], &at)) return outside(call, import, args[0], args[1]);
    uint64_t max = call->limits->response_max;
    if (max != 0 && args[1] > max)
        return swapci_call_stop(
            call, SWAPC_LIMIT,
            "module \"%s\" gave %s %llu bytes; the limit is %llu (limits.response_max)",
            call->module_name, import, (unsigned long long)args[1], (unsigned long long)max);
    if (!swapci_reply_room(reply, (size_t)args[1]))
        return swapci_call_stop(call, SWAPC_NO_MEMORY, "no memory for %llu bytes of %s",
                                (unsigned long long)args[1], import);
    return copy(call, reply->storage, at, (size_t)args[1]);
}

/* Writes bytes to the guest at ptr. */
static enum swapc_status give(swapc_call *call, swapc_memory memory, const char *import,
                              uint64_t ptr, swapc_bytes bytes) {
    uint8_t *at;
    if (!swapci_span(memory, ptr, bytes.len, &at)) return outside(call, import, ptr, bytes.len);
    return copy(call, at, bytes.ptr, bytes.len);
}

static enum swapc_status guest_request(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                       uint64_t *result) {
    (void)result;
    enum swapc_status status = give(call, memory, "__guest_request", args[0], call->operation);
    return status != SWAPC_OK ? status
                              : give(call, memory, "__guest_request", args[1], call->payload);
}

static enum swapc_status guest_response(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                        uint64_t *result) {
    (void)result;
    call->responded = true;
    return take(call, memory, "__guest_response", args, call->reply);
}

static enum swapc_status guest_error(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                     uint64_t *result) {
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
    enter_callback(call);
    swapci_around.host_calls++;
    enum swapc_status status = host->host_call(part[0], part[1], part[2], part[3],
                                               &call->host_reply, call->user, host->host_call_user);
    swapci_around.host_calls--;
    leave_callback(call);
    if (status != SWAPC_OK && status != SWAPC_NO_MEMORY && call->host_reply.body.len == 0)
        return set_host_error(call, swapc_status_text(status));
    return status;
}

/* A handler cannot be interrupted; on engines that hold no deadline this one is held all the
 * same. */
static bool came_back_late(const swapc_call *call) {
    const swapc_run *run = call->run;
    return run && (swapc_run_cancelled(run) ||
                   (run->deadline_ns && swapci_clock_monotonic_ns() >= run->deadline_ns));
}

static enum swapc_status stop_late_host_call(swapc_call *call, const swapc_bytes part[4]) {
    char operation[OPERATION_SHOWN];
    bool cancelled = swapc_run_cancelled(call->run);
    return swapci_call_stop(call, cancelled ? SWAPC_CANCELLED : SWAPC_DEADLINE,
                            "module \"%s\" was stopped: its host call \"%s\" came back after the "
                            "%s, and its effect may "
                            "have happened; a handler can ask swapc_call_remaining_ms",
                            call->module_name,
                            swapci_printable(part[2], operation, sizeof operation),
                            cancelled ? "call was cancelled" : "deadline");
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
    bool own = limits->host_call_depth != 0 && limits->host_call_depth < HOST_CALL_DEPTH_MAX;
    uint32_t depth = own ? limits->host_call_depth : HOST_CALL_DEPTH_MAX;
    if (swapci_around.host_calls >= depth)
        return swapci_call_stop(call, SWAPC_LIMIT,
                                "module \"%s\" nested host calls more than %u deep (%s)",
                                call->module_name, depth,
                                own ? "limits.host_call_depth"
                                    : "the most that there is, whatever limits.host_call_depth is: "
                                      "let handlers nest fewer calls");
    call->host_calls++;
    return SWAPC_OK;
}

static enum swapc_status host_call(swapc_call *call, swapc_memory memory, const uint64_t *args,
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
    if (came_back_late(call)) return stop_late_host_call(call, part);
    call->host_answer = status == SWAPC_OK ? SWAPCI_HOST_RESPONSE : SWAPCI_HOST_ERROR;
    *result = status == SWAPC_OK;
    return SWAPC_OK;
}

static swapc_bytes host_bytes(const swapc_call *call, enum swapci_host_answer kind) {
    return call->host_answer == kind ? call->host_reply.body : swapc_bytes_of(NULL, 0);
}

static enum swapc_status host_response_len(swapc_call *call, swapc_memory memory,
                                           const uint64_t *args, uint64_t *result) {
    (void)memory, (void)args;
    *result = (uint32_t)host_bytes(call, SWAPCI_HOST_RESPONSE).len;
    return SWAPC_OK;
}

static enum swapc_status host_response(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                       uint64_t *result) {
    (void)result;
    return give(call, memory, "__host_response", args[0], host_bytes(call, SWAPCI_HOST_RESPONSE));
}

static enum swapc_status host_error_len(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                        uint64_t *result) {
    (void)memory, (void)args;
    *result = (uint32_t)host_bytes(call, SWAPCI_HOST_ERROR).len;
    return SWAPC_OK;
}

static enum swapc_status host_error(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                    uint64_t *result) {
    (void)result;
    return give(call, memory, "__host_error", args[0], host_bytes(call, SWAPCI_HOST_ERROR));
}

void swapci_console(swapc_call *call, swapc_bytes line) {
    const swapc_host_config *host = call->host;
    const swapc_limits *limits = call->limits;
    if (!host->console || (limits->log_lines != 0 && call->log_lines >= limits->log_lines)) return;
    call->log_lines++;
    if (limits->log_max != 0 && line.len > limits->log_max) line.len = limits->log_max;
    enter_callback(call);
    host->console(call->module_name, call->generation, line, host->console_user);
    leave_callback(call);
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

static enum swapc_status console_log(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                     uint64_t *result) {
    (void)result;
    uint8_t *at;
    if (!swapci_span(memory, args[0], args[1], &at))
        return outside(call, "__console_log", args[0], args[1]);
    swapci_console(call, swapc_bytes_of(at, (size_t)args[1]));
    return SWAPC_OK;
}

SWAPCI_LOOKED_AT(swapci_wapc_guest_request, guest_request)
SWAPCI_LOOKED_AT(swapci_wapc_guest_response, guest_response)
SWAPCI_LOOKED_AT(swapci_wapc_guest_error, guest_error)
SWAPCI_LOOKED_AT_SLOW(swapci_wapc_host_call, host_call)
SWAPCI_LOOKED_AT(swapci_wapc_host_response_len, host_response_len)
SWAPCI_LOOKED_AT(swapci_wapc_host_response, host_response)
SWAPCI_LOOKED_AT(swapci_wapc_host_error_len, host_error_len)
SWAPCI_LOOKED_AT(swapci_wapc_host_error, host_error)
SWAPCI_LOOKED_AT_SLOW(swapci_wapc_console_log, console_log)
