#include "guest_stack.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "swapc/log.h"

int swapci_guest_stack_init(struct swapci_guest_stack *stack, size_t usable) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (usable + page - 1) / page * page + page;
    stack->base = NULL;
    void *base = mmap(NULL, size, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED)
        return errno;
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
    if (stack->base)
        munmap(stack->base, stack->size);
    stack->base = NULL;
}

/* makecontext passes ints only: the pointer comes in two halves. */
static void enter(unsigned high, unsigned low) {
    struct swapci_guest_stack *stack =
        (struct swapci_guest_stack *)((uintptr_t)high << 32 | (uintptr_t)low);
    stack->fn(stack->user);
}

void swapci_guest_stack_run(struct swapci_guest_stack *stack, void (*fn)(void *user), void *user) {
    uint64_t self = (uintptr_t)stack;
    stack->fn = fn;
    stack->user = user;
    SWAPC_CHECK(getcontext(&stack->inside) == 0); /* anew: this thread's signal mask */
    stack->inside.uc_link = &stack->outside;
    stack->inside.uc_stack.ss_sp = stack->base;
    stack->inside.uc_stack.ss_size = stack->size;
    makecontext(&stack->inside, (void (*)(void))enter, 2, (unsigned)(self >> 32), (unsigned)self);
    SWAPC_CHECK(swapcontext(&stack->outside, &stack->inside) == 0);
}
