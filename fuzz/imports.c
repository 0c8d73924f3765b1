/* Sequences of imports as a guest would call them: any function of the table, any pointers and
 * lengths, any memory content (iovecs, subscriptions), a memory of any size that ends where its
 * storage ends. Each answers or stops the guest; the call then has an answer. */
#include "clock.h"
#include "fuzz.h"
#include "imports.h"
#include "swapc/limits.h"
#include "wapc.h"

enum { CALLS_MAX = 16, MEMORY_MAX = 65536 };

static const uint32_t sizes[] = {0, 1, 7, 8, 48, 200, 4096, MEMORY_MAX};

static enum swapc_status host_call(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                   swapc_bytes payload, swapc_reply *reply, void *call_user,
                                   void *user) {
    (void)ns, (void)operation, (void)call_user, (void)user;
    enum swapc_status status = swapc_reply_set(reply, payload);
    return binding.len % 2 ? SWAPC_INVALID : status;
}

static void console(const char *module, uint64_t generation, swapc_bytes line, void *user) {
    (void)module, (void)generation, (void)user;
    uint8_t sum = 0;
    for (size_t i = 0; i < line.len; i++) sum ^= line.ptr[i];
    volatile uint8_t seen = sum; /* every byte is read */
    (void)seen;
}

/* An argument: values at the edges of memory and of 32 bits come often. */
static uint64_t argument(struct fuzz_input *in, uint32_t size, bool wide) {
    uint8_t kind = fuzz_byte(in);
    switch (kind) {
    case 0xff:
        return UINT32_MAX;
    case 0xfe:
        return size;
    case 0xfd:
        return size ? size - 1 : 0;
    case 0xfc:
        return (uint64_t)size - 8;
    case 0xfb:
        return 0x80000000u;
    case 0xfa:
        return fuzz_number(in, 2);
    case 0xf9:
        return fuzz_number(in, 4);
    case 0xf8:
        return wide ? fuzz_number(in, 8) : fuzz_number(in, 4);
    default:
        return kind;
    }
}

/* Returns false when the import stopped the guest. */
static bool import(struct fuzz_input *in, swapc_call *call, swapc_memory memory) {
    size_t count;
    const swapc_import *table = swapci_imports(&count);
    const swapc_import *row = &table[fuzz_byte(in) % count];
    uint64_t args[SWAPC_IMPORT_ARGS_MAX] = {0}, result = 0;
    for (size_t i = 0; row->signature[i] && row->signature[i] != ':'; i++) {
        uint64_t value = argument(in, (uint32_t)memory.size, row->signature[i] == 'I');
        args[i] = row->signature[i] == 'I' ? value : (uint32_t)value;
    }
    enum swapc_status status = row->fn(call, memory, args, &result);
    FUZZ_CHECK(status == SWAPC_OK || call->report.status == status);
    return status == SWAPC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input_of(data, size);
    static swapc_host_config host;
    swapc_limits limits = SWAPC_LIMITS_INIT;
    static struct swapc_call call;
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_run run = {.deadline_ns = swapci_clock_monotonic_ns() + 1000000};
    uint32_t bytes = sizes[fuzz_byte(&in) % 8];
    uint8_t calls = fuzz_byte(&in) % CALLS_MAX;
    int32_t result = fuzz_byte(&in) % 2;
    host.host_call = host_call;
    host.console = console;
    limits.response_max = 4096;
    memset(&call, 0, sizeof call);
    call.host = &host;
    call.limits = &limits;
    call.module_name = "fuzz";
    swapc_bytes operation = fuzz_bytes(&in, fuzz_byte(&in) % 16);
    swapc_bytes payload = fuzz_bytes(&in, fuzz_byte(&in) % 64);
    swapci_call_begin(&call, operation, payload, &reply, NULL, 1);
    swapci_call_enter(&call, &run);
    /* Arguments first, content of the memory behind them: growing one leaves the other alone. */
    swapc_bytes script = fuzz_bytes(&in, (size_t)calls * 24);
    swapc_bytes content = fuzz_rest(&in);
    uint8_t *memory = malloc(bytes ? bytes : 1); /* ends where it must not be left */
    FUZZ_CHECK(memory);
    memset(memory, 0, bytes);
    if (content.len) memcpy(memory, content.ptr, content.len < bytes ? content.len : bytes);
    struct fuzz_input from = fuzz_input_of(script.ptr, script.len);
    bool going = true;
    for (unsigned i = 0; i < calls && going; i++)
        going = import(&from, &call, (swapc_memory){memory, bytes});
    if (going) {
        enum swapc_status status = swapci_call_answer(&call, result);
        FUZZ_CHECK(status == SWAPC_OK || status == SWAPC_GUEST_ERROR);
        FUZZ_CHECK(reply.body.len <= limits.response_max);
    }
    swapci_call_fini(&call);
    swapc_reply_fini(&reply);
    free(memory);
    return 0;
}
