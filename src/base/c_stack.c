/* What is shared: kept[], whose slots are taken and filled by atomic exchange: an exchange moves
 * the whole ownership (acquire and release, so that a stack's next user sees it as the last one
 * left it). */
#include "c_stack.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define OWN_SIZE (2 * SWAPCI_C_STACK_LOAD)
#define GAP ((size_t)64 * 1024) /* unmapped; so wide that hardly a frame jumps over it unseen */

enum {
    KEPT = 16,        /* stacks kept for the next user, in all */
    NESTED_MAX = 2048 /* stacks in one another, on one thread */
};

/* Lies at the top of its own mapping. */
struct own {
    _Alignas(64) struct swapci_c_stack stack;
};

_Thread_local struct swapci_c_stack_bounds swapci_c_stack_now;
static _Thread_local unsigned nested;
static _Atomic(struct own *) kept[KEPT];

/* ---- what is left ---- */

static struct swapci_c_stack_bounds ask_thread(void) {
    struct swapci_c_stack_bounds bounds = {0, 0};
    pthread_attr_t attributes;
    void *low;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return bounds;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0)
        bounds = (struct swapci_c_stack_bounds){(uintptr_t)low, size};
    pthread_attr_destroy(&attributes);
    return bounds;
}

static bool is_in(const struct swapci_c_stack_bounds *bounds, uintptr_t here) {
    return here - bounds->low < bounds->size;
}

bool swapci_c_stack_suffices(size_t need) {
    static _Thread_local struct swapci_c_stack_bounds thread;
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (!is_in(&swapci_c_stack_now, here)) {
        if (thread.size == 0) thread = ask_thread();
        if (!is_in(&thread, here)) return false;
        swapci_c_stack_now = thread;
    }
    return swapci_c_stack_has(need);
}

/* ---- mappings ---- */

int swapci_c_stack_init(struct swapci_c_stack *stack, size_t usable) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (usable + page - 1) / page * page + GAP;
    stack->base = NULL;
    void *base =
        mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED) return errno;
    if (mprotect((char *)base + GAP, size - GAP, PROT_READ | PROT_WRITE) != 0) {
        int failed = errno;
        munmap(base, size);
        return failed;
    }
    madvise(base, size, MADV_NOHUGEPAGE); /* a whole one for a few frames is a waste, no more */
    stack->base = base;
    stack->size = size;
    return 0;
}

void swapci_c_stack_fini(struct swapci_c_stack *stack) {
    if (stack->base) munmap(stack->base, stack->size);
    stack->base = NULL;
}

static struct own *take_own(void) {
    for (int i = 0; i < KEPT; i++) {
        if (!atomic_load_explicit(&kept[i], memory_order_relaxed)) continue;
        struct own *own = atomic_exchange_explicit(&kept[i], NULL, memory_order_acquire);
        if (own) return own;
    }
    struct swapci_c_stack stack;
    if (swapci_c_stack_init(&stack, OWN_SIZE + sizeof(struct own)) != 0) return NULL;
    struct own *own = (struct own *)((char *)stack.base + stack.size) - 1;
    own->stack = stack;
    return own;
}

