/* mutation ENGINE BUNDLES [COUNT [SEED [FIRST]]]: damaged files of the shipped bundles are offered to
 * a slot that serves a good generation. Each must be refused with a typed error that names the stage,
 * or be taken with right answers to its own vectors; either way the next call is answered rightly,
 * and nothing is left behind. COUNT mutations from number FIRST on: each number is the same mutation
 * always. Exit status: 0 all was so; 1 not (the mutation is named); 2 it could not run. A mutation
 * that ends the process is found in the folder that is named first.
 *
 * Damaged native code cannot be offered: loading it runs it, and native code is trusted code. Of its
 * mutations those are offered that the check before the loader refuses. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "elf_check.h"
#include "engine_names.h"
#include "mutate.h"
#include "offers.h"
#include "swapc/swapc.h"
#include "swapc/sys/engine.h"
#include "usage.h"

enum { DEFAULT_COUNT = 2000, BUNDLES = 2, SCHNORR_EVERY = 64, STATUSES = 500, STAGES = 4 };
enum { DEADLINE_MS = 250, MEMORY_MAX = 16 << 20 };
enum { RSS_SLACK_KB = 32768, MAPS_SLACK = 16, FILES_SLACK = 4 };

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 }; /* keeps what was freed, and maps as it likes; it reports leaks itself */
#else
enum { SANITIZED = 0 };
#endif

static const char *const bundles[BUNDLES] = {"echo", "schnorr"};

struct job {
    swapc_engine_info engine;
    swapc_host *host;
    swapc_slot *slot;
    swapc_module *good; /* what the slot serves between the offers */
    swapc_swap_options options;
    swapc_reply reply;
    char folder[64];
    struct swapci_offer offer[BUNDLES];
    swapci_buffer mutant;
    unsigned refused[STAGES][STATUSES];
    unsigned taken, withheld;
    unsigned long long seed, number; /* of the mutation at work */
    bool failed;
    swapc_error *error;
};

