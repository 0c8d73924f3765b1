/* What is shared: allowed[], const after new; states[], written once each under the lock and read
 * under it (opening is rare; modules keep their own pointer), and the count of modules, an
 * atomic. */
#include "swapc/host.h"

#include <sodium.h>

#include "heap.h"
#include "host_state.h"
#include "imports.h"
#include "log_held.h"
#include "options.h"
#include "report.h"
#include "build_version.h"

enum { DEFAULT_INSTANCES = 64 };

const char *swapc_version(void) {
    return SWAPCI_VERSION;
}

/* Settles which engines may run anything here; the program's list is read once. */
static enum swapc_status allow_engines(swapc_host *host, swapc_error *error) {
    const char *const *names = host->config.engines;
    host->config.engines = NULL;
    if (!names) {
        for (unsigned i = 0; i < swapci_engine_count; i++) {
            const swapc_engine *engine = swapci_engine_table[i].engine;
            host->allowed[i] = engine && (engine->caps & SWAPC_CAP_SANDBOX);
        }
        return SWAPC_OK;
    }
    for (; *names; names++) {
        unsigned index;
        enum swapc_status status = swapci_engine_find(*names, &index, error);
        if (status != SWAPC_OK) return status;
        host->allowed[index] = true;
    }
    return SWAPC_OK;
}

enum swapc_status swapci_host_new(const swapc_host_config *config, swapc_host **out,
                                  swapc_error *error) {
    SWAPC_CHECK(out);
    error = swapci_report_into(error);
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium cannot be initialised");
    swapc_host *host = swapci_heap_zeroed(1, sizeof *host);
    if (!host) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a host");
    enum swapc_status status = swapci_take_host_config(config, &host->config, error);
    if (status == SWAPC_OK) status = allow_engines(host, error);
    if (status != SWAPC_OK) {
        swapci_heap_free(host);
        return status;
    }
    if (host->config.instances == 0) host->config.instances = DEFAULT_INSTANCES;
    pthread_mutex_init(&host->lock, NULL);
    swapci_cache_init(&host->cache, host->config.cache, &host->config.log);
    *out = host;
    return SWAPC_OK;
}

void swapci_host_free(swapc_host *host) {
    SWAPC_CHECK(atomic_load(&host->modules) == 0);
    for (unsigned i = 0; i < swapci_engine_count; i++)
        if (host->states[i]) swapci_engine_table[i].engine->close(host->states[i]);
    swapci_cache_fini(&host->cache);
    pthread_mutex_destroy(&host->lock);
    swapci_heap_free(host);
}

static enum swapc_status open_locked(swapc_host *host, unsigned index, swapc_error *error) {
    swapc_engine_config config = {
        .log = host->config.log,
        .memory_max = host->config.limits.memory_max,
        .pool_instances = host->config.instances,
    };
    config.imports = swapci_imports(&config.import_count);
    const swapc_engine *engine = swapci_engine_table[index].engine;
    enum swapc_status status = engine->open(&config, &host->states[index], error);
    if (status != SWAPC_OK) swapci_report_by(error, engine->name);
    return status;
}

enum swapc_status swapci_host_open_engine(swapc_host *host, unsigned index,
                                          swapc_engine_state **out, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    struct swapci_log_held held;
    swapci_log_hold(&held);
    pthread_mutex_lock(&host->lock);
    if (!host->states[index]) status = open_locked(host, index, error);
    *out = host->states[index];
    pthread_mutex_unlock(&host->lock);
    swapci_log_deliver(&held);
    return status;
}