static void give_own(struct own *own) {
    for (int i = 0; i < KEPT; i++) {
        struct own *empty = NULL;
        if (atomic_compare_exchange_strong_explicit(&kept[i], &empty, own, memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    struct swapci_c_stack stack = own->stack;
    swapci_c_stack_fini(&stack);
}

/* ---- the switch ---- */

/* Calls fn(user) with the stack pointer at top. swapcontext would do, but makes three system calls
 * a run (640 ns measured); this nests like any call, so debuggers and shadow stacks follow it. */
void swapci_c_stack_enter(void *top, void (*fn)(void *user), void *user);

/* clang-format off */
#if defined(__x86_64__)
__asm__(
    ".pushsection .text\n"
    ".hidden swapci_c_stack_enter\n"
    ".globl swapci_c_stack_enter\n"
    ".type swapci_c_stack_enter, @function\n"
    "swapci_c_stack_enter:\n"
    "    .cfi_startproc\n"
    "    endbr64\n"
    "    pushq %rbp\n"
    "    .cfi_def_cfa_offset 16\n"
    "    .cfi_offset %rbp, -16\n"
    "    movq %rsp, %rbp\n"
    "    .cfi_def_cfa_register %rbp\n"
    "    movq %rdi, %rsp\n"
    "    movq %rdx, %rdi\n"
    "    call *%rsi\n"
    "    movq %rbp, %rsp\n"
    "    popq %rbp\n"
    "    .cfi_def_cfa %rsp, 8\n"
    "    ret\n"
    "    .cfi_endproc\n"
    ".size swapci_c_stack_enter, . - swapci_c_stack_enter\n"
    ".popsection\n");
#elif defined(__aarch64__)
__asm__(
    ".pushsection .text\n"
    ".hidden swapci_c_stack_enter\n"
    ".globl swapci_c_stack_enter\n"
    ".type swapci_c_stack_enter, %function\n"
    "swapci_c_stack_enter:\n"
    "    .cfi_startproc\n"
    "    hint #34\n" /* bti c */
    "    stp x29, x30, [sp, #-16]!\n"
    "    .cfi_def_cfa_offset 16\n"
    "    .cfi_offset x29, -16\n"
    "    .cfi_offset x30, -8\n"
    "    mov x29, sp\n"
    "    .cfi_def_cfa_register x29\n"
    "    mov sp, x0\n"
    "    mov x0, x2\n"
    "    blr x1\n"
    "    mov sp, x29\n"
    "    .cfi_def_cfa_register sp\n"
    "    ldp x29, x30, [sp], #16\n"
    "    .cfi_restore x29\n"
    "    .cfi_restore x30\n"
    "    .cfi_def_cfa_offset 0\n"
    "    ret\n"
    "    .cfi_endproc\n"
    ".size swapci_c_stack_enter, . - swapci_c_stack_enter\n"
    ".popsection\n");
#else
#error "write swapci_c_stack_enter for this machine"
#endif
/* clang-format on */

void swapci_c_stack_run(const struct swapci_c_stack *stack, void (*fn)(void *user), void *user) {
    const struct swapci_c_stack_bounds before = swapci_c_stack_now;
    char *top = (char *)stack->base + stack->size - sizeof(struct own);
    /* Out of bounds, so to say, for one more: swapci_c_stack_with then looks closer. */
    size_t size = ++nested < NESTED_MAX ? stack->size - GAP : 0;
    swapci_c_stack_now = (struct swapci_c_stack_bounds){(uintptr_t)stack->base + GAP, size};
    swapci_c_stack_enter(top, fn, user);
    nested--;
    swapci_c_stack_now = before;
}

enum swapc_status swapci_c_stack_with(size_t need, void (*fn)(void *user), void *user,
                                      swapc_error *error) {
    if (swapci_c_stack_suffices(need)) {
        fn(user);
        return SWAPC_OK;
    }
    if (nested >= NESTED_MAX)
        return swapc_error_set(error, SWAPC_LIMIT,
                               "calls of the library nest too deep on this thread (%d stacks): let "
                               "its callbacks nest fewer calls (limits.host_call_depth)",
                               NESTED_MAX);
    struct own *own = take_own();
    if (!own)
        return swapc_error_set(error, SWAPC_NO_MEMORY,
                               "no memory for a stack of %zu KiB: give the process more address "
                               "space, or this thread a stack of %zu KiB",
                               OWN_SIZE / 1024, need / 1024);
    swapci_c_stack_run(&own->stack, fn, user);
    give_own(own);
    return SWAPC_OK;
}

void swapci_c_stack_must(size_t need, void (*fn)(void *user), void *user) {
    if (swapci_c_stack_with(need, fn, user, NULL) != SWAPC_OK) fn(user);
}