__attribute__((format(printf, 2, 3))) static void fail(struct job *job, const char *format, ...) {
    va_list args;
    job->failed = true;
    printf("mutation %llu of seed %llu: ", job->number, job->seed);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

/* The slot's next call: whatever payload, its echo. */
static void expect_good(struct job *job, uint64_t generation) {
    swapc_error said = SWAPC_ERROR_INIT;
    swapc_bytes payload = swapci_buffer_bytes(&job->mutant);
    swapc_pin pin;
    if (swapc_slot_pin(job->slot, &pin) != SWAPC_OK) {
        fail(job, "the slot is empty");
        return;
    }
    if (pin.generation != generation)
        fail(job, "generation %llu serves, expected is %llu", (unsigned long long)pin.generation,
             (unsigned long long)generation);
    if (swapc_pin_call(&pin, swapc_bytes_str("echo"), payload, NULL, &job->reply, &said) !=
        SWAPC_OK)
        fail(job, "the next call failed: %s", said.text);
    else if (!swapc_bytes_equal(job->reply.body, payload))
        fail(job, "the next call was answered wrongly");
    swapc_pin_release(&pin);
}

/* The mutant has passed its vectors: it must go on doing so where it serves. */
static void expect_vectors(struct job *job, uint64_t generation) {
    swapc_error said = SWAPC_ERROR_INIT;
    swapc_pin pin;
    if (swapc_slot_pin(job->slot, &pin) != SWAPC_OK) {
        fail(job, "the slot is empty");
        return;
    }
    if (pin.generation != generation) fail(job, "a module was taken and does not serve");
    else if (swapc_module_self_test(pin.module, &said) != SWAPC_OK)
        fail(job, "a module was taken and answers otherwise: %s", said.text);
    swapc_pin_release(&pin);
}

static void expect_refusal(struct job *job, enum swapc_status status,
                           const swapc_swap_report *report, const swapc_error *said) {
    char start[64];
    snprintf(start, sizeof start,
             "swap of slot \"offered\" refused at %s: ", swapc_swap_stage_name(report->stage));
    if (report->stage >= SWAPC_SWAP_PUBLISH || (int)status >= STATUSES)
        fail(job, "refused at stage %d by status %d", (int)report->stage, (int)status);
    else job->refused[report->stage][status]++;
    if (said->status != status || strncmp(said->text, start, strlen(start)) != 0)
        fail(job, "status %s, and the error says %s \"%s\"", swapc_status_name(status),
             swapc_status_name(said->status), said->text);
    if (job->options.module.flavour && report->stage == SWAPC_SWAP_PREPARE)
        fail(job, "the module is at fault, and it is refused before it is checked");
    if (report->generation != 0) fail(job, "refused, and the report names a generation");
}

static void offer_mutant(struct job *job, const struct swapci_offer *offer) {
    swapc_swap_report report = SWAPC_SWAP_REPORT_INIT;
    swapc_error said = SWAPC_ERROR_INIT;
    uint64_t before = swapc_slot_generation(job->slot);
    enum swapc_status status =
        swapc_slot_swap(job->slot, job->host, offer->folder, &job->options, &report, &said);
    if (status == SWAPC_OK) {
        job->taken++;
        expect_vectors(job, before + 1);
        uint64_t generation = 0;
        if (swapc_slot_publish(job->slot, job->good, &generation) != SWAPC_OK)
            fail(job, "the good module is not published again");
        expect_good(job, generation);
    } else {
        expect_refusal(job, status, &report, &said);
        expect_good(job, before);
    }
}

/* The file to damage: half of the time the manifest, else one of the flavours that the engine runs. */
static unsigned choose_file(struct job *job, const struct swapci_offer *offer,
                            struct swapci_random *random) {
    char name[64];
    unsigned flavours = 0;
    while (job->engine.flavours[flavours]) flavours++;
    job->options.module.flavour = NULL;
    if (swapci_random_below(random, 2)) return swapci_offer_file(offer, "module.toml");
    job->options.module.flavour = job->engine.flavours[swapci_random_below(random, flavours)];
    snprintf(name, sizeof name, "%s.%s", job->options.module.flavour,
             job->engine.caps & SWAPC_CAP_WASM ? "wasm" : "so");
    return swapci_offer_file(offer, name);
}

static bool may_be_offered(const struct job *job) {
    return (job->engine.caps & SWAPC_CAP_WASM) || !job->options.module.flavour ||
           swapci_elf_check(swapci_buffer_bytes(&job->mutant), "mutant", NULL) != SWAPC_OK;
}

static enum swapc_status one(struct job *job) {
    struct swapci_random random = swapci_random_of(job->seed, job->number);
    unsigned which = swapci_random_below(&random, SCHNORR_EVERY) == 0;
    const struct swapci_offer *offer = &job->offer[which];
    unsigned file = choose_file(job, offer, &random);
    enum swapci_mutation kind;
    if (file == offer->count) return SWAPC_OK; /* a flavour that this bundle does not have */
    swapc_bytes original = swapci_buffer_bytes(&offer->content[file]);
    enum swapc_status status = swapci_mutate(&random, original, &job->mutant, &kind);
    if (status == SWAPC_OK && !may_be_offered(job)) {
        job->withheld++;
        return SWAPC_OK;
    }
    if (status == SWAPC_OK)
        status = swapci_offer_write(offer, file, swapci_buffer_bytes(&job->mutant), job->error);
    if (status != SWAPC_OK) return status;
    offer_mutant(job, offer);
    if (job->failed)
        printf("  it is mutation %d of %s/%s\n", (int)kind, bundles[which], offer->name[file]);
    return swapci_offer_write(offer, file, original, job->error);
}

static void expect_flat(struct job *job, const struct swapci_usage *before) {
    struct swapci_usage after = swapci_usage_now();
    printf("rss %ld -> %ld kB, maps %u -> %u, descriptors %u -> %u\n", before->rss_kb, after.rss_kb,
           before->maps, after.maps, before->files, after.files);
    bool grown =
        after.rss_kb > before->rss_kb + RSS_SLACK_KB || after.maps > before->maps + MAPS_SLACK;
    if ((grown && !SANITIZED) || after.files > before->files + FILES_SLACK)
        fail(job, "something is left behind");
}

static void print_counts(const struct job *job, unsigned count) {
    printf("%s, seed %llu: %u mutations, %u taken with right answers, %u not to be offered\n",
           job->engine.name, job->seed, count, job->taken, job->withheld);
    for (unsigned stage = 0; stage < STAGES; stage++)
        for (unsigned status = 0; status < STATUSES; status++)
            if (job->refused[stage][status])
                printf("  refused at %-9s %-16s %6u\n",
                       swapc_swap_stage_name((enum swapc_swap_stage)stage),
                       swapc_status_name((enum swapc_status)status), job->refused[stage][status]);
}

/* The first tenth is for warming up. */
static enum swapc_status offer_all(struct job *job, unsigned count) {
    struct swapci_usage before = {0, 0, 0};
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < count && status == SWAPC_OK && !job->failed; i++) {
        if (i == count / 10) before = swapci_usage_now();
        status = one(job);
        job->number++;
    }
    if (status != SWAPC_OK) return status;
    print_counts(job, count);
    if (!job->failed && count >= 1000) expect_flat(job, &before);
    return SWAPC_OK;
}

