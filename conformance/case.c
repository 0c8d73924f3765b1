#include "case.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "buffer.h"
#include "engine_names.h"
#include "script.h"
#include "hex.h"
#include "swapc/swapc.h"
#include "swapc/sys/engine.h"

/* What the host saw and answers during one call. */
struct host_side {
    const json_t *answers; /* array, string, or NULL */
    swapc_module *module;  /* for "recurse" and "nested" */
    swapc_bytes payload;   /* of the call, for "recurse" */
    unsigned host_calls;
    unsigned lines;
    swapci_buffer seen;    /* "binding|ns|operation|payload\n" */
    swapci_buffer console; /* "line\n" */
};

struct job {
    const json_t *data;
    swapc_host *host;
    swapc_module *module;
    struct host_side side;
    swapc_reply reply;
    swapci_buffer operation, payload;
    struct swapci_script_row row;
    bool failed;
    char *text; /* SWAPCI_CASE_TEXT */
    swapc_error *error;
};

__attribute__((format(printf, 2, 3))) static void failure(struct job *job, const char *format,
                                                          ...) {
    va_list args;
    if (job->failed) return;
    job->failed = true;
    va_start(args, format);
    int used = vsnprintf(job->text, SWAPCI_CASE_TEXT, format, args);
    va_end(args);
    if (job->row.count == 0 || used < 0 || used >= SWAPCI_CASE_TEXT) return;
    snprintf(job->text + used, SWAPCI_CASE_TEXT - (size_t)used, " (row: %u, %u)", job->row.value[0],
             job->row.count > 1 ? job->row.value[1] : 0);
}

static const char *string_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static void console(const char *module, uint64_t generation, swapc_bytes line, void *user) {
    (void)module, (void)generation;
    struct host_side *side = user;
    side->lines++;
    swapci_buffer_append(&side->console, line);
    swapci_buffer_append_u8(&side->console, '\n');
}

/* Calls the module in its turn: "recurse" with the call's own payload, "nested" with the host
 * call's; what goes wrong there is this host call's error. */
static enum swapc_status call_again(struct host_side *side, swapc_bytes payload,
                                    swapc_reply *reply) {
    bool nested = strcmp(json_string_value(side->answers), "nested") == 0;
    return swapc_module_call(side->module, swapc_bytes_str("again"),
                             nested ? payload : side->payload, NULL, reply, NULL);
}

static enum swapc_status host_call(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                   swapc_bytes payload, swapc_reply *reply, void *call_user,
                                   void *user) {
    (void)call_user;
    struct host_side *side = user;
    const swapc_bytes part[4] = {binding, ns, operation, payload};
    for (int i = 0; i < 4; i++) {
        swapci_buffer_append(&side->seen, part[i]);
        swapci_buffer_append_u8(&side->seen, i < 3 ? '|' : '\n');
    }
    unsigned index = side->host_calls++;
    if (json_is_string(side->answers)) return call_again(side, payload, reply);
    if (json_array_size(side->answers) == 0) return swapc_reply_set(reply, payload);
    const json_t *answer = json_array_get(side->answers, index % json_array_size(side->answers));
    const char *ok = string_of(answer, "ok"), *error = string_of(answer, "error");
    enum swapc_status status = swapc_reply_set(reply, swapc_bytes_str(ok ? ok : error));
    return status != SWAPC_OK || ok ? status : SWAPC_NOT_FOUND;
}

/* Before a case: what the engine must hold for it. */
static bool needs_met(const json_t *data, uint32_t caps, char *text) {
    static const struct {
        const char *name;
        uint32_t cap;
    } names[] = {
        {"wasm", SWAPC_CAP_WASM},         {"sandbox", SWAPC_CAP_SANDBOX},
        {"deadline", SWAPC_CAP_DEADLINE}, {"cancel", SWAPC_CAP_CANCEL},
        {"memory", SWAPC_CAP_MEMORY},     {"stack", SWAPC_CAP_STACK},
    };
    size_t index;
    const json_t *need;
    json_array_foreach(json_object_get(data, "needs"), index,
                       need) for (size_t i = 0; i < sizeof names / sizeof *names;
                                  i++) if (strcmp(names[i].name, json_string_value(need)) == 0 &&
                                           !(caps & names[i].cap)) {
        snprintf(text, SWAPCI_CASE_TEXT, "not applicable: the engine does not hold \"%s\"",
                 names[i].name);
        return false;
    }
    return true;
}

