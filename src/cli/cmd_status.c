/* What is shared: the flags of signals.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "arguments.h"
#include "remote.h"
#include "signals.h"
#include "status_partitions.h"
#include "terminal.h"

static const char command[] = "swapc status";

enum { STEP_MS = 50 };

static void print_count(FILE *to, const char *name, uint64_t value) {
    fprintf(to, "  %-12s %llu\n", name, (unsigned long long)value);
}

static void print_modules(FILE *to, const swapci_control_modules *modules) {
    for (size_t i = 0; i < modules->count; i++)
        fprintf(to, "  %-12s %s %s (%s %s%s), generation %llu, sha256 %.16s\n",
                modules->rows[i].slot, modules->rows[i].name, modules->rows[i].version,
                modules->rows[i].engine, modules->rows[i].flavour,
                swapci_control_unoptimised(&modules->rows[i]),
                (unsigned long long)modules->rows[i].generation, modules->rows[i].digest);
}

static void print_status(FILE *to, const swapci_control_status *status) {
    fprintf(to, "%s %s, process %u, %s for %.1f s\n", status->role, status->version, status->pid,
            status->state, (double)status->uptime_ms / 1000);
    fprintf(to, "  %-12s %s%s%s\n", "serving", status->serving ? "yes" : "no",
            status->reason[0] ? ": " : "", status->reason);
    fprintf(to, "  %-12s %s\n", "Redis", status->redis_up ? "answers" : "does not answer");
    if (strcmp(status->role, "process") != 0)
        fprintf(to, "  %-12s %s\n", "peer", status->peer_up ? "there" : "not there");
    if (status->partitions[0]) fprintf(to, "  %-12s %s\n", "partitions", status->partitions);
    fprintf(to, "  %-12s %.1f messages/s\n", "rate", status->rate_per_s);
    print_count(to, "waiting", status->waiting);
    print_count(to, "in flight", status->in_flight);
    if (strcmp(status->role, "verifier") == 0) {
        print_count(to, "valid", status->valid);
        print_count(to, "not valid", status->not_valid);
        print_count(to, "errors", status->errors);
        if (status->errors > 0) fprintf(to, "  %-12s %s\n", "last error", status->last_error);
    }
    for (size_t i = 0; i < status->counter_count; i++)
        print_count(to, status->counters[i].name, status->counters[i].value);
}

static json_t *status_json(const swapci_control_status *status,
                           const swapci_control_modules *modules) {
    json_t *counters = json_object(), *rows = json_array();
    for (size_t i = 0; i < status->counter_count; i++)
        json_object_set_new(counters, status->counters[i].name,
                            json_integer((json_int_t)status->counters[i].value));
    for (size_t i = 0; i < modules->count; i++)
        json_array_append_new(rows, swapci_remote_module_json(&modules->rows[i]));
    json_t *document = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:o, s:b, s:s, s:b, s:b, s:f, s:o}", "role", status->role,
        "version", status->version, "state", status->state, "pid", (json_int_t)status->pid,
        "uptime_ms", (json_int_t)status->uptime_ms, "counters", counters, "serving",
        (int)status->serving, "reason", status->reason, "redis_up", (int)status->redis_up,
        "peer_up", (int)status->peer_up, "rate_per_s", status->rate_per_s, "modules", rows);
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"valid", status->valid},
                  {"not_valid", status->not_valid},
                  {"errors", status->errors},
                  {"waiting", status->waiting},
                  {"in_flight", status->in_flight}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_object_set_new(document, counts[i].name, json_integer((json_int_t)counts[i].value));
    json_object_set_new(document, "last_error", json_string(status->last_error));
    if (status->partitions[0])
        json_object_set_new(document, "partitions", json_string(status->partitions));
    return document;
}

/* Asks first and drains then: a service that has nothing to finish is gone before it could answer. */
static enum swapc_status fetch(swapci_rpc_client *client, bool drain, swapci_control_status *out,
                               swapci_control_modules *modules, swapc_error *error) {
    enum swapc_status status = swapci_control_client_status(client, SWAPCI_REMOTE_MS, out, error);
    if (status == SWAPC_OK)
        status = swapci_control_client_list(client, SWAPCI_REMOTE_MS, modules, error);
    if (status != SWAPC_OK || !drain) return status;
    snprintf(out->state, sizeof out->state, "draining");
    return swapci_control_client_drain(client, SWAPCI_REMOTE_MS, error);
}

