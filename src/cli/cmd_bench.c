/* What is shared: the flags of signals.h. */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "fail_point.h"
#include "hex.h"
#include "arguments.h"
#include "progress.h"
#include "lab_report.h"
#include "scenario.h"
#include "settings.h"
#include "signals.h"
#include "suggest.h"

static const char command[] = "swapc bench";

#define FULL 0.7 /* how full a core may be: of ten one may fail, and a peak come */
#define FULL_LEAST 0.01
enum { ROUNDS = 21, QUICK_S = 5, FULL_S = 75, SCENARIOS_MAX = 16 };

struct bench_options {
    uint64_t rounds, requests, swaps, compile_ms, per_s, cores;
    double full;
    const char *json, *progress, *report, *compare, *input, *hex, *engine;
    bool peers, quick;
};

struct bench {
    const struct bench_options *options;
    struct swapci_lab lab;
    struct swapci_progress progress;
    const char *running; /* the scenario's name */
    json_t *documents;   /* by name */
    json_t *old;         /* of --compare, or NULL */
    bool broken_off;     /* before all of it was measured */
    uint8_t *input;
    char program[PATH_MAX], module_path[SWAPCI_LAB_PATH], peers[SWAPCI_LAB_PATH];
};

static void draw(unsigned done, unsigned total, void *user) {
    const struct bench *b = user;
    swapci_progress_draw_left(&b->progress, b->running, done, total);
}

/* Tables go where they do not mix with a document on stdout. */
static FILE *table(const struct bench_options *o) {
    return o->json && strcmp(o->json, "-") == 0 ? stderr : stdout;
}

/* The document of that scenario in what --compare was given: one scenario's or of several. */
static const json_t *old_of(const struct bench *b, const char *name) {
    const json_t *several = json_object_get(b->old, "benches");
    const char *only = json_string_value(json_object_get(b->old, "bench"));
    if (several) return json_object_get(several, name);
    return only && strcmp(only, name) != 0 ? NULL : b->old;
}

static enum swapc_status read_old(struct bench *b, swapc_error *error) {
    json_error_t why;
    if (!b->options->compare) return SWAPC_OK;
    b->old = json_load_file(b->options->compare, 0, &why);
    if (b->old && json_is_array(json_object_get(b->old, "rows"))) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID,
                           "%s is no document of swapc bench (%s): write one with --json",
                           b->options->compare, b->old ? "it has no rows" : why.text);
}

static void set_pace(struct bench *b) {
    const struct bench_options *o = b->options;
    unsigned seconds = o->quick ? QUICK_S : FULL_S;
    b->lab.pace = (struct swapci_pace){
        .rounds = o->rounds ? (unsigned)o->rounds : ROUNDS,
        .until_ns = o->rounds ? 0 : swapci_clock_monotonic_ns() + seconds * 1000000000ull,
        .stop = &swapci_signals_stop,
        .progress = draw,
        .progress_user = b};
}

/* One scenario, its table, and its document among the others. What was measured before an interrupt or
 * a failure is kept; of several scenarios, that nothing was is also a document. */
static enum swapc_status run_scenario(struct bench *b, const struct swapci_scenario *scenario,
                                      bool several, swapc_error *error) {
    enum swapc_status status = swapci_lab_begin(&b->lab, error);
    if (status != SWAPC_OK) return status;
    b->running = scenario->name;
    set_pace(b);
    swapci_progress_init(&b->progress, b->options->progress);
    draw(0, 1, b);
    status = scenario->run(&b->lab, error);
    swapci_progress_end(&b->progress);
    if (atomic_load(&swapci_signals_stop) != 0) {
        b->lab.incomplete = b->broken_off = true;
        status = SWAPC_OK;
    }
    if (status != SWAPC_OK) {
        if (!several && json_array_size(b->lab.rows) == 0) return status;
        swapci_lab_failed(&b->lab, error->text[0] ? error->text : swapc_status_text(status));
    }
    json_t *document = swapci_scenario_document(scenario, &b->lab);
    swapci_scenario_print(scenario, document, old_of(b, scenario->name), table(b->options));
    swapci_fail_point(SWAPCI_FAIL_after_scenario);
    if (json_object_set_new(b->documents, scenario->name, document) == 0) return status;
    return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the figures");
}

/* A scenario that fails keeps none of the others from being measured. The first is begun however early an interrupt comes, and
 * ends at once: its document is what was promised. */
