/* via.h - the ways from signer to verifier by the names that `--via` gives them.
 *
 * The list in via.c is all that knows which back ends of transport.h there are: a new one is its own
 * file and a row there, and run, signer and verifier offer it.
 *
 * Threads: the main thread's; swapci_via_remove any, before a forced end.
 * Ownership: options are borrowed for the call; handles are the caller's to close.
 */
#ifndef SWAPCI_VIA_H
#define SWAPCI_VIA_H

#include "pipeline_options.h"

enum { SWAPCI_VIA_TEXT_MAX = 160 };

/* Returns -1; or says what is missing or too much (the option that names a ring) and returns
 * SWAPCI_EXIT_USAGE. */
int swapci_via_check(const char *command, const struct swapci_pipeline_options *o);

/* Whether the way's place is a ring. */
bool swapci_via_ring(const struct swapci_pipeline_options *o);

/* How a way that goes over Redis gets there: the connection's config, the streams, and of a signer its
 * consumer's name. */
struct swapci_via_redis {
    swapci_redis_config redis;
    const swapci_stream_names *names;
    const char *consumer; /* NULL: a verifier */
};

/* Open the side of a signer, or a verifier. Return as the back end's open. */
enum swapc_status swapci_via_sender(const struct swapci_pipeline_options *o,
                                    const struct swapci_via_redis *redis, swapci_sender **out,
                                    swapc_error *error);
enum swapc_status swapci_via_receiver(const struct swapci_pipeline_options *o,
                                      const struct swapci_via_redis *redis, swapci_receiver **out,
                                      swapc_error *error);

/* Close what these opened; NULL does nothing. Until then a ring is a leftover (signals.h). */
void swapci_via_sender_close(const struct swapci_pipeline_options *o, swapci_sender *sender);
void swapci_via_receiver_close(const struct swapci_pipeline_options *o, swapci_receiver *receiver);

/* Looks whether the signers of the stream that are alive send by this way, for a verifier that is about to wait for
 * them. Returns INVALID: all send by another one; the failures of swapci_redis_open, IO, INTERRUPTED. */
enum swapc_status swapci_via_agree(const struct swapci_pipeline_options *o,
                                   const struct swapci_via_redis *redis, swapc_error *error);

/* Fill out, which is returned: what the place is called for people ("ring demo"), and the options by
 * which another process comes there ("--ring demo"). */
const char *swapci_via_place(const struct swapci_pipeline_options *o,
                             char out[SWAPCI_VIA_TEXT_MAX]);
const char *swapci_via_join(const struct swapci_pipeline_options *o, char out[SWAPCI_VIA_TEXT_MAX]);

/* For `run`, whose place is its own: removes what is left of it, and of those of killed runs, whose names
 * begin with prefix. */
void swapci_via_remove(const struct swapci_pipeline_options *o);
void swapci_via_sweep(const struct swapci_pipeline_options *o, const char *prefix);

#endif