struct status_job {
    const char *address, *json;
    bool drain, partitions; /* each of them */
    uint64_t watch_s;       /* 0: once */
    swapci_rpc_tls tls;
    swapci_control_status status;
    swapci_control_modules modules;
    swapci_control_partitions parts;
};

static void write_status(FILE *to, const void *user) {
    const struct status_job *job = user;
    print_status(to, &job->status);
    print_modules(to, &job->modules);
    if (job->partitions) swapci_status_partitions_print(to, &job->parts);
}

static json_t *document(const struct status_job *job) {
    json_t *json = status_json(&job->status, &job->modules);
    if (job->partitions) swapci_status_partitions_json(&job->parts, json);
    return json;
}

/* Asks and shows. client: opened where it is NULL. Out: *serving, which who has asked for a drain does not
 * expect. */
static enum swapc_status ask(struct status_job *job, swapci_rpc_client **client, bool *serving,
                             swapc_error *error) {
    enum swapc_status status =
        *client ? SWAPC_OK : swapci_remote_open(job->address, &job->tls, client, error);
    if (status == SWAPC_OK && job->partitions)
        status = swapci_status_partitions_ask(*client, !job->watch_s, &job->parts, error);
    if (status == SWAPC_OK) status = fetch(*client, job->drain, &job->status, &job->modules, error);
    *serving = status == SWAPC_OK && (job->status.serving || job->drain);
    return status;
}

static int once(struct status_job *job) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_rpc_client *client = NULL;
    bool serving = false;
    enum swapc_status status = ask(job, &client, &serving, &error);
    swapci_remote_close(client);
    if (status == SWAPC_OK && job->json)
        status = swapci_cli_write_json(job->json, document(job), &error);
    else if (status == SWAPC_OK) swapci_terminal_print(stdout, write_status, job);
    if (status != SWAPC_OK) return swapci_cli_fail(command, &error);
    return serving ? SWAPCI_EXIT_OK : SWAPCI_EXIT_FAILED;
}

/* ---- watching --------------------------------------------------------------------------------- */

/* What one look brought, as it is shown. */
struct sight {
    const struct status_job *job;
    const swapc_error *why; /* there was no answer; NULL: there was */
    unsigned silent;        /* looks without one */
};

static void write_sight(FILE *to, const void *user) {
    const struct sight *sight = user;
    time_t now = time(NULL);
    struct tm local;
    char clock[32] = "";
    if (localtime_r(&now, &local)) strftime(clock, sizeof clock, "%H:%M:%S", &local);
    fprintf(to, "%s  %s\n", clock, sight->job->address);
    if (!sight->why) write_status(to, sight->job);
    else
        fprintf(to, "  no answer (%u in turn): %s\n  asked again every %llu s\n", sight->silent,
                sight->why->text, (unsigned long long)sight->job->watch_s);
}

/* On a terminal each look takes the place of the one before; elsewhere an empty line parts them. */
static void show_sight(const struct sight *sight, bool redraw, bool first) {
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    if (!memory) return;
    write_sight(memory, sight);
    fclose(memory);
    if (!redraw && !first) putchar('\n');
    if (redraw) fputs("\033[H", stdout);
    for (char *line = text, *end; redraw && line && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end) *end++ = '\0';
        swapci_terminal_put(stdout, line);
        fputs("\033[K\n", stdout);
    }
    if (redraw) fputs("\033[J", stdout);
    else if (text) swapci_terminal_put(stdout, text);
    fflush(stdout);
    free(text);
}

