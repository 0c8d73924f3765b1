#include <stdio.h>
#include <stdlib.h>

#include "test_main.h"
#include "wasm_scan.h"

static const char *const modules[] = {"echo", "schnorr", "ecdsa"};
static const char *const flavours[] = {"wide", "plain", "mvp", "size"};

static swapc_bytes read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long len = ftell(file);
    assert_true(len > 0);
    rewind(file);
    uint8_t *bytes = malloc((size_t)len);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)len, file), (size_t)len);
    fclose(file);
    return swapc_bytes_of(bytes, (size_t)len);
}

struct seen {
    unsigned imports;
    unsigned memory;
    unsigned guest_call;
    unsigned other;
};

static int named(swapc_bytes name, const char *text) {
    return swapc_bytes_equal(name, swapc_bytes_str(text));
}

static enum swapc_status look(const struct swapci_wasm_item *item, void *user, swapc_error *error) {
    struct seen *seen = user;
    (void)error;
    if (item->import && named(item->module, "wapc")) seen->imports++;
    else if (!item->import && item->kind == SWAPCI_WASM_MEMORY && named(item->name, "memory"))
        seen->memory++;
    else if (!item->import && named(item->name, "__guest_call") &&
             strcmp(item->signature, "ii:i") == 0)
        seen->guest_call++;
    else seen->other++;
    return SWAPC_OK;
}

static void modules_import_wapc_and_export_the_call(void **state) {
    (void)state;
    for (size_t m = 0; m < sizeof modules / sizeof *modules; m++)
        for (size_t f = 0; f < sizeof flavours / sizeof *flavours; f++) {
            char path[4096];
            struct seen seen = {0, 0, 0, 0};
            snprintf(path, sizeof path, "%s/%s/%s.wasm", SWAPC_TEST_BUNDLES, modules[m],
                     flavours[f]);
            swapc_bytes bytes = read_file(path);
            assert_int_equal(swapci_wasm_scan(bytes, look, &seen, NULL), SWAPC_OK);
            free((void *)bytes.ptr);
            assert_int_equal(seen.imports, m == 0 ? 9 : 3);
            assert_int_equal(seen.memory, 1);
            assert_int_equal(seen.guest_call, 1);
            assert_int_equal(seen.other, 0);
        }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_import_wapc_and_export_the_call),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
