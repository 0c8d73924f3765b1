#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "buffer.h"
#include "cli.h"
#include "cmd_module.h"
#include "embedded.h"
#include "arguments.h"
#include "program_path.h"
#include "small_file.h"

/* guests/sdk/template and the guest SDK, by cmake/GuestTemplates.cmake. */
extern const struct swapci_embedded swapci_guest_template[];

static const char told[] = "next.txt"; /* of each kind: shown, not written */

/* A kind of module: the folders of the table that it is made of; what is in an earlier one is not taken
 * from a later one. */
struct kind {
    const char *lang;
    bool libc;
    const char *folders[2];
};

static const struct kind kinds[] = {
    {"c", false, {"c/", NULL}},
    {"c", true, {"libc/", "c/"}},
    {"rust", false, {"rust/", NULL}},
    {"as", false, {"as/", NULL}},
};

static const char *const languages[] = {"c", "rust", "as", NULL};

/* What is written, and where. */
struct project {
    const struct kind *kind;
    const char *name, *folder;
};

enum { NAME_MAX_BYTES = 40 };

/* The name becomes a CMake project and a folder. */
static bool good_name(const char *name) {
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return len > 0 && len <= NAME_MAX_BYTES && name[len] == '\0' && name[0] >= 'a' &&
           name[0] <= 'z';
}

/* Makes the folders on the way to the file at path. */
static enum swapc_status make_folders(const char *path, swapc_error *error) {
    char part[4096];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot make %s", part);
        *slash = '/';
    }
    return SWAPC_OK;
}

/* The tail of the file's path when it is of that folder of the table, else NULL. */
static const char *tail_of(const struct swapci_embedded *file, const char *folder) {
    size_t len = strlen(folder);
    return strncmp(file->path, folder, len) == 0 ? file->path + len : NULL;
}

static const struct swapci_embedded *find_file(const char *folder, const char *tail) {
    for (const struct swapci_embedded *file = swapci_guest_template; file->path; file++) {
        const char *other = tail_of(file, folder);
        if (other && strcmp(other, tail) == 0) return file;
    }
    return NULL;
}

/* What CMake has to be told where make is not there and ninja is. */
static const char *generator(void) {
    char path[4096];
    const char *chosen = getenv("CMAKE_GENERATOR");
    if ((chosen && *chosen) || swapci_program_path("make", path, sizeof path)) return "";
    return swapci_program_path("ninja", path, sizeof path) ? " -G Ninja" : "";
}

