#include "wasm3_frames.h"

#include <wasm3.h>

#define VALUES_WANTED (256u * 1024u)
#define VALUES_LEAST (64u * 1024u)
#define FRAMES_WANTED (256u * 1024u * 1024u) /* address space, not memory */
/* Imports run on the guest's C stack as well, and a host call may enter another engine there, which
 * reckons with half a MiB of its own. */
#define IMPORT_ROOM (4u * 1024u * 1024u)
#define CALL_LEAST 8u /* wasm3 moves its value stack by 8 bytes at least for each call */

enum { DEPTH = 64, LOOPS = 8, INSTRUCTIONS = 8 };

/* (module
 *   (import "p" "at" (func $at))
 *   (func $deep (export "deep") (param i32)
 *     (if (local.get 0)
 *       (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
 *       (else (call $at))))
 *   (func (export "loops") (loop) … 8 times … (call $at))
 *   (func (export "flat") (local i32)
 *     (local.set 0 (i32.add (local.get 0) (i32.const 1))) … 8 times …
 *     (call $at))
 *   (func (export "none") (call $at))) */
static const uint8_t probe[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x60, 0x00, 0x00, 0x60, 0x01,
    0x7f, 0x00, 0x02, 0x08, 0x01, 0x01, 0x70, 0x02, 0x61, 0x74, 0x00, 0x00, 0x03, 0x05, 0x04, 0x01,
    0x00, 0x00, 0x00, 0x07, 0x1e, 0x04, 0x04, 0x64, 0x65, 0x65, 0x70, 0x00, 0x01, 0x05, 0x6c, 0x6f,
    0x6f, 0x70, 0x73, 0x00, 0x02, 0x04, 0x66, 0x6c, 0x61, 0x74, 0x00, 0x03, 0x04, 0x6e, 0x6f, 0x6e,
    0x65, 0x00, 0x04, 0x0a, 0x74, 0x04, 0x11, 0x00, 0x20, 0x00, 0x04, 0x40, 0x20, 0x00, 0x41, 0x01,
    0x6b, 0x10, 0x01, 0x05, 0x10, 0x00, 0x0b, 0x0b, 0x1c, 0x00, 0x03, 0x40, 0x0b, 0x03, 0x40, 0x0b,
    0x03, 0x40, 0x0b, 0x03, 0x40, 0x0b, 0x03, 0x40, 0x0b, 0x03, 0x40, 0x0b, 0x03, 0x40, 0x0b, 0x03,
    0x40, 0x0b, 0x10, 0x00, 0x0b, 0x3e, 0x01, 0x01, 0x7f, 0x20, 0x00, 0x41, 0x01, 0x6a, 0x21, 0x00,
    0x20, 0x00, 0x41, 0x01, 0x6a, 0x21, 0x00, 0x20, 0x00, 0x41, 0x01, 0x6a, 0x21, 0x00, 0x20, 0x00,
    0x41, 0x01, 0x6a, 0x21, 0x00, 0x20, 0x00, 0x41, 0x01, 0x6a, 0x21, 0x00, 0x20, 0x00, 0x41, 0x01,
    0x6a, 0x21, 0x00, 0x20, 0x00, 0x41, 0x01, 0x6a, 0x21, 0x00, 0x20, 0x00, 0x41, 0x01, 0x6a, 0x21,
    0x00, 0x10, 0x00, 0x0b, 0x04, 0x00, 0x10, 0x00, 0x0b,
};

static const void *note_frame(IM3Runtime runtime, IM3ImportContext context, uint64_t *sp,
                              void *memory) {
    (void)context, (void)sp, (void)memory;
    *(uintptr_t *)m3_GetUserData(runtime) = (uintptr_t)__builtin_frame_address(0);
    return m3Err_none;
}

/* Where the import's frame lies when it is reached through the export; 0 when that failed. */
static uintptr_t frame_behind(IM3Runtime runtime, const char *export, const uint32_t *argument) {
    uintptr_t *at = m3_GetUserData(runtime);
    const void *args[] = {argument};
    IM3Function function;
    *at = 0;
    if (!m3_FindFunction(&function, runtime, export)) m3_Call(function, argument ? 1 : 0, args);
    return *at;
}

static enum swapc_status judge(IM3Runtime runtime, struct swapci_wasm3_frames *out,
                               swapc_error *error) {
    const uint32_t shallow = 0, deep = DEPTH;
    uintptr_t top = frame_behind(runtime, "deep", &shallow);
    uintptr_t bottom = frame_behind(runtime, "deep", &deep);
    uintptr_t none = frame_behind(runtime, "none", NULL);
    uintptr_t loops = frame_behind(runtime, "loops", NULL);
    uintptr_t flat = frame_behind(runtime, "flat", NULL);
    if (!top || !bottom || !none || !loops || !flat)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to measure wasm3's stack frames");
    if (none - flat >= INSTRUCTIONS * sizeof(void *))
        return swapc_error_set(error, SWAPC_UNSUPPORTED,
                               "this build of wasm3 needs a stack frame for each instruction: "
                               "build it with clang -O3 and without sanitizers (./dev setup does)");
    out->call = (uint32_t)(top - bottom) / DEPTH * 3 / 2 + 32;
    out->loop = (uint32_t)(none - loops) / LOOPS + 16;
    return SWAPC_OK;
}

static IM3Runtime load_probe(IM3Environment environment, uintptr_t *at) {
    IM3Module module;
    IM3Runtime runtime = m3_NewRuntime(environment, VALUES_LEAST, at);
    if (!runtime) return NULL;
    if (m3_ParseModule(environment, &module, probe, sizeof probe)) {
        m3_FreeRuntime(runtime);
        return NULL;
    }
    if (m3_LoadModule(runtime, module)) {
        m3_FreeModule(module);
        m3_FreeRuntime(runtime);
        return NULL;
    }
    m3_LinkRawFunction(module, "p", "at", "v()", note_frame);
    return runtime;
}

enum swapc_status swapci_wasm3_frames_measure(struct swapci_wasm3_frames *out, swapc_error *error) {
    uintptr_t at;
    IM3Environment environment = m3_NewEnvironment();
    IM3Runtime runtime = environment ? load_probe(environment, &at) : NULL;
    enum swapc_status status =
        runtime ? judge(runtime, out, error)
                : swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to start wasm3");
    m3_FreeRuntime(runtime);
    m3_FreeEnvironment(environment);
    return status;
}

size_t swapci_wasm3_frames_plan(const struct swapci_wasm3_frames *frames, uint32_t loops,
                                uint32_t *values) {
    uint64_t each = frames->call + (uint64_t)loops * frames->loop;
    uint64_t bytes = FRAMES_WANTED / each * CALL_LEAST;
    if (bytes > VALUES_WANTED) bytes = VALUES_WANTED;
    if (bytes < VALUES_LEAST) bytes = VALUES_LEAST;
    *values = (uint32_t)bytes / CALL_LEAST * CALL_LEAST;
    return (size_t)(bytes / CALL_LEAST * each) + IMPORT_ROOM;
}
