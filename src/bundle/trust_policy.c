#include "trust_policy.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "admission.h"
#include "c_stack.h"
#include "heap.h"
#include "minisign.h"
#include "report.h"
#include "sized.h"
#include "small_file.h"
#include "manifest_values.h"

struct swapc_trust {
    char *keys_dir;
    char *state_dir; /* NULL: versions are not compared */
    swapc_log log;
};

/* Called with each allowed key. Returns true to go on. */
typedef bool (*key_fn)(const struct swapci_minisign_public *key, void *user);

static enum swapc_status read_key(const char *folder, const char *file,
                                  struct swapci_minisign_public *key, swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    char *path = swapci_heap_format("%s/%s", folder, file);
    if (!path) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a path");
    enum swapc_status status = swapci_small_file_read(path, SWAPCI_MINISIGN_FILE_MAX, &text, error);
    if (status == SWAPC_OK)
        status = swapci_minisign_public_parse(swapci_buffer_bytes(&text), path, key, error);
    swapci_buffer_fini(&text);
    swapci_heap_free(path);
    return status;
}

static bool is_key_file(const char *name) {
    size_t len = strlen(name);
    return name[0] != '.' && len > 4 && strcmp(name + len - 4, ".pub") == 0;
}

/* A key file that cannot be read is an error and not a key less: it may be the one that counts, and
 * the owner believes that it is in force. */
static enum swapc_status each_key(const swapc_trust *trust, key_fn fn, void *user,
                                  swapc_error *error) {
    DIR *folder = opendir(trust->keys_dir);
    if (!folder)
        return swapc_error_set_errno(error, errno == ENOENT ? SWAPC_NOT_FOUND : SWAPC_IO, errno,
                                     "cannot read the folder of allowed keys, %s", trust->keys_dir);
    enum swapc_status status = SWAPC_OK;
    bool more = true;
    for (struct dirent *entry; more && status == SWAPC_OK && (entry = readdir(folder));) {
        struct swapci_minisign_public key;
        if (!is_key_file(entry->d_name)) continue;
        status = read_key(trust->keys_dir, entry->d_name, &key, error);
        more = status == SWAPC_OK && fn(&key, user);
    }
    closedir(folder);
    return status;
}

static bool count_key(const struct swapci_minisign_public *key, void *user) {
    (void)key;
    *(unsigned *)user += 1;
    return true;
}

static enum swapc_status check_keys(const swapc_trust *trust, swapc_error *error) {
    unsigned keys = 0;
    enum swapc_status status = each_key(trust, count_key, &keys, error);
    if (status != SWAPC_OK || keys > 0) return status;
    return swapc_error_set(error, SWAPC_NOT_FOUND,
                           "%s holds no key: put the *.pub files of those you trust there",
                           trust->keys_dir);
}

static enum swapc_status init(swapc_trust *trust, const swapc_trust_config *config,
                              swapc_error *error) {
    trust->log = config->log;
    trust->keys_dir = swapci_heap_text(config->keys_dir);
    if (config->state_dir) trust->state_dir = swapci_heap_text(config->state_dir);
    if (!trust->keys_dir || (config->state_dir && !trust->state_dir))
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a trust policy");
    enum swapc_status status = check_keys(trust, error);
    return status == SWAPC_OK && trust->state_dir ? swapci_admission_open(trust->state_dir, error)
                                                  : status;
}

SWAPCI_SIZED(config_row, swapc_trust_config, "SWAPC_TRUST_CONFIG_INIT", log, log);

static enum swapc_status trust_new(const swapc_trust_config *config, swapc_trust **out,
                                   swapc_error *error) {
    swapc_trust_config own;
    SWAPC_CHECK(config && out);
    error = swapci_report_into(error);
    enum swapc_status status = swapci_sized_take(&config_row, 0, config, &own, error);
    if (status != SWAPC_OK) return status;
    if (!own.keys_dir)
        return swapc_error_set(error, SWAPC_INVALID, "a trust policy needs a folder of keys");
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium cannot be initialised");
    swapc_trust *trust = swapci_heap_zeroed(1, sizeof *trust);
    if (!trust) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a trust policy");
    status = init(trust, &own, error);
    if (status != SWAPC_OK) {
        swapc_trust_free(trust);
        return status;
    }
    *out = trust;
    return SWAPC_OK;
}