static enum swapc_status
run_scenarios(struct bench *b, const struct swapci_scenario *const *scenarios, swapc_error *error) {
    unsigned failed = 0, count = 0;
    enum swapc_status first = SWAPC_OK;
    bool several = scenarios[0] && scenarios[1];
    for (; scenarios[count]; count++) {
        if (count > 0 && atomic_load(&swapci_signals_stop) != 0) {
            b->broken_off = true;
            break;
        }
        swapc_error why = SWAPC_ERROR_INIT;
        enum swapc_status status = run_scenario(b, scenarios[count], several, &why);
        if (status == SWAPC_OK) continue;
        if (failed++ == 0) first = status;
        if (!several) return swapc_error_set(error, status, "%s", why.text);
        fprintf(stderr, "%s: %s could not be measured to its end: %s [%s]\n", command,
                scenarios[count]->name, why.text, swapc_status_name(status));
    }
    if (failed == 0) return SWAPC_OK;
    return swapc_error_set(error, first, "%u of %u scenarios could not be measured to their end",
                           failed, count);
}

/* Of one scenario its document; of several {"rows" of all, each with its "bench"; "benches"; "host"}. */
static json_t *whole(const struct bench *b) {
    json_t *rows = json_array(), *document = NULL;
    const char *name;
    bool incomplete = b->broken_off;
    if (json_object_size(b->documents) == 1) {
        json_decref(rows);
        json_object_foreach(b->documents, name, document) break;
        if (incomplete) json_object_set_new(document, "incomplete", json_true());
        return json_incref(document);
    }
    json_object_foreach(b->documents, name, document) {
        const json_t *own = json_object_get(document, "rows");
        incomplete = incomplete || json_is_true(json_object_get(document, "incomplete"));
        for (size_t i = 0; i < json_array_size(own); i++) {
            json_t *row = json_copy(json_array_get(own, i));
            json_object_set_new(row, "bench", json_string(name));
            json_array_append_new(rows, row);
        }
    }
    json_object_foreach(b->documents, name, document) break;
    return json_pack("{s:b, s:b, s:o, s:O, s:O}", "incomplete", (int)incomplete, "quick",
                     (int)b->options->quick, "rows", rows, "benches", b->documents, "host",
                     json_object_get(document, "host"));
}

static enum swapc_status write_all(struct bench *b, swapc_error *error) {
    if (json_object_size(b->documents) == 0) return SWAPC_OK;
    enum swapc_status status = SWAPC_OK, drawn = SWAPC_OK;
    if (b->options->json) status = swapci_cli_write_json(b->options->json, whole(b), error);
    if (b->options
            ->report) { /* also when the document has no place: one of them is better than none */
        drawn = swapci_lab_report_write(b->options->report, b->documents, error);
        if (drawn == SWAPC_OK)
            fprintf(table(b->options), "report: %s/report.html\n", b->options->report);
    }
    return status == SWAPC_OK ? drawn : status;
}

static enum swapc_status set_module(struct bench *b, char **arguments, swapc_error *error) {
    const struct bench_options *o = b->options;
    size_t len = 0;
    enum swapc_status status =
        swapci_cli_module_path(arguments[1], b->module_path, sizeof b->module_path, error);
    b->lab.module_path = b->module_path;
    b->lab.operation = arguments[2];
    if (status == SWAPC_OK && o->input) status = swapci_cli_read(o->input, &b->input, &len, error);
    if (status == SWAPC_OK && o->hex) {
        len = strlen(o->hex) / 2;
        b->input = malloc(len + 1);
        if (!b->input || !swapci_hex_decode(swapc_bytes_str(o->hex), b->input))
            return swapc_error_set(error, SWAPC_INVALID,
                                   "--hex takes hexadecimal digits, two a byte");
    }
    b->lab.input = swapc_bytes_of(b->input, len);
    b->lab.compile_ms = o->compile_ms;
    b->lab.native =
        strpbrk(arguments[1], "/.") == NULL || (o->engine && strcmp(o->engine, "native") == 0);
    return status;
}

/* $SWAPC_PEERS, else peers beside the shipped modules' folder. */
static enum swapc_status find_peers(struct bench *b, swapc_error *error) {
    const char *given = getenv("SWAPC_PEERS");
    enum swapc_status status = SWAPC_OK;
    if (given && *given) snprintf(b->peers, sizeof b->peers, "%s", given);
    else status = swapci_cli_share_path("peers", b->peers, sizeof b->peers, error);
    b->lab.peers = b->peers;
    return status;
}