static swapc_limits limits_of(const json_t *data) {
    swapc_limits limits = SWAPC_LIMITS_INIT;
    const json_t *given = json_object_get(data, "limits");
    uint32_t *const fields[] = {&limits.deadline_ms, &limits.log_max, &limits.log_lines,
                                &limits.host_call_depth, &limits.host_call_count};
    static const char *const names[] = {"deadline_ms", "log_max", "log_lines", "host_call_depth",
                                        "host_call_count"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_object_get(given, names[i]))
            *fields[i] = (uint32_t)json_integer_value(json_object_get(given, names[i]));
    if (json_object_get(given, "memory_max"))
        limits.memory_max = (uint64_t)json_integer_value(json_object_get(given, "memory_max"));
    if (json_object_get(given, "response_max"))
        limits.response_max = (uint64_t)json_integer_value(json_object_get(given, "response_max"));
    return limits;
}

/* An expected status: its name, or an array of names where engines may differ. */
static bool status_is(const json_t *expected, enum swapc_status status) {
    size_t index;
    const json_t *one;
    if (json_is_string(expected))
        return strcmp(json_string_value(expected), swapc_status_name(status)) == 0;
    json_array_foreach(expected, index, one) if (status_is(one, status)) return true;
    return false;
}

static const char *expected_name(const json_t *expected) {
    return json_is_array(expected) ? json_string_value(json_array_get(expected, 0))
                                   : json_string_value(expected);
}

/* Bytes that a copy at the wrong place or a cut would show in. */
static enum swapc_status pattern(json_int_t size, swapci_buffer *out) {
    enum swapc_status status = SWAPC_OK;
    for (json_int_t i = 0; i < size && status == SWAPC_OK; i++)
        status = swapci_buffer_append_u8(out, (uint8_t)(i * 31 + (i >> 8)));
    return status;
}

/* The bytes that object gives for key: as text, as a size to fill, or in hexadecimal. */
static enum swapc_status text_of(struct job *job, const json_t *object, const char *key,
                                 swapci_buffer *out) {
    char name[64];
    const char *text = string_of(object, key);
    swapci_buffer_clear(out);
    if (text) return swapci_script_text(text, out);
    snprintf(name, sizeof name, "%s_size", key);
    if (json_object_get(object, name))
        return pattern(json_integer_value(json_object_get(object, name)), out);
    snprintf(name, sizeof name, "%s_hex", key);
    swapc_bytes hex = swapc_bytes_str(string_of(object, name));
    enum swapc_status status = swapci_buffer_reserve(out, hex.len / 2 + 1);
    if (status != SWAPC_OK) return status;
    if (!swapci_hex_decode(hex, out->ptr))
        return swapc_error_set(job->error, SWAPC_CORRUPT, "cases.json: %s is not hexadecimal",
                               name);
    out->len = hex.len / 2;
    return SWAPC_OK;
}

/* A payload is a script, or bytes. */
static enum swapc_status payload_of(struct job *job, const json_t *call) {
    size_t index;
    const json_t *step;
    enum swapc_status status = SWAPC_OK;
    if (!json_object_get(call, "do")) return text_of(job, call, "payload", &job->payload);
    swapci_buffer_clear(&job->payload);
    json_array_foreach(json_object_get(call, "do"), index, step) {
        status = swapci_script_step(json_string_value(step), &job->row, &job->payload, job->error);
        if (status != SWAPC_OK) break;
    }
    return status;
}

static void check_body(struct job *job, const char *what, swapc_bytes expected) {
    swapc_bytes body = job->reply.body;
    if (swapc_bytes_equal(body, expected)) return;
    failure(job, "the %s is %zu bytes \"%.*s\", expected are %zu \"%.*s\"", what, body.len,
            (int)(body.len > 64 ? 64 : body.len), (const char *)body.ptr, expected.len,
            (int)(expected.len > 64 ? 64 : expected.len), (const char *)expected.ptr);
}

/* Joins expected lines as they were written down, and compares. */
static void check_lines(struct job *job, const json_t *call, const char *key,
                        const swapci_buffer *seen) {
    const json_t *expected = json_object_get(call, key), *line;
    swapci_buffer joined = SWAPCI_BUFFER_INIT;
    size_t index;
    if (!expected) return;
    json_array_foreach(expected, index, line) {
        swapci_script_text(json_string_value(line), &joined);
        swapci_buffer_append_u8(&joined, '\n');
    }
    if (!swapc_bytes_equal(swapci_buffer_bytes(&joined), swapci_buffer_bytes(seen)))
        failure(job, "%s: got \"%.*s\", expected \"%.*s\"", key, (int)seen->len,
                seen->ptr ? (const char *)seen->ptr : "", (int)joined.len,
                joined.ptr ? (const char *)joined.ptr : "");
    swapci_buffer_fini(&joined);
}

