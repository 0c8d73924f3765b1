/* host_facts.h - which machine a figure was measured on.
 *
 * Threads: none shared. Ownership: the caller's storage.
 */
#ifndef SWAPCI_HOST_FACTS_H
#define SWAPCI_HOST_FACTS_H

#include <jansson.h>

struct swapci_host_facts {
    char cpu[128];
    char kernel[128];
    char os[128];
    char governor[32]; /* of the first core's frequency; "none": the kernel sets none */
    char load[32];     /* average of the last minute */
    long cores;        /* that this process may use */
};

void swapci_host_facts_read(struct swapci_host_facts *out);

/* {"cpu","cores","governor","load","kernel","os","swapc","commit","compiler","guest_compiler","build",
 * "measured_at","engines":{name: version or null}}; a new reference, or NULL. */
json_t *swapci_host_facts_json(void);

#endif
