/* pipeline_options.h - options and look-ups that run, signer, verifier and generate have in common.
 *
 * Threads: the main thread's. Ownership: strings point into argv.
 */
#ifndef SWAPCI_PIPELINE_OPTIONS_H
#define SWAPCI_PIPELINE_OPTIONS_H

#include "judge.h"
#include "arguments.h"
#include "rpc_tls.h"
#include "transport.h"
#include "verifier.h"

struct swapci_pipeline_options {
    const char *redis, *ring, *keys, *listen, *stream;
    const char *http;   /* HOST:PORT or unix:PATH; NULL: none */
    const char *via;    /* one of the choices; NULL: the first */
    swapci_rpc_tls tls; /* of listen */
};

extern const char *const swapci_via_choices[]; /* of via.c */
extern const char swapci_via_help[];

#define SWAPCI_VIA_ROW(target)                                                                     \
    {"via", SWAPCI_OPTION_CHOICE, target, "HOW", swapci_via_help, swapci_via_choices, 0, 0}

/* Of run and verifier. */
#define SWAPCI_BATCH_ROW(target)                                                                   \
    {"batch",                                                                                      \
     SWAPCI_OPTION_COUNT,                                                                          \
     target,                                                                                       \
     "N",                                                                                          \
     "judge up to N messages at once where the module can (default 256; 1: each alone)",           \
     0,                                                                                            \
     1,                                                                                            \
     SWAPCI_VERIFIER_BATCH}

#define SWAPCI_MODULES_ROW(target)                                                                 \
    {"modules",                                                                                    \
     SWAPCI_OPTION_STRING,                                                                         \
     target,                                                                                       \
     "DIR",                                                                                        \
     "start with the bundles DIR/SLOT (default: the shipped ones)",                                \
     0,                                                                                            \
     0,                                                                                            \
     0}

#define SWAPCI_HTTP_ROW(target)                                                                    \
    {"http",                                                                                       \
     SWAPCI_OPTION_STRING,                                                                         \
     target,                                                                                       \
     "ADDR",                                                                                       \
     "probes, metrics and a page over HTTP, unix:PATH or HOST:PORT",                               \
     0,                                                                                            \
     0,                                                                                            \
     0}

#define SWAPCI_HTTP_TOKEN_ROW(target, more)                                                        \
    {"http-token",                                                                                 \
     SWAPCI_OPTION_STRING,                                                                         \
     target,                                                                                       \
     "FILE",                                                                                       \
     "who has what is in FILE may swap over HTTP" more,                                            \
     0,                                                                                            \
     0,                                                                                            \
     0}

/* Returns -1 when http is NULL or can be had by this build, else the exit status, and says why. */
int swapci_http_check(const char *command, const char *http);

/* The rows of the separate processes. */
#define SWAPCI_PIPELINE_ROWS(o, keys_meta, keys_help)                                                \
    {"redis",                                                                                        \
     SWAPCI_OPTION_STRING,                                                                           \
     &(o)->redis,                                                                                    \
     "URL",                                                                                          \
     "the Redis server (default $SWAPC_REDIS)",                                                      \
     0,                                                                                              \
     0,                                                                                              \
     0},                                                                                             \
        {"ring",                                                                                     \
         SWAPCI_OPTION_STRING,                                                                       \
         &(o)->ring,                                                                                 \
         "NAME",                                                                                     \
         "the shared-memory ring of --via shm",                                                      \
         0,                                                                                          \
         0,                                                                                          \
         0},                                                                                         \
        SWAPCI_VIA_ROW(&(o)->via),                                                                   \
        {"keys", SWAPCI_OPTION_STRING, &(o)->keys, keys_meta, keys_help, 0, 0, 0},                   \
        {"listen", SWAPCI_OPTION_STRING, &(o)->listen, "ADDR", "gRPC, unix:PATH or HOST:PORT", 0, 0, \
         0},                                                                                         \
        SWAPCI_HTTP_ROW(&(o)->http),                                                                 \
        {"tls-cert",                                                                                 \
         SWAPCI_OPTION_STRING,                                                                       \
         &(o)->tls.cert,                                                                             \
         "FILE",                                                                                     \
         "of a --listen on TCP: own certificate (PEM)",                                              \
         0,                                                                                          \
         0,                                                                                          \
         0},                                                                                         \
        {"tls-key", SWAPCI_OPTION_STRING, &(o)->tls.key, "FILE", "its private key", 0, 0, 0},        \
        {"tls-client-ca",                                                                            \
         SWAPCI_OPTION_STRING,                                                                       \
         &(o)->tls.ca,                                                                               \
         "FILE",                                                                                     \
         "CA of the clients, who may then drain and swap on TCP too",                                \
         0,                                                                                          \
         0,                                                                                          \
         0},                                                                                         \
        {"stream",                                                                                   \
         SWAPCI_OPTION_STRING,                                                                       \
         &(o)->stream,                                                                               \
         "PREFIX",                                                                                   \
         "prefix in Redis (default swapc)",                                                          \
         0,                                                                                          \
         0,                                                                                          \
         0}

extern const char *const swapci_swap_choices[]; /* none, warm, disk, cold */

enum { SWAPCI_METHOD_CHOICES_MAX = SWAPCI_METHODS_MAX + 2 };

struct swapci_method_choices {
    const char *names[SWAPCI_METHOD_CHOICES_MAX + 1]; /* NULL-ended */
};

/* Fills out with the names of all methods, then `more` (NULL-ended; NULL: none). Returns its names. */
const char *const *swapci_method_choices(struct swapci_method_choices *out,
                                         const char *const *more);

/* The bundles of methods, by the method's number. */
struct swapci_module_paths {
    char text[SWAPCI_METHODS_MAX][4096];
};

/* Finds the bundles of these methods (a set as of swapci_method_set): in folder, each named like its slot,
 * or (NULL) the shipped ones. Returns NOT_FOUND, naming the slot that has none. */
enum swapc_status swapci_pipeline_modules(const char *folder, unsigned methods,
                                          struct swapci_module_paths *out, swapc_error *error);

/* Settles config->paths, which point into paths: NULL for other methods. */
void swapci_pipeline_judged(const struct swapci_module_paths *paths, unsigned methods,
                            swapci_judges_config *config);

/* Settles config->swap and every_message; swap is one of the choices. */
void swapci_pipeline_swap(const char *swap, const char *method, swapci_judges_config *config);

/* What --retry of a service means; UINT64_MAX, its default, is for ever. */
uint32_t swapci_pipeline_retry_ms(uint64_t seconds);

#endif