static enum swapc_status prepare(struct job *job, const char *folder) {
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.engines = swapci_engine_names_all(engines);
    enum swapc_status status = SWAPC_OK;
    char path[512];
    config.cache = "";
    config.limits.deadline_ms = DEADLINE_MS;
    config.limits.memory_max = MEMORY_MAX;
    config.instances = 16;
    job->options = (swapc_swap_options)SWAPC_SWAP_OPTIONS_INIT;
    job->options.module.engine = job->engine.name;
    for (unsigned i = 0; i < BUNDLES && status == SWAPC_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, bundles[i]);
        status = swapci_offer_init(path, job->folder, bundles[i], &job->offer[i], job->error);
    }
    if (status == SWAPC_OK) status = swapc_host_new(&config, &job->host, job->error);
    if (status == SWAPC_OK) status = swapc_slot_new("offered", &job->slot, job->error);
    if (status == SWAPC_OK)
        status = swapc_module_load(job->host, job->offer[0].folder, &job->options.module,
                                   &job->good, job->error);
    if (status == SWAPC_OK) status = swapc_slot_publish(job->slot, job->good, NULL);
    return status;
}

static void finish(struct job *job) {
    swapc_slot_free(job->slot);
    swapc_module_release(job->good);
    swapc_reply_fini(&job->reply);
    swapc_host_free(job->host);
    swapci_buffer_fini(&job->mutant);
    for (unsigned i = 0; i < BUNDLES; i++) swapci_offer_fini(&job->offer[i]);
    rmdir(job->folder);
}

static bool find_engine(const char *name, swapc_engine_info *out) {
    for (unsigned i = 0; swapc_engine_at(i, out); i++)
        if (strcmp(out->name, name) == 0) return out->built;
    return false;
}

static unsigned long long number_of(int argc, char **argv, int index,
                                    unsigned long long otherwise) {
    return argc > index ? strtoull(argv[index], NULL, 0) : otherwise;
}

int main(int argc, char **argv) {
    static struct job job = {.engine = SWAPC_ENGINE_INFO_INIT};
    swapc_error error = SWAPC_ERROR_INIT;
    if (argc < 3 || !find_engine(argv[1], &job.engine)) {
        fprintf(stderr, "usage: mutation ENGINE BUNDLES [COUNT [SEED [FIRST]]]\n");
        return 2;
    }
    unsigned count = (unsigned)number_of(argc, argv, 3, DEFAULT_COUNT);
    job.seed = number_of(argc, argv, 4, 1);
    job.number = number_of(argc, argv, 5, 0);
    job.error = &error;
    strcpy(job.folder, "/tmp/swapc-mutation-XXXXXX");
    if (!mkdtemp(job.folder)) return 2;
    printf("%s\n", job.folder);
    fflush(stdout);
    enum swapc_status status = prepare(&job, argv[2]);
    if (status == SWAPC_OK) status = offer_all(&job, count);
    finish(&job);
    if (status != SWAPC_OK) fprintf(stderr, "mutation: %s\n", error.text);
    return status != SWAPC_OK ? 2 : job.failed;
}
