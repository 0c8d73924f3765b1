/* private_redis.h - a redis-server of our own, for as long as we live.
 *
 * Started on a Unix socket in a private temporary directory (tempdir.h), append-only file on, no
 * TCP port, nothing outside its directory. It dies with the thread that started it, in whatever
 * way that ends, and stays out of the terminal's process group, so that Ctrl-C reaches us first.
 *
 * Threads: started by a thread that lives as long as the server (the main one); else one at a time.
 * Ownership: `out` is freed by swapci_private_redis_stop, which ends the server and deletes the
 *     directory.
 */
#ifndef SWAPCI_PRIVATE_REDIS_H
#define SWAPCI_PRIVATE_REDIS_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "swapc/error.h"

typedef struct swapci_private_redis swapci_private_redis;

typedef struct swapci_private_redis_config {
    const char *program; /* of the server; NULL: redis-server, else redis-check-rdb, on the PATH */
    const char *root;    /* where the directory is made; NULL: $TMPDIR, else /tmp */
    uint32_t start_ms;   /* until it must answer; 0: 60000 */
    const atomic_int *stop; /* as in redis.h */
} swapci_private_redis_config;

#define SWAPCI_PRIVATE_REDIS_CONFIG_INIT {0, 0, 0, 0}

/* Starts a server and waits until it answers. config NULL: the defaults.
 * Returns NOT_FOUND (no such program: `error` names the package), TOO_LARGE (TMPDIR's path),
 * SYSTEM, UNREACHABLE (it ended or never answered: `error` quotes its last log line), INTERRUPTED,
 * NO_MEMORY. After failure nothing is left behind, but *out is yet to be given to swapci_private_redis_stop: it is set
 * while the start is under way, and as long as its undoing takes, for swapci_private_redis_abandon. */
enum swapc_status swapci_private_redis_start(const swapci_private_redis_config *config,
                                             swapci_private_redis **out, swapc_error *error);

/* Kills the server and deletes its directory, in any state of start and stop and beside them: before
 * an end of this process. Frees nothing. Any thread. */
void swapci_private_redis_abandon(swapci_private_redis *server);

/* Borrowed until stop: the URL for swapci_redis_open, and the directory, which may hold other
 * sockets of the run. */
const char *swapci_private_redis_url(const swapci_private_redis *server);
const char *swapci_private_redis_directory(const swapci_private_redis *server);
pid_t swapci_private_redis_pid(const swapci_private_redis *server);

/* Ends the server and deletes its directory; swapci_private_redis_stop still frees. NULL does nothing. */
void swapci_private_redis_end(swapci_private_redis *server);

/* Ends the server (nothing is saved), waits for it, deletes the directory. NULL does nothing. */
void swapci_private_redis_stop(swapci_private_redis *server);

#endif
