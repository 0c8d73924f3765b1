#include "pipeline_options.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "http_server.h"
#include "rpc_server.h"

/* In the order of enum swapci_swap_mode. */
const char *const swapci_swap_choices[] = {"none", "warm", "disk", "cold", NULL};

int swapci_http_check(const char *command, const char *http, const char *http_token) {
    swapc_error error = SWAPC_ERROR_INIT;
    if (!http && http_token)
        return swapci_cli_usage(command, "--http-token is of --http, which was not given");
    if (!http || swapci_http_server_check(http, &error) == SWAPC_OK) return -1;
    return swapci_cli_fail(command, &error);
}

int swapci_listen_check(const char *command, const struct swapci_pipeline_options *options,
                        const char *http_token) {
    swapc_error error = SWAPC_ERROR_INIT;
    if (!options->listen && swapci_rpc_tls_given(&options->tls))
        return swapci_cli_usage(command, "--tls-cert, --tls-key and --tls-client-ca are of "
                                         "--listen, which was not given");
    const swapci_rpc_server_config config = {
        .address = options->listen,
        .tls = swapci_rpc_tls_given(&options->tls) ? &options->tls : NULL};
    if (options->listen && swapci_rpc_server_check(&config, &error) != SWAPC_OK)
        return swapci_cli_fail(command, &error);
    return swapci_http_check(command, options->http, http_token);
}

const char *const *swapci_method_choices(struct swapci_method_choices *out,
                                         const char *const *more) {
    size_t count = 0;
    for (unsigned m = 0; m < swapci_method_count; m++)
        out->names[count++] = swapci_method_table[m]->name;
    for (; more && *more && count < SWAPCI_METHOD_CHOICES_MAX; more++) out->names[count++] = *more;
    out->names[count] = NULL;
    return out->names;
}

/* What is wrong when there is no bundle for a slot at path. */
static enum swapc_status no_module_for(const char *slot, const char *folder, const char *path,
                                       swapc_error *error) {
    int failed = errno;
    struct stat info;
    if (stat(folder, &info) != 0)
        return swapc_error_set_errno(error, SWAPC_NOT_FOUND, errno, "--modules %s", folder);
    if (!S_ISDIR(info.st_mode))
        return swapc_error_set(
            error, SWAPC_NOT_FOUND,
            "--modules %s is no folder: it takes one with a bundle for each slot "
            "in it, %s/%s for one",
            folder, folder, slot);
    if (failed != ENOENT)
        return swapc_error_set_errno(error, SWAPC_IO, failed, "cannot look at %s", path);
    return swapc_error_set(error, SWAPC_NOT_FOUND,
                           "slot %s has no module: there is no %s; put its bundle there under that "
                           "name, or leave the slot out by --method",
                           slot, path);
}

static enum swapc_status module_in(const char *folder, const char *slot, char *out, size_t size,
                                   swapc_error *error) {
    if ((size_t)snprintf(out, size, "%s/%s", folder, slot) >= size)
        return swapc_error_set(error, SWAPC_INVALID, "the path of --modules is too long");
    return access(out, F_OK) == 0 ? SWAPC_OK : no_module_for(slot, folder, out, error);
}

enum swapc_status swapci_pipeline_modules(const char *folder, unsigned methods,
                                          struct swapci_module_paths *out, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (unsigned m = 0; m < swapci_method_count && status == SWAPC_OK; m++) {
        const swapci_method *method = swapci_method_table[m];
        char *path = out->text[m];
        if (!(methods & 1u << m)) continue;
        status = folder ? module_in(folder, method->name, path, sizeof out->text[m], error)
                        : swapci_cli_module_path(method->module, path, sizeof out->text[m], error);
    }
    return status;
}

void swapci_pipeline_judged(const struct swapci_module_paths *paths, unsigned methods,
                            swapci_judges_config *config) {
    for (unsigned m = 0; m < swapci_method_count; m++)
        config->paths[m] = methods & 1u << m ? paths->text[m] : NULL;
}

void swapci_pipeline_swap(const char *swap, const char *method, swapci_judges_config *config) {
    config->every_message = strcmp(method, SWAPCI_METHOD_RANDOM) != 0;
    config->swap = SWAPCI_SWAP_NONE;
    for (int mode = 0; swapci_swap_choices[mode]; mode++)
        if (strcmp(swap, swapci_swap_choices[mode]) == 0)
            config->swap = (enum swapci_swap_mode)mode;
}

static enum swapc_status make_trust(const struct swapci_module_rules *rules, const char *state,
                                    swapc_trust **out, swapc_error *error) {
    swapc_trust_config config = SWAPC_TRUST_CONFIG_INIT;
    config.keys_dir = rules->trust_keys;
    config.state_dir = state;
    config.log = swapci_cli_log();
    if (!rules->trust_keys && !rules->trust_state) return SWAPC_OK;
    if (!rules->trust_keys)
        return swapc_error_set(error, SWAPC_INVALID, "--trust-state needs --trust-keys");
    return swapc_trust_new(&config, out, error);
}

enum swapc_status swapci_module_trust(const struct swapci_module_rules *rules, swapc_trust **trust,
                                      swapc_trust **check_trust, swapc_error *error) {
    *trust = *check_trust = NULL;
    enum swapc_status status = make_trust(rules, rules->trust_state, trust, error);
    return status == SWAPC_OK ? make_trust(rules, NULL, check_trust, error) : status;
}

uint32_t swapci_pipeline_retry_ms(uint64_t seconds) {
    return seconds == UINT64_MAX ? SWAPCI_REDIS_FOREVER : (uint32_t)(seconds * 1000);
}
