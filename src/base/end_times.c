/* What is shared: `times`, set before main and constant afterwards. */
#include "end_times.h"

#include <stdlib.h>

static uint32_t times = 1;

uint32_t swapci_end_times_of(const char *text) {
    char *end = NULL;
    if (!text || *text < '0' || *text > '9') return 1;
    unsigned long given = strtoul(text, &end, 10);
    return *end == '\0' && given >= 1 && given <= SWAPCI_END_TIMES_MAX ? (uint32_t)given : 1;
}

__attribute__((constructor)) static void read_environment(void) {
    times = swapci_end_times_of(secure_getenv("SWAPC_END_TIMES"));
}

uint32_t swapci_end_ms(uint32_t ms) {
    return ms * times;
}
