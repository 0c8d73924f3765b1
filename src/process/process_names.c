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

/* The streams' names, and those of the keys beside them, are none of each other's. */
static enum swapc_status keep_apart(const swapci_process_names *n, swapc_error *error) {
    char recall[sizeof n->lease + sizeof ":recall"], record[2 * sizeof n->lease];
    snprintf(recall, sizeof recall, "%s:recall", n->lease);
    snprintf(record, sizeof record, "%s:partitions", n->stream.messages);
    const struct {
        const char *option, *name;
    } streams[] = {{"--in", n->stream.messages},
                   {"--out", n->stream.verdicts},
                   {"--errors", n->stream.dead},
                   {"--group", n->state}};
    const char *const keys[] = {n->state, n->lease, recall, record};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            if (streams[i].name != keys[k] && strcmp(streams[i].name, keys[k]) == 0)
                return swapc_error_set(
                    error, SWAPC_INVALID,
                    "with --group %s %s would be %s, which is another key of %s: give another name",
                    n->stream.group, streams[i].option, keys[k], n->stream.messages);
    return SWAPC_OK;
}

#define COPY(to, ...) snprintf(to, sizeof to, __VA_ARGS__)

enum swapc_status swapci_process_names_init(swapci_process_names *out,
                                            const struct swapci_process_given *given,
                                            swapc_error *error) {
    char dead[SWAPCI_STREAM_NAME_MAX + 1];
    *out =
        (swapci_process_names){.payload = given->payload ? given->payload : SWAPCI_PROCESS_PAYLOAD,
                               .id = given->id ? given->id : SWAPCI_PROCESS_ID};
    const char *in = given->in, *to = given->out ? given->out : "";
    const char *group = given->group ? given->group : SWAPCI_STREAM_GROUP;
    COPY(dead, "%.*s:dead", SWAPCI_PROCESS_NAME_MAX, in);
    const char *errors = given->errors ? given->errors : dead;
    const struct {
        const char *option, *name;
        size_t most;
    } rows[] = {{"--in", in, SWAPCI_PROCESS_NAME_MAX},
                {"--out", to, SWAPCI_PROCESS_NAME_MAX},
                {"--errors", errors, SWAPCI_PROCESS_NAME_MAX + sizeof ":dead"},
                {"--group", group, SWAPCI_PROCESS_GROUP_MAX},
                {"--payload", out->payload, SWAPCI_PROCESS_NAME_MAX},
                {"--id-field", out->id, SWAPCI_PROCESS_NAME_MAX}};
    enum swapc_status status = SWAPC_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && status == SWAPC_OK; i++)
        if (given->out || rows[i].name != to)
            status = check(rows[i].option, rows[i].name, rows[i].most, error);
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
    return keep_apart(out, error);
}

/* ---- of a partition ------------------------------------------------------------------------------- */

enum { NAME_SIZE = SWAPCI_PROCESS_NAME_MAX + 1 };

/* The name of another stream of partition k: with the tag of in, whose name is in_k. */
static enum swapc_status beside(const swapci_partitions *p, unsigned k, const char *option,
                                const char *in_k, const char *name, char out[NAME_SIZE],
                                swapc_error *error) {
    const char *open = strchr(in_k, '{'), *close = strchr(in_k, '}');
    const char *given = strchr(p->prefix, '{'), *end = strchr(p->prefix, '}');
    size_t tag = given ? (size_t)(end - given) + 1 : 0;
    int len;
    if (!strpbrk(name, "{}"))
        len = snprintf(out, NAME_SIZE, "%.*s:%s", (int)(close - open) + 1, open, name);
    else if (tag && strncmp(name, given, tag) == 0 && !strpbrk(name + tag, "{}"))
        len = snprintf(out, NAME_SIZE, "%.*s%s", (int)(close - open) + 1, open, name + tag);
    else
        return swapc_error_set(
            error, SWAPC_INVALID,
            "%s %.100s has braces, and a partition's streams have the tag of %s %.60s: "
            "give a name without braces, which becomes %.*s:NAME",
            option, name, p->option, p->prefix, (int)(close - open) + 1, open);
    if (len >= 0 && len < NAME_SIZE) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_TOO_LARGE,
                           "%s %.60s is too long for partition %u of %.60s: %d bytes in all",
                           option, name, k, p->prefix, SWAPCI_PROCESS_NAME_MAX);
}

enum swapc_status swapci_process_names_partition(swapci_process_names *out,
                                                 const swapci_partitions *p, unsigned k,
                                                 const struct swapci_process_given *given,
                                                 swapc_error *error) {
    char in[NAME_SIZE], to[NAME_SIZE], errors[NAME_SIZE];
    struct swapci_process_given of = *given;
    if (p->count == 1) return swapci_process_names_init(out, given, error);
    enum swapc_status status = swapci_partition_prefix(p, k, in, sizeof in, error);
    if (status == SWAPC_OK && given->out) status = beside(p, k, "--out", in, given->out, to, error);
    if (status == SWAPC_OK && given->errors)
        status = beside(p, k, "--errors", in, given->errors, errors, error);
    if (status != SWAPC_OK) return status;
    of.in = in;
    if (given->out) of.out = to;
    if (given->errors) of.errors = errors;
    return swapci_process_names_init(out, &of, error);
}
