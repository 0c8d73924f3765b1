#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hex.h"

enum { LINE_MAX_SIZE = 4096 };

const char *const swapci_peer_names[] = {"wazero", NULL};

static enum swapc_status died(swapc_error *error) {
    return swapc_error_set(error, SWAPC_SYSTEM,
                           "the peer ended early; what it said is on standard error");
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

static enum swapc_status first_answer(struct swapci_peer *peer, swapc_error *error) {
    char line[LINE_MAX_SIZE];
    uint8_t bytes[LINE_MAX_SIZE];
    if (!fgets(line, sizeof line, peer->from)) return died(error);
    line[strcspn(line, "\n")] = '\0';
    swapc_bytes hex = swapc_bytes_str(line + (strncmp(line, "ok ", 3) == 0 ? 3 : 0));
    if (!swapci_hex_decode(hex, bytes) || !swapci_samples_valid(swapc_bytes_of(bytes, hex.len / 2)))
        return swapc_error_set(error, SWAPC_CORRUPT,
                               "the peer does not find a right signature valid");
    return SWAPC_OK;
}

enum swapc_status swapci_peer_start(struct swapci_peer *peer, const char *program,
                                    const char *module, const char *operation,
                                    const struct swapci_samples *samples, swapc_error *error) {
    *peer = (struct swapci_peer){.pid = 0};
    if (access(program, X_OK) != 0)
        return swapc_error_set_errno(error, SWAPC_NOT_FOUND, errno, "%s", program);
    enum swapc_status status = start_process(peer, program, module, operation, error);
    if (status == SWAPC_OK) {
        write_u32(peer->to, samples->count);
        for (unsigned i = 0; i < samples->count; i++) {
            write_u32(peer->to, samples->requests[i].len);
            fwrite(samples->requests[i].ptr, 1, samples->requests[i].len, peer->to);
        }
        status = fflush(peer->to) == 0 ? first_answer(peer, error) : died(error);
    }
    if (status == SWAPC_OK) status = swapci_peer_call(peer, 0, 0, error); /* what it used so far */
    if (status != SWAPC_OK) swapci_peer_stop(peer);
    return status;
}

enum swapc_status swapci_peer_call(struct swapci_peer *peer, unsigned from, unsigned to,
                                   swapc_error *error) {
    char line[64];
    fprintf(peer->to, "%u %u\n", from, to);
    if (fflush(peer->to) != 0 || !fgets(line, sizeof line, peer->from)) return died(error);
    peer->cpu_ns = strtoull(line, NULL, 10);
    return SWAPC_OK;
}

void swapci_peer_stop(struct swapci_peer *peer) {
    if (peer->to) fclose(peer->to);
    if (peer->from) fclose(peer->from);
    if (peer->pid > 0) {
        kill(peer->pid, SIGKILL);
        waitpid(peer->pid, NULL, 0);
    }
    *peer = (struct swapci_peer){.pid = 0};
}