static void check_number(struct job *job, const json_t *call, const char *key, size_t got) {
    const json_t *expected = json_object_get(call, key);
    if (expected && (size_t)json_integer_value(expected) != got)
        failure(job, "%s is %zu, expected is %lld", key, got,
                (long long)json_integer_value(expected));
}

/* Which answer the case wants: its key in the call, and the status that goes with it. */
static enum swapc_status check_answer(struct job *job, const json_t *call, enum swapc_status got,
                                      const swapc_error *said) {
    const json_t *stops = json_object_get(call, "status");
    bool fails = json_object_get(call, "error") || json_object_get(call, "error_hex");
    const char *text = string_of(call, "text");
    if (stops) {
        if (!status_is(stops, got))
            failure(job, "the status is %s (%s), expected is %s", swapc_status_name(got),
                    said->text, expected_name(stops));
        if (text && !strstr(said->text, text))
            failure(job, "\"%s\" does not say \"%s\"", said->text, text);
        return SWAPC_OK;
    }
    if (got != (fails ? SWAPC_GUEST_ERROR : SWAPC_OK)) {
        failure(job, "the status is %s (%s), expected is %s", swapc_status_name(got), said->text,
                fails ? "GUEST_ERROR" : "OK");
        return SWAPC_OK;
    }
    if (json_object_get(call, "echo")) {
        check_body(job, "response", swapci_buffer_bytes(&job->payload));
        return SWAPC_OK;
    }
    if (json_object_get(call, "ok_len")) {
        check_number(job, call, "ok_len", job->reply.body.len);
        return SWAPC_OK;
    }
    swapci_buffer expected = SWAPCI_BUFFER_INIT;
    enum swapc_status status = text_of(job, call, fails ? "error" : "ok", &expected);
    if (status == SWAPC_OK)
        check_body(job, fails ? "error" : "response", swapci_buffer_bytes(&expected));
    swapci_buffer_fini(&expected);
    return status;
}

static enum swapc_status enter(struct job *job, swapc_error *said) {
    struct host_side *side = &job->side;
    side->host_calls = 0;
    side->lines = 0;
    side->module = job->module;
    side->payload = swapci_buffer_bytes(&job->payload);
    swapci_buffer_clear(&side->seen);
    swapci_buffer_clear(&side->console);
    return swapc_module_call(job->module, swapci_buffer_bytes(&job->operation), side->payload, NULL,
                             &job->reply, said);
}

/* After a call that was stopped, a fresh instance must serve: its memory is as new, too. */
static enum swapc_status check_alive(struct job *job) {
    static const char *const steps[] = {"load 60000", "store_acc 8", "put 12 alive",
                                        "guest_response 8 9"};
    swapc_error said = SWAPC_ERROR_INIT;
    swapci_buffer_clear(&job->payload);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        enum swapc_status status =
            swapci_script_step(steps[i], &job->row, &job->payload, job->error);
        if (status != SWAPC_OK) return status;
    }
    if (enter(job, &said) != SWAPC_OK) failure(job, "the call after it failed: %s", said.text);
    else check_body(job, "response of the call after it", swapc_bytes_of("\0\0\0\0alive", 9));
    return SWAPC_OK;
}

static enum swapc_status run_call(struct job *job, const json_t *call) {
    swapc_error said = SWAPC_ERROR_INIT;
    enum swapc_status status = text_of(job, call, "operation", &job->operation);
    if (status == SWAPC_OK) status = payload_of(job, call);
    if (status != SWAPC_OK) return status;
    enum swapc_status got = enter(job, &said);
    status = check_answer(job, call, got, &said);
    check_lines(job, call, "console", &job->side.console);
    check_lines(job, call, "host_seen", &job->side.seen);
    check_number(job, call, "host_calls", job->side.host_calls);
    check_number(job, call, "console_lines", job->side.lines);
    bool stopped = got != SWAPC_OK && got != SWAPC_GUEST_ERROR;
    if (status == SWAPC_OK && stopped && json_object_get(call, "do")) status = check_alive(job);
    return status;
}

