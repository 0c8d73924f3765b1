#include "file_kind.h"

#include <ctype.h>
#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#include "reader.h"
#include "utf8.h"

struct mark {
    size_t at;
    const char *bytes;
    size_t len;
    const char *what;
};

enum { WASM_HEADER = 8 };

#define MARK(at, bytes, what) {at, bytes, sizeof bytes - 1, what}

static const struct mark marks[] = {
    MARK(0, "\0asm\x0d\0\1\0",
         "is a WebAssembly component, and waPC modules are core modules: build it for "
         "wasm32-wasip1, "
         "or unbundle its core module (wasm-tools component unbundle)"),
    MARK(0, "\0asm\1\0\0\0", NULL),
    MARK(0, "\0asm", "is a wasm binary of a version that is not read here: build it as version 1"),
    MARK(0, "\x1f\x8b", "is gzip data: gunzip it first"),
    MARK(0, "\x28\xb5\x2f\xfd", "is zstd data: unpack it first (zstd -d)"),
    MARK(0,
         "\xfd"
         "7zXZ\0",
         "is xz data: unpack it first (xz -d)"),
    MARK(0, "BZh", "is bzip2 data: unpack it first (bunzip2)"),
    MARK(0, "PK\3\4", "is a zip archive: unpack it first"),
    MARK(257, "ustar", "is a tar archive: unpack it first"),
    MARK(0, "!<arch>\n", "is a static library (ar archive): link it to a module"),
    MARK(0, "BC\xc0\xde", "is LLVM bitcode: compile it to a module"),
    MARK(0, "\xcf\xfa\xed\xfe", "is a Mach-O object, for macOS: build it for this machine"),
    MARK(0, "\xca\xfe\xba\xbe", "is a Mach-O object or a Java class: build a wasm module"),
    MARK(0, "MZ", "is a program or DLL for Windows: build it for this machine"),
    MARK(0, "version https://git-lfs.github.com/spec/",
         "is a Git LFS pointer, not the file itself: git lfs pull fetches it"),
    MARK(0, "/annex/objects/",
         "is a git-annex pointer, not the file itself: git annex get fetches it"),
    MARK(0, "#!", "is a script, not a module: run it, if it builds one"),
};

/* The beginnings of text, after blanks and comments of the text format. */
static const struct mark texts[] = {
    MARK(0, "(module", "is WebAssembly text: make a binary of it first (wat2wasm)"),
    MARK(0, "(component", "is the text of a WebAssembly component: waPC modules are core modules"),
    MARK(0, "<!doctype html",
         "is an HTML page, as a failed download leaves one: get the file anew"),
    MARK(0, "<html", "is an HTML page, as a failed download leaves one: get the file anew"),
    MARK(0, "<", "is an XML or HTML document, as a failed download leaves one: get the file anew"),
    MARK(0, "{", "is JSON, as a failed download leaves it: get the file anew"),
};

static bool has(swapc_bytes bytes, const struct mark *mark) {
    return bytes.len >= mark->at + mark->len &&
           memcmp(bytes.ptr + mark->at, mark->bytes, mark->len) == 0;
}

static bool has_text(swapc_bytes bytes, const struct mark *mark) {
    if (bytes.len < mark->len) return false;
    for (size_t i = 0; i < mark->len; i++)
        if (tolower(bytes.ptr[i]) != mark->bytes[i]) return false;
    return true;
}

static swapc_bytes drop(swapc_bytes bytes, size_t count) {
    return swapc_bytes_of(bytes.ptr + count, bytes.len - count);
}

static swapc_bytes skip_line(swapc_bytes bytes) {
    const uint8_t *end = memchr(bytes.ptr, '\n', bytes.len);
    return drop(bytes, end ? (size_t)(end - bytes.ptr) : bytes.len);
}

/* Past a byte order mark, blanks and the text format's ;; comments and (; ... ;). */
static swapc_bytes skip_blanks(swapc_bytes bytes) {
    if (bytes.len >= 3 && memcmp(bytes.ptr, "\xef\xbb\xbf", 3) == 0) bytes = drop(bytes, 3);
    while (bytes.len > 0) {
        if (isspace(bytes.ptr[0])) {
            bytes = drop(bytes, 1);
        } else if (bytes.len >= 2 && memcmp(bytes.ptr, ";;", 2) == 0) {
            bytes = skip_line(bytes);
        } else if (bytes.len >= 2 && memcmp(bytes.ptr, "(;", 2) == 0) {
            const uint8_t *end = memmem(bytes.ptr, bytes.len, ";)", 2);
            bytes = drop(bytes, end ? (size_t)(end - bytes.ptr) + 2 : bytes.len);
        } else {
            return bytes;
        }
    }
    return bytes;
}

