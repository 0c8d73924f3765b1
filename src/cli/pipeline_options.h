/* pipeline_options.h - options and look-ups that run, signer, verifier and generate have in common.
 *
 * Threads: the main thread's. Ownership: strings point into argv.
 */
#ifndef SWAPCI_PIPELINE_OPTIONS_H
#define SWAPCI_PIPELINE_OPTIONS_H

#include "judge.h"
#include "options.h"

struct swapci_pipeline_options {
    const char *redis, *ring, *keys, *listen, *stream;
};

/* The rows of the separate processes. */
#define SWAPCI_PIPELINE_ROWS(o, keys_meta, keys_help)                                                \
    {"redis", SWAPCI_OPTION_STRING, &(o)->redis, "URL", "the Redis server (required)", 0, 0, 0},     \
        {"ring",                                                                                     \
         SWAPCI_OPTION_STRING,                                                                       \
         &(o)->ring,                                                                                 \
         "NAME",                                                                                     \
         "the shared-memory ring (required)",                                                        \
         0,                                                                                          \
         0,                                                                                          \
         0},                                                                                         \
        {"keys", SWAPCI_OPTION_STRING, &(o)->keys, keys_meta, keys_help, 0, 0, 0},                   \
        {"listen", SWAPCI_OPTION_STRING, &(o)->listen, "ADDR", "gRPC, unix:PATH or HOST:PORT", 0, 0, \
         0},                                                                                         \
        {"stream",                                                                                   \
         SWAPCI_OPTION_STRING,                                                                       \
         &(o)->stream,                                                                               \
         "PREFIX",                                                                                   \
         "prefix in Redis (default swapc)",                                                          \
         0,                                                                                          \
         0,                                                                                          \
         0}

extern const char *const swapci_method_choices[]; /* schnorr, ecdsa, random */
extern const char *const swapci_swap_choices[];   /* none, warm, disk, cold */

/* Settles which bundles are needed: config->paths points into paths. Returns NOT_FOUND. */
enum swapc_status swapci_pipeline_modules(const char *method, char paths[SWAPCI_METHODS][4096],
                                          swapci_judges_config *config, swapc_error *error);

/* Settles config->swap and every_message; swap is one of the choices. */
void swapci_pipeline_swap(const char *swap, const char *method, swapci_judges_config *config);

#endif