/* All calls of the case, or the one that the case itself is. */
static enum swapc_status run_calls(struct job *job) {
    const json_t *calls = json_object_get(job->data, "calls"), *call;
    size_t index;
    enum swapc_status status = SWAPC_OK;
    if (!calls) return run_call(job, job->data);
    json_array_foreach(calls, index, call) {
        status = run_call(job, call);
        if (status != SWAPC_OK || job->failed) break;
    }
    return status;
}

static enum swapc_status run_rows(struct job *job) {
    const json_t *rows = json_object_get(job->data, "rows"), *row, *value;
    size_t index, column;
    enum swapc_status status = SWAPC_OK;
    if (!rows) return run_calls(job);
    json_array_foreach(rows, index, row) {
        job->row.count =
            json_array_size(row) < SWAPCI_ROW_MAX ? json_array_size(row) : SWAPCI_ROW_MAX;
        json_array_foreach(row, column, value) if (column < job->row.count) job->row.value[column] =
            (uint32_t)json_integer_value(value);
        status = run_calls(job);
        if (status != SWAPC_OK || job->failed) break;
    }
    return status;
}

/* Loads the guest. Returns true when there are calls to run. */
static bool load(struct job *job, const char *path, const char *engine) {
    const json_t *refused = json_object_get(job->data, "load");
    const char *text = string_of(job->data, "text");
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    swapc_error said = SWAPC_ERROR_INIT;
    options.engine = engine;
    enum swapc_status status;
    if (json_object_get(job->data, "bytes_hex")) {
        if (text_of(job, job->data, "bytes", &job->payload) != SWAPC_OK) return false;
        status = swapc_module_load_bytes(job->host, "bytes", swapci_buffer_bytes(&job->payload),
                                         &options, &job->module, &said);
    } else {
        status = swapc_module_load(job->host, path, &options, &job->module, &said);
    }
    if (!refused) {
        if (status != SWAPC_OK) failure(job, "the guest is not taken: %s", said.text);
        return status == SWAPC_OK;
    }
    if (!status_is(refused, status))
        failure(job, "loading gave %s (%s), expected is %s", swapc_status_name(status), said.text,
                expected_name(refused));
    else if (text && !strstr(said.text, text))
        failure(job, "\"%s\" does not say \"%s\"", said.text, text);
    return status == SWAPC_OK && json_object_get(job->data, "calls");
}

static enum swapc_status run_job(struct job *job, const char *path, const char *engine) {
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.engines = swapci_engine_names_all(engines);
    const json_t *host = json_object_get(job->data, "host");
    bool none = json_is_string(host) && strcmp(json_string_value(host), "none") == 0;
    config.limits = limits_of(job->data);
    config.host_call = none ? NULL : host_call;
    config.host_call_user = &job->side;
    config.console = console;
    config.console_user = &job->side;
    config.instances = 16;
    job->side.answers = host;
    enum swapc_status status = swapc_host_new(&config, &job->host, job->error);
    if (status == SWAPC_OK && load(job, path, engine)) status = run_rows(job);
    swapc_module_release(job->module);
    swapc_host_free(job->host);
    return status;
}

enum swapc_status swapci_conformance_case(const struct swapci_conformance_options *options,
                                          uint32_t caps, const json_t *data,
                                          enum swapci_conformance_verdict *verdict,
                                          char text[SWAPCI_CASE_TEXT], swapc_error *error) {
    struct job job = {.data = data, .text = text, .error = error};
    const char *guest = string_of(data, "module");
    bool wasm = (caps & SWAPC_CAP_WASM) != 0;
    char path[4096];
    *verdict = SWAPCI_CASE_SKIPPED;
    if (!needs_met(data, caps, text)) return SWAPC_OK;
    snprintf(path, sizeof path, "%s/%s.%s", options->folder, guest ? guest : "script",
             wasm ? "wasm" : "so");
    if (!wasm && access(path, R_OK) != 0) {
        snprintf(text, SWAPCI_CASE_TEXT, "not applicable: its guest exists in wasm only");
        return SWAPC_OK;
    }
    enum swapc_status status = run_job(&job, path, options->engine);
    swapc_reply_fini(&job.reply);
    swapci_buffer_fini(&job.operation);
    swapci_buffer_fini(&job.payload);
    swapci_buffer_fini(&job.side.seen);
    swapci_buffer_fini(&job.side.console);
    *verdict = job.failed ? SWAPCI_CASE_FAILED : SWAPCI_CASE_PASSED;
    return status;
}
