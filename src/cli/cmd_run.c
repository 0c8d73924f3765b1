/* What is shared: the flags of signals.h. */
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli.h"
#include "arguments.h"
#include "pipeline_options.h"
#include "run_job.h"
#include "signals.h"
#include "terminal.h"
#include "verifier.h"
#include "via.h"

static const char command[] = "swapc run";

struct outputs {
    const char *json; /* NULL: none */
    bool details;
};

struct report {
    const struct swapci_run_result *result;
    bool details, colour;
};

static void write_report(FILE *to, const void *user) {
    const struct report *r = user;
    if (r->details) swapci_run_result_print(r->result, r->colour, to);
    else swapci_run_result_tell(r->result, r->colour, to);
}

static enum swapc_status report(const struct swapci_run_result *result, const struct outputs *out,
                                swapc_error *error) {
    FILE *table = out->json && strcmp(out->json, "-") == 0 ? stderr : stdout;
    const struct report r = {result, out->details, swapci_terminal_colour(table)};
    swapci_terminal_print(table, write_report, &r);
    fflush(table);
    return out->json ? swapci_cli_write_json(out->json, swapci_run_result_json(result), error)
                     : SWAPC_OK;
}

static int run(const struct swapci_run_options *options, const struct outputs *out) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_run_job *job = NULL;
    struct swapci_run_result result;
    bool good = false;
    enum swapc_status status = swapci_cli_json_check(out->json, &error);
    if (status == SWAPC_OK) status = swapci_run_job_new(options, &job, &error);
    if (status == SWAPC_OK) status = swapci_run_job_run(job, &result, &error);
    if (status == SWAPC_OK) {
        status = report(&result, out, &error);
        good = swapci_run_result_good(&result);
        if (result.input_error) fprintf(stderr, "%s: %s\n", command, result.input_error);
    }
    swapci_run_job_free(job);
    if (atomic_load(&swapci_signals_stop)) {
        fprintf(stderr, "%s: interrupted; everything it started has been taken down\n", command);
        return SWAPCI_EXIT_INTERRUPTED;
    }
    if (status != SWAPC_OK) return swapci_cli_fail(command, &error);
    return good ? SWAPCI_EXIT_OK : SWAPCI_EXIT_FAILED;
}

/* What the options exclude; returns -1 when nothing. */
static int check(const struct swapci_run_options *o, bool messages_given) {
    const struct swapci_pipeline_options way = {
        .via = o->via, .ring = "", .stream = "", .partitions = o->partitions};
    int missing = swapci_via_check(command, &way);
    if (missing < 0) missing = swapci_http_check(command, o->http, o->http_token);
    if (missing >= 0) return missing;
    if (o->input && messages_given && o->messages == 0)
        return swapci_cli_usage(command, "--messages 0 leaves nothing of --input");
    return swapci_cli_engine(command, o->engine);
}

