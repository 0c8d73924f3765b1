#include "settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "small_file.h"
#include "toml.h"

/* A pair of the file. */
struct pair {
    char table[SWAPCI_NAME_MAX], name[SWAPCI_NAME_MAX];
    char *text;
    enum swapci_toml_scalar kind;
    unsigned line;
};

static struct {
    bool opened;
    char *path; /* NULL: no file */
    struct pair *pairs;
    size_t count, room;
} now;

/* What means the same in every command. A run's Redis is one of its own, unless its command line or its
 * own table says otherwise: it adds messages, and its books are about them. */
static const struct {
    const char *name, *not_of;
} shared[] = {
    {"redis", "swapc run"}, {"stream", ""},     {"ring", ""}, {"via", ""},
    {"progress", ""},       {"log-format", ""},
};

enum { SHARED = sizeof shared / sizeof *shared };

bool swapci_settings_shared(const char *command, const char *name) {
    for (size_t i = 0; i < SHARED; i++)
        if (strcmp(shared[i].name, name) == 0)
            return !command || strcmp(shared[i].not_of, command) != 0;
    return false;
}

bool swapci_settings_settable(const struct swapci_option *row) {
    return row->kind != SWAPCI_OPTION_ACT && strcmp(row->name, "parent") != 0 &&
           strcmp(row->name, "config") != 0;
}

const char *swapci_settings_table(const char *command, char out[SWAPCI_SETTINGS_NAME_MAX]) {
    const char *after = strchr(command, ' ');
    snprintf(out, SWAPCI_SETTINGS_NAME_MAX, "%s", after ? after + 1 : command);
    for (char *c = out; *c; c++)
        if (*c == ' ') *c = '-';
    return out;
}

const char *swapci_settings_variable(const char *command, const char *name,
                                     char out[SWAPCI_SETTINGS_NAME_MAX]) {
    char table[SWAPCI_SETTINGS_NAME_MAX] = "";
    if (command) swapci_settings_table(command, table);
    snprintf(out, SWAPCI_SETTINGS_NAME_MAX, "SWAPC_%.50s%s%.50s", table, command ? "_" : "", name);
    for (char *c = out; *c; c++) *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    return out;
}

/* ---- what is known ---------------------------------------------------------------------------- */

struct search {
    const char *table, *name; /* name NULL: a table is looked for */
    struct swapci_suggestion *suggestion;
    bool found;
};

static void meet_word(struct search *s, const char *wanted, const char *word) {
    s->found |= strcmp(wanted, word) == 0;
    swapci_suggest_offer(s->suggestion, word);
}

static void meet_rows(struct search *s, const struct swapci_option *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (swapci_settings_settable(&rows[i])) meet_word(s, s->name, rows[i].name);
}

static void meet_command(const struct swapci_options *options, void *user) {
    struct search *s = user;
    char table[SWAPCI_SETTINGS_NAME_MAX];
    swapci_settings_table(options->command, table);
    if (!s->name) {
        meet_word(s, s->table, table);
    } else if (strcmp(s->table, table) == 0) {
        meet_rows(s, options->rows, options->count);
        for (const struct swapci_option *row = swapci_options_common; row->name; row++)
            meet_rows(s, row, 1);
    }
}

static void nothing(swapci_options_see see, void *user) {
    (void)see, (void)user;
}

void (*swapci_options_each)(swapci_options_see see, void *user) = nothing;

/* An option of a command at the top: say where it belongs. */
static void meet_misplaced(const struct swapci_options *options, void *user) {
    struct search *s = user;
    char table[SWAPCI_SETTINGS_NAME_MAX];
    for (size_t i = 0; i < options->count && !s->found; i++)
        if (strcmp(options->rows[i].name, s->name) == 0 &&
            swapci_settings_settable(&options->rows[i])) {
            s->found = true;
            swapci_settings_table(options->command, table);
            snprintf(s->suggestion->best, sizeof s->suggestion->best, "%.60s", table);
        }
}

