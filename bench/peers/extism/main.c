/* extism MODULE OPERATION: a plug-in of Extism called through its C API (1.41), to measure against. A plug-in is no waPC
 * module: its guest is the same Rust code with Extism's own kit around it (../rust/guest_extism). What it speaks on
 * standard input and output: bench/peer.h. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* PyPI's package extism-sys carries the library without its header. */
typedef struct ExtismPlugin ExtismPlugin;
ExtismPlugin *extism_plugin_new(const uint8_t *wasm, uint64_t wasm_size, const void **functions,
                                uint64_t functions_count, bool with_wasi, char **error);
int32_t extism_plugin_call(ExtismPlugin *plugin, const char *name, const uint8_t *data,
                           uint64_t len);
const char *extism_plugin_error(ExtismPlugin *plugin);
uint64_t extism_plugin_output_length(ExtismPlugin *plugin);
const uint8_t *extism_plugin_output_data(ExtismPlugin *plugin);

struct bytes {
    uint8_t *at;
    uint32_t len;
};

static void fail(const char *what, const char *why) {
    fprintf(stderr, "extism: %s: %s\n", what, why ? why : "");
    exit(1);
}

static uint32_t read_u32(void) {
    uint8_t b[4];
    if (fread(b, 1, sizeof b, stdin) != sizeof b) fail("requests", "cut short");
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static struct bytes read_bytes(FILE *from, uint32_t len) {
    struct bytes bytes = {malloc(len + 1), len};
    if (!bytes.at || fread(bytes.at, 1, len, from) != len) fail("input", "cut short");
    return bytes;
}

static struct bytes read_file(const char *path) {
    FILE *from = fopen(path, "rb");
    if (!from || fseek(from, 0, SEEK_END) != 0) fail("cannot read", path);
    long len = ftell(from);
    rewind(from);
    struct bytes bytes = read_bytes(from, (uint32_t)len);
    fclose(from);
    return bytes;
}

static long long cpu_ns(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
}

static void call(ExtismPlugin *plugin, const char *operation, struct bytes request) {
    if (extism_plugin_call(plugin, operation, request.at, request.len) != 0)
        fail("call", extism_plugin_error(plugin));
}

int main(int argc, char **argv) {
    char *why = NULL;
    if (argc != 3) fail("usage", "extism MODULE OPERATION");
    struct bytes module = read_file(argv[1]);
    ExtismPlugin *plugin = extism_plugin_new(module.at, module.len, NULL, 0, true, &why);
    if (!plugin) fail(argv[1], why);
    uint32_t count = read_u32();
    struct bytes *requests = calloc(count + 1, sizeof *requests);
    for (uint32_t i = 0; requests && i < count; i++) requests[i] = read_bytes(stdin, read_u32());
    for (uint32_t i = 0; requests && i < count; i++) {
        call(plugin, argv[2], requests[i]);
        const uint8_t *answer = extism_plugin_output_data(plugin);
        uint64_t len = extism_plugin_output_length(plugin);
        printf("ok ");
        for (uint64_t b = 0; b < len; b++) printf("%02x", answer[b]);
        putchar('\n');
    }
    fflush(stdout);
    unsigned from, to;
    while (count > 0 && scanf("%u %u", &from, &to) == 2) {
        for (unsigned i = from; i < to; i++) call(plugin, argv[2], requests[i % count]);
        printf("%lld\n", cpu_ns());
        fflush(stdout);
    }
    return 0;
}
