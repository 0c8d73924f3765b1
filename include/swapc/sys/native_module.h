/* swapc/sys/native_module.h - the contract between the native engine and a module that is a shared
 * object.
 *
 * A native module is the guest's source compiled to machine code behind the same waPC imports that
 * a wasm guest has, one to one, so that native and wasm differ in the runtime and in nothing else.
 * Pointers are real ones. The shared object exports one constant, swapc_native_module, and has no
 * writable globals: what it must remember lives in a state that the engine allocates per instance.
 * Native code is trusted code: nothing here confines it. Guest authors use swapc/guest.h instead.
 *
 * Threads: an instance (one state) is used by one thread at a time; different instances of one
 *     module run at the same time.
 * Ownership: imports and host belong to the engine and are valid from init to the state's end. The
 *     module keeps no pointer that an import gave it past the call, but scratch's, see there.
 * Unwinding: an import that must stop the module (a limit, no memory in the host) need not return:
 *     the engine may leave the call by longjmp and free the state. So a module holds nothing across
 *     an import that would have to be released.
 */
#ifndef SWAPC_SYS_NATIVE_MODULE_H
#define SWAPC_SYS_NATIVE_MODULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SWAPC_NATIVE_ABI 1u
#define SWAPC_NATIVE_SYMBOL "swapc_native_module"

/* The instance's two buffers, for scratch: one a purpose, so that the larger answer of a host call
 * never moves the request. */
enum swapc_native_scratch {
    SWAPC_NATIVE_SCRATCH_REQUEST = 0, /* operation and request of the current call */
    SWAPC_NATIVE_SCRATCH_ANSWER = 1,  /* response or error of the last host call */
    SWAPC_NATIVE_SCRATCH_COUNT = 2
};

/* host is the pointer that init was given. A length of 0 accepts any pointer. */
struct swapc_native_imports {
    uint32_t abi; /* SWAPC_NATIVE_ABI */

    /* The stand-in for memory.grow: a buffer of at least len bytes, aligned for any type, owned by
     * the instance, good until the next scratch of the same purpose or the call's end. Its content
     * is not kept. Returns NULL when there is no memory. A warm call allocates nothing. */
    uint8_t *(*scratch)(void *host, uint32_t purpose, size_t len);

    /* Writes operation and payload of the current call: op_len and msg_len bytes as call got. */
    void (*guest_request)(void *host, uint8_t *operation, uint8_t *message);

    /* Both copy; the last one of a call counts. */
    void (*guest_response)(void *host, const uint8_t *ptr, size_t len);
    void (*guest_error)(void *host, const uint8_t *ptr, size_t len);

    /* Returns 1 (fetch the answer with host_response) or 0 (with host_error). */
    int32_t (*host_call)(void *host, const uint8_t *binding, size_t binding_len, const uint8_t *ns,
                         size_t ns_len, const uint8_t *operation, size_t operation_len,
                         const uint8_t *ptr, size_t len);
    size_t (*host_response_len)(void *host); /* bytes; 0: none */
    void (*host_response)(void *host, uint8_t *ptr);
    size_t (*host_error_len)(void *host); /* bytes; 0: none */
    void (*host_error)(void *host, uint8_t *ptr);

    void (*console_log)(void *host, const uint8_t *ptr, size_t len);
};

/* What a shared object exports as `const struct swapc_native_module swapc_native_module`. */
struct swapc_native_module {
    uint32_t abi;        /* SWAPC_NATIVE_ABI */
    uint32_t state_size; /* bytes of an instance's state, aligned for any type; never 0 */

    /* Prepares a zeroed state. Called once per instance, before call. Returns 1, or 0 when imports'
     * abi is not the module's: the instance is then freed without a call. */
    int32_t (*init)(void *state, const struct swapc_native_imports *imports, void *host);

    /* waPC's __guest_call. Returns 1 (answered) or 0 (failed, with guest_error). */
    int32_t (*call)(void *state, uint32_t op_len, uint32_t msg_len);
};

#ifdef __cplusplus
}
#endif
#endif