static enum swapc_status unknown_at_the_top(struct swapci_toml *t,
                                            const struct swapci_toml_statement *s) {
    struct swapci_suggestion suggestion = {.word = s->name};
    struct search search = {"", s->name, &suggestion, false};
    for (size_t i = 0; i < SHARED; i++) meet_word(&search, s->name, shared[i].name);
    if (search.found) return SWAPC_OK;
    swapci_options_each(meet_misplaced, &search);
    if (search.found)
        return swapci_toml_fail(t,
                                "\"%s\" belongs under the table of its command, as [%s]; at the "
                                "top stand only settings of all commands",
                                s->name, suggestion.best);
    return swapci_toml_unknown(t, s, &suggestion);
}

static enum swapc_status check_known(struct swapci_toml *t, const struct swapci_toml_statement *s,
                                     const char *table) {
    struct swapci_suggestion suggestion = {.word = s->name};
    if (s->kind == SWAPCI_TOML_PAIR && !*table) return unknown_at_the_top(t, s);
    struct search search = {s->kind == SWAPCI_TOML_TABLE ? s->name : table,
                            s->kind == SWAPCI_TOML_TABLE ? NULL : s->name, &suggestion, false};
    swapci_options_each(meet_command, &search);
    if (s->kind == SWAPCI_TOML_TABLE && s->array)
        return swapci_toml_fail(t, "a command has one table: write [%s]", s->name);
    return search.found ? SWAPC_OK : swapci_toml_unknown(t, s, &suggestion);
}

/* ---- the file --------------------------------------------------------------------------------- */

static enum swapc_status no_memory(swapc_error *error) {
    return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the settings");
}

static struct pair *new_pair(void) {
    if (now.count == now.room) {
        size_t room = now.room ? 2 * now.room : 16;
        struct pair *more = realloc(now.pairs, room * sizeof *more);
        if (!more) return NULL;
        now.pairs = more;
        now.room = room;
    }
    now.pairs[now.count] = (struct pair){.text = NULL};
    return &now.pairs[now.count++];
}

static const struct pair *find_pair(const char *table, const char *name) {
    for (size_t i = 0; i < now.count; i++)
        if (strcmp(now.pairs[i].table, table) == 0 && strcmp(now.pairs[i].name, name) == 0)
            return &now.pairs[i];
    return NULL;
}

/* A table that was opened is remembered as a pair without a name, so that it is not opened twice. */
static enum swapc_status take_table(struct swapci_toml *t, const struct swapci_toml_statement *s) {
    if (find_pair(s->name, "")) return swapci_toml_fail(t, "[%s] stands there already", s->name);
    struct pair *pair = new_pair();
    if (!pair) return no_memory(t->error);
    memcpy(pair->table, s->name, sizeof pair->table);
    return SWAPC_OK;
}

static enum swapc_status take_pair(struct swapci_toml *t, const struct swapci_toml_statement *s,
                                   const char *table) {
    const struct pair *before = find_pair(table, s->name);
    if (before)
        return swapci_toml_fail(t, "\"%s\" stands there already, in line %u", s->name,
                                before->line);
    struct pair *pair = new_pair();
    if (!pair) return no_memory(t->error);
    snprintf(pair->table, sizeof pair->table, "%s", table);
    memcpy(pair->name, s->name, sizeof pair->name);
    pair->line = t->line;
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_toml_scalar(t, &pair->kind, &text);
    if (status == SWAPC_OK && text.len && memchr(text.ptr, 0, text.len))
        status = swapci_toml_fail(t, "a setting holds no \\u0000");
    if (status == SWAPC_OK && swapci_buffer_append_u8(&text, 0) != SWAPC_OK)
        status = no_memory(t->error);
    pair->text = (char *)text.ptr;
    return status;
}

static enum swapc_status read_text(swapc_bytes text, swapc_error *error) {
    struct swapci_toml t;
    struct swapci_toml_statement s;
    char table[SWAPCI_NAME_MAX] = "";
    swapci_toml_open(&t, text, now.path, error);
    for (;;) {
        enum swapc_status status = swapci_toml_next(&t, &s);
        if (status != SWAPC_OK || s.kind == SWAPCI_TOML_END) return status;
        status = check_known(&t, &s, table);
        if (status != SWAPC_OK) return status;
        if (s.kind == SWAPCI_TOML_TABLE) {
            memcpy(table, s.name, sizeof table);
            status = take_table(&t, &s);
        } else {
            status = take_pair(&t, &s, table);
        }
        if (status != SWAPC_OK) return status;
    }
}

