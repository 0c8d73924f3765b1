/* A waPC guest in C as emscripten's standalone mode builds it: its libc, its allocator, and memory
 * that grows, of which emscripten tells the host by env.emscripten_notify_memory_growth.
 * emcc guest.c -O2 -o guest.wasm --no-entry -sSTANDALONE_WASM -sALLOW_MEMORY_GROWTH
 *     -sERROR_ON_UNDEFINED_SYMBOLS=0 -sEXPORTED_FUNCTIONS=___guest_call
 * Another clang with wasi-libc builds it too, and then it tells so itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IMPORT(name) __attribute__((import_module("wapc"), import_name(#name))) extern
IMPORT(__guest_request) void guest_request(char *operation, char *payload);
IMPORT(__guest_response) void guest_response(const char *ptr, size_t len);
IMPORT(__guest_error) void guest_error(const char *ptr, size_t len);
IMPORT(__host_call)
int host_call(const char *binding, size_t binding_len, const char *namespace, size_t namespace_len,
              const char *operation, size_t operation_len, const char *payload, size_t payload_len);
IMPORT(__host_response_len) size_t host_response_len(void);
IMPORT(__host_response) void host_response(char *ptr);
IMPORT(__host_error_len) size_t host_error_len(void);
IMPORT(__host_error) void host_error(char *ptr);
IMPORT(__console_log) void console_log(const char *ptr, size_t len);

#ifdef __EMSCRIPTEN__
static void tell_of_growth(void) {
}
#else
__attribute__((import_module("env"), import_name("emscripten_notify_memory_growth"))) extern void
notify_memory_growth(int memory);
static void tell_of_growth(void) {
    notify_memory_growth(0);
}
#endif

static int fail(const char *text, size_t len) {
    guest_error(text, len);
    return 0;
}

/* Asks the host for "foreign", "test", "echo". */
static int host(const char *payload, size_t len) {
    int ok = host_call("foreign", 7, "test", 4, "echo", 4, payload, len);
    size_t size = ok ? host_response_len() : host_error_len();
    char *text = malloc(size + 1);
    if (!ok) {
        host_error(text);
        return fail(text, size);
    }
    host_response(text);
    guest_response(text, size);
    return 1;
}

/* What programs in C take for granted: output, the wall clock, memory beyond what they began with. */
static int runtime(const char *payload, size_t len) {
    char seen[256] = {0}, text[16];
    int count = 0;
    printf("stdout: %.*s\n", (int)len, payload);
    fflush(stdout);
    if (time(NULL) == 0) return fail("the wall clock stands at 1970", 29);
    char *large = malloc(40u << 20); /* emcc begins with 16 MiB */
    tell_of_growth();
    if (!large) return fail("memory did not grow", 19);
    memset(large, 1, 40u << 20);
    free(large);
    for (size_t i = 0; i < len; i++) count += !seen[(unsigned char)payload[i]]++;
    guest_response(text, (size_t)snprintf(text, sizeof text, "%d", count));
    return 1;
}

static int answer(const char *operation, const char *payload, size_t len) {
    if (strcmp(operation, "echo") == 0) {
        guest_response(payload, len);
        return 1;
    }
    if (strcmp(operation, "fail") == 0) return fail(payload, len);
    if (strcmp(operation, "host") == 0) return host(payload, len);
    if (strcmp(operation, "log") == 0) {
        console_log(payload, len);
        return 1;
    }
    if (strcmp(operation, "runtime") == 0) return runtime(payload, len);
    if (strcmp(operation, "panic") == 0) {
        guest_error("asked to", 8);
        __builtin_trap();
    }
    return fail("no such operation", 17);
}

int __guest_call(size_t operation_len, size_t payload_len) {
    char *operation = malloc(operation_len + 1), *payload = malloc(payload_len + 1);
    guest_request(operation, payload);
    operation[operation_len] = 0;
    int ok = answer(operation, payload, payload_len);
    free(operation);
    free(payload);
    return ok;
}
