/* `swapc dead`: the messages that were given up, or (--in) the entries that came to nothing. What is asked for is found before anything is done, so
 * that a wrong id leaves all as it is; then each letter is given back or dropped on its own. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arguments.h"
#include "cli.h"
#include "dead.h"
#include "pipeline_options.h"
#include "places.h"
#include "printable.h"
#include "process_names.h"
#include "redis_retry.h"
#include "signals.h"
#include "suggest.h"

static const char command[] = "swapc dead";

enum { SHOWN_MAX = 61, TEXT_MAX = 1024 };

/* What a verb does with one letter. */
typedef enum swapc_status (*act_fn)(swapci_redis *redis, const swapci_stream_names *names,
                                    enum swapci_letter_kind kind, swapci_stream_id entry,
                                    bool *taken, swapci_stream_id *id, swapc_error *error);

static enum swapc_status drop(swapci_redis *redis, const swapci_stream_names *names,
                              enum swapci_letter_kind kind, swapci_stream_id entry, bool *taken,
                              swapci_stream_id *id, swapc_error *error) {
    (void)kind, (void)id;
    return swapci_dead_drop(redis, names, entry, taken, error);
}

static const struct verb {
    const char *name, *done;
    act_fn act; /* NULL: shows */
} verbs[] = {
    {"list", "", NULL},
    {"retry", "added again", swapci_dead_retry},
    {"drop", "dropped", drop},
};

enum { VERBS = sizeof verbs / sizeof *verbs };

struct wanted {
    const char *text;
    swapci_stream_id id; /* of a message, or of a letter's entry */
    bool found;
};

/* A letter that is meant. */
struct chosen {
    unsigned place;
    swapci_stream_id entry, id;
};

struct dead_job {
    const char *redis_url, *stream, *in, *errors, *json;
    enum swapci_letter_kind kind;
    bool all;
    uint64_t partitions;
    const struct verb *verb;
    struct wanted *wanted; /* none: all */
    size_t wanted_count;

    struct swapci_places places;
    swapci_redis **redis; /* of each place */
    unsigned place;       /* that is looked at */
    struct chosen *chosen;
    size_t chosen_count, chosen_room;
    json_t *letters;
    size_t shown, next;
    bool taken; /* of the step under way */
    swapci_stream_id given;
};

static bool same(swapci_stream_id a, swapci_stream_id b) {
    return swapci_stream_id_compare(a, b) == 0;
}

static bool is_wanted(struct dead_job *job, const swapci_letter *letter) {
    bool wanted = job->wanted_count == 0;
    for (size_t i = 0; i < job->wanted_count; i++) {
        struct wanted *w = &job->wanted[i];
        if (!same(w->id, letter->entry) && !same(w->id, letter->id)) continue;
        w->found = wanted = true;
    }
    return wanted;
}

/* The id that a letter goes by: its message's, or its own where that is not said. */
static void format_id(swapci_stream_id id, swapci_stream_id entry,
                      char out[SWAPCI_STREAM_ID_SIZE]) {
    swapci_stream_id_format(same(id, (swapci_stream_id){0, 0}) ? entry : id, out);
}

static void format_time(uint64_t ms, char out[32]) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(out, 32, "?");
}

static void print_entry(struct dead_job *job, const swapci_letter *letter) {
    char id[SWAPCI_STREAM_ID_SIZE], when[32], reason[40], text[SHOWN_MAX];
    format_id(letter->id, letter->entry, id);
    format_time(letter->entry.ms, when);
    if (job->shown++ == 0)
        printf("%s%-20s  %-12s  %-20s  %10s  %s\n", job->places.count > 1 ? "PART  " : "", "ID",
               "REASON", "WHEN", "SIZE", "TEXT");
    if (job->places.count > 1) printf("%4u  ", job->place);
    printf("%-20s  %-12s  %-20s  %10zu  %s\n", id,
           swapci_printable(letter->reason, reason, sizeof reason), when, letter->size,
           swapci_printable(letter->text, text, sizeof text));
}

