#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "json_file.h"
#include "printable.h"
#include "suggest.h"

enum { SENTENCE_MAX = 1024 };

/* What the library calls a limit, and the option that sets it where there is one. */
static const struct {
    const char *command, *limit, *option;
} limit_options[] = {
    {"swapc call", "limits.deadline_ms, or the call's own", "--deadline"},
    {"swapc call", "limits.deadline_ms", "--deadline"},
    {"swapc call", "deadline_ms", "--deadline"},
    {"swapc call", "limits.memory_max", "--memory-max"},
    {"swapc call", "memory_max", "--memory-max"},
    {SWAPCI_CLI_REMOTE, "limits.compile_ms",
     "the --compile-max that this process was started with"},
    {NULL, "limits.compile_ms", "--compile-max"}, /* all that load modules have it */
};

void swapci_cli_name_options(const char *command, const char *text, char *out, size_t size) {
    size_t used = 0;
    while (*text && used + 1 < size) {
        const char *option = NULL;
        for (size_t i = 0; i < sizeof limit_options / sizeof *limit_options && !option; i++) {
            size_t len = strlen(limit_options[i].limit);
            if ((limit_options[i].command && strcmp(command, limit_options[i].command) != 0) ||
                strncmp(text, limit_options[i].limit, len) != 0)
                continue;
            option = limit_options[i].option;
            text += len;
            used += (size_t)snprintf(out + used, size - used, "%s", option);
            if (used >= size) used = size - 1;
        }
        if (!option) out[used++] = *text++;
    }
    out[used] = '\0';
}

int swapci_cli_fail(const char *command, const swapc_error *error) {
    char text[SENTENCE_MAX];
    swapci_cli_name_options(command,
                            error->text[0] ? error->text : swapc_status_text(error->status), text,
                            sizeof text);
    fprintf(stderr, "%s: %s [%s]\n", command, text, swapc_status_name(error->status));
    return error->status == SWAPC_NO_ENGINE || error->status == SWAPC_INVALID ? SWAPCI_EXIT_USAGE
                                                                              : SWAPCI_EXIT_FAILED;
}

int swapci_cli_engine(const char *command, const char *engine) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    struct swapci_suggestion suggestion = {.word = engine};
    swapc_error error = SWAPC_ERROR_INIT;
    char built[256] = "";
    for (unsigned i = 0; swapc_engine_at(i, &info); i++) {
        if (!info.built) continue;
        if (strcmp(info.name, engine) == 0) return -1;
        swapci_suggest_offer(&suggestion, info.name);
        snprintf(built + strlen(built), sizeof built - strlen(built), " %s", info.name);
    }
    swapc_error_set(&error, SWAPC_NO_ENGINE, "engine \"%s\" is not in this build%s (it has:%s)",
                    engine, swapci_suggest_text(&suggestion), built);
    return swapci_cli_fail(command, &error);
}

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* A value in quotes. What the library wrote is one line already, whose escapes logfmt leaves alone; a guest's
 * bytes are escaped here. A backslash is one of JSON's: there it is doubled, whoever wrote it. */
static void print_quoted(FILE *to, swapc_bytes text, bool escaped) {
    bool json = swapci_options_log_json();
    fputc('"', to);
    while (text.len > 0) {
        char piece[SWAPCI_PRINTABLE_PIECE];
        bool backslash = text.ptr[0] == '\\';
        swapci_printable_next(&text, piece);
        const char *shown = backslash && escaped ? "\\" : piece;
        if (*piece == '"') fputs("\\\"", to);
        else
            for (const char *c = shown; *c; c++) {
                if (json && *c == '\\') fputc('\\', to);
                fputc(*c, to);
            }
    }
    fputc('"', to);
}

/* key=word, or "key":"word" after a comma. */
static void print_pair(FILE *to, const char *key, swapc_bytes text, bool quoted, bool escaped) {
    bool json = swapci_options_log_json();
    if (json) fprintf(to, "%s\"%s\":", strcmp(key, "level") == 0 ? "" : ",", key);
    else fprintf(to, "%s%s=", strcmp(key, "level") == 0 ? "" : " ", key);
    if (json || quoted) print_quoted(to, text, escaped);
    else fwrite(text.ptr, 1, text.len, to);
}

static void log_line(enum swapc_log_level level, const char *source, const char *message,
                     void *user) {
    (void)user;
    bool json = swapci_options_log_json();
    flockfile(stderr);
    if (json) fputc('{', stderr);
    print_pair(stderr, "level", swapc_bytes_str(level_names[level]), false, true);
    print_pair(stderr, "source", swapc_bytes_str(source), false, true);
    print_pair(stderr, "msg", swapc_bytes_str(message), true, true);
    fputs(json ? "}\n" : "\n", stderr);
    funlockfile(stderr);
}

swapc_log swapci_cli_log(void) {
    const char *wanted = getenv("SWAPC_LOG");
    swapc_log log = {log_line, NULL, SWAPC_LOG_WARN};
    for (int i = 0; wanted && i < 4; i++)
        if (strcmp(wanted, level_names[i]) == 0) log.max_level = (enum swapc_log_level)i;
    return log;
}

swapc_log swapci_cli_service_log(void) {
    swapc_log log = swapci_cli_log();
    if (!getenv("SWAPC_LOG")) log.max_level = SWAPC_LOG_INFO;
    return log;
}

