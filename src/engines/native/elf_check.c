#include "elf_check.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>

typedef ElfW(Ehdr) header;
typedef ElfW(Phdr) segment;

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#elif defined(__riscv)
#define OWN_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define OWN_MACHINE EM_PPC64
#elif defined(__s390x__)
#define OWN_MACHINE EM_S390
#else
#error "add this machine's EM_ number of <elf.h>"
#endif

#define OWN_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#define OWN_ORDER (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

static enum swapc_status truncated(const char *path, swapc_error *error) {
    return swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                           "%s is truncated: its headers name bytes past its end; build or copy it "
                           "again",
                           path);
}

/* Whether count items of size bytes at offset lie within the file; no sum here can wrap. */
static bool within(swapc_bytes file, uint64_t offset, uint64_t count, uint64_t size) {
    return offset <= file.len && (count == 0 || size <= (file.len - offset) / count);
}

static enum swapc_status check_identity(swapc_bytes file, const char *path, swapc_error *error) {
    if (file.len < SELFMAG || memcmp(file.ptr, ELFMAG, SELFMAG) != 0)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                               "%s is not a shared object: the native engine takes .so files",
                               path);
    if (file.len < sizeof(header)) return truncated(path, error);
    if (file.ptr[EI_CLASS] != OWN_CLASS || file.ptr[EI_DATA] != OWN_ORDER)
        return swapc_error_set(error, SWAPC_UNSUPPORTED,
                               "%s has another word size or byte order than this machine; build "
                               "it here",
                               path);
    return SWAPC_OK;
}

static enum swapc_status check_header(const header *h, const char *path, swapc_error *error) {
    if (h->e_machine != OWN_MACHINE)
        return swapc_error_set(error, SWAPC_UNSUPPORTED,
                               "%s is for another machine (ELF number %u, here %u); build it here",
                               path, h->e_machine, OWN_MACHINE);
    if (h->e_type != ET_DYN)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                               "%s is an ELF file but no shared object; link it with -shared",
                               path);
    if (h->e_phentsize != sizeof(segment) || h->e_phnum == 0)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                               "%s has no program headers: it cannot be loaded", path);
    return SWAPC_OK;
}

static enum swapc_status check_segments(swapc_bytes file, const header *h, const char *path,
                                        swapc_error *error) {
    bool dynamic = false;
    for (unsigned i = 0; i < h->e_phnum; i++) {
        segment s;
        memcpy(&s, file.ptr + h->e_phoff + i * sizeof s, sizeof s);
        if (s.p_type == PT_NULL || s.p_type == PT_GNU_STACK) continue; /* they name no bytes */
        if (!within(file, s.p_offset, 1, s.p_filesz)) return truncated(path, error);
        dynamic = dynamic || s.p_type == PT_DYNAMIC;
    }
    if (!dynamic)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                               "%s is linked statically; link it with -shared", path);
    return SWAPC_OK;
}

enum swapc_status swapci_elf_check(swapc_bytes file, const char *path, swapc_error *error) {
    header h;
    enum swapc_status status = check_identity(file, path, error);
    if (status != SWAPC_OK) return status;
    memcpy(&h, file.ptr, sizeof h);
    status = check_header(&h, path, error);
    if (status != SWAPC_OK) return status;
    /* The section table is the file's tail as linkers write it: without it, the file was cut. */
    if (!within(file, h.e_phoff, h.e_phnum, h.e_phentsize) ||
        !within(file, h.e_shoff, h.e_shnum, h.e_shentsize))
        return truncated(path, error);
    return check_segments(file, &h, path, error);
}
