/* The native twin of guests/echo.wat: answers each call with its payload. */
#include "swapc/sys/native_module.h"

struct state {
    const struct swapc_native_imports *imports;
    void *host;
};

static int32_t init(void *user, const struct swapc_native_imports *imports, void *host) {
    struct state *s = user;
    s->imports = imports;
    s->host = host;
    return imports->abi == SWAPC_NATIVE_ABI;
}

static int32_t call(void *user, uint32_t op_len, uint32_t msg_len) {
    struct state *s = user;
    uint8_t *at =
        s->imports->scratch(s->host, SWAPC_NATIVE_SCRATCH_REQUEST, (size_t)op_len + msg_len);
    if (!at) return 0;
    s->imports->guest_request(s->host, at, at + op_len);
    s->imports->guest_response(s->host, at + op_len, msg_len);
    return 1;
}

extern __attribute__((visibility("default"))) const struct swapc_native_module swapc_native_module;
const struct swapc_native_module swapc_native_module = {SWAPC_NATIVE_ABI, sizeof(struct state),
                                                        init, call};
