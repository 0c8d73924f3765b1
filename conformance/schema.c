#include "schema.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char *const case_keys[] = {"name", "why",   "module", "needs", "limits",    "host",
                                        "rows", "calls", "load",   "text",  "bytes_hex", NULL};
static const char *const call_keys[] = {
    "do",           "operation", "operation_hex", "operation_size", "payload",       "payload_hex",
    "payload_size", "ok",        "ok_hex",        "ok_len",         "echo",          "error",
    "error_hex",    "status",    "text",          "console",        "console_lines", "host_seen",
    "host_calls",   NULL};
static const char *const answer_keys[] = {"ok",    "ok_hex",    "ok_len", "echo",
                                          "error", "error_hex", "status", NULL};
static const char *const needs[] = {"wasm",   "sandbox", "deadline", "cancel",
                                    "memory", "stack",   NULL};
static const char *const limits[] = {"deadline_ms",     "log_max",    "log_lines",
                                     "host_call_depth", "memory_max", "response_max",
                                     "host_call_count", NULL};

static bool in(const char *const *list, const char *word) {
    while (word && *list && strcmp(*list, word) != 0) list++;
    return word && *list;
}

static bool is_status(const char *name) {
#define SWAPCI_NAME(status, code, text) #status,
    static const char *const names[] = {SWAPC_STATUS_MAP(SWAPCI_NAME) NULL};
#undef SWAPCI_NAME
    return in(names, name);
}

/* A status, or an array of them; NULL is fine. */
static bool statuses(const json_t *value) {
    size_t index;
    const json_t *one;
    if (!json_is_array(value)) return !value || is_status(json_string_value(value));
    json_array_foreach(value, index, one) if (!is_status(json_string_value(one))) return false;
    return json_array_size(value) > 0;
}

static bool all_strings(const json_t *array) {
    size_t index;
    const json_t *one;
    json_array_foreach(array, index, one) if (!json_is_string(one)) return false;
    return !array || json_is_array(array);
}

/* Returns what is wrong with a call, or NULL. */
static const char *check_call(const json_t *call) {
    bool answered = false;
    for (const char *const *key = answer_keys; *key; key++)
        answered = answered || json_object_get(call, *key);
    if (!answered) return "a call without an expected answer";
    if (!statuses(json_object_get(call, "status"))) return "status";
    for (int i = 0; i < 3; i++) {
        static const char *const lists[] = {"do", "console", "host_seen"};
        if (!all_strings(json_object_get(call, lists[i]))) return lists[i];
    }
    return NULL;
}

static const char *unknown_key(const json_t *object, const char *const *keys,
                               const char *const *more) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key,
                        value) if (!in(keys, key) && !in(more, key)) return key;
    return NULL;
}

static const char *check_calls(const json_t *data) {
    const json_t *calls = json_object_get(data, "calls"), *call;
    size_t index;
    if (!calls) return json_object_get(data, "load") ? NULL : check_call(data);
    json_array_foreach(calls, index, call) {
        const char *wrong = unknown_key(call, call_keys, call_keys);
        if (!wrong) wrong = check_call(call);
        if (wrong) return wrong;
    }
    return json_array_size(calls) > 0 ? NULL : "calls";
}

static const char *check_needs(const json_t *data) {
    const json_t *list = json_object_get(data, "needs"), *need;
    size_t index;
    json_array_foreach(list, index, need) if (!in(needs, json_string_value(need))) return "needs";
    return NULL;
}

/* Answers of the host are {"ok": …} or {"error": …}; or the words "none", "recurse" and
 * "nested". */
static const char *check_host(const json_t *data) {
    static const char *const words[] = {"none", "recurse", "nested", NULL};
    const json_t *host = json_object_get(data, "host"), *answer;
    size_t index;
    if (json_is_string(host)) return in(words, json_string_value(host)) ? NULL : "host";
    json_array_foreach(host, index,
                       answer) if (!json_is_string(json_object_get(answer, "ok")) &&
                                   !json_is_string(json_object_get(answer, "error"))) return "host";
    return NULL;
}

enum swapc_status swapci_conformance_check(const json_t *data, swapc_error *error) {
    const char *name = json_string_value(json_object_get(data, "name"));
    const char *wrong = name ? unknown_key(data, case_keys, call_keys) : "name";
    if (!wrong) wrong = unknown_key(json_object_get(data, "limits"), limits, limits);
    if (!wrong && !statuses(json_object_get(data, "load"))) wrong = "load";
    if (!wrong) wrong = check_needs(data);
    if (!wrong) wrong = check_host(data);
    if (!wrong) wrong = check_calls(data);
    if (!wrong) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_CORRUPT,
                           "cases.json: the case \"%s\" is not understood: %s", name ? name : "",
                           wrong);
}