struct new_with_stack {
    const swapc_trust_config *config;
    swapc_trust **out;
    swapc_error *error;
    enum swapc_status status;
};

static void new_with_stack(void *user) {
    struct new_with_stack *n = user;
    n->status = trust_new(n->config, n->out, n->error);
}

enum swapc_status swapc_trust_new(const swapc_trust_config *config, swapc_trust **out,
                                  swapc_error *error) {
    struct new_with_stack n = {config, out, error, SWAPC_OK};
    enum swapc_status status = swapci_c_stack_with(SWAPCI_C_STACK_CALL, new_with_stack, &n, error);
    return status == SWAPC_OK ? n.status : status;
}

void swapc_trust_free(swapc_trust *trust) {
    if (!trust) return;
    swapci_heap_free(trust->keys_dir);
    swapci_heap_free(trust->state_dir);
    swapci_heap_free(trust);
}

/* ---- the signature --------------------------------------------------------------------------- */

struct search {
    const struct swapci_minisign_signature *signature;
    swapc_bytes text;
    bool known; /* a key of that id is there */
    bool good;
};

static bool try_key(const struct swapci_minisign_public *key, void *user) {
    struct search *s = user;
    if (memcmp(key->id, s->signature->id, sizeof key->id) != 0) return true;
    s->known = true;
    s->good = swapci_minisign_verify(s->signature, key, s->text);
    return !s->good;
}

static enum swapc_status verify_with(const swapc_trust *trust,
                                     const struct swapci_minisign_signature *signature,
                                     swapc_bytes text, const char *path, swapc_error *error) {
    struct search search = {signature, text, false, false};
    char id[17];
    enum swapc_status status = each_key(trust, try_key, &search, error);
    swapci_minisign_id_text(signature->id, id);
    if (status != SWAPC_OK) return status;
    if (!search.known)
        return swapc_error_set(error, SWAPC_SIGNATURE,
                               "%s is signed by key %s, which is not in %s: put that key's .pub "
                               "file there if you trust it",
                               path, id, trust->keys_dir);
    if (!search.good)
        return swapc_error_set(error, SWAPC_SIGNATURE,
                               "%s does not match its signature by key %s: one of them was "
                               "altered; get the bundle anew, or sign it again",
                               path, id);
    swapc_log_write(&trust->log, SWAPC_LOG_INFO, "trust", "%s: good signature by key %s (%.*s)",
                    path, id, (int)signature->trusted_comment.len,
                    (const char *)signature->trusted_comment.ptr);
    return SWAPC_OK;
}

static enum swapc_status read_signature(const char *path, const char *signature_path,
                                        swapci_buffer *out, swapc_error *error) {
    swapc_error own = SWAPC_ERROR_INIT;
    enum swapc_status status =
        swapci_small_file_read(signature_path, SWAPCI_MINISIGN_FILE_MAX, out, &own);
    if (status == SWAPC_NOT_FOUND)
        return swapc_error_set(error, SWAPC_SIGNATURE,
                               "%s is not signed, and only signed bundles are taken here: swapc "
                               "module sign makes %s",
                               path, signature_path);
    if (status == SWAPC_TOO_LARGE)
        return swapc_error_set(error, SWAPC_SIGNATURE, "%s is too long to be a signature",
                               signature_path);
    return status == SWAPC_OK ? status : swapc_error_set(error, status, "%s", own.text);
}

enum swapc_status swapci_trust_verify(const swapc_trust *trust, swapc_bytes text, const char *path,
                                      swapc_error *error) {
    struct swapci_minisign_signature signature;
    swapci_buffer file = SWAPCI_BUFFER_INIT;
    char *signature_path = swapci_heap_format("%s%s", path, SWAPCI_SIGNATURE_SUFFIX);
    if (!signature_path) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a path");
    enum swapc_status status = read_signature(path, signature_path, &file, error);
    if (status == SWAPC_OK)
        status = swapci_minisign_signature_parse(swapci_buffer_bytes(&file), signature_path,
                                                 &signature, error);
    if (status == SWAPC_OK) status = verify_with(trust, &signature, text, path, error);
    swapci_buffer_fini(&file);
    swapci_heap_free(signature_path);
    return status;
}

