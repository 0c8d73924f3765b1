#include "wt_outcome.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* wasmtime's texts are trees of causes over several lines, with a backtrace between: the root cause
 * is the last line, perhaps numbered ("  1: …"). */
static const char *last_line(const wasm_byte_vec_t *message, int *length) {
    const char *begin = message->data;
    const char *end = begin + message->size;
    while (end > begin && (end[-1] == '\0' || isspace((unsigned char)end[-1]))) end--;
    const char *line = end;
    while (line > begin && line[-1] != '\n') line--;
    while (line < end && isspace((unsigned char)*line)) line++;
    const char *number = line;
    while (number < end && isdigit((unsigned char)*number)) number++;
    if (number > line && end - number > 2 && number[0] == ':' && number[1] == ' ')
        line = number + 2;
    *length = (int)(end - line);
    return line;
}

static void copy_line(const wasm_byte_vec_t *message, char line[SWAPCI_WT_LINE_MAX]) {
    int length;
    const char *from = last_line(message, &length);
    snprintf(line, SWAPCI_WT_LINE_MAX, "%.*s", length, from);
}

static void error_line(const wasmtime_error_t *failed, char line[SWAPCI_WT_LINE_MAX]) {
    wasm_name_t message;
    wasmtime_error_message(failed, &message);
    copy_line(&message, line);
    wasm_name_delete(&message);
}

enum swapc_status swapci_wt_report_trap(const wasm_trap_t *trap, swapc_error *error) {
    char line[SWAPCI_WT_LINE_MAX];
    wasm_message_t message;
    wasmtime_trap_code_t code;
    wasm_trap_message(trap, &message);
    copy_line(&message, line);
    wasm_byte_vec_delete(&message);
    if (!wasmtime_trap_code(trap, &code))
        return swapc_error_set(error, SWAPC_TRAP, "the guest trapped: %s", line);
    switch (code) {
    case WASMTIME_TRAP_CODE_STACK_OVERFLOW:
        return swapc_error_set(error, SWAPC_TRAP_STACK,
                               "the guest used up its stack of 512 KiB: it recurses too deeply");
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS:
        return swapc_error_set(error, SWAPC_TRAP_MEMORY,
                               "the guest used an address outside its memory");
    default:
        return swapc_error_set(error, SWAPC_TRAP, "the guest trapped: %s", line);
    }
}

/* How wasmtime words that a module is well formed, but of a proposal that is off. */
static bool names_feature(const char *line) {
    static const char *const words[] = {"not enabled", "must be enabled", "not supported",
                                        "disallowed", "multiple memories"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(line, words[i])) return true;
    return false;
}

/* Whether no descriptor can be had: wasmtime does not always pass the reason on ("cannot create
 * a memfd"). */
static bool descriptors_are_used_up(void) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd < 0 && (errno == EMFILE || errno == ENFILE);
}

/* What the system refused, which is no fault of the module. Returns SWAPC_OK when it is none of
 * that. */
static enum swapc_status report_system(const char *line, const char *what, swapc_error *error) {
    if (strstr(line, "os error 12") || strstr(line, "allocate memory"))
        return swapc_error_set(error, SWAPC_NO_MEMORY,
                               "no memory for %s: %s; raise the limit of address space (ulimit -v) "
                               "or run fewer instances",
                               what, line);
    if (strstr(line, "os error 24") || strstr(line, "os error 23") ||
        (strstr(line, "memfd") && descriptors_are_used_up()))
        return swapc_error_set(error, SWAPC_SYSTEM,
                               "no file descriptor is left for %s (%s): each module on wasmtime "
                               "takes some; raise the limit (ulimit -n) or release modules",
                               what, line);
    return SWAPC_OK;
}

enum swapc_status swapci_wt_report_refused(const wasmtime_error_t *refused, const char *path,
                                           swapc_error *error) {
    char line[SWAPCI_WT_LINE_MAX];
    const char *name = path ? path : "the module";
    error_line(refused, line);
    const enum swapc_status status = report_system(line, name, error);
    if (status != SWAPC_OK) return status;
    if (names_feature(line))
        return swapc_error_set(error, SWAPC_UNSUPPORTED,
                               "%s uses what wasmtime is set not to run: %s; build it without",
                               name, line);
    return swapc_error_set(error, SWAPC_MODULE_MALFORMED, "%s is not a valid wasm module: %s", name,
                           line);
}

enum swapc_status swapci_wt_report_unlinked(const wasmtime_error_t *failed, const char *path,
                                            swapc_error *error) {
    /* Here the first line names the import and the last one the reason; they may be the same. */
    char line[SWAPCI_WT_LINE_MAX];
    wasm_name_t message;
    wasmtime_error_message(failed, &message);
    copy_line(&message, line);
    const char *end = memchr(message.data, '\n', message.size);
    const int length = end ? (int)(end - message.data) : 0;
    swapc_error_set(error, SWAPC_MODULE_IMPORT, "%s cannot be linked: %.*s%s%s",
                    path ? path : "the module", length, message.data, end ? ": " : "", line);
    wasm_name_delete(&message);
    return SWAPC_MODULE_IMPORT;
}

enum swapc_status swapci_wt_report_no_instance(const wasmtime_error_t *failed, swapc_error *error) {
    char line[SWAPCI_WT_LINE_MAX];
    error_line(failed, line);
    if (strstr(line, "exceeds memory limits"))
        return swapc_error_set(error, SWAPC_MEMORY_LIMIT,
                               "the module starts with more memory than its limit allows (%s); "
                               "raise memory_max",
                               line);
    if (strstr(line, "exceeds table limits"))
        return swapc_error_set(error, SWAPC_LIMIT, "the module's tables are too large: %s", line);
    const enum swapc_status status = report_system(line, "an instance", error);
    if (status != SWAPC_OK) return status;
    return swapc_error_set(error, SWAPC_SYSTEM, "wasmtime cannot make an instance: %s", line);
}