static void print_letter(struct dead_job *job, const swapci_letter *letter) {
    char id[SWAPCI_STREAM_ID_SIZE], when[32], method[24], reason[40], text[SHOWN_MAX];
    format_id(letter->id, letter->entry, id);
    format_time(letter->entry.ms, when);
    if (job->shown++ == 0)
        printf("%s%-20s  %-8s  %-12s  %-20s  %10s  %s\n", job->places.count > 1 ? "PART  " : "",
               "ID", "METHOD", "REASON", "WHEN", "SIZE", "TEXT");
    if (job->places.count > 1) printf("%4u  ", job->place);
    printf("%-20s  %-8s  %-12s  %-20s  %10zu  %s\n", id,
           swapci_printable(letter->method, method, sizeof method),
           swapci_printable(letter->reason, reason, sizeof reason), when, letter->body.len,
           letter->has_body ? swapci_printable(letter->body, text, sizeof text) : "(no body)");
}

/* Of which partition a row is, where there are any. */
static void name_partition(const struct dead_job *job, unsigned place, json_t *row) {
    if (job->places.count > 1)
        json_object_set_new(row, "partition", json_integer((json_int_t)place));
}

static json_t *letter_json(const struct dead_job *job, const swapci_letter *letter) {
    char id[SWAPCI_STREAM_ID_SIZE], entry[SWAPCI_STREAM_ID_SIZE], when[32];
    char method[64], reason[256], text[TEXT_MAX];
    format_id(letter->id, letter->entry, id);
    swapci_stream_id_format(letter->entry, entry);
    format_time(letter->entry.ms, when);
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "id", id, "entry", entry, "method",
        swapci_printable(letter->method, method, sizeof method), "reason",
        swapci_printable(letter->reason, reason, sizeof reason), "when", when, "added_us",
        (json_int_t)letter->t_us, "strikes", (json_int_t)letter->strikes, "size",
        (json_int_t)letter->body.len, "text", swapci_printable(letter->body, text, sizeof text));
    name_partition(job, job->place, row);
    return row;
}

static json_t *entry_json(const struct dead_job *job, const swapci_letter *letter) {
    char id[SWAPCI_STREAM_ID_SIZE], entry[SWAPCI_STREAM_ID_SIZE], when[32];
    char reason[256], text[TEXT_MAX], digest[80], body[TEXT_MAX];
    format_id(letter->id, letter->entry, id);
    swapci_stream_id_format(letter->entry, entry);
    format_time(letter->entry.ms, when);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "id", id, "entry", entry,
                            "reason", swapci_printable(letter->reason, reason, sizeof reason),
                            "text", swapci_printable(letter->text, text, sizeof text), "digest",
                            swapci_printable(letter->digest, digest, sizeof digest), "when", when,
                            "size", (json_int_t)letter->size, "first",
                            swapci_printable(letter->body, body, sizeof body));
    name_partition(job, job->place, row);
    return row;
}

static enum swapc_status choose(struct dead_job *job, const swapci_letter *letter,
                                swapc_error *error) {
    if (job->chosen_count == job->chosen_room) {
        size_t room = job->chosen_room ? 2 * job->chosen_room : 16;
        struct chosen *more = realloc(job->chosen, room * sizeof *more);
        if (!more) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
        job->chosen = more;
        job->chosen_room = room;
    }
    job->chosen[job->chosen_count++] = (struct chosen){job->place, letter->entry, letter->id};
    return SWAPC_OK;
}

static enum swapc_status meet(const swapci_letter *letter, void *user, swapc_error *error) {
    struct dead_job *job = user;
    if (!is_wanted(job, letter)) return SWAPC_OK;
    if (job->verb->act) return choose(job, letter, error);
    bool entry = job->kind == SWAPCI_LETTER_ENTRY;
    if (!job->json && entry) print_entry(job, letter);
    else if (!job->json) print_letter(job, letter);
    else if (json_array_append_new(job->letters,
                                   entry ? entry_json(job, letter) : letter_json(job, letter)) != 0)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    return SWAPC_OK;
}

/* For people; partitions have one name together. */
static const char *dead_name(const struct dead_job *job) {
    return job->places.count == 1 ? job->places.at[0].names.dead : job->places.partitions.prefix;
}

static enum swapc_status check_found(const struct dead_job *job, swapc_error *error) {
    for (size_t i = 0; i < job->wanted_count; i++)
        if (!job->wanted[i].found)
            return swapc_error_set(
                error, SWAPC_NOT_FOUND,
                "%s has no letter of %s %s%s; \"swapc dead list%s%s\" shows those it has",
                dead_name(job), job->in ? "entry" : "message", job->wanted[i].text,
                job->verb->act ? ": nothing was done" : "", job->in ? " --in " : "",
                job->in ? job->in : "");
    return SWAPC_OK;
}

