/* redis_refusal.h - what Redis refuses, by class: what may be done about it, and by whom.
 *
 * One table (redis_refusal.c) gives each error code its class and its remedy. A script answers the
 * command and the error it met, so that the sentence names the command.
 *
 * Threads: as the connection.
 */
#ifndef SWAPCI_REDIS_REFUSAL_H
#define SWAPCI_REDIS_REFUSAL_H

#include "redis.h"

enum swapci_redis_refusal {
    SWAPCI_REDIS_NOT_REFUSED,
    SWAPCI_REDIS_GONE, /* the connection, or its server's office: connect anew, as the name may lead
                             elsewhere now */
    SWAPCI_REDIS_LATER,   /* the server cannot just now: wait */
    SWAPCI_REDIS_MISSING, /* a stream or group is not there: make it again */
    SWAPCI_REDIS_NEVER    /* somebody has to change something */
};

/* The class of an error answer's text. */
enum swapci_redis_refusal swapci_redis_refusal_of(swapc_bytes text);

/* The class of the connection's last refused answer. */
enum swapci_redis_refusal swapci_redis_last_refusal(const swapci_redis *redis);

/* Its first word ("WRONGTYPE"); borrowed, until the next refusal. */
const char *swapci_redis_last_code(const swapci_redis *redis);

/* Whether the server has ended the connection, as an argument that it was sent is larger than any that it takes; until the next
 * connection. */
bool swapci_redis_is_outsized(const swapci_redis *redis);

/* Turns an error answer into SWAPC_PROTOCOL with a sentence; other answers are SWAPC_OK. */
enum swapc_status swapci_redis_check(swapci_redis *redis, const redisReply *reply, const char *what,
                                     swapc_error *error);

/* The same for the text of an error that a script met in `command`. Returns PROTOCOL. */
enum swapc_status swapci_redis_refused(swapci_redis *redis, swapc_bytes text, const char *what,
                                       swapc_bytes command, swapc_error *error);

/* The same for the answer of a script that is {command, error}, or an error of its own; all others are
 * SWAPC_OK: scripts that answer two texts otherwise are not for this. */
enum swapc_status swapci_redis_check_script(swapci_redis *redis, const redisReply *reply,
                                            const char *what, swapc_error *error);

/* Whether reply is an error that begins with the word `code` ("NOSCRIPT"). */
bool swapci_redis_is_error(const redisReply *reply, const char *code);

#endif
