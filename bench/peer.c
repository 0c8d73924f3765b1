#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hex.h"
#include "printable.h"

enum { LINE_MAX_SIZE = 4096 };

#define WAPC_WASMTIME "crate wapc 2.2 with wasmtime-provider 2.25 (wasmtime 48)"
#define WAPC_WASM3 "crate wapc 1.1 with wasm3-provider 1.1 (wasm3 0.4.7)"
#define WAZERO "wazero 1.12 with a waPC host of 130 lines"

const struct swapci_peer_kind swapci_peer_kinds[] = {
    {"k256-native", "k256", "plain.wasm", false, "crate k256 0.14 without a sandbox"},
    {"wapc-wasmtime", "k256", "k256.wasm", true, WAPC_WASMTIME},
    {"wapc-wasmtime", "plain", "plain.wasm", false, WAPC_WASMTIME},
    {"wapc-wasm3", "k256", "k256-mvp.wasm", true, WAPC_WASM3},
    {"wazero", "k256", "k256.wasm", true, WAZERO},
    {"wazero", "plain", "plain.wasm", false, WAZERO},
    {"extism", "k256", "k256-extism.wasm", true, "Extism's C API 1.41, k256 as its plug-in"},
    {.name = NULL},
};

bool swapci_peer_there(const char *folder, const char *name, char *why, size_t size) {
    char path[LINE_MAX_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, R_OK) == 0) return true;
    snprintf(path, sizeof path, "%s/%s.absent", folder, name);
    FILE *from = fopen(path, "re");
    if (!from || !fgets(why, (int)size, from))
        snprintf(why, size, "./dev bench engines --peers builds it where its tool chain is");
    why[strcspn(why, "\n")] = '\0';
    if (from) fclose(from);
    return false;
}

/* With the first line that it said. */
static enum swapc_status died(const struct swapci_peer *peer, swapc_error *error) {
    char text[256];
    ssize_t len = pread(peer->errors, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return swapc_error_set(error, SWAPC_SYSTEM, "it ended early: %s",
                           text[0] ? swapci_printable_line(text, sizeof text) : "it said nothing");
}

static enum swapc_status start_process(struct swapci_peer *peer, const char *program,
                                       const char *module, const char *operation,
                                       swapc_error *error) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot make a pipe");
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot make a pipe");
    }
    peer->pid = fork();
    if (peer->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        if (peer->errors >= 0) dup2(peer->errors, STDERR_FILENO);
        execl(program, program, module, operation, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    peer->to = fdopen(in[1], "w");
    peer->from = fdopen(out[0], "r");
    return peer->pid > 0 && peer->to && peer->from
               ? SWAPC_OK
               : swapc_error_set(error, SWAPC_SYSTEM, "cannot start %s", program);
}

static void write_u32(FILE *to, size_t value) {
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};
    fwrite(bytes, 1, sizeof bytes, to);
}

/* One answer; SWAPC_OK when it says Valid. */
static enum swapc_status answer(struct swapci_peer *peer, swapc_error *error) {
    char line[LINE_MAX_SIZE];
    uint8_t bytes[LINE_MAX_SIZE];
    if (!fgets(line, sizeof line, peer->from)) return died(peer, error);
    line[strcspn(line, "\n")] = '\0';
    swapc_bytes hex = swapc_bytes_str(line + (strncmp(line, "ok ", 3) == 0 ? 3 : 0));
    if (swapci_hex_decode(hex, bytes) && swapci_samples_valid(swapc_bytes_of(bytes, hex.len / 2)))
        return SWAPC_OK;
    return swapc_error_set(error, SWAPC_CORRUPT, "it does not find a right signature valid");
}

enum swapc_status swapci_peer_start(struct swapci_peer *peer, const char *program,
                                    const char *module, const char *operation,
                                    const struct swapci_samples *samples, swapc_error *error) {
    *peer = (struct swapci_peer){.errors = memfd_create("errors", MFD_CLOEXEC)};
    enum swapc_status status = start_process(peer, program, module, operation, error);
    if (status == SWAPC_OK) {
        write_u32(peer->to, samples->count);
        for (unsigned i = 0; i < samples->count; i++) {
            write_u32(peer->to, samples->requests[i].len);
            fwrite(samples->requests[i].ptr, 1, samples->requests[i].len, peer->to);
        }
        if (fflush(peer->to) != 0) status = died(peer, error);
    }
    for (unsigned i = 0; i < samples->count && status == SWAPC_OK; i++)
        status = answer(peer, error);
    if (status == SWAPC_OK) status = swapci_peer_call(peer, 0, 0, error); /* what it used so far */
    if (status != SWAPC_OK) swapci_peer_stop(peer);
    return status;
}

enum swapc_status swapci_peer_call(struct swapci_peer *peer, unsigned from, unsigned to,
                                   swapc_error *error) {
    char line[64];
    fprintf(peer->to, "%u %u\n", from, to);
    if (fflush(peer->to) != 0 || !fgets(line, sizeof line, peer->from)) return died(peer, error);
    peer->cpu_ns = strtoull(line, NULL, 10);
    return SWAPC_OK;
}

void swapci_peer_stop(struct swapci_peer *peer) {
    if (peer->to) fclose(peer->to);
    if (peer->from) fclose(peer->from);
    if (peer->pid > 0) {
        kill(peer->pid, SIGKILL);
        waitpid(peer->pid, NULL, 0);
        close(peer->errors);
    }
    *peer = (struct swapci_peer){.pid = 0};
}
