#include "process_names.h"

#include <stdio.h>
#include <string.h>

static enum swapc_status check(const char *option, const char *name, size_t most,
                               swapc_error *error) {
    size_t len = strlen(name);
    bool fine = len > 0 && len <= most;
    for (size_t i = 0; i < len && fine; i++) fine = (unsigned char)name[i] > ' ' && name[i] != 0x7f;
    if (fine) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID,
                           "%s '%.100s' is no such name: 1 to %zu bytes, no blanks", option, name,
                           most);
}

static enum swapc_status differ(const char *a_option, const char *a, const char *b_option,
                                const char *b, swapc_error *error) {
    if (strcmp(a, b) != 0) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID, "%s and %s are both '%s': give them two names",
                           a_option, b_option, a);
}

#define COPY(to, ...) snprintf(to, sizeof to, __VA_ARGS__)

enum swapc_status swapci_process_names_init(swapci_process_names *out, const char *in,
                                            const char *to, const char *errors, const char *group,
                                            const char *payload, const char *id,
                                            swapc_error *error) {
    char dead[SWAPCI_STREAM_NAME_MAX + 1];
    *out = (swapci_process_names){.payload = payload ? payload : SWAPCI_PROCESS_PAYLOAD,
                                  .id = id ? id : SWAPCI_PROCESS_ID};
    group = group ? group : SWAPCI_STREAM_GROUP;
    COPY(dead, "%.*s:dead", SWAPCI_PROCESS_NAME_MAX, in);
    errors = errors ? errors : dead;
    const struct {
        const char *option, *name;
        size_t most;
    } given[] = {{"--in", in, SWAPCI_PROCESS_NAME_MAX},
                 {"--out", to, SWAPCI_PROCESS_NAME_MAX},
                 {"--errors", errors, SWAPCI_PROCESS_NAME_MAX + sizeof ":dead"},
                 {"--group", group, SWAPCI_PROCESS_GROUP_MAX},
                 {"--payload", out->payload, SWAPCI_PROCESS_NAME_MAX},
                 {"--id-field", out->id, SWAPCI_PROCESS_NAME_MAX}};
    enum swapc_status status = SWAPC_OK;
    for (size_t i = 0; i < sizeof given / sizeof *given && status == SWAPC_OK; i++)
        status = check(given[i].option, given[i].name, given[i].most, error);
    if (status == SWAPC_OK) status = differ("--in", in, "--out", to, error);
    if (status == SWAPC_OK) status = differ("--in", in, "--errors", errors, error);
    if (status == SWAPC_OK) status = differ("--out", to, "--errors", errors, error);
    if (status == SWAPC_OK)
        status = differ("--payload", out->payload, "--id-field", out->id, error);
    if (status != SWAPC_OK) return status;
    COPY(out->stream.prefix, "%s:%s", in, group);
    COPY(out->stream.group, "%s", group);
    COPY(out->stream.messages, "%s", in);
    COPY(out->stream.verdicts, "%s", to);
    COPY(out->stream.dead, "%s", errors);
    COPY(out->state, "%s:%s", in, group);
    COPY(out->lease, "%s:%s:owner", in, group);
    return SWAPC_OK;
}
