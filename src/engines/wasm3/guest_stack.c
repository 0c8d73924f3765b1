#include "guest_stack.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int swapci_guest_stack_init(struct swapci_guest_stack *stack, size_t usable) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (usable + page - 1) / page * page + page;
    stack->base = NULL;
    void *base =
        mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED) return errno;
    if (mprotect((char *)base + page, size - page, PROT_READ | PROT_WRITE) != 0) {
        int failed = errno;
        munmap(base, size);
        return failed;
    }
    stack->base = base;
    stack->size = size;
    return 0;
}

void swapci_guest_stack_fini(struct swapci_guest_stack *stack) {
    if (stack->base) munmap(stack->base, stack->size);
    stack->base = NULL;
}

/* Calls fn(user) with the stack pointer at top. swapcontext would do, but makes three system calls
 * a run (640 ns measured); this nests like any call, so debuggers and shadow stacks follow it. */
void swapci_guest_stack_call(void *top, void (*fn)(void *user), void *user);

/* clang-format off */
#if defined(__x86_64__)
__asm__(
    ".pushsection .text\n"
    ".hidden swapci_guest_stack_call\n"
    ".globl swapci_guest_stack_call\n"
    ".type swapci_guest_stack_call, @function\n"
    "swapci_guest_stack_call:\n"
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
    ".size swapci_guest_stack_call, . - swapci_guest_stack_call\n"
    ".popsection\n");
#elif defined(__aarch64__)
__asm__(
    ".pushsection .text\n"
    ".hidden swapci_guest_stack_call\n"
    ".globl swapci_guest_stack_call\n"
    ".type swapci_guest_stack_call, %function\n"
    "swapci_guest_stack_call:\n"
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
    ".size swapci_guest_stack_call, . - swapci_guest_stack_call\n"
    ".popsection\n");
#else
#error "write swapci_guest_stack_call for this machine, or leave wasm3 out: SWAPC_ENGINE_WASM3=OFF"
#endif
/* clang-format on */

void swapci_guest_stack_run(const struct swapci_guest_stack *stack, void (*fn)(void *user),
                            void *user) {
    swapci_guest_stack_call((char *)stack->base + stack->size, fn, user);
}
