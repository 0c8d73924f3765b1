/* What is shared: `ownership`, an atomic that start sets once, and which stays until fini; the rest does not change after init, or is
 * locked where it lies (fleet.h, ownership.h). */
#include "crew.h"

#include "redis_retry.h"

enum { LOOK_MS = 10 };

enum swapc_status swapci_crew_init(swapci_crew *crew, const swapci_crew_config *config,
                                   swapc_error *error) {
    unsigned count = config->share.partitions->count;
    *crew = (swapci_crew){.config = *config};
    if (count == 1) return config->ops->open(config->user, 0, config->stop, &crew->only, error);
    const swapci_fleet_config fleet = {.ops = config->ops,
                                       .user = config->user,
                                       .partitions = config->share.partitions,
                                       .log_role = config->share.log_role,
                                       .log = config->share.log};
    return swapci_fleet_new(&fleet, &crew->fleet, error);
}

static bool begins(const swapci_crew *crew) {
    return !swapci_ownership_has_begun(crew->ownership) || swapci_fleet_begins(crew->fleet);
}

enum swapc_status swapci_crew_start(swapci_crew *crew, swapc_error *error) {
    const swapci_crew_config *config = &crew->config;
    if (crew->only) return config->ops->start(crew->only, error);
    crew->config.share.fleet = crew->fleet;
    enum swapc_status status = swapci_ownership_start(&config->share, &crew->ownership, error);
    if (status != SWAPC_OK) return status;
    while (begins(crew) && !swapci_fleet_failed(crew->fleet))
        if (swapci_redis_sleep(config->share.redis.stop, LOOK_MS, NULL) != SWAPC_OK)
            return SWAPC_INTERRUPTED;
    return swapci_fleet_failed(crew->fleet) ? swapci_crew_join(crew, error) : SWAPC_OK;
}

void swapci_crew_stop(swapci_crew *crew) {
    if (crew->only) crew->config.ops->end(crew->only, true);
    else swapci_fleet_stop(crew->fleet);
}

bool swapci_crew_ended(swapci_crew *crew) {
    return crew->only ? crew->config.ops->ended(crew->only) : swapci_fleet_ended(crew->fleet);
}

enum swapc_status swapci_crew_join(swapci_crew *crew, swapc_error *error) {
    swapci_crew_stop(crew);
    if (crew->only) return crew->config.ops->join(crew->only, error);
    enum swapc_status status = swapci_fleet_join(crew->fleet, error);
    swapci_ownership_end(crew->ownership);
    return status;
}

void swapci_crew_fini(swapci_crew *crew) {
    if (crew->only) crew->config.ops->close(crew->only);
    swapci_ownership_free(crew->ownership);
    swapci_fleet_free(crew->fleet);
    crew->only = NULL;
    crew->fleet = NULL;
    crew->ownership = NULL;
}

void swapci_crew_each(swapci_crew *crew, void (*kept)(void *context),
                      void (*fn)(void *context, unsigned k, void *member), void *context) {
    if (crew->only) fn(context, 0, crew->only);
    if (crew->fleet) swapci_fleet_each(crew->fleet, kept, fn, context);
}

bool swapci_crew_may(void *user) {
    const swapci_crew_place *place = user;
    return swapci_ownership_may(place->crew->ownership, place->k);
}

struct peers {
    const swapci_crew *crew;
    unsigned members, there;
};

static void look_for_peer(void *context, unsigned k, void *member) {
    struct peers *peers = context;
    (void)k;
    peers->members++;
    peers->there += peers->crew->config.ops->peer(member);
}

bool swapci_crew_peer(swapci_crew *crew) {
    struct peers peers = {.crew = crew};
    swapci_crew_each(crew, NULL, look_for_peer, &peers);
    return peers.there > 0 || (crew->fleet && peers.members == 0);
}

bool swapci_crew_has(const swapci_crew *crew, unsigned k) {
    const swapci_ownership *ownership = crew->ownership;
    return ownership && swapci_ownership_may(ownership, k);
}

unsigned swapci_crew_members(const swapci_crew *crew) {
    const swapci_ownership *ownership = crew->ownership;
    return ownership ? swapci_ownership_members(ownership) : 0;
}

void swapci_crew_tell(const swapci_crew *crew, char out[SWAPCI_OWNERSHIP_TEXT_MAX]) {
    swapci_ownership *ownership = crew->ownership;
    out[0] = 0;
    if (ownership) (void)swapci_ownership_tell(ownership, out);
}

bool swapci_crew_trouble(const swapci_crew *crew, unsigned k, char *why, size_t size) {
    swapci_ownership *ownership = crew->ownership;
    why[0] = 0;
    return (crew->fleet && swapci_fleet_trouble(crew->fleet, k, why, size)) ||
           (ownership && swapci_ownership_failing(ownership, k, why, size));
}

void swapci_crew_refused(const swapci_crew *crew, char *refused) {
    swapci_ownership *ownership = crew->ownership;
    refused[0] = 0;
    if (ownership) (void)swapci_ownership_refused(ownership, refused, SWAPCI_OWNERSHIP_REFUSED_MAX);
}
