#include <sodium.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "cmd_module.h"
#include "arguments.h"
#include "bundle_sign.h"
#include "manifest_values.h"
#include "small_file.h"

/* ---- keygen ----------------------------------------------------------------------------------- */

static enum swapc_status refuse_existing(const char *path, swapc_error *error) {
    return access(path, F_OK) == 0
               ? swapc_error_set(error, SWAPC_BUSY,
                                 "%s is there already and is not overwritten: name another file",
                                 path)
               : SWAPC_OK;
}

/* The secret key first: a public key whose secret one is lost is of no use. */
static enum swapc_status write_pair(const char *path, const char *public_path,
                                    const struct swapci_minisign_secret *secret,
                                    swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_minisign_secret_write(secret, &text);
    if (status == SWAPC_OK)
        status = swapci_small_file_replace(path, swapci_buffer_bytes(&text), 0600, error);
    sodium_memzero(text.ptr, text.len);
    swapci_buffer_clear(&text);
    if (status == SWAPC_OK) status = swapci_minisign_public_write(secret, &text);
    if (status == SWAPC_OK)
        status = swapci_small_file_replace(public_path, swapci_buffer_bytes(&text), 0644, error);
    swapci_buffer_fini(&text);
    return status == SWAPC_NO_MEMORY ? swapc_error_set(error, status, "no memory for a key")
                                     : status;
}

static enum swapc_status keygen(const char *path, swapc_error *error) {
    char public_path[4096], id[17];
    struct swapci_minisign_secret secret;
    if ((size_t)snprintf(public_path, sizeof public_path, "%s.pub", path) >= sizeof public_path)
        return swapc_error_set(error, SWAPC_INVALID, "the path is too long");
    enum swapc_status status = refuse_existing(path, error);
    if (status == SWAPC_OK) status = refuse_existing(public_path, error);
    if (status != SWAPC_OK) return status;
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium cannot be initialised");
    swapci_minisign_generate(&secret);
    status = write_pair(path, public_path, &secret, error);
    swapci_minisign_id_text(secret.id, id);
    sodium_memzero(&secret, sizeof secret);
    if (status == SWAPC_OK)
        printf("key %s: sign with %s, which is secret and not encrypted; give away %s\n", id, path,
               public_path);
    return status;
}

int swapci_cmd_module_keygen(int argc, char **argv) {
    const struct swapci_options options = {
        "swapc module keygen",
        "FILE",
        "Makes a key pair in minisign's format: FILE (secret, mode 0600) and FILE.pub.",
        NULL,
        0,
        1,
        1,
        "swapc module keygen release.key"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    swapc_error error = SWAPC_ERROR_INIT;
    return keygen(argv[first], &error) == SWAPC_OK ? SWAPCI_EXIT_OK
                                                   : swapci_cli_fail(options.command, &error);
}

/* ---- sign ------------------------------------------------------------------------------------- */

struct sign_job {
    const char *key, *password_file, *expires;
    bool legacy;
};

/* The first line of the file. */
static enum swapc_status read_password(const char *path, char out[1024], swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_small_file_read(path, 1023, &text, error);
    if (status == SWAPC_OK) {
        memcpy(out, text.ptr, text.len);
        out[text.len] = '\0';
        out[strcspn(out, "\r\n")] = '\0';
        sodium_memzero(text.ptr, text.len);
    }
    swapci_buffer_fini(&text);
    return status;
}

static enum swapc_status read_secret(const struct sign_job *job, struct swapci_minisign_secret *out,
                                     swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    char password[1024];
    enum swapc_status status =
        job->password_file ? read_password(job->password_file, password, error) : SWAPC_OK;
    if (status == SWAPC_OK)
        status = swapci_small_file_read(job->key, SWAPCI_MINISIGN_FILE_MAX, &text, error);
    if (status == SWAPC_OK)
        status = swapci_minisign_secret_parse(swapci_buffer_bytes(&text), job->key,
                                              job->password_file ? password : NULL, out, error);
    if (text.len) sodium_memzero(text.ptr, text.len);
    sodium_memzero(password, sizeof password);
    swapci_buffer_fini(&text);
    return status;
}

static enum swapc_status sign(const struct sign_job *job, const char *bundle, swapc_error *error) {
    struct swapci_minisign_secret secret;
    struct swapci_signing signing = {&secret, job->expires, job->legacy};
    char id[17];
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium cannot be initialised");
    enum swapc_status status = read_secret(job, &secret, error);
    if (status != SWAPC_OK) return status;
    status = swapci_bundle_sign(bundle, &signing, error);
    swapci_minisign_id_text(secret.id, id);
    sodium_memzero(&secret, sizeof secret);
    if (status != SWAPC_OK) return status;
    printf("%s/module.toml is signed by key %s\n", bundle, id);
    int64_t expiry;
    if (job->expires && swapci_expiry_parse(job->expires, &expiry) && expiry <= time(NULL))
        fprintf(stderr,
                "swapc module sign: %s is past: no host with a policy takes this bundle; sign "
                "again with a later --expires\n",
                job->expires);
    return SWAPC_OK;
}

int swapci_cmd_module_sign(int argc, char **argv) {
    struct sign_job job = {0};
    const struct swapci_option rows[] = {
        {"key", SWAPCI_OPTION_STRING, &job.key, "FILE",
         "the secret key (required; swapc module keygen makes one)", 0, 0, 0},
        {"password-file", SWAPCI_OPTION_STRING, &job.password_file, "FILE",
         "whose first line decrypts the key", 0, 0, 0},
        {"expires", SWAPCI_OPTION_STRING, &job.expires, "TIME",
         "not admitted from then on: YYYY-MM-DD[Thh:mm:ssZ], UTC; \"\" never", 0, 0, 0},
        {"legacy", SWAPCI_OPTION_FLAG, &job.legacy, NULL,
         "sign without prehashing, for old verifiers", 0, 0, 0},
    };
    const struct swapci_options options = {
        "swapc module sign",
        "BUNDLE",
        "Writes the SHA-256 of every flavour into the bundle's module.toml, and signs that file:\n"
        "BUNDLE/module.toml.minisig, which minisign verifies as well. BUNDLE is a path, never one "
        "that\n"
        "swapc ships.",
        rows,
        sizeof rows / sizeof *rows,
        1,
        1,
        "swapc module sign ./greet --key release.key"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    const struct swapci_required required = {"--key", job.key,
                                             "swapc module keygen FILE makes one"};
    stop = swapci_cli_required(options.command, &required, 1);
    if (stop >= 0) return stop;
    swapc_error error = SWAPC_ERROR_INIT;
    const char *path;
    enum swapc_status status = swapci_cli_own_path(argv[first], &path, &error);
    if (status == SWAPC_OK) status = sign(&job, path, &error);
    return status == SWAPC_OK ? SWAPCI_EXIT_OK : swapci_cli_fail(options.command, &error);
}
