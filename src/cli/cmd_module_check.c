#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "bundle.h"
#include "check.h"
#include "cli.h"
#include "cmd_module.h"
#include "engine_names.h"
#include "file_kind.h"
#include "manifest_values.h"
#include "method_contract.h"
#include "arguments.h"
#include "suggest.h"
#include "wasm_scan.h"

struct check_job {
    const char *contract_name;
    swapc_contract *contract; /* NULL: none */
    const char *keys_dir, *engine;
    uint64_t compile_ms;
    bool native;
    const char *path;
    struct swapci_manifest manifest;
    swapc_host *host;
    unsigned failed;
    unsigned engines; /* of this build that run a flavour of it */
};

/* One line of the result, and whether it was good. */
__attribute__((format(printf, 5, 6))) static void row(struct check_job *job,
                                                      enum swapc_status status,
                                                      const swapc_error *error, const char *what,
                                                      const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%-5s %-20s ", status == SWAPC_OK ? "ok" : "FAIL", what);
    if (status == SWAPC_OK) vprintf(format, args);
    else {
        char text[SWAPC_ERROR_TEXT_MAX];
        swapci_cli_name_options("swapc module check",
                                error->text[0] ? error->text : swapc_status_text(status), text,
                                sizeof text);
        printf("%s [%s]", text, swapc_status_name(status));
    }
    putchar('\n');
    va_end(args);
    job->failed += status != SWAPC_OK;
}

/* What the engines that run the flavour take; of one that none here runs, what it is if it is a module. */
static enum swapci_file_kind needed_kind(const char *flavour, swapc_bytes bytes) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    const char *what;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        for (const char *const *f = info.built ? info.flavours : NULL; f && *f; f++)
            if (strcmp(*f, flavour) == 0)
                return info.caps & SWAPC_CAP_WASM ? SWAPCI_FILE_WASM : SWAPCI_FILE_SHARED_OBJECT;
    return swapci_file_kind_of(bytes, &what) == SWAPCI_FILE_SHARED_OBJECT
               ? SWAPCI_FILE_SHARED_OBJECT
               : SWAPCI_FILE_WASM;
}

/* The file's digest, and what it imports and exports. */
static void check_flavour(struct check_job *job, const struct swapci_flavour *flavour) {
    const char *const wanted[] = {flavour->name, NULL};
    struct swapci_image image;
    swapc_error error = SWAPC_ERROR_INIT;
    char what[96];
    snprintf(what, sizeof what, "flavour %s", flavour->name);
    enum swapc_status status = swapci_image_read(job->path, wanted, &image, &error);
    if (status != SWAPC_OK) {
        row(job, status, &error, what, " ");
        return;
    }
    enum swapci_file_kind needed = needed_kind(flavour->name, image.bytes);
    bool wasm = needed == SWAPCI_FILE_WASM;
    status = swapci_file_kind_expect(image.bytes, needed, image.path, &error);
    if (status == SWAPC_OK && wasm)
        status = swapci_check_wasm(image.bytes, job->compile_ms, NULL, &error);
    row(job, status, &error, what, "%s, %zu bytes, sha256 %s%s, %s", flavour->file, image.bytes.len,
        image.digest_hex,
        image.expected_hex[0] ? " as module.toml says" : " (module.toml names none)",
        wasm ? "imports and exports are waPC's" : "shared object");
    swapci_image_fini(&image);
}

/* Native code runs as it is loaded: only where the user said so, signed or not. */
static bool may_load(const struct check_job *job, const swapc_engine_info *engine) {
    return (engine->caps & SWAPC_CAP_SANDBOX) || job->native ||
           (job->engine && strcmp(job->engine, engine->name) == 0);
}

static void check_engine(struct check_job *job, const swapc_engine_info *engine,
                         const char *flavour) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    swapc_module *module = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    char what[96];
    job->engines++;
    options.engine = engine->name;
    options.flavour = flavour;
    options.fresh = 1;
    snprintf(what, sizeof what, "%s %s", engine->name, flavour ? flavour : "file");
    if (!may_load(job, engine)) {
        printf("%-5s %-20s %s\n", "-", what,
               "not loaded: native code runs unconfined; --engine native loads it");
        return;
    }
    enum swapc_status status = swapc_module_load(job->host, job->path, &options, &module, &error);
    if (status == SWAPC_OK) status = swapc_module_self_test(module, &error);
    if (status == SWAPC_OK && job->contract)
        status = swapc_contract_check(job->contract, module, &error);
    bool unoptimised = module && swapc_module_describe(module)->unoptimised;
    row(job, status, &error, what, "compiles%s, starts, %u self-test vectors%s%s",
        unoptimised ? " (unoptimised: --compile-max)" : "", job->manifest.self_tests.count,
        job->contract ? ", answers contract " : "",
        job->contract ? swapc_contract_name(job->contract) : "");
    swapc_module_release(module);
}

