/* pipeline_options.h - options and look-ups that run, signer, verifier and generate have in common.
 *
 * Threads: the main thread's. Ownership: strings point into argv.
 */
#ifndef SWAPCI_PIPELINE_OPTIONS_H
#define SWAPCI_PIPELINE_OPTIONS_H

#include "judge.h"
#include "arguments.h"
#include "partition.h"
#include "rpc_tls.h"
#include "transport.h"
#include "verifier.h"

struct swapci_pipeline_options {
    const char *redis, *ring, *keys, *listen, *stream;
    const char *http;    /* HOST:PORT or unix:PATH; NULL: none */
    const char *via;     /* one of the choices; NULL: the first */
    swapci_rpc_tls tls;  /* of listen */
    uint64_t partitions; /* 0: 1 */
    const char *signer;  /* its consumer's name, of who removes what it leaves; NULL: nobody does */
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

/* Both return -1 when all is well, else the exit status, and say why. Of http, NULL: none, and of who may act there. */
int swapci_http_check(const char *command, const char *http, const char *http_token);
/* Of --listen with its --tls-…, and of the above: whatever is wrong with them is said before Redis is waited for. */
int swapci_listen_check(const char *command, const struct swapci_pipeline_options *options,
                        const char *http_token);

#define SWAPCI_REDIS_ROW(target)                                                                   \
    {                                                                                              \
        "redis",                                                                                   \
        SWAPCI_OPTION_STRING,                                                                      \
        target,                                                                                    \
        "URL",                                                                                     \
        "the Redis server (default $SWAPC_REDIS)",                                                 \
        0,                                                                                         \
        0,                                                                                         \
        0}

/* Of who reads a stream that may be several, on several servers; into a number that is 1 at first. */
#define SWAPCI_PARTITIONS_ROW(target)                                                              \
    {"partitions",                                                                                 \
     SWAPCI_OPTION_COUNT,                                                                          \
     target,                                                                                       \
     "N",                                                                                          \
     "the stream is N streams, on one Redis or several (--redis URL,URL): the same on every "      \
     "command (default 1)",                                                                        \
     0,                                                                                            \
     1,                                                                                            \
     SWAPCI_PARTITIONS_MAX}

/* Of who is asked, over gRPC and HTTP. */
#define SWAPCI_LISTEN_ROWS(o)                                                                       \
    {                                                                                               \
        "listen", SWAPCI_OPTION_STRING, &(o)->listen, "ADDR", "gRPC, unix:PATH or HOST:PORT", 0, 0, \
        0},                                                                                         \
        SWAPCI_HTTP_ROW(&(o)->http),                                                                \
        {"tls-cert",                                                                                \
         SWAPCI_OPTION_STRING,                                                                      \
         &(o)->tls.cert,                                                                            \
         "FILE",                                                                                    \
         "of a --listen on TCP: own certificate (PEM)",                                             \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"tls-key", SWAPCI_OPTION_STRING, &(o)->tls.key, "FILE", "its private key", 0, 0, 0},       \
        {"tls-client-ca",                                                                           \
         SWAPCI_OPTION_STRING,                                                                      \
         &(o)->tls.ca,                                                                              \
         "FILE",                                                                                    \
         "CA of the clients, who may then drain and swap on TCP too",                               \
         0,                                                                                         \
         0,                                                                                         \
         0}

/* The rows of the separate processes. */
#define SWAPCI_PIPELINE_ROWS(o, keys_meta, keys_help)                                              \
    SWAPCI_REDIS_ROW(&(o)->redis), {"ring",                                                        \
                                    SWAPCI_OPTION_STRING,                                          \
                                    &(o)->ring,                                                    \
                                    "NAME",                                                        \
                                    "the shared-memory ring of --via shm",                         \
                                    0,                                                             \
                                    0,                                                             \
                                    0},                                                            \
        SWAPCI_VIA_ROW(&(o)->via), SWAPCI_PARTITIONS_ROW(&(o)->partitions),                        \
        {"keys", SWAPCI_OPTION_STRING, &(o)->keys, keys_meta, keys_help, 0, 0, 0},                 \
        SWAPCI_LISTEN_ROWS(o), {"stream",                                                          \
                                SWAPCI_OPTION_STRING,                                              \
                                &(o)->stream,                                                      \
                                "PREFIX",                                                          \
                                "prefix in Redis (default swapc)",                                 \
                                0,                                                                 \
                                0,                                                                 \
                                0}

/* What modules may be taken, and what they may: of verifier and process. */
struct swapci_module_rules {
    const char *engine, *trust_keys, *trust_state;
    uint64_t deadline_ms, compile_ms;
    bool allow_native;
};

#define SWAPCI_ENGINE_ROWS(o)                                                                      \
    {"engine",                                                                                     \
     SWAPCI_OPTION_STRING,                                                                         \
     &(o)->engine,                                                                                 \
     "E",                                                                                          \
     "engine (default wasmtime); native: trusted code, unconfined",                                \
     0,                                                                                            \
     0,                                                                                            \
     0},                                                                                           \
        {"allow-native",                                                                           \
         SWAPCI_OPTION_FLAG,                                                                       \
         &(o)->allow_native,                                                                       \
         NULL,                                                                                     \
         "with --engine native: swaps may load native code, too",                                  \
         0,                                                                                        \
         0,                                                                                        \
         0}

#define SWAPCI_CALL_LIMIT_ROWS(o)                                                                  \
    {"deadline",                                                                                   \
     SWAPCI_OPTION_COUNT,                                                                          \
     &(o)->deadline_ms,                                                                            \
     "MS",                                                                                         \
     "longest time of one call of a module (default 10000)",                                       \
     0,                                                                                            \
     1,                                                                                            \
     UINT32_MAX},                                                                                  \
        SWAPCI_COMPILE_MAX_ROW(&(o)->compile_ms)

#define SWAPCI_TRUST_ROWS(o)                                                                       \
    {"trust-keys",                                                                                 \
     SWAPCI_OPTION_STRING,                                                                         \
     &(o)->trust_keys,                                                                             \
     "DIR",                                                                                        \
     "take only bundles signed by a key (*.pub) in DIR",                                           \
     0,                                                                                            \
     0,                                                                                            \
     0},                                                                                           \
        {"trust-state",                                                                            \
         SWAPCI_OPTION_STRING,                                                                     \
         &(o)->trust_state,                                                                        \
         "DIR",                                                                                    \
         "where admitted versions are remembered: none lower is taken",                            \
         0,                                                                                        \
         0,                                                                                        \
         0}

#define SWAPCI_RETRY_ROW(target)                                                                   \
    {"retry",                                                                                      \
     SWAPCI_OPTION_COUNT,                                                                          \
     target,                                                                                       \
     "S",                                                                                          \
     "how long a lost Redis is tried again (default: for ever)",                                   \
     0,                                                                                            \
     0,                                                                                            \
     3600}

/* Out: the policy of the rules, with its memory of versions, and without, for checks; NULL: none. Both are the
 * caller's, also after a failure. */
enum swapc_status swapci_module_trust(const struct swapci_module_rules *rules, swapc_trust **trust,
                                      swapc_trust **check_trust, swapc_error *error);

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