/* ---- what a signed manifest may say ---------------------------------------------------------- */

static enum swapc_status check_expiry(const struct swapci_manifest *manifest, const char *path,
                                      swapc_error *error) {
    int64_t until;
    if (manifest->expires[0] == '\0') return SWAPC_OK;
    if (swapci_expiry_parse(manifest->expires, &until) && until > (int64_t)time(NULL))
        return SWAPC_OK;
    return swapc_error_set(error, SWAPC_SIGNATURE,
                           "%s has expired (%s): get a newer bundle, or sign it again with a later "
                           "--expires",
                           path, manifest->expires);
}

static enum swapc_status check_digests(const struct swapci_manifest *manifest, const char *path,
                                       swapc_error *error) {
    for (unsigned i = 0; i < manifest->flavour_count; i++)
        if (!swapci_manifest_digest(manifest, manifest->flavours[i].name))
            return swapc_error_set(
                error, SWAPC_SIGNATURE,
                "%s is signed but names no digest of %s under [digests]: sign it "
                "by swapc module sign, which does",
                path, manifest->flavours[i].file);
    return SWAPC_OK;
}

enum swapc_status swapci_trust_admissible(const swapc_trust *trust,
                                          const struct swapci_manifest *manifest, const char *path,
                                          swapc_error *error) {
    enum swapc_status status = check_digests(manifest, path, error);
    if (status == SWAPC_OK) status = check_expiry(manifest, path, error);
    if (status != SWAPC_OK) return status;
    return trust->state_dir ? swapci_admission(trust->state_dir, manifest->name, manifest->version,
                                               SWAPCI_ADMISSION_COMPARE, error)
                            : SWAPC_OK;
}

enum swapc_status swapci_trust_admit(const swapc_trust *trust, const char *name,
                                     const char *version, swapc_error *error) {
    enum swapc_status status = trust->state_dir ? swapci_admission(trust->state_dir, name, version,
                                                                   SWAPCI_ADMISSION_RAISE, error)
                                                : SWAPC_OK;
    if (status == SWAPC_OK)
        swapc_log_write(&trust->log, SWAPC_LOG_INFO, "trust", "admitted %s %s", name, version);
    return status;
}

static enum swapc_status allow_version(const char *state_dir, const char *name, const char *version,
                                       const swapc_log *log, swapc_error *error) {
    if (!swapci_module_name_valid(name))
        return swapc_error_set(error, SWAPC_INVALID,
                               "\"%s\" is no name of a module: " SWAPCI_MODULE_NAME_RULE, name);
    if (!swapci_version_valid(version))
        return swapc_error_set(error, SWAPC_INVALID, "\"%s\" is no version: " SWAPCI_VERSION_RULE,
                               version);
    enum swapc_status status =
        swapci_admission(state_dir, name, version, SWAPCI_ADMISSION_SET, error);
    if (status == SWAPC_OK)
        swapc_log_write(log, SWAPC_LOG_WARN, "trust",
                        "%s is admitted from version %s on, by request", name, version);
    return status;
}

struct allow_with_stack {
    const char *state_dir, *name, *version;
    const swapc_log *log;
    swapc_error *error;
    enum swapc_status status;
};

static void allow_with_stack(void *user) {
    struct allow_with_stack *a = user;
    a->status = allow_version(a->state_dir, a->name, a->version, a->log, a->error);
}

enum swapc_status swapc_trust_allow_version(const char *state_dir, const char *name,
                                            const char *version, const swapc_log *log,
                                            swapc_error *error) {
    struct allow_with_stack a = {state_dir, name, version, log, error, SWAPC_OK};
    enum swapc_status status =
        swapci_c_stack_with(SWAPCI_C_STACK_CALL, allow_with_stack, &a, error);
    return status == SWAPC_OK ? a.status : status;
}
