/* echo - the smallest guest, and what a host is tested with. */
#include "swapc/guest.h"

static int32_t echo(swapc_guest *g, swapc_bytes request) {
    return swapc_guest_respond(g, request);
}

static int32_t fail(swapc_guest *g, swapc_bytes request) {
    return swapc_guest_fail(g, request);
}

static int32_t host(swapc_guest *g, swapc_bytes request) {
    swapc_bytes answer;
    if (!swapc_guest_host_call(g, "default", "echo", "call", request, &answer))
        return swapc_guest_fail(g, answer);
    return swapc_guest_respond(g, answer);
}

static int32_t log_line(swapc_guest *g, swapc_bytes request) {
    swapc_guest_console(g, request);
    return 1;
}

static int32_t loop(swapc_guest *g, swapc_bytes request) {
    (void)g;
    (void)request;
    for (;;) __asm__ volatile("");
    __builtin_unreachable();
}

static int32_t trap(swapc_guest *g, swapc_bytes request) {
    (void)g;
    (void)request;
    __builtin_trap();
}

#if defined(__wasm__)
/* Takes memory until the host gives no more; answers how many pages there are, as decimal text. */
static int32_t grow(swapc_guest *g, swapc_bytes request) {
    (void)request;
    uint8_t text[10];
    size_t at = sizeof text;
    while (__builtin_wasm_memory_grow(0, 1) != SIZE_MAX) {
    }
    size_t pages = __builtin_wasm_memory_size(0);
    do text[--at] = (uint8_t)('0' + pages % 10);
    while ((pages /= 10) > 0);
    return swapc_guest_respond(g, swapc_bytes_of(text + at, sizeof text - at));
}
#else
static int32_t grow(swapc_guest *g, swapc_bytes request) {
    (void)request;
    return swapc_guest_fail_text(g, "native code has no linear memory to grow");
}
#endif

const swapc_guest_operation swapc_guest_operations[] = {
    {"echo", echo}, {"fail", fail}, {"host", host}, {"log", log_line},
    {"loop", loop}, {"trap", trap}, {"grow", grow}, {0, 0},
};
