#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "buffer.h"
#include "cli.h"
#include "cmd_module.h"
#include "embedded.h"
#include "arguments.h"
#include "small_file.h"

/* guests/sdk/template and the guest SDK, by cmake/Embed.cmake; @NAME@ stands for the module's name. */
extern const struct swapci_embedded swapci_guest_template[];

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

static enum swapc_status fill_in(const struct swapci_embedded *file, const char *name,
                                 swapci_buffer *out) {
    static const char mark[] = "@NAME@";
    swapc_bytes rest = swapc_bytes_of(file->bytes, file->len);
    enum swapc_status status = SWAPC_OK;
    while (rest.len && status == SWAPC_OK) {
        const uint8_t *at = memmem(rest.ptr, rest.len, mark, sizeof mark - 1);
        size_t before = at ? (size_t)(at - rest.ptr) : rest.len;
        size_t skip = before + (at ? sizeof mark - 1 : 0);
        status = swapci_buffer_append(out, swapc_bytes_of(rest.ptr, before));
        if (status == SWAPC_OK && at) status = swapci_buffer_append(out, swapc_bytes_str(name));
        rest = swapc_bytes_of(rest.ptr + skip, rest.len - skip);
    }
    return status;
}

static enum swapc_status write_file(const struct swapci_embedded *file, const char *name,
                                    const char *folder, swapc_error *error) {
    swapci_buffer content = SWAPCI_BUFFER_INIT;
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, file->path) >= sizeof path)
        return swapc_error_set(error, SWAPC_INVALID, "the path is too long");
    enum swapc_status status = make_folders(path, error);
    if (status == SWAPC_OK) status = fill_in(file, name, &content);
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

static enum swapc_status write_all(const char *name, const char *folder, swapc_error *error) {
    enum swapc_status status = refuse_used(folder, error);
    for (const struct swapci_embedded *file = swapci_guest_template;
         file->path && status == SWAPC_OK; file++)
        status = write_file(file, name, folder, error);
    if (status == SWAPC_OK)
        printf("%s is a module to start from: main.c has its operation, module.toml what it must "
               "answer. To build and call it:\n\n"
               "  cd %s\n"
               "  cmake -B build -DCMAKE_TOOLCHAIN_FILE=wasm.cmake && cmake --build build\n"
               "  swapc call ./build/%s %s --text world\n\n"
               "To test and debug it as native code (gdb, printf):\n\n"
               "  cmake -B native && cmake --build native && ctest --test-dir native\n"
               "  swapc call ./native/%s %s --text world --engine native\n",
               folder, folder, name, name, name, name);
    return status;
}

int swapci_cmd_module_new(int argc, char **argv) {
    const struct swapci_options options = {"swapc module new",
                                           "NAME [DIR]",
                                           "Writes a module to start from, with one operation "
                                           "NAME, into DIR (default ./NAME): main.c, module.toml\n"
                                           "with its test vectors, the SDK, and a CMake build: "
                                           "wasm by any clang from 20 on, or native to debug.",
                                           NULL,
                                           0,
                                           1,
                                           2,
                                           "swapc module new greet"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    const char *name = argv[first];
    if (!good_name(name))
        return swapci_cli_usage(options.command,
                                "a name is a letter and up to 39 of a-z, 0-9, _ and -, not \"%s\"",
                                name);
    swapc_error error = SWAPC_ERROR_INIT;
    const char *folder = argc - first > 1 ? argv[first + 1] : name;
    return write_all(name, folder, &error) == SWAPC_OK ? SWAPCI_EXIT_OK
                                                       : swapci_cli_fail(options.command, &error);
}
