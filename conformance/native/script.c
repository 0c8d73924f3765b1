/* The native twin of guests/script.wat: the same scripts, over real pointers into one page that
 * lies in the instance's state. What native code does not have (traps, WASI, growing) it refuses:
 * the cases that use it are not applicable to engines without a sandbox. */
#include <string.h>

#include "swapc/sys/native_module.h"

enum { PAGE = 65536, OPERATION = 4096, SCRIPT = 8192 };

struct state {
    const struct swapc_native_imports *imports;
    void *host;
    const uint8_t *pc;
    uint32_t acc;
    uint8_t memory[PAGE];
};

static int32_t init(void *user, const struct swapc_native_imports *imports, void *host) {
    struct state *s = user;
    s->imports = imports;
    s->host = host;
    return imports->abi == SWAPC_NATIVE_ABI;
}

static uint32_t load32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t arg(const struct state *s, unsigned index) {
    return load32(s->pc + 2 + 4 * index);
}

/* An argument as the address that it means here. */
static uint8_t *at(struct state *s, unsigned index) {
    return s->memory + arg(s, index) % PAGE;
}

static void wapc(struct state *s, uint8_t opcode) {
    const struct swapc_native_imports *i = s->imports;
    switch (opcode) {
    case 1:
        i->guest_request(s->host, at(s, 0), at(s, 1));
        break;
    case 2:
        i->guest_response(s->host, at(s, 0), arg(s, 1));
        break;
    case 3:
        i->guest_error(s->host, at(s, 0), arg(s, 1));
        break;
    case 4:
        s->acc = (uint32_t)i->host_call(s->host, at(s, 0), arg(s, 1), at(s, 2), arg(s, 3), at(s, 4),
                                        arg(s, 5), at(s, 6), arg(s, 7));
        break;
    case 5:
        s->acc = (uint32_t)i->host_response_len(s->host);
        break;
    case 6:
        i->host_response(s->host, at(s, 0));
        break;
    case 7:
        s->acc = (uint32_t)i->host_error_len(s->host);
        break;
    case 8:
        i->host_error(s->host, at(s, 0));
        break;
    default:
        i->console_log(s->host, at(s, 0), arg(s, 1));
    }
}

/* Returns 0 for what native code does not do. */
static int own(struct state *s, uint8_t opcode) {
    switch (opcode) {
    case 10:
        memcpy(at(s, 0), s->pc + 10, arg(s, 1));
        s->pc += arg(s, 1);
        return 1;
    case 11:
        store32(at(s, 0), s->acc);
        return 1;
    case 16:
        s->acc = load32(at(s, 0));
        return 1;
    case 17:
        store32(at(s, 0), arg(s, 1));
        return 1;
    case 23:
        s->imports->guest_response(s->host, at(s, 0), s->acc);
        return 1;
    case 24:
        s->imports->guest_error(s->host, at(s, 0), s->acc);
        return 1;
    default:
        return 0;
    }
}

static int32_t refuse(struct state *s, const char *text) {
    s->imports->guest_error(s->host, (const uint8_t *)text, strlen(text));
    return 0;
}

static int32_t call(void *user, uint32_t op_len, uint32_t msg_len) {
    struct state *s = user;
    if (op_len > SCRIPT - OPERATION || msg_len > PAGE - SCRIPT)
        return refuse(s, "the script does not fit");
    s->imports->guest_request(s->host, s->memory + OPERATION, s->memory + SCRIPT);
    s->acc = 0;
    const uint8_t *end = s->memory + SCRIPT + msg_len;
    for (s->pc = s->memory + SCRIPT; s->pc < end;) {
        uint8_t opcode = *s->pc;
        unsigned size = 2 + 4u * s->pc[1];
        if (opcode == 0) return (int32_t)arg(s, 0);
        if (opcode < 10) wapc(s, opcode);
        else if (!own(s, opcode)) return refuse(s, "native code does not do that");
        s->pc += size;
    }
    return 1;
}

extern __attribute__((visibility("default"))) const struct swapc_native_module swapc_native_module;
const struct swapc_native_module swapc_native_module = {SWAPC_NATIVE_ABI, sizeof(struct state),
                                                        init, call};
