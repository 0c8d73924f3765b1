/* An entry of the cache of compiled modules as somebody has left it on disk: a good one with bytes
 * changed, cut or added, or any bytes. Code is handed out only when it is what was stored. */
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "fuzz.h"

static const char code[] =
    "compiled code, as an engine gave it; long enough to be changed anywhere";
static const struct swapci_cache_key key = {
    "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c", "fuzz", "1.0.0"};
static char entry[256];    /* the entry's file name */
static uint8_t good[4096]; /* its content */
static size_t good_len;
static swapc_log silent;

/* Stores one and learns under which name and with which content. */
static void learn(void) {
    struct swapci_cache cache;
    FUZZ_CHECK(sodium_init() >= 0);
    swapci_cache_init(&cache, fuzz_folder(), &silent);
    swapci_cache_store(&cache, &key, swapc_bytes_of(code, sizeof code));
    swapci_cache_fini(&cache);
    DIR *dir = opendir(fuzz_folder());
    FUZZ_CHECK(dir);
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') snprintf(entry, sizeof entry, "%s", e->d_name);
    closedir(dir);
    FILE *file = fopen(fuzz_path(entry), "rbe");
    FUZZ_CHECK(entry[0] && file);
    good_len = fread(good, 1, sizeof good, file);
    fclose(file);
}

/* Makes the entry anew. A refused one was deleted; its file lives on under a second name, which is
 * quicker than making another. */
static void put(swapc_bytes content) {
    static int file = -1;
    char named[320];
    snprintf(named, sizeof named, "%s", fuzz_path(entry));
    if (file < 0) {
        FUZZ_CHECK(link(named, fuzz_path(".kept")) == 0);
        file = open(named, O_WRONLY | O_CLOEXEC);
        FUZZ_CHECK(file >= 0);
    }
    if (access(named, F_OK) != 0) FUZZ_CHECK(link(fuzz_path(".kept"), named) == 0);
    FUZZ_CHECK(ftruncate(file, (off_t)content.len) == 0);
    FUZZ_CHECK(pwrite(file, content.ptr, content.len, 0) == (ssize_t)content.len);
}

/* The input's first byte says what the rest is: an entry, or changes {place, byte} to a good
 * one. */
static size_t make(struct fuzz_input *in, uint8_t out[sizeof good]) {
    uint8_t kind = fuzz_byte(in) % 4;
    size_t len = kind == 0 ? 0 : good_len;
    memcpy(out, good, good_len);
    if (kind == 2) len -= fuzz_number(in, 2) % (good_len + 1);
    if (kind <= 1) {
        swapc_bytes rest = fuzz_rest(in);
        if (rest.len > sizeof good - len) rest.len = sizeof good - len;
        if (rest.len) memcpy(out + len, rest.ptr, rest.len);
        return len + rest.len;
    }
    while (fuzz_left(in) > 2) {
        size_t place = fuzz_number(in, 2) % good_len;
        out[place] = fuzz_byte(in);
    }
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input_of(data, size);
    static uint8_t content[sizeof good];
    struct swapci_cache cache;
    int handed_out;
    if (!good_len) learn();
    size_t len = make(&in, content);
    bool same = len == good_len && memcmp(content, good, len) == 0;
    put(swapc_bytes_of(content, len));
    swapci_cache_init(&cache, fuzz_folder(), &silent);
    bool found = swapci_cache_find(&cache, &key, &handed_out);
    FUZZ_CHECK(found == same);
    if (found) {
        char back[sizeof code];
        struct stat st;
        FUZZ_CHECK(fstat(handed_out, &st) == 0 && (size_t)st.st_size == sizeof code);
        FUZZ_CHECK(pread(handed_out, back, sizeof back, 0) == (ssize_t)sizeof back);
        FUZZ_CHECK(memcmp(back, code, sizeof code) == 0);
        close(handed_out);
    }
    swapci_cache_fini(&cache);
    return 0;
}
