#include "usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long resident(void) {
    char line[512];
    long kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmRSS:", 6) == 0) kb = atol(line + 6);
    if (status) fclose(status);
    return kb;
}

static unsigned lines_of(const char *path) {
    unsigned lines = 0;
    FILE *file = fopen(path, "r");
    for (int c = file ? getc(file) : EOF; c != EOF; c = getc(file)) lines += c == '\n';
    if (file) fclose(file);
    return lines;
}

static unsigned entries_of(const char *path) {
    unsigned entries = 0;
    DIR *dir = opendir(path);
    while (dir && readdir(dir)) entries++;
    if (dir) closedir(dir);
    return entries;
}

struct swapci_usage swapci_usage_now(void) {
    return (struct swapci_usage){resident(), lines_of("/proc/self/maps"),
                                 entries_of("/proc/self/fd")};
}
