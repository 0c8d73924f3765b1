/* What is handed over instead of a module is named. */
#include "file_kind.h"

#include <stdio.h>
#include <stdlib.h>

#include "test_main.h"

#define BYTES(text) {text, sizeof text - 1}

struct row {
    struct {
        const char *at;
        size_t len;
    } file;
    const char *says;
};

static const struct row rows[] = {
    {BYTES(""), "is empty"},
    {BYTES("\0asm\x0d\0\1\0\0"), "is a WebAssembly component"},
    {BYTES("\0asm\2\0\0\0"), "of a version that is not read here"},
    {BYTES("\0as"), "was cut"},
    {BYTES("\0asm\1\0"), "of a version"},
    {BYTES("(module)"), "is WebAssembly text"},
    {BYTES("\xef\xbb\xbf\n ;; a comment\n(; and ; another ;) (module\n"), "wat2wasm"},
    {BYTES("(component)"), "the text of a WebAssembly component"},
    {BYTES("\x1f\x8b\x08\0"), "is gzip data: gunzip it first"},
    {BYTES("\x28\xb5\x2f\xfd\0"), "zstd -d"},
    {BYTES("PK\3\4"), "is a zip archive"},
    {BYTES("\n<!DOCTYPE HTML><html>"), "is an HTML page"},
    {BYTES("<HTML lang=en>"), "is an HTML page"},
    {BYTES("<?xml version=\"1.0\"?>"), "is an XML or HTML document"},
    {BYTES("{\"message\": \"Not Found\"}"), "is JSON"},
    {BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), "git lfs pull"},
    {BYTES("/annex/objects/SHA256E-s1--00.wasm\n"), "git annex get"},
    {BYTES("#!/bin/sh\n"), "is a script"},
    {BYTES("!<arch>\n"), "is a static library"},
    {BYTES("BC\xc0\xde"), "is LLVM bitcode"},
    {BYTES("MZ\x90"), "for Windows"},
    {BYTES("just words\n"), "is a text file"},
    {BYTES("\0\0\0\0\0\0\0\0\0\0"), "is nothing but zeroes"},
    {BYTES("\x81\x92\0\1\2\3\4\5"), "is neither a wasm module nor a shared object"},
    {BYTES("\0asm\1\0\0\0"), "is the header of a wasm module and nothing more"},
    {BYTES("\0asm\1\0\0\0\0\0\0\0\0\0"), "and then nothing but zeroes"},
    {BYTES("\0asm\1\0\0\0\0\x08\x07linking"), "is an object file of wasm"},
};

static void strangers_are_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *what;
        swapc_bytes bytes = swapc_bytes_of(rows[i].file.at, rows[i].file.len);
        if (swapci_file_kind_of(bytes, &what) != SWAPCI_FILE_OTHER || !strstr(what, rows[i].says))
            fail_msg("row %zu: %s", i, what ? what : "taken");
        swapc_error error = SWAPC_ERROR_INIT;
        assert_int_equal(swapci_file_kind_expect(bytes, SWAPCI_FILE_WASM, "a/b.wasm", &error),
                         SWAPC_MODULE_MALFORMED);
        assert_ptr_equal(strstr(error.text, "a/b.wasm is "), error.text);
    }
}

static void elf(uint8_t out[64], unsigned type, unsigned machine) {
    memset(out, 0, 64);
    memcpy(out, "\177ELF\2\1\1", 7);
    out[16] = (uint8_t)type;
    out[18] = (uint8_t)machine;
    out[19] = (uint8_t)(machine >> 8);
}

static void objects_of_other_kinds(void **state) {
    (void)state;
    static const struct {
        unsigned type, machine;
        const char *says;
    } kinds[] = {{1, 62, "is an object file"},
                 {2, 62, "is a program"},
                 {4, 62, "is a core dump"},
                 {3, 8, "for another processor"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint8_t file[64];
        const char *what;
        elf(file, kinds[i].type, kinds[i].machine);
        assert_int_equal(swapci_file_kind_of(swapc_bytes_of(file, 64), &what), SWAPCI_FILE_OTHER);
        assert_non_null(strstr(what, kinds[i].says));
    }
}

static void modules_are_taken(void **state) {
    (void)state;
    const char *what;
    swapc_bytes module = swapc_bytes_of("\0asm\1\0\0\0\0\x05\x04name", 15);
    assert_int_equal(swapci_file_kind_of(module, &what), SWAPCI_FILE_WASM);
    assert_int_equal(swapci_file_kind_expect(module, SWAPCI_FILE_WASM, "m", NULL), SWAPC_OK);
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(swapci_file_kind_expect(module, SWAPCI_FILE_SHARED_OBJECT, "m", &error),
                     SWAPC_MODULE_MALFORMED);
    assert_non_null(strstr(error.text, "m is a wasm module"));
}

/* Of no beginning is more read than there is (the address sanitizer watches). */
static void every_truncation(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t len = 0; len <= rows[i].file.len; len++) {
            const char *what;
            uint8_t *copy = malloc(len ? len : 1);
            assert_non_null(copy);
            if (len) memcpy(copy, rows[i].file.at, len);
            enum swapci_file_kind kind = swapci_file_kind_of(swapc_bytes_of(copy, len), &what);
            assert_int_equal(kind == SWAPCI_FILE_OTHER, what != NULL);
            free(copy);
        }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_are_named),
        cmocka_unit_test(objects_of_other_kinds),
        cmocka_unit_test(modules_are_taken),
        cmocka_unit_test(every_truncation),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
