#include "places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char default_stream[] = "swapc";

static enum swapc_status name(struct swapci_places *p, unsigned k, swapc_error *error) {
    char prefix[SWAPCI_STREAM_PREFIX_MAX + 1];
    enum swapc_status status =
        swapci_partition_prefix(&p->partitions, k, prefix, sizeof prefix, error);
    p->at[k].url = swapci_partition_url(&p->partitions, k);
    return status == SWAPC_OK ? swapci_stream_names_init(&p->at[k].names, prefix, error) : status;
}

enum swapc_status swapci_places_init(struct swapci_places *p, const char *stream, uint64_t count,
                                     const char *urls, swapc_error *error) {
    swapci_stream_names names;
    *p = (struct swapci_places){.count = count ? (unsigned)count : 1};
    enum swapc_status status = swapci_stream_names_init(&names, stream, error);
    if (status == SWAPC_OK) memcpy(p->plain, names.messages, sizeof p->plain);
    if (status == SWAPC_OK)
        status = swapci_partitions_init(&p->partitions, "--stream",
                                        stream ? stream : default_stream, p->count, urls, error);
    if (status != SWAPC_OK) return status;
    p->at = calloc(p->count, sizeof *p->at);
    if (!p->at) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    for (unsigned k = 0; k < p->count && status == SWAPC_OK; k++) status = name(p, k, error);
    return status;
}

void swapci_places_fini(struct swapci_places *p) {
    swapci_partitions_fini(&p->partitions);
    free(p->at);
    p->at = NULL;
}

enum swapc_status swapci_places_claim(const struct swapci_places *p,
                                      const swapci_redis_config *redis, swapc_error *error) {
    return swapci_partitions_claim(&p->partitions, p->plain, redis, error);
}

const char *swapci_places_owners(const struct swapci_places *p, const char *role,
                                 char out[SWAPCI_PLACES_OWNERS_MAX]) {
    bool fits = swapci_balance_key(&p->partitions, role, out, SWAPCI_PLACES_OWNERS_MAX);
    return p->count > 1 && fits ? out : NULL;
}

unsigned swapci_places_find(const struct swapci_places *p, const char *messages) {
    unsigned k = 0;
    while (k < p->count && strcmp(p->at[k].names.messages, messages) != 0) k++;
    return k;
}
