/* redis_tls.h - TLS over a socket to Redis, by OpenSSL, with every wait in slices, so that a raised stop
 * flag ends it.
 *
 * The server's certificate is always checked: against the URL's CA, or the system's where it names none,
 * and for the server's name. Files are read for each connection, so that renewed ones are taken.
 *
 * Threads: one at a time per connection. Ownership: the socket stays the caller's. SIGPIPE must be
 * ignored. In a build without OpenSSL the only answer is UNSUPPORTED.
 */
#ifndef SWAPCI_REDIS_TLS_H
#define SWAPCI_REDIS_TLS_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

#include "redis_url.h"

typedef struct swapci_redis_tls swapci_redis_tls;

/* Shakes hands over fd, which does not block from then on, until until_ns by the monotonic clock.
 * Returns SWAPC_OK; with the bare reason as text: PROTOCOL (a file, a certificate, no TLS: with its
 * remedy), UNREACHABLE (cut, or silent), INTERRUPTED, UNSUPPORTED, NO_MEMORY. */
enum swapc_status swapci_redis_tls_open(const swapci_redis_url *url, int fd, uint64_t until_ns,
                                        const atomic_int *stop, swapci_redis_tls **out,
                                        swapc_error *error);

/* NULL does nothing. */
void swapci_redis_tls_free(swapci_redis_tls *tls);

/* Return the bytes that were moved; 0: none just now, wait for the socket; -1: the end, *why says it, and
 * *refused whether the other side said so itself. */
ssize_t swapci_redis_tls_read(swapci_redis_tls *tls, char *buffer, size_t size, const char **why,
                              bool *refused);
ssize_t swapci_redis_tls_write(swapci_redis_tls *tls, const char *bytes, size_t len,
                               const char **why, bool *refused);

#endif
