#include "program_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_program(const char *path) {
    struct stat info;
    return access(path, X_OK) == 0 && stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool swapci_program_path(const char *name, char *out, size_t size) {
    const char *path = getenv("PATH");
    path = path ? path : "/usr/bin:/bin";
    while (*path) {
        size_t len = strcspn(path, ":");
        int written = snprintf(out, size, "%.*s/%s", (int)len, path, name);
        if (len > 0 && written > 0 && (size_t)written < size && is_program(out)) return true;
        path += len + (path[len] == ':');
    }
    return false;
}
