#include "swapc/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "printable.h"

const char *swapc_status_name(enum swapc_status status) {
    switch (status) {
#define SWAPCI_NAME(name, code, text)                                                              \
    case SWAPC_##name:                                                                             \
        return #name;
        SWAPC_STATUS_MAP(SWAPCI_NAME)
#undef SWAPCI_NAME
    case SWAPC_STATUS_END:
        break;
    }
    return "UNKNOWN";
}

const char *swapc_status_text(enum swapc_status status) {
    switch (status) {
#define SWAPCI_TEXT(name, code, text)                                                              \
    case SWAPC_##name:                                                                             \
        return text;
        SWAPC_STATUS_MAP(SWAPCI_TEXT)
#undef SWAPCI_TEXT
    case SWAPC_STATUS_END:
        break;
    }
    return "unknown status";
}

/* Cuts an incomplete UTF-8 sequence off the end of text, as a cut in snprintf may leave one. */
static void trim_utf8(char *text) {
    size_t len = strlen(text);
    size_t back = 0;
    while (back < 3 && back < len && ((unsigned char)text[len - 1 - back] & 0xC0) == 0x80) back++;
    if (back == len) return;
    unsigned char lead = (unsigned char)text[len - 1 - back];
    size_t need = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (need > back) text[len - 1 - back] = '\0';
}

/* The report belongs to the first who speaks; returns 0 when error takes no report. */
static int takes_report(const swapc_error *error) {
    return error && error->status == SWAPC_OK;
}

__attribute__((format(printf, 3, 0))) static void
report(swapc_error *error, enum swapc_status status, const char *format, va_list args) {
    error->status = status;
    int n = vsnprintf(error->text, sizeof error->text, format, args);
    if (n >= (int)sizeof error->text) trim_utf8(error->text);
    swapci_printable_line(error->text, sizeof error->text);
}

enum swapc_status swapc_error_set(swapc_error *error, enum swapc_status status, const char *format,
                                  ...) {
    if (!takes_report(error)) return status;
    va_list args;
    va_start(args, format);
    report(error, status, format, args);
    va_end(args);
    return status;
}

/* What to do about a refusal of the operating system, where that is the same whatever was asked
 * of it. */
static const char *remedy_of(int native) {
    static const struct {
        int native;
        const char *remedy;
    } rows[] = {
        {ENOENT, ": check the path"},
        {ENOTDIR, ": a part of the path is no folder"},
        {EISDIR, ": it is a folder; name a file"},
        {EACCES, ": check who may use it (ls -l)"},
        {EPERM, ": check who may use it (ls -l)"},
        {ENOSPC, ": make room there, or name another place"},
        {EDQUOT, ": make room there, or name another place"},
        {EROFS, ": name a place that can be written to"},
        {ENAMETOOLONG, ": name a shorter path"},
        {ELOOP, ": its symbolic links lead in a circle"},
        {EMFILE, ": raise the limit (ulimit -n)"},
        {ENFILE, ": raise the system's limit (sysctl fs.file-max)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].native == native) return rows[i].remedy;
    return "";
}

enum swapc_status swapc_error_set_errno(swapc_error *error, enum swapc_status status, int native,
                                        const char *format, ...) {
    if (!takes_report(error)) return status;
    va_list args;
    va_start(args, format);
    report(error, status, format, args);
    va_end(args);
    error->native = native;
    char buffer[128];
    const char *reason = strerror_r(native, buffer, sizeof buffer); /* GNU: returns the text */
    size_t len = strlen(error->text);
    int n =
        snprintf(error->text + len, sizeof error->text - len, ": %s%s", reason, remedy_of(native));
    if (n >= (int)(sizeof error->text - len)) trim_utf8(error->text);
    return status;
}

void swapc_error_clear(swapc_error *error) {
    if (!error) return;
    *error = (swapc_error)SWAPC_ERROR_INIT;
}
