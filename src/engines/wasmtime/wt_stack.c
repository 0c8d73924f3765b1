#include "wt_stack.h"

#include <pthread.h>
#include <stdint.h>

struct range {
    uintptr_t low;
    uintptr_t high; /* 0: not asked yet */
};

static struct range thread_stack(void) {
    struct range stack = {0, UINTPTR_MAX}; /* where it cannot be asked, anything passes */
    pthread_attr_t attributes;
    void *address;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return stack;
    if (pthread_attr_getstack(&attributes, &address, &size) == 0)
        stack = (struct range){(uintptr_t)address, (uintptr_t)address + size};
    pthread_attr_destroy(&attributes);
    return stack;
}

bool swapci_wt_stack_suffices(void) {
    static _Thread_local struct range stack;
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (stack.high == 0) stack = thread_stack();
    if (here < stack.low || here >= stack.high) return true;
    return here - stack.low >= SWAPCI_WT_STACK_GUEST + SWAPCI_WT_STACK_HOST;
}