static int bench(struct bench *b, const struct swapci_scenario *const *scenarios,
                 char **arguments) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_signals_handle(SWAPCI_EXIT_INTERRUPTED);
    swapci_signals_working(SWAPCI_SIGNALS_NEVER); /* what was measured is written */
    enum swapc_status status = swapci_cli_json_check(b->options->json, &error);
    ssize_t len = readlink("/proc/self/exe", b->program, sizeof b->program - 1);
    b->program[len > 0 ? len : 0] = '\0';
    b->lab.quick = b->options->quick;
    b->lab.log = swapci_cli_log();
    b->lab.requests = b->options->requests;
    b->lab.swaps = b->options->quick ? b->options->swaps / 5 : b->options->swaps;
    b->lab.program = b->program;
    b->lab.find_bundle = swapci_cli_module_path;
    if (b->options->peers && status == SWAPC_OK) status = find_peers(b, &error);
    b->documents = json_object();
    if (status == SWAPC_OK && b->options->report)
        status = swapci_lab_report_check(b->options->report, &error);
    if (status == SWAPC_OK) status = read_old(b, &error);
    b->lab.costs = arguments[1];
    b->lab.per_s = b->options->per_s;
    b->lab.host_cores = b->options->cores;
    b->lab.full = b->options->full;
    if (status == SWAPC_OK && scenarios[0]->arguments == 2)
        status = set_module(b, arguments, &error);
    if (status == SWAPC_OK) {
        status = run_scenarios(b, scenarios, &error);
        swapc_error unwritten = SWAPC_ERROR_INIT;
        enum swapc_status written = write_all(b, &unwritten);
        if (written != SWAPC_OK && status != SWAPC_OK) (void)swapci_cli_fail(command, &unwritten);
        else if (written != SWAPC_OK) error = unwritten, status = written;
    }
    swapci_lab_fini(&b->lab);
    json_decref(b->documents);
    json_decref(b->old);
    free(b->input);
    if (status != SWAPC_OK) return swapci_cli_fail(command, &error);
    if (!b->broken_off) return SWAPCI_EXIT_OK; /* a signal that came later found all of it done */
    fprintf(stderr, "%s: interrupted; what was measured is marked incomplete\n", command);
    return SWAPCI_EXIT_INTERRUPTED;
}

/* "engines", or "all": each that needs no argument. Returns false when there is none of that name. */
static bool choose(const char *name, const struct swapci_scenario *chosen[SCENARIOS_MAX]) {
    int count = 0;
    bool all = strcmp(name, "all") == 0;
    for (const struct swapci_scenario *s = swapci_scenarios; s->name; s++)
        if (strcmp(s->name, name) == 0 || (all && s->arguments == 0)) chosen[count++] = s;
    chosen[count] = NULL;
    return count > 0;
}

static const char *names(char *out, size_t size) {
    size_t used = 0;
    for (const struct swapci_scenario *s = swapci_scenarios; s->name && used < size; s++)
        used += (size_t)snprintf(out + used, size - used, "%s, ", s->name);
    if (used < size) snprintf(out + used, size - used, "all");
    return out;
}

static const char *summary(char *out, size_t size) {
    size_t used = 0;
    for (const struct swapci_scenario *s = swapci_scenarios; s->name && used < size; s++)
        used += (size_t)snprintf(out + used, size - used, "  %-9s %s\n", s->name, s->summary);
    if (used < size)
        snprintf(out + used, size - used,
                 "  %-9s each of these that takes nothing, in turn\n"
                 "Rows marked * (\"default\" in JSON) are what you get by default, limits on.",
                 "all");
    return out;
}

static const char *meant(const char *given, struct swapci_suggestion *suggestion) {
    *suggestion = (struct swapci_suggestion){.word = given};
    for (const struct swapci_scenario *s = swapci_scenarios; s->name; s++)
        swapci_suggest_offer(suggestion, s->name);
    return swapci_suggest_text(suggestion);
}

