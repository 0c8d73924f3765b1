/* fuzz_NAME FOLDER: runs the target once for each file of its corpus, and for the empty input. Exit
 * status: 0 done, 2 it could not read them; a find aborts, after the file's name. */
#include <dirent.h>

#include "fuzz.h"

/* The name is on stderr before the target runs, so that it stands above whatever comes of it. */
static bool replay(const char *path) {
    FILE *file = fopen(path, "rbe");
    long size = -1;
    if (file && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    uint8_t *bytes = size < 0 ? NULL : malloc(size ? (size_t)size : 1);
    bool read = bytes && fseek(file, 0, SEEK_SET) == 0 &&
                fread(bytes, 1, (size_t)size, file) == (size_t)size;
    if (file) fclose(file);
    fprintf(stderr, "%s%s\n", path, read ? "" : ": cannot be read");
    if (read) (void)LLVMFuzzerTestOneInput(bytes, (size_t)size);
    free(bytes);
    return read;
}

int main(int argc, char **argv) {
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    int failed = 0, count = 0;
    if (!dir) {
        fprintf(stderr, "usage: %s FOLDER: replays the files of a corpus\n", argv[0]);
        return 2;
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        failed |= !replay(path);
        count++;
    }
    closedir(dir);
    if (!count) fprintf(stderr, "%s holds no file\n", argv[1]);
    return failed || !count ? 2 : 0;
}