static enum swapc_status act_on_next(void *user, swapc_error *error) {
    struct dead_job *job = user;
    const struct chosen *c = &job->chosen[job->next];
    return job->verb->act(job->redis[c->place], &job->places.at[c->place].names, job->kind,
                          c->entry, &job->taken, &job->given, error);
}

/* Says what became of one letter. */
static void report(struct dead_job *job, const struct chosen *letter) {
    char id[SWAPCI_STREAM_ID_SIZE], given[SWAPCI_STREAM_ID_SIZE] = "";
    bool is_new = job->taken && !same(job->given, (swapci_stream_id){0, 0});
    const char *done = job->taken ? job->verb->done : "gone already";
    format_id(letter->id, letter->entry, id);
    if (is_new) swapci_stream_id_format(job->given, given);
    if (!job->json) {
        printf("%s %s%s%s\n", id, done, is_new ? " as " : "", given);
    } else {
        json_t *row = json_pack("{s:s, s:s}", "id", id, "done", done);
        if (is_new) json_object_set_new(row, "new_id", json_string(given));
        name_partition(job, letter->place, row);
        json_array_append_new(job->letters, row);
    }
}

static enum swapc_status act_on_all(struct dead_job *job, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (job->next = 0; job->next < job->chosen_count; job->next++) {
        job->given = (swapci_stream_id){0, 0};
        status =
            swapci_redis_persist(job->redis[job->chosen[job->next].place], act_on_next, job, error);
        if (status != SWAPC_OK) return status;
        report(job, &job->chosen[job->next]);
    }
    return status;
}

/* Of `swapc process`: where entries and letters are, as it names them itself. */
static enum swapc_status place_entries(struct dead_job *job, swapc_error *error) {
    struct swapci_places *p = &job->places;
    const struct swapci_process_given given = {.in = job->in, .errors = job->errors};
    *p = (struct swapci_places){.count = job->partitions ? (unsigned)job->partitions : 1};
    enum swapc_status status =
        swapci_partitions_init(&p->partitions, "--in", job->in, p->count, job->redis_url, error);
    if (status != SWAPC_OK) return status;
    p->at = calloc(p->count, sizeof *p->at);
    if (!p->at) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    for (unsigned k = 0; k < p->count && status == SWAPC_OK; k++) {
        swapci_process_names names;
        status = swapci_process_names_partition(&names, &p->partitions, k, &given, error);
        p->at[k] = (swapci_stream_place){.url = swapci_partition_url(&p->partitions, k),
                                         .names = names.stream};
    }
    job->kind = SWAPCI_LETTER_ENTRY;
    return status;
}

/* Connects to each stream, and meets all its letters. */
static enum swapc_status look(struct dead_job *job, swapc_error *error) {
    swapci_redis_config redis = {.retry_ms = SWAPCI_REDIS_RETRY_MS, .stop = &swapci_signals_stop};
    job->redis = calloc(job->places.count, sizeof(swapci_redis *));
    if (!job->redis) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    enum swapc_status status = swapci_partitions_ask(
        &job->places.partitions, job->in ? job->in : job->places.plain, &redis, error);
    for (job->place = 0; job->place < job->places.count && status == SWAPC_OK; job->place++) {
        const swapci_stream_place *at = &job->places.at[job->place];
        redis.url = at->url;
        status = swapci_redis_open(&redis, &job->redis[job->place], error);
        if (status == SWAPC_OK)
            status =
                swapci_dead_each(job->redis[job->place], &at->names, job->kind, meet, job, error);
    }
    return status;
}

static enum swapc_status work(struct dead_job *job, swapc_error *error) {
    enum swapc_status status = job->in ? place_entries(job, error)
                                       : swapci_places_init(&job->places, job->stream,
                                                            job->partitions, job->redis_url, error);
    if (status == SWAPC_OK) status = swapci_cli_json_check(job->json, error);
    if (status == SWAPC_OK) status = look(job, error);
    if (status == SWAPC_OK) status = check_found(job, error);
    if (status == SWAPC_OK && job->verb->act) status = act_on_all(job, error);
    if (job->json && (status == SWAPC_OK || job->next > 0)) {
        json_t *document =
            json_pack("{s:s, s:O}", "stream", dead_name(job), "letters", job->letters);
        enum swapc_status wrote = swapci_cli_write_json(job->json, document, error);
        return status == SWAPC_OK ? wrote : status;
    }
    if (status == SWAPC_OK && job->shown + job->chosen_count == 0)
        printf("no letters in %s\n", dead_name(job));
    return status;
}