void swapci_cli_console(const char *module, uint64_t generation, swapc_bytes line, void *user) {
    (void)user;
    bool json = swapci_options_log_json();
    bool plain = !strpbrk(module, " =\"") && swapci_printable_is(swapc_bytes_str(module));
    flockfile(stderr);
    if (json) fputc('{', stderr);
    print_pair(stderr, "level", swapc_bytes_str("info"), false, true);
    print_pair(stderr, "source", swapc_bytes_str("guest"), false, true);
    print_pair(stderr, "module", swapc_bytes_str(module), !plain, false);
    fprintf(stderr, json ? ",\"generation\":%llu" : " generation=%llu",
            (unsigned long long)generation);
    print_pair(stderr, "msg", line, true, false);
    fputs(json ? "}\n" : "\n", stderr);
    funlockfile(stderr);
}

enum swapc_status swapci_cli_share_path(const char *name, char *out, size_t size,
                                        swapc_error *error) {
    ssize_t len = readlink("/proc/self/exe", out, size - 1);
    char *slash = NULL;
    if (len > 0) {
        out[len] = '\0';
        slash = strrchr(out, '/');
    }
    size_t left = slash ? size - (size_t)(slash - out) : 0;
    if (slash && (size_t)snprintf(slash, left, "/../share/swapc/%s", name) < left) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_NOT_FOUND, "the folder of shipped %s is unknown", name);
}

static bool modules_folder(char *out, size_t size) {
    const char *given = getenv("SWAPC_MODULES");
    if (given && *given) return (size_t)snprintf(out, size, "%s", given) < size;
    return swapci_cli_share_path("modules", out, size, NULL) == SWAPC_OK;
}

static enum swapc_status no_shipped_module(const char *name, const char *folder,
                                           swapc_error *error) {
    struct swapci_suggestion suggestion = {.word = name};
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') swapci_suggest_offer(&suggestion, entry->d_name);
    if (dir) closedir(dir);
    return swapc_error_set(error, SWAPC_NOT_FOUND,
                           "no shipped module is called \"%s\" in %s%s (a path needs a slash or a "
                           "dot: ./%s)",
                           name, folder, swapci_suggest_text(&suggestion), name);
}

/* An empty word is mostly a variable of a script that was not set. */
static enum swapc_status no_name(swapc_error *error) {
    return swapc_error_set(
        error, SWAPC_INVALID,
        "the name of the module is empty: give a bundle's folder, a file, or the "
        "name of a shipped module");
}

enum swapc_status swapci_cli_module_path(const char *name, char *out, size_t size,
                                         swapc_error *error) {
    if (!*name) return no_name(error);
    if (strpbrk(name, "/.")) {
        if ((size_t)snprintf(out, size, "%s", name) < size) return SWAPC_OK;
        return swapc_error_set(error, SWAPC_INVALID, "the path of the module is too long");
    }
    char folder[4096];
    if (!modules_folder(folder, sizeof folder) ||
        (size_t)snprintf(out, size, "%s/%s", folder, name) >= size)
        return swapc_error_set(error, SWAPC_NOT_FOUND, "the folder of shipped modules is unknown");
    return access(out, F_OK) == 0 ? SWAPC_OK : no_shipped_module(name, folder, error);
}

enum swapc_status swapci_cli_own_path(const char *name, const char **out, swapc_error *error) {
    *out = name;
    if (!*name) return no_name(error);
    if (access(name, F_OK) == 0) return SWAPC_OK;
    return strpbrk(name, "/.")
               ? swapc_error_set(error, SWAPC_NOT_FOUND, "there is no %s", name)
               : swapc_error_set(error, SWAPC_NOT_FOUND,
                                 "there is no %s here: this command writes, and takes paths only; "
                                 "of a bundle that swapc ships, write to a copy",
                                 name);
}

static enum swapc_status read_stream(FILE *from, const char *path, uint8_t **out, size_t *len,
                                     swapc_error *error) {
    size_t capacity = 65536, used = 0;
    uint8_t *at = malloc(capacity);
    while (at) {
        used += fread(at + used, 1, capacity - used, from);
        if (used > SWAPCI_CLI_READ_MAX) {
            free(at);
            return swapc_error_set(error, SWAPC_TOO_LARGE,
                                   "%s holds more than the 1 GiB that a payload may have", path);
        }
        if (used < capacity) break;
        uint8_t *more = realloc(at, capacity *= 2);
        if (!more) free(at);
        at = more;
    }
    if (!at) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to read %s", path);
    if (ferror(from)) {
        free(at);
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read %s", path);
    }
    *out = at;
    *len = used;
    return SWAPC_OK;
}

enum swapc_status swapci_cli_read(const char *path, uint8_t **out, size_t *len,
                                  swapc_error *error) {
    if (strcmp(path, "-") == 0) return read_stream(stdin, "standard input", out, len, error);
    FILE *from = fopen(path, "rbe");
    if (!from) return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot open %s", path);
    enum swapc_status status = read_stream(from, path, out, len, error);
    fclose(from);
    return status;
}

/* Whether a file could be made there. None is: who ended at that moment would leave it, empty, and it would be taken for a
 * document. */
static bool can_make(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int len = !slash ? 1 : slash == path ? 1 : (int)(slash - path);
    if (snprintf(folder, sizeof folder, "%.*s", len, slash ? path : ".") >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    return *path && access(folder, W_OK | X_OK) == 0;
}

/* A pipe is not opened: its reader would take the closing for the end. */
static bool can_write(const char *path) {
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return access(path, W_OK) == 0;
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT && can_make(path);
    close(fd);
    return true;
}

enum swapc_status swapci_cli_json_check(const char *path, swapc_error *error) {
    if (!path || strcmp(path, "-") == 0 || can_write(path)) return SWAPC_OK;
    return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot write %s", path);
}

enum swapc_status swapci_cli_write_json(const char *path, json_t *document, swapc_error *error) {
    bool good = swapci_json_file_write(path, document);
    json_decref(document);
    return good ? SWAPC_OK : swapc_error_set_errno(error, SWAPC_IO, errno, "cannot write %s", path);
}