static void forget_file(void) {
    for (size_t i = 0; i < now.count; i++) free(now.pairs[i].text);
    free(now.path);
    now.count = 0;
    now.path = NULL;
}

enum swapc_status swapci_settings_take(swapc_bytes text, const char *path, swapc_error *error) {
    forget_file();
    now.opened = true;
    now.path = strdup(path);
    return now.path ? read_text(text, error) : no_memory(error);
}

static enum swapc_status read_file(const char *path, bool named, swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    enum swapc_status status =
        swapci_small_file_read(path, SWAPCI_SETTINGS_FILE_MAX, &text, named ? error : NULL);
    if (status == SWAPC_NOT_FOUND && !named) return SWAPC_OK;
    if (status != SWAPC_OK && !named)
        status = swapci_small_file_read(path, SWAPCI_SETTINGS_FILE_MAX, &text, error);
    if (status == SWAPC_OK) status = swapci_settings_take(swapci_buffer_bytes(&text), path, error);
    swapci_buffer_fini(&text);
    return status;
}

enum swapc_status swapci_settings_open(const char *given, swapc_error *error) {
    if (now.opened) return SWAPC_OK;
    now.opened = true;
    const char *variable = getenv(SWAPCI_SETTINGS_VARIABLE);
    if (given) return *given ? read_file(given, true, error) : SWAPC_OK;
    if (variable) return *variable ? read_file(variable, true, error) : SWAPC_OK;
    return read_file(SWAPCI_SETTINGS_SYSTEM, false, error);
}

const char *swapci_settings_path(void) {
    return now.path;
}

/* ---- look-ups --------------------------------------------------------------------------------- */

bool swapci_settings_of_file(const char *command, const char *name, struct swapci_setting *out) {
    char table[SWAPCI_SETTINGS_NAME_MAX];
    const struct pair *pair = find_pair(swapci_settings_table(command, table), name);
    if (!pair && swapci_settings_shared(command, name)) pair = find_pair("", name);
    if (!pair) return false;
    *out = (struct swapci_setting){.text = pair->text,
                                   .string = pair->kind == SWAPCI_TOML_STRING,
                                   .number = pair->kind == SWAPCI_TOML_NUMBER,
                                   .file = true};
    snprintf(out->origin, sizeof out->origin, "%.4096s line %u", now.path, pair->line);
    return true;
}

bool swapci_settings_of_environment(const char *command, const char *name,
                                    struct swapci_setting *out) {
    char variable[SWAPCI_SETTINGS_NAME_MAX];
    const char *text = getenv(swapci_settings_variable(command, name, variable));
    if ((!text || !*text) && swapci_settings_shared(command, name))
        text = getenv(swapci_settings_variable(NULL, name, variable));
    if (!text || !*text) return false;
    *out = (struct swapci_setting){.text = text};
    snprintf(out->origin, sizeof out->origin, "$%s", variable);
    return true;
}

static void forget_rows(const char *command, const struct swapci_option *row) {
    char variable[SWAPCI_SETTINGS_NAME_MAX];
    unsetenv(swapci_settings_variable(command, row->name, variable));
    if (swapci_settings_shared(NULL, row->name))
        unsetenv(swapci_settings_variable(NULL, row->name, variable));
}

static void forget_command(const struct swapci_options *options, void *user) {
    (void)user;
    for (size_t i = 0; i < options->count; i++) forget_rows(options->command, &options->rows[i]);
    for (const struct swapci_option *row = swapci_options_common; row->name; row++)
        forget_rows(options->command, row);
}

void swapci_settings_forget(void) {
    swapci_options_each(forget_command, NULL);
    setenv(SWAPCI_SETTINGS_VARIABLE, "", 1);
}