int swapci_cmd_bench(int argc, char **argv) {
    static const char *const progress_choices[] = {"auto", "off", NULL};
    char text[2048];
    struct swapci_suggestion suggestion;
    struct bench_options o = {.requests = 64, .swaps = 2000, .progress = "auto", .full = FULL};
    const struct swapci_option rows[] = {
        {"quick", SWAPCI_OPTION_FLAG, &o.quick, NULL, "a minute at most for all, and rougher", 0, 0,
         0},
        {"rounds", SWAPCI_OPTION_COUNT, &o.rounds, "N",
         "interleaved rounds (default 21, fewer when time is up)", 0, 1, 10000},
        {"requests", SWAPCI_OPTION_COUNT, &o.requests, "N",
         "of engines: calls of each contender in a round (default 64)", 0, 1, 100000},
        {"swaps", SWAPCI_OPTION_COUNT, &o.swaps, "N",
         "of swap: warm ones; fewer from disk and cold (default 2000)", 0, 1, 10000000},
        {"input", SWAPCI_OPTION_STRING, &o.input, "FILE|-", "of module: the payload of its call", 0,
         0, 0},
        {"hex", SWAPCI_OPTION_STRING, &o.hex, "HEX", "of module: the payload as digits", 0, 0, 0},
        {"engine", SWAPCI_OPTION_STRING, &o.engine, "native",
         "of module: native code of yours may be loaded too, unconfined", 0, 0, 0},
        SWAPCI_COMPILE_MAX_ROW(&o.compile_ms),
        {"rate", SWAPCI_OPTION_COUNT, &o.per_s, "N",
         "of capacity: messages a second (default: 10k, 100k and 1M)", 0, 1, 1000000000},
        {"cores", SWAPCI_OPTION_COUNT, &o.cores, "N",
         "of capacity: cores of a host (default: as many as were measured on)", 0, 1,
         SWAPCI_LAB_CORES_MAX},
        {"full", SWAPCI_OPTION_FRACTION, &o.full, "F",
         "of capacity: how full a core may be (default 0.7)", 0, 0, 0},
        {"json", SWAPCI_OPTION_STRING, &o.json, "FILE|-", "write the figures as one JSON document",
         0, 0, 0},
        {"compare", SWAPCI_OPTION_STRING, &o.compare, "OLD.json",
         "show each row's change to an earlier document", 0, 0, 0},
        {"peers", SWAPCI_OPTION_FLAG, &o.peers, NULL,
         "of engines: other waPC hosts in the same run, those that are built", 0, 0, 0},
        {"report", SWAPCI_OPTION_STRING, &o.report, "DIR",
         "write a page, a picture, CSV and JSON to the folder", 0, 0, 0},
        {"progress", SWAPCI_OPTION_CHOICE, &o.progress, "HOW",
         "progress line on a terminal (default auto)", progress_choices, 0, 0},
    };
    const struct swapci_options options = {
        command,
        "SCENARIO|all | module BUNDLE|FILE OPERATION | capacity FILE",
        summary(text, sizeof text),
        rows,
        sizeof rows / sizeof *rows,
        1,
        3,
        "swapc bench engines --quick --json figures.json"};
    int first;
    int stop_with = swapci_options_parse(&options, argc, argv, &first);
    if (stop_with >= 0) return stop_with;
    char **arguments = argv + first;
    const struct swapci_scenario *chosen[SCENARIOS_MAX];
    if (!choose(arguments[0], chosen))
        return swapci_cli_usage(command, "no benchmark is called \"%s\"%s (there are: %s)",
                                arguments[0], meant(arguments[0], &suggestion),
                                names(text, sizeof text));
    unsigned wanted = chosen[0]->arguments;
    bool module = wanted == 2, capacity = wanted == 1;
    if ((unsigned)(argc - first - 1) != wanted)
        return swapci_cli_usage(command,
                                module     ? "bench module takes a bundle or a file and an "
                                             "operation: swapc bench module ./mine transform "
                                             "--input payload.bin"
                                : capacity ? "bench capacity takes the figures of bench pipeline: "
                                             "swapc bench pipeline --json figures.json, then "
                                             "swapc bench capacity figures.json --rate 100k"
                                           : "bench %s takes no further argument",
                                arguments[0]);
    if (!module && (o.input || o.hex || o.engine || o.compile_ms))
        return swapci_cli_usage(
            command, "--input, --hex, --engine and --compile-max belong to bench module");
    if (!capacity && (o.per_s || o.cores || o.full != FULL))
        return swapci_cli_usage(command, "--rate, --cores and --full belong to bench capacity");
    if (o.full < FULL_LEAST)
        return swapci_cli_usage(command, "--full is at least 0.01: so full a core may be");
    if (o.input && o.hex) return swapci_cli_usage(command, "--input and --hex exclude each other");
    if (o.engine && strcmp(o.engine, "native") != 0)
        return swapci_cli_usage(command,
                                "--engine takes native alone: all other engines are measured "
                                "anyway");
    if (o.peers && strcmp(arguments[0], "engines") != 0 && strcmp(arguments[0], "all") != 0)
        return swapci_cli_usage(command, "--peers belongs to bench engines");
    struct bench b = {.options = &o};
    swapci_settings_forget(); /* what it starts is to be the same on every machine */
    return bench(&b, chosen, arguments);
}