/* What stands in the files for what is known only now. Returns NULL for no such mark. */
static const char *meaning(swapc_bytes mark, const struct project *project) {
    const struct {
        const char *mark, *text;
    } marks[] = {
        {"@NAME@", project->name},
        {"@DIR@", project->folder},
        {"@LIBC@", project->kind->libc ? "ON" : "OFF"},
        {"@GENERATOR@", generator()},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (swapc_bytes_equal(mark, swapc_bytes_str(marks[i].mark))) return marks[i].text;
    return NULL;
}

/* The mark that rest begins with; empty when it begins with none. */
static swapc_bytes mark_at(swapc_bytes rest) {
    size_t len = 1;
    while (len < rest.len && rest.ptr[len] >= 'A' && rest.ptr[len] <= 'Z') len++;
    return swapc_bytes_of(rest.ptr,
                          len > 1 && len < rest.len && rest.ptr[len] == '@' ? len + 1 : 0);
}

static enum swapc_status fill_in(const struct swapci_embedded *file, const struct project *project,
                                 swapci_buffer *out) {
    swapc_bytes rest = swapc_bytes_of(file->bytes, file->len);
    enum swapc_status status = SWAPC_OK;
    while (rest.len && status == SWAPC_OK) {
        const uint8_t *at = memchr(rest.ptr, '@', rest.len);
        size_t taken = at ? (size_t)(at - rest.ptr) : rest.len;
        swapc_bytes text = swapc_bytes_of(rest.ptr, taken);
        if (at == rest.ptr) {
            swapc_bytes mark = mark_at(rest);
            const char *means = mark.len ? meaning(mark, project) : NULL;
            taken = means ? mark.len : 1;
            text = means ? swapc_bytes_str(means) : swapc_bytes_of(rest.ptr, 1);
        }
        status = swapci_buffer_append(out, text);
        rest = swapc_bytes_of(rest.ptr + taken, rest.len - taken);
    }
    return status;
}

/* tail: the file's path in the project. */
static enum swapc_status write_file(const struct swapci_embedded *file, const char *tail,
                                    const struct project *project, swapc_error *error) {
    swapci_buffer content = SWAPCI_BUFFER_INIT;
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", project->folder, tail) >= sizeof path)
        return swapc_error_set(error, SWAPC_INVALID, "the path is too long");
    enum swapc_status status = make_folders(path, error);
    if (status == SWAPC_OK) status = fill_in(file, project, &content);
    if (status == SWAPC_NO_MEMORY) swapc_error_set(error, status, "no memory to write %s", path);
    if (status == SWAPC_OK)
        status = swapci_small_file_replace(path, swapci_buffer_bytes(&content), 0644, error);
    swapci_buffer_fini(&content);
    return status;
}

/* Nothing of the user's is overwritten. */
static enum swapc_status refuse_used(const char *folder, swapc_error *error) {
    unsigned entries = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT
                   ? SWAPC_OK
                   : swapc_error_set_errno(error, SWAPC_IO, errno, "cannot use %s", folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return entries == 0
               ? SWAPC_OK
               : swapc_error_set(error, SWAPC_BUSY,
                                 "%s is not empty and is left alone: name another folder", folder);
}

/* Says what to do with it now. */
static enum swapc_status tell(const struct project *project, swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    enum swapc_status status = fill_in(find_file(project->kind->folders[0], told), project, &text);
    swapc_bytes bytes = swapci_buffer_bytes(&text);
    if (status == SWAPC_OK) fwrite(bytes.ptr, 1, bytes.len, stdout);
    else swapc_error_set(error, status, "no memory");
    swapci_buffer_fini(&text);
    return status;
}

static enum swapc_status write_all(const struct project *project, swapc_error *error) {
    enum swapc_status status = refuse_used(project->folder, error);
    for (unsigned i = 0; i < 2 && project->kind->folders[i]; i++)
        for (const struct swapci_embedded *file = swapci_guest_template;
             file->path && status == SWAPC_OK; file++) {
            const char *tail = tail_of(file, project->kind->folders[i]);
            if (!tail || strcmp(tail, told) == 0) continue;
            if (i > 0 && find_file(project->kind->folders[0], tail)) continue;
            status = write_file(file, tail, project, error);
        }
    return status == SWAPC_OK ? tell(project, error) : status;
}

static const struct kind *find_kind(const char *lang, bool libc) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].lang, lang) == 0 && kinds[i].libc == libc) return &kinds[i];
    return NULL;
}

int swapci_cmd_module_new(int argc, char **argv) {
    const char *lang = "c";
    bool libc = false;
    const struct swapci_option rows[] = {
        {"lang", SWAPCI_OPTION_CHOICE, &lang, "LANG",
         "language (default c); rust, or as: AssemblyScript", languages, 0, 0},
        {"libc", SWAPCI_OPTION_FLAG, &libc, NULL,
         "C with its library: malloc, snprintf, string.h; reads and writes JSON", 0, 0, 0},
    };
    const struct swapci_options options = {
        "swapc module new",
        "NAME [DIR]",
        "Writes a module to start from, with one operation NAME, into DIR (default ./NAME): its "
        "source, module.toml\n"
        "with test vectors, and its build. C: wasm by any clang from 20 on, or native to debug, "
        "and no "
        "library but the SDK.",
        rows,
        sizeof rows / sizeof *rows,
        1,
        2,
        "swapc module new greet --libc"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    const char *name = argv[first];
    const struct project project = {.kind = find_kind(lang, libc),
                                    .name = name,
                                    .folder = argc - first > 1 ? argv[first + 1] : name};
    if (!good_name(name))
        return swapci_cli_usage(options.command,
                                "a name is a letter and up to 39 of a-z, 0-9, _ and -, not \"%s\"",
                                name);
    if (!project.kind)
        return swapci_cli_usage(options.command,
                                "--libc is for --lang c: a module in %s has its own library", lang);
    swapc_error error = SWAPC_ERROR_INIT;
    return write_all(&project, &error) == SWAPC_OK ? SWAPCI_EXIT_OK
                                                   : swapci_cli_fail(options.command, &error);
}
