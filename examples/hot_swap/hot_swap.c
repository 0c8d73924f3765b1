/* hot_swap - replaces a module while threads call it, and loses no call.
 *
 *     hot_swap BUNDLE [SECOND]      the echo bundle, on each sandbox of the build in turn, and in turn with
 *                                   SECOND, which answers in capitals (examples/second_module)
 *
 * Callers pin the slot's current generation for each call; whatever is published meanwhile, the call
 * runs on what it pinned. Each answer is counted for the generation that gave it, and must be its module's.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <swapc/swapc.h>

enum { CALLERS = 3, GENERATIONS = 24, MODULES_MAX = 8 };

struct job {
    swapc_slot *slot;
    atomic_int stop;
    atomic_ulong answers[GENERATIONS + 1]; /* right ones, by generation */
    atomic_ulong wrong;                    /* other answers, and calls that failed */
    swapc_module *modules[MODULES_MAX];    /* published in turn; const while callers run */
    unsigned count, first_count;           /* the first so many are BUNDLE's */
};

/* What a generation answers. */
static const char *answer_of(const struct job *job, uint64_t generation) {
    return (generation - 1) % job->count < job->first_count ? "still here?" : "STILL HERE?";
}

/* One call on the generation that is current now. */
static void call_once(struct job *job, swapc_reply *reply) {
    swapc_bytes payload = swapc_bytes_str("still here?");
    swapc_pin pin;
    if (swapc_slot_pin(job->slot, &pin) != SWAPC_OK) {
        atomic_fetch_add(&job->wrong, 1);
        return;
    }
    enum swapc_status status =
        swapc_pin_call(&pin, swapc_bytes_str("echo"), payload, NULL, reply, NULL);
    int right = status == SWAPC_OK &&
                swapc_bytes_equal(reply->body, swapc_bytes_str(answer_of(job, pin.generation)));
    atomic_fetch_add(right ? &job->answers[pin.generation] : &job->wrong, 1);
    swapc_pin_release(&pin);
}

static void *caller(void *arg) {
    struct job *job = arg;
    swapc_reply reply = SWAPC_REPLY_INIT;
    while (!atomic_load(&job->stop)) call_once(job, &reply);
    swapc_reply_fini(&reply);
    return NULL;
}

/* Returns when a caller has had an answer of the generation. */
static void wait_for(struct job *job, uint64_t generation) {
    struct timespec moment = {0, 100000};
    while (atomic_load(&job->answers[generation]) == 0 && atomic_load(&job->wrong) == 0)
        nanosleep(&moment, NULL);
}

/* Publishes the modules in turn, each as soon as the one before has answered. */
static void publish_all(struct job *job) {
    uint64_t generation = 1;
    wait_for(job, generation);
    for (unsigned i = 1; i < GENERATIONS; i++) {
        if (swapc_slot_publish(job->slot, job->modules[i % job->count], &generation) != SWAPC_OK)
            atomic_fetch_add(&job->wrong, 1);
        wait_for(job, generation);
    }
}

static void swap_under_load(struct job *job) {
    pthread_t threads[CALLERS];
    unsigned started = 0;
    if (swapc_slot_publish(job->slot, job->modules[0], NULL) != SWAPC_OK) return;
    while (started < CALLERS && pthread_create(&threads[started], NULL, caller, job) == 0)
        started++;
    if (started > 0) publish_all(job);
    atomic_store(&job->stop, 1);
    for (unsigned i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

static int report(struct job *job) {
    unsigned long total = 0;
    unsigned served = 0;
    for (unsigned i = 1; i <= GENERATIONS; i++) {
        unsigned long answers = atomic_load(&job->answers[i]);
        const swapc_module_info *info = swapc_module_describe(job->modules[(i - 1) % job->count]);
        printf("generation %2u, %s %s on %-8s %8lu answers\n", i, info->name, info->version,
               info->engine, answers);
        total += answers;
        served += answers > 0;
    }
    printf("%u generations gave %lu answers, %lu wrong\n", served, total, atomic_load(&job->wrong));
    return total > 0 && atomic_load(&job->wrong) == 0;
}

/* Loads the bundle on every sandbox that runs it: native code runs only in a host whose config lists
 * its engine (swapc_host_config.engines), for bundles that you trust. */
static void load_all(struct job *job, swapc_host *host, const char *path) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; job->count < MODULES_MAX && swapc_engine_at(i, &info); i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
        options.engine = info.name;
        if (!info.built || !(info.caps & SWAPC_CAP_SANDBOX)) continue;
        if (swapc_module_load(host, path, &options, &job->modules[job->count], &error) == SWAPC_OK)
            job->count++;
        else fprintf(stderr, "hot_swap: %s\n", error.text);
    }
}

int main(int argc, char **argv) {
    static struct job job;
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_host *host = NULL;
    int done = 0;
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: hot_swap BUNDLE [SECOND]\n");
        return 2;
    }
    if (swapc_host_new(NULL, &host, &error) != SWAPC_OK ||
        swapc_slot_new("echo", &job.slot, &error) != SWAPC_OK) {
        fprintf(stderr, "hot_swap: %s\n", error.text);
        swapc_host_free(host);
        return 1;
    }
    load_all(&job, host, argv[1]);
    job.first_count = job.count;
    if (argc == 3) load_all(&job, host, argv[2]);
    if (job.first_count > 0 && (argc == 2 || job.count > job.first_count)) {
        swap_under_load(&job);
        done = report(&job);
    }
    swapc_slot_free(job.slot);
    for (unsigned i = 0; i < job.count; i++) swapc_module_release(job.modules[i]);
    swapc_host_free(host);
    return done ? 0 : 1;
}