/* A bundle that nothing here runs is of no use, however good its files are. */
static void no_engine(struct check_job *job) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    struct swapci_suggestion suggestion = {.word = job->manifest.flavours[0].name};
    swapc_error error = SWAPC_ERROR_INIT;
    char known[256] = "";
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        for (const char *const *f = info.built ? info.flavours : NULL; f && *f; f++) {
            swapci_suggest_offer(&suggestion, *f);
            if (!strstr(known, *f))
                snprintf(known + strlen(known), sizeof known - strlen(known), " %s", *f);
        }
    enum swapc_status status = swapc_error_set(
        &error, SWAPC_NO_FLAVOUR,
        "no engine of this build runs a flavour of it%s (those that run here are called:%s)",
        swapci_suggest_text(&suggestion), known);
    row(job, status, &error, "engines", " ");
}

/* Every flavour on every engine that runs it. */
static void check_engines(struct check_job *job) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++) {
        if (job->engine && strcmp(job->engine, info.name) != 0) continue;
        if (!info.built) printf("%-5s %-20s not in this build\n", "-", info.name);
        for (const char *const *f = info.built ? info.flavours : NULL; f && *f; f++)
            if (swapci_manifest_flavour(&job->manifest, *f)) check_engine(job, &info, *f);
    }
    if (job->engines == 0) no_engine(job);
    if (job->manifest.self_tests.count == 0)
        printf("%-5s %-20s %s\n", "warn", "self-test",
               "no vectors: nothing says that it answers rightly; add [[self_test]] tables");
}

static void check_signature(struct check_job *job, const swapc_trust *trust) {
    struct swapci_image image;
    swapc_error error = SWAPC_ERROR_INIT;
    char path[4200];
    snprintf(path, sizeof path, "%s/module.toml.minisig", job->path);
    if (!trust) {
        printf("%-5s %-20s %s\n", "-", "signature",
               access(path, F_OK) == 0 ? "not verified: --keys-dir names the allowed keys"
                                       : "none: swapc module sign makes one");
        return;
    }
    const char *const wanted[] = {job->manifest.flavours[0].name, NULL};
    enum swapc_status status = swapci_image_locate(job->path, wanted, trust, &image, &error);
    row(job, status, &error, "signature", "by a key of %s", job->keys_dir);
    if (status == SWAPC_OK) swapci_image_fini(&image);
}

/* With keys the signature's line says so. */
static void warn_of_expiry(const struct check_job *job, const swapc_trust *trust) {
    int64_t until;
    const char *expires = job->manifest.expires;
    if (trust || !swapci_expiry_parse(expires, &until) || until > (int64_t)time(NULL)) return;
    printf("%-5s %-20s it has expired (%s): whoever asks for signatures refuses it; sign it again "
           "with "
           "a later --expires\n",
           "warn", "expires", expires);
}

/* A single file: on every engine that takes what it is. */
static enum swapc_status check_file(struct check_job *job, swapc_error *error) {
    const char *const any[] = {"file", NULL};
    const char *what;
    struct swapci_image image;
    enum swapc_status status = swapci_image_read(job->path, any, &image, error);
    if (status != SWAPC_OK) return status;
    enum swapci_file_kind kind = swapci_file_kind_of(image.bytes, &what);
    swapci_image_fini(&image);
    if (kind == SWAPCI_FILE_OTHER)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED, "%s %s", job->path, what);
    printf("a single file, %s\n", job->path);
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (info.built && !(info.caps & SWAPC_CAP_WASM) == (kind != SWAPCI_FILE_WASM) &&
            (!job->engine || strcmp(job->engine, info.name) == 0))
            check_engine(job, &info, NULL);
    return SWAPC_OK;
}

