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
    long cores; /* that this process may use */
};

void swapci_host_facts_read(struct swapci_host_facts *out);

/* {"cpu","cores","kernel","os","engines":{name: version or null}}; a new reference, or NULL. */
json_t *swapci_host_facts_json(void);

#endif