static int run(struct dead_job *job) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_signals_handle(SWAPCI_EXIT_INTERRUPTED);
    swapci_signals_working(SWAPCI_SIGNALS_FORCE_MS);
    job->letters = json_array();
    enum swapc_status status = work(job, &error);
    json_decref(job->letters);
    for (unsigned i = 0; i < job->places.count && job->redis; i++) swapci_redis_free(job->redis[i]);
    free(job->redis);
    swapci_places_fini(&job->places);
    free(job->chosen);
    if (status == SWAPC_INTERRUPTED) return SWAPCI_EXIT_INTERRUPTED;
    return status == SWAPC_OK ? SWAPCI_EXIT_OK : swapci_cli_fail(command, &error);
}

/* Reads the verb and the ids. Returns -1, or the exit status of a mistake. */
static int take_arguments(struct dead_job *job, int count, char **words) {
    struct swapci_suggestion suggestion = {.word = words[0]};
    for (int i = 0; i < VERBS; i++) {
        if (strcmp(words[0], verbs[i].name) == 0) job->verb = &verbs[i];
        swapci_suggest_offer(&suggestion, verbs[i].name);
    }
    if (!job->verb)
        return swapci_cli_usage(command, "no command is called \"%s\"%s", words[0],
                                swapci_suggest_text(&suggestion));
    for (int i = 1; i < count; i++) {
        struct wanted *w = &job->wanted[job->wanted_count++];
        w->text = words[i];
        if (!swapci_stream_id_parse(swapc_bytes_str(words[i]), &w->id))
            return swapci_cli_usage(
                command, "\"%s\" is no id of a message, as 1760000000000-0 is one", words[i]);
    }
    if (job->errors && !job->in)
        return swapci_cli_usage(command, "--errors is for letters of swapc process: give its --in");
    if (job->in && job->stream)
        return swapci_cli_usage(command, "--in (of swapc process) or --stream, not both");
    if (job->all && job->wanted_count) return swapci_cli_usage(command, "--all or ids, not both");
    if (job->verb->act && !job->all && !job->wanted_count)
        return swapci_cli_usage(command, "%s which? name ids of \"swapc dead list\", or use --all",
                                job->verb->name);
    const struct swapci_required required = {"--redis", job->redis_url, SWAPCI_REDIS_WHAT};
    return swapci_cli_required(command, &required, 1);
}

int swapci_cmd_dead(int argc, char **argv) {
    struct dead_job job = {.redis_url = NULL};
    const struct swapci_option rows[] = {
        {"redis", SWAPCI_OPTION_STRING, &job.redis_url, "URL",
         "the Redis server (required; or $SWAPC_REDIS)", 0, 0, 0},
        {"stream", SWAPCI_OPTION_STRING, &job.stream, "PREFIX", "prefix in Redis (default swapc)",
         0, 0, 0},
        SWAPCI_PARTITIONS_ROW(&job.partitions),
        {"in", SWAPCI_OPTION_STRING, &job.in, "STREAM",
         "the letters of swapc process, whose --in it is", 0, 0, 0},
        {"errors", SWAPCI_OPTION_STRING, &job.errors, "STREAM",
         "with --in: where they are (default IN:dead)", 0, 0, 0},
        {"all", SWAPCI_OPTION_ACT, &job.all, NULL, "all that there are now", 0, 0, 0},
        {"json", SWAPCI_OPTION_STRING, &job.json, "FILE|-", "write the answer as one JSON document",
         0, 0, 0},
    };
    const struct swapci_options options = {
        command,
        "list|retry|drop [ID...]",
        "Lists messages that were given up because verifiers died on them, or entries that came to "
        "nothing in swapc process (--in); retry adds them again, "
        "as new ones; drop deletes them.",
        rows,
        sizeof rows / sizeof *rows,
        1,
        INT_MAX,
        "swapc dead list --redis redis://127.0.0.1:6379"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    job.wanted = calloc((size_t)(argc - first), sizeof *job.wanted);
    if (!job.wanted) return SWAPCI_EXIT_FAILED;
    stop = take_arguments(&job, argc - first, argv + first);
    if (stop < 0) stop = run(&job);
    free(job.wanted);
    return stop;
}