/* One of those that swapc ships by its name, else a path. */
static enum swapc_status read_contract(struct check_job *job, swapc_error *error) {
    char name[256], path[4096];
    if (strpbrk(job->contract_name, "/."))
        return swapc_contract_load(job->contract_name, &job->contract, error);
    snprintf(name, sizeof name, "contracts/%s.toml", job->contract_name);
    enum swapc_status status = swapci_cli_share_path(name, path, sizeof path, error);
    if (status == SWAPC_OK && access(path, F_OK) != 0)
        return swapc_error_set(error, SWAPC_NOT_FOUND,
                               "no shipped contract is called \"%s\" (no %s); a path needs a slash "
                               "or a dot: ./%s",
                               job->contract_name, path, job->contract_name);
    if (status == SWAPC_OK) status = swapc_contract_load(path, &job->contract, error);
    if (status == SWAPC_OK) swapci_method_contract_compare(job->contract);
    return status;
}

static void check_bundle(struct check_job *job, const swapc_trust *trust) {
    printf("%s %s in %s\n", job->manifest.name, job->manifest.version, job->path);
    check_signature(job, trust);
    warn_of_expiry(job, trust);
    for (unsigned i = 0; i < job->manifest.flavour_count; i++)
        check_flavour(job, &job->manifest.flavours[i]);
    check_engines(job);
    swapci_manifest_fini(&job->manifest);
}

static enum swapc_status check(struct check_job *job, const swapc_trust *trust,
                               swapc_error *error) {
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.log = swapci_cli_log();
    config.instances = 1;
    config.limits.compile_ms = job->compile_ms;
    config.trust = trust;
    config.engines =
        job->native ? swapci_engine_names_all(engines) : swapci_engine_names(job->engine, engines);
    swapc_error manifest_error = SWAPC_ERROR_INIT;
    enum swapc_status manifest = swapci_bundle_manifest(job->path, &job->manifest, &manifest_error);
    if (manifest != SWAPC_OK && (manifest != SWAPC_INVALID || !job->contract)) {
        *error = manifest_error;
        return manifest;
    }
    enum swapc_status status = swapc_host_new(&config, &job->host, error);
    if (status == SWAPC_OK && manifest == SWAPC_OK) check_bundle(job, trust);
    else if (status == SWAPC_OK) status = check_file(job, error);
    else swapci_manifest_fini(&job->manifest);
    swapc_host_free(job->host);
    return status;
}

int swapci_cmd_module_check(int argc, char **argv) {
    struct check_job job = {0};
    const struct swapci_option rows[] = {
        {"keys-dir", SWAPCI_OPTION_STRING, &job.keys_dir, "DIR",
         "allowed keys (*.pub): the bundle must be signed by one", 0, 0, 0},
        {"engine", SWAPCI_OPTION_STRING, &job.engine, "E",
         "check on this engine only; native: it runs unconfined as it is loaded", 0, 0, 0},
        {"contract", SWAPCI_OPTION_STRING, &job.contract_name, "FILE",
         "what a slot needs, in the format of [[self_test]]; one that swapc ships by its name", 0,
         0, 0},
        SWAPCI_COMPILE_MAX_ROW(&job.compile_ms),
        {"native", SWAPCI_OPTION_FLAG, &job.native, NULL,
         "check native code as well, which runs unconfined as it is loaded", 0, 0, 0},
    };
    const struct swapci_options options = {
        "swapc module check",
        "BUNDLE|FILE",
        "Checks a bundle whole: module.toml, digests, signature, imports and exports of every "
        "flavour,\n"
        "and that it compiles, starts and passes its self-test, and a contract, on every engine of "
        "this\n"
        "build. A single file can be held against a contract as well.",
        rows,
        sizeof rows / sizeof *rows,
        1,
        1,
        "swapc module check ./greet --keys-dir /etc/swapc/keys"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    stop = job.engine ? swapci_cli_engine(options.command, job.engine) : -1;
    if (stop >= 0) return stop;
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_trust_config config = SWAPC_TRUST_CONFIG_INIT;
    swapc_trust *trust = NULL;
    char path[4096];
    config.keys_dir = job.keys_dir;
    config.log = swapci_cli_log();
    job.path = path;
    enum swapc_status status = swapci_cli_module_path(argv[first], path, sizeof path, &error);
    if (status == SWAPC_OK && job.keys_dir) status = swapc_trust_new(&config, &trust, &error);
    if (status == SWAPC_OK && job.contract_name) status = read_contract(&job, &error);
    if (status == SWAPC_OK) status = check(&job, trust, &error);
    swapc_contract_release(job.contract);
    swapc_trust_free(trust);
    if (status != SWAPC_OK) return swapci_cli_fail(options.command, &error);
    return job.failed ? SWAPCI_EXIT_FAILED : SWAPCI_EXIT_OK;
}
