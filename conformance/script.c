#include "script.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

/* The opcodes; conformance/guests/script.wat and conformance/native/script.c follow them. */
static const struct instruction {
    const char *name;
    uint8_t opcode;
    uint8_t arguments;
} instructions[] = {
    {"return", 0, 1},
    {"guest_request", 1, 2},
    {"guest_response", 2, 2},
    {"guest_error", 3, 2},
    {"host_call", 4, 8},
    {"host_response_len", 5, 0},
    {"host_response", 6, 1},
    {"host_error_len", 7, 0},
    {"host_error", 8, 1},
    {"console_log", 9, 2},
    {"put", 10, 2},
    {"store_acc", 11, 1},
    {"trap", 12, 0},
    {"loop", 13, 0},
    {"recurse", 14, 0},
    {"grow", 15, 1},
    {"load", 16, 1},
    {"store", 17, 2},
    {"divide", 18, 1},
    {"indirect", 19, 1},
    {"indirect_type", 20, 0},
    {"size", 21, 0},
    {"convert", 22, 1},
    {"respond_acc", 23, 1},
    {"error_acc", 24, 1},
    {"fd_write", 40, 4},
    {"fd_read", 41, 4},
    {"fd_seek", 42, 2},
    {"fd_fdstat_get", 43, 2},
    {"fd_prestat_get", 44, 2},
    {"random_get", 45, 2},
    {"clock_time_get", 46, 2},
    {"environ_sizes_get", 47, 2},
    {"args_sizes_get", 48, 2},
    {"path_unlink_file", 49, 3},
    {"poll_oneoff", 50, 4},
    {"sock_recv", 51, 1},
    {"proc_exit", 52, 1},
    {"abort", 53, 4},
};

static const struct instruction *find(const char *step, size_t len) {
    for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++)
        if (strlen(instructions[i].name) == len && strncmp(step, instructions[i].name, len) == 0)
            return &instructions[i];
    return NULL;
}

/* Reads a number, or "$n" from the row, and moves *at behind it. */
static bool take_number(const char **at, const struct swapci_script_row *row, uint32_t *out) {
    while (**at == ' ') ++*at;
    if (**at == '$') {
        size_t index = (size_t)((*at)[1] - '0');
        *at += 2;
        if (index >= row->count) return false;
        *out = row->value[index];
        return true;
    }
    char *end;
    long long value = strtoll(*at, &end, 0);
    *out = (uint32_t)value;
    bool good = end != *at && value >= INT32_MIN && value <= UINT32_MAX;
    *at = end;
    return good;
}

static enum swapc_status append_u32(swapci_buffer *out, uint32_t value) {
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};
    return swapci_buffer_append(out, swapc_bytes_of(bytes, sizeof bytes));
}

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

enum swapc_status swapci_script_text(const char *text, swapci_buffer *out) {
    enum swapc_status status = SWAPC_OK;
    while (*text && status == SWAPC_OK) {
        bool escape =
            text[0] == '\\' && text[1] == 'x' && digit(text[2]) >= 0 && digit(text[3]) >= 0;
        uint8_t byte = escape ? (uint8_t)(digit(text[2]) << 4 | digit(text[3])) : (uint8_t)*text;
        status = swapci_buffer_append_u8(out, byte);
        text += escape ? 4 : 1;
    }
    return status;
}

static enum swapc_status bad(const char *step, swapc_error *error) {
    return swapc_error_set(error, SWAPC_CORRUPT, "cases.json: the step \"%s\" is not understood",
                           step);
}

/* "put PTR TEXT": pointer, length, and the bytes behind them. */
static enum swapc_status append_put(const char *step, const char *at,
                                    const struct swapci_script_row *row, swapci_buffer *out,
                                    swapc_error *error) {
    uint32_t ptr;
    if (!take_number(&at, row, &ptr) || *at++ != ' ') return bad(step, error);
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_script_text(at, &text);
    if (status == SWAPC_OK) status = append_u32(out, ptr);
    if (status == SWAPC_OK) status = append_u32(out, (uint32_t)text.len);
    if (status == SWAPC_OK) status = swapci_buffer_append(out, swapci_buffer_bytes(&text));
    swapci_buffer_fini(&text);
    return status;
}

static enum swapc_status append_arguments(const char *step, const char *at, uint8_t count,
                                          const struct swapci_script_row *row, swapci_buffer *out,
                                          swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (; count > 0 && status == SWAPC_OK; count--) {
        uint32_t value;
        if (!take_number(&at, row, &value)) return bad(step, error);
        status = append_u32(out, value);
    }
    return status != SWAPC_OK || *at == '\0' ? status : bad(step, error);
}

static enum swapc_status append_step(const char *step, const struct swapci_script_row *row,
                                     swapci_buffer *out, swapc_error *error) {
    size_t len = strcspn(step, " ");
    const struct instruction *instruction = find(step, len);
    if (!instruction) return bad(step, error);
    enum swapc_status status = swapci_buffer_append_u8(out, instruction->opcode);
    if (status == SWAPC_OK) status = swapci_buffer_append_u8(out, instruction->arguments);
    if (status != SWAPC_OK) return status;
    if (strcmp(instruction->name, "put") == 0) return append_put(step, step + len, row, out, error);
    return append_arguments(step, step + len, instruction->arguments, row, out, error);
}

enum swapc_status swapci_script_step(const char *step, const struct swapci_script_row *row,
                                     swapci_buffer *out, swapc_error *error) {
    uint32_t times = 1;
    const char *at = step;
    if (strncmp(step, "repeat ", 7) == 0) {
        at += 7;
        if (!take_number(&at, row, &times) || *at++ != ' ') return bad(step, error);
    }
    enum swapc_status status = SWAPC_OK;
    for (; times > 0 && status == SWAPC_OK; times--) status = append_step(at, row, out, error);
    return status;
}
