/* rpc_scratch.h - for the tests of src/rpc: a temporary folder with room for one socket.
 *
 * cmocka setup and teardown; *state is the struct. The socket's name holds a blank and a percent
 * sign, so that every test also shows that such paths work.
 */
#ifndef SWAPCI_RPC_SCRATCH_H
#define SWAPCI_RPC_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct swapci_rpc_scratch {
    char folder[64];
    char path[96];
    char address[104]; /* unix:PATH */
};

static inline int swapci_rpc_scratch_make(void **state) {
    struct swapci_rpc_scratch *scratch = calloc(1, sizeof *scratch);
    if (!scratch) return -1;
    snprintf(scratch->folder, sizeof scratch->folder, "/tmp/swapc-rpc-XXXXXX");
    if (!mkdtemp(scratch->folder)) {
        free(scratch);
        return -1;
    }
    snprintf(scratch->path, sizeof scratch->path, "%s/a %%20.sock", scratch->folder);
    snprintf(scratch->address, sizeof scratch->address, "unix:%s", scratch->path);
    *state = scratch;
    return 0;
}

static inline int swapci_rpc_scratch_remove(void **state) {
    struct swapci_rpc_scratch *scratch = *state;
    unlink(scratch->path);
    int failed = rmdir(scratch->folder);
    free(scratch);
    return failed;
}

#endif