static const char *kind_of_text(swapc_bytes bytes) {
    swapc_bytes inner = skip_blanks(bytes);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (has_text(inner, &texts[i])) return texts[i].what;
    size_t shown = bytes.len < 512 ? bytes.len : 512;
    for (size_t i = 0; i < shown; i++)
        if (bytes.ptr[i] < 0x20 && !isspace(bytes.ptr[i])) return NULL;
    return bytes.len <= shown && !swapci_utf8_valid(bytes)
               ? NULL
               : "is a text file, not a wasm module: build or copy it again";
}

static bool all_zero(swapc_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.ptr[i]) return false;
    return true;
}

/* The machine that this code runs on, as ELF numbers it; 0: not known here. */
static unsigned this_machine(void) {
#if defined(__x86_64__)
    return EM_X86_64;
#elif defined(__aarch64__)
    return EM_AARCH64;
#elif defined(__riscv)
    return EM_RISCV;
#else
    return 0;
#endif
}

static const char *kind_of_elf(swapc_bytes bytes) {
    unsigned type, machine;
    if (bytes.len < sizeof(Elf64_Ehdr)) return NULL; /* the loader says what is wrong with it */
    type = bytes.ptr[16] | (unsigned)bytes.ptr[17] << 8;
    machine = bytes.ptr[18] | (unsigned)bytes.ptr[19] << 8;
    if (type == ET_REL) return "is an object file, not a shared object: link it with -shared";
    if (type == ET_CORE) return "is a core dump, not a module";
    if (type == ET_EXEC) return "is a program, not a shared object: link it with -shared";
    if (this_machine() && machine != this_machine())
        return "is a shared object for another processor: build it for this machine";
    return NULL;
}

/* An object file of wasm has a custom section "linking". */
static bool is_wasm_object(swapc_bytes bytes) {
    struct swapci_wasm_reader all = {bytes.ptr + WASM_HEADER, bytes.ptr + bytes.len, false};
    while (all.at < all.end && !all.bad) {
        uint8_t id = swapci_wasm_byte(&all);
        struct swapci_wasm_reader part = swapci_wasm_part(&all, swapci_wasm_u32(&all));
        uint32_t len = id == 0 ? swapci_wasm_u32(&part) : 0;
        if (len == 7 && !part.bad && part.end - part.at >= 7 && memcmp(part.at, "linking", 7) == 0)
            return true;
    }
    return false;
}

/* What looks like a module by its first eight bytes, but is none; NULL: it is one. */
static const char *kind_of_wasm(swapc_bytes bytes) {
    if (bytes.len == WASM_HEADER)
        return "is the header of a wasm module and nothing more: copy it again, or build it anew";
    if (all_zero(drop(bytes, WASM_HEADER)))
        return "is the header of a wasm module and then nothing but zeroes, as a broken copy is: "
               "copy it again";
    if (is_wasm_object(bytes))
        return "is an object file of wasm, not a module: link it (wasm-ld, or clang without -c)";
    return NULL;
}

enum swapci_file_kind swapci_file_kind_of(swapc_bytes bytes, const char **what) {
    *what = NULL;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (!has(bytes, &marks[i])) continue;
        *what = marks[i].what ? marks[i].what : kind_of_wasm(bytes);
        return *what ? SWAPCI_FILE_OTHER : SWAPCI_FILE_WASM;
    }
    if (bytes.len >= 4 && memcmp(bytes.ptr, ELFMAG, SELFMAG) == 0) {
        *what = kind_of_elf(bytes);
        return *what ? SWAPCI_FILE_OTHER : SWAPCI_FILE_SHARED_OBJECT;
    }
    if (bytes.len == 0) *what = "is empty: build or copy it again";
    else if (bytes.len < WASM_HEADER && memcmp(bytes.ptr, "\0asm\1\0\0", bytes.len) == 0)
        *what = "is a wasm module that was cut: copy it again";
    else if (all_zero(bytes)) *what = "is nothing but zeroes, as a broken copy is: copy it again";
    else *what = kind_of_text(bytes);
    if (!*what) *what = "is neither a wasm module nor a shared object: build or copy it again";
    return SWAPCI_FILE_OTHER;
}

enum swapc_status swapci_file_kind_expect(swapc_bytes bytes, enum swapci_file_kind needed,
                                          const char *path, swapc_error *error) {
    const char *what;
    enum swapci_file_kind kind = swapci_file_kind_of(bytes, &what);
    if (kind == needed) return SWAPC_OK;
    if (!what)
        what = kind == SWAPCI_FILE_WASM
                   ? "is a wasm module, which the native engine does not run: name another engine"
                   : "is a shared object, and only the native engine runs those: name that engine, "
                     "or give a wasm module";
    return swapc_error_set(error, SWAPC_MODULE_MALFORMED, "%s %s", path, what);
}