int swapci_cmd_run(int argc, char **argv) {
    static const char *const more_methods[] = {SWAPCI_METHOD_RANDOM, NULL};
    static const char *const progress_choices[] = {"auto", "off", NULL};
    struct swapci_method_choices methods;
    struct outputs out = {NULL, false};
    bool no_bound = false;
    struct swapci_run_options o = {.engine = "wasmtime",
                                   .method = SWAPCI_METHOD_RANDOM,
                                   .swap = "none",
                                   .progress = "auto",
                                   .messages = UINT64_MAX,
                                   .workers = 1,
                                   .batch = SWAPCI_VERIFIER_BATCH,
                                   .keys_count = 16,
                                   .stop = &swapci_signals_stop};
    if (getrandom(&o.seed, sizeof o.seed, 0) != sizeof o.seed) o.seed = (uint64_t)getpid();
    const struct swapci_option rows[] = {
        {"engine", SWAPCI_OPTION_STRING, &o.engine, "E",
         "engine (default wasmtime); native: trusted code, unconfined", 0, 0, 0},
        {"method", SWAPCI_OPTION_CHOICE, &o.method, "M", "signature (default random)",
         swapci_method_choices(&methods, more_methods), 0, 0},
        {"messages", SWAPCI_OPTION_COUNT, &o.messages, "N",
         "how many (default 1024; of --input: all); 10k, 1M", 0, 1, 0},
        {"input", SWAPCI_OPTION_STRING, &o.input, "FILE|-",
         "messages, one a line, instead of random names", 0, 0, 0},
        {"swap", SWAPCI_OPTION_CHOICE, &o.swap, "MODE",
         "swap modules while messages flow (default none)", swapci_swap_choices, 0, 0},
        SWAPCI_MODULES_ROW(&o.modules),
        {"tamper", SWAPCI_OPTION_FRACTION, &o.tamper, "FRACTION",
         "alter so many messages after signing (default 0)", 0, 0, 0},
        {"redis", SWAPCI_OPTION_STRING, &o.redis, "URL",
         "your Redis, not a private one ($SWAPC_REDIS does not count)", 0, 0, 0},
        {"stream", SWAPCI_OPTION_STRING, &o.stream, "PREFIX", "prefix in Redis (default swapc)", 0,
         0, 0},
        SWAPCI_VIA_ROW(&o.via),
        SWAPCI_PARTITIONS_ROW(&o.partitions),
        SWAPCI_HTTP_ROW(&o.http),
        SWAPCI_HTTP_TOKEN_ROW(&o.http_token, " (default: made)"),
        {"dashboard", SWAPCI_OPTION_FLAG, &o.dashboard, NULL,
         "a page on a free port of this machine (as --http); prints its address", 0, 0, 0},
        {"workers", SWAPCI_OPTION_COUNT, &o.workers, "N",
         "threads that verify, of each partition (default 1)", 0, 1, SWAPCI_VERIFIER_WORKERS_MAX},
        SWAPCI_BATCH_ROW(&o.batch),
        {"deadline", SWAPCI_OPTION_COUNT, &o.deadline_ms, "MS",
         "longest time of one call of a module (default 10000)", 0, 1, UINT32_MAX},
        SWAPCI_COMPILE_MAX_ROW(&o.compile_ms),
        {"keys", SWAPCI_OPTION_STRING, &o.keys, "FILE",
         "key file, made when missing (default: a temporary one)", 0, 0, 0},
        {"keys-count", SWAPCI_OPTION_COUNT, &o.keys_count, "N",
         "keys in a new key file (default 16)", 0, 1, SWAPCI_KEYRING_MAX},
        {"keep", SWAPCI_OPTION_COUNT, &o.keep, "N",
         "trim the verdicts to about N (default 0: never)", 0, 0, 0},
        {"seed", SWAPCI_OPTION_COUNT, &o.seed, "N",
         "makes names and methods repeatable (tampering goes by Redis's ids too)", 0, 0, 0},
        {"no-bound", SWAPCI_OPTION_FLAG, &no_bound, NULL,
         "do not measure the bound before and the engines after the run", 0, 0, 0},
        {"details", SWAPCI_OPTION_FLAG, &out.details, NULL,
         "all figures in a table, instead of words and a picture", 0, 0, 0},
        {"json", SWAPCI_OPTION_STRING, &out.json, "FILE|-", "write the result as one JSON document",
         0, 0, 0},
        {"progress", SWAPCI_OPTION_CHOICE, &o.progress, "HOW",
         "progress line on a terminal (default auto)", progress_choices, 0, 0},
    };
    const struct swapci_options options = {
        command,
        "",
        "Moves signed messages through the whole pipeline: generator, Redis, signer, shared "
        "memory,\n"
        "verifier, waPC module, verdict; then joins what was sent with what was stored.\n"
        "Exit status: 0 all right, 1 failed or lost, duplicate, wrong or in error, 2 usage, 130 "
        "interrupted.",
        rows,
        sizeof rows / sizeof *rows,
        0,
        0,
        "swapc run --messages 100k --method random --workers 2 --tamper 0.05"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (o.dashboard && !o.http) o.http = "127.0.0.1:0";
    if (stop_with < 0) stop_with = check(&o, o.messages != UINT64_MAX);
    if (stop_with >= 0) return stop_with;
    if (o.messages == UINT64_MAX && !o.input) o.messages = 1024;
    o.bound = !no_bound;
    swapci_signals_handle(SWAPCI_EXIT_INTERRUPTED);
    swapci_signals_working(SWAPCI_SIGNALS_FORCE_MS);
    return run(&o, &out);
}