/* The screen that is there beside the usual one, without a cursor. */
static void enter_screen(void) {
    fputs("\033[?1049h\033[?25l\033[2J", stdout);
    fflush(stdout);
}

/* Also before a forced end, when stdout may be locked. */
static void leave_screen(void *user) {
    static const char back[] = "\033[?25h\033[?1049l";
    (void)user;
    ssize_t written = write(STDOUT_FILENO, back, sizeof back - 1);
    (void)written;
}

static void pause_s(uint64_t seconds) {
    const struct timespec step = {0, STEP_MS * 1000000L};
    for (uint64_t ms = 0; ms < seconds * 1000 && !atomic_load(&swapci_signals_stop); ms += STEP_MS)
        nanosleep(&step, NULL);
}

/* Until a signal comes, which is how it is meant to end. A process that is gone may come back. */
static int watch(struct status_job *job) {
    swapci_rpc_client *client = NULL;
    struct sight sight = {.job = job};
    enum swapc_status written = SWAPC_OK;
    swapc_error error = SWAPC_ERROR_INIT;
    const char *term = getenv("TERM");
    bool redraw = !job->json && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
    bool first = true, serving = false;
    swapci_signals_handle(SWAPCI_EXIT_OK);
    swapci_signals_working(SWAPCI_SIGNALS_FORCE_MS);
    if (redraw) swapci_signals_leftover(leave_screen, job);
    if (redraw) enter_screen();
    for (; !atomic_load(&swapci_signals_stop) && written == SWAPC_OK; first = false) {
        swapc_error_clear(&error);
        sight.why = ask(job, &client, &serving, &error) == SWAPC_OK ? NULL : &error;
        sight.silent = sight.why ? sight.silent + 1 : 0;
        if (sight.why && client) swapci_rpc_client_free(client);
        if (sight.why) client = NULL;
        if (!job->json) show_sight(&sight, redraw, first);
        else if (!sight.why) written = swapci_cli_write_json(job->json, document(job), &error);
        if (ferror(stdout)) break; /* nobody reads any more; main says so */
        pause_s(job->watch_s);
    }
    if (redraw) leave_screen(NULL);
    if (redraw) swapci_signals_leftover_gone(job);
    swapci_remote_close(client);
    return written == SWAPC_OK ? SWAPCI_EXIT_OK : swapci_cli_fail(command, &error);
}

int swapci_cmd_status(int argc, char **argv) {
    static struct status_job job; /* of 0, and too large for a stack */
    const struct swapci_option rows[] = {
        {"watch", SWAPCI_OPTION_OPTIONAL, &job.watch_s, "SECONDS",
         "ask again every second, or so often, until Ctrl-C", 0, 1, 3600},
        {"partitions", SWAPCI_OPTION_FLAG, &job.partitions, NULL,
         "each partition of its stream as well, and their sums", 0, 0, 0},
        {"drain", SWAPCI_OPTION_ACT, &job.drain, NULL, "have it finish what it has, and end", 0, 0,
         0},
        {"json", SWAPCI_OPTION_STRING, &job.json, "FILE|-", "write the answer as one JSON document",
         0, 0, 0},
        SWAPCI_REMOTE_TLS_ROWS(job.tls),
    };
    const struct swapci_options options = {
        command,
        "ADDR",
        "Asks a running signer, verifier or process how it is. ADDR is "
        "its --listen: unix:PATH or HOST:PORT.\n"
        "Exit status 1 when it is not serving, and then it says "
        "why, or does not answer; 0 when a watch is ended.",
        rows,
        sizeof rows / sizeof *rows,
        1,
        1,
        "swapc status unix:/run/verifier.sock --watch"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    if (job.watch_s && job.drain)
        return swapci_cli_usage(command, "--watch asks again and again, --drain asks for the end: "
                                         "give one of them");
    job.address = argv[first];
    return job.watch_s ? watch(&job) : once(&job);
}
