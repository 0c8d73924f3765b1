/* The shared objects of native_test.c: one source, one build for each GUEST_… kind. What a call
 * does is chosen by its op_len. */
#include "swapc/sys/native_module.h"

struct state {
    const struct swapc_native_imports *imports;
    void *host;
    uint32_t calls;
};

#ifdef GUEST_REFUSING
#define INIT_RESULT 0
#else
#define INIT_RESULT 1
#endif

static int32_t guest_init(void *at, const struct swapc_native_imports *imports, void *host) {
    struct state *state = at;
    state->imports = imports;
    state->host = host;
    return INIT_RESULT;
}

/* Answers the request itself, twice as long: operation, message. */
static int32_t echo(struct state *state, uint32_t op_len, uint32_t msg_len) {
    const struct swapc_native_imports *wapc = state->imports;
    uint8_t *at = wapc->scratch(state->host, SWAPC_NATIVE_SCRATCH_REQUEST, op_len + msg_len);
    if (!at) return 0;
    wapc->guest_request(state->host, at, at + op_len);
    wapc->guest_response(state->host, at, op_len + msg_len);
    return 1;
}

static int32_t ask_host(struct state *state) {
    const struct swapc_native_imports *wapc = state->imports;
    const uint8_t *text = (const uint8_t *)"abcdefghij";
    int32_t answered = wapc->host_call(state->host, text, 1, text + 1, 2, text + 3, 3, text + 6, 4);
    size_t len =
        answered ? wapc->host_response_len(state->host) : wapc->host_error_len(state->host);
    uint8_t *at = wapc->scratch(state->host, SWAPC_NATIVE_SCRATCH_ANSWER, len);
    if (!at) return 0;
    if (answered) wapc->host_response(state->host, at);
    else wapc->host_error(state->host, at);
    wapc->console_log(state->host, at, len);
    return 1;
}

static int32_t guest_call(void *at, uint32_t op_len, uint32_t msg_len) {
    struct state *state = at;
    state->calls++;
    switch (op_len) {
    case 1:
        return (int32_t)state->calls;
    case 2:
        return ask_host(state);
    case 3: /* the test's import refuses this length */
        state->imports->guest_error(state->host, (const uint8_t *)"", 77);
        return 1;
    default:
        return echo(state, op_len, msg_len);
    }
}

#ifdef GUEST_OTHER_ABI
#define ABI (SWAPC_NATIVE_ABI + 1u)
#else
#define ABI SWAPC_NATIVE_ABI
#endif

#ifdef GUEST_EMPTY
#define INIT 0
#else
#define INIT guest_init
#endif

#ifndef GUEST_NO_TABLE
extern const struct swapc_native_module swapc_native_module;
const
#else
static const
#endif
    struct swapc_native_module swapc_native_module = {ABI, sizeof(struct state), INIT, guest_call};

/* Keeps what a kind does not export from being dropped as unused. */
int32_t (*swapc_test_anchor(void))(void *, uint32_t, uint32_t);
int32_t (*swapc_test_anchor(void))(void *, uint32_t, uint32_t) {
    (void)guest_init;
    return swapc_native_module.call;
}
