#include "bundle.h"
#include "ceilings.h"
#include "check.h"
#include "cli.h"
#include "file_kind.h"
#include "arguments.h"
#include "printable.h"
#include "wasm_scan.h"

enum { NAME_SHOWN = 400, OPERATIONS_SHOWN = 1024 };

static const char *kind_name(enum swapci_wasm_kind kind) {
    static const char *const names[] = {"function", "table", "memory", "global", "tag"};
    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

static enum swapc_status print_item(const struct swapci_wasm_item *item, void *user,
                                    swapc_error *error) {
    (void)user, (void)error;
    char module[NAME_SHOWN], name[NAME_SHOWN];
    printf("  %s %s%s%s  %s", item->import ? "import" : "export",
           swapci_printable(item->module, module, sizeof module), item->import ? "." : "",
           swapci_printable(item->name, name, sizeof name), kind_name(item->kind));
    if (item->kind == SWAPCI_WASM_FUNCTION) printf(" (%s)", item->signature);
    if (item->kind == SWAPCI_WASM_MEMORY)
        printf(" of %llu pages", (unsigned long long)item->pages_min);
    putchar('\n');
    return SWAPC_OK;
}

/* How long compiling will take by the estimate, and what it comes to without an option. */
static void print_work(swapc_bytes bytes) {
    struct swapci_wasm_work work;
    swapc_error error = SWAPC_ERROR_INIT;
    if (swapci_check_wasm(bytes, UINT32_MAX, &work, &error) != SWAPC_OK) return;
    const uint32_t best = swapci_wasm_work_best_ms(&work), quick = swapci_wasm_work_quick_ms(&work);
    printf("  compiling is estimated at %u ms with optimisation, %u without", best, quick);
    if (quick > SWAPCI_WASM_COMPILE_MS) printf(": refused, unless --compile-max %u or more", quick);
    else if (best > SWAPCI_WASM_COMPILE_MS)
        printf(": unoptimised on wasmtime, unless --compile-max %u or more", best);
    putchar('\n');
}

static enum swapc_status print_image(const struct swapci_image *image, swapc_error *error) {
    printf("%s\n  %zu bytes  sha256 %s\n", image->path, image->bytes.len, image->digest_hex);
    const char *what;
    switch (swapci_file_kind_of(image->bytes, &what)) {
    case SWAPCI_FILE_SHARED_OBJECT:
        puts("  shared object: native code, trusted code");
        return SWAPC_OK;
    case SWAPCI_FILE_OTHER:
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED, "%s %s", image->path, what);
    case SWAPCI_FILE_WASM:
        break;
    }
    print_work(image->bytes);
    return swapci_wasm_scan(image->bytes, print_item, NULL, error);
}

static enum swapc_status inspect_file(const char *path, const char *flavour, swapc_error *error) {
    const char *const wanted[] = {flavour, NULL};
    struct swapci_image image;
    enum swapc_status status = swapci_image_read(path, wanted, &image, error);
    if (status != SWAPC_OK) return status;
    status = print_image(&image, error);
    swapci_image_fini(&image);
    return status;
}

static enum swapc_status inspect_bundle(const char *path, swapc_error *error) {
    struct swapci_manifest manifest;
    enum swapc_status status = swapci_bundle_manifest(path, &manifest, error);
    if (status != SWAPC_OK) return status;
    char operations[OPERATIONS_SHOWN];
    printf("%s %s\n", manifest.name, manifest.version);
    if (manifest.operations.count)
        printf("operations: %s\n",
               swapci_names_text(&manifest.operations, operations, sizeof operations));
    printf("self-test vectors: %u\n", manifest.self_tests.count);
    for (unsigned i = 0; i < manifest.flavour_count && status == SWAPC_OK; i++) {
        printf("\nflavour %s: ", manifest.flavours[i].name);
        status = inspect_file(path, manifest.flavours[i].name, error);
    }
    swapci_manifest_fini(&manifest);
    return status;
}

int swapci_cmd_inspect(int argc, char **argv) {
    const struct swapci_options options = {
        "swapc inspect",
        "BUNDLE|FILE",
        "Shows a module's flavours, digests, imports and exports, without running it.\n"
        "Types: i i32, I i64, f f32, F f64, v v128, r reference; the result after the colon.",
        NULL,
        0,
        1,
        1,
        "swapc inspect echo"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    swapc_error error = SWAPC_ERROR_INIT;
    char path[4096];
    enum swapc_status status = swapci_cli_module_path(argv[first], path, sizeof path, &error);
    if (status == SWAPC_OK) {
        status = inspect_bundle(path, &error);
        if (status == SWAPC_INVALID) {
            swapc_error_clear(&error);
            status = inspect_file(path, "file", &error);
        }
    }
    return status == SWAPC_OK ? SWAPCI_EXIT_OK : swapci_cli_fail("swapc inspect", &error);
}
