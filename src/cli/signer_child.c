#include "signer_child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "end_times.h"

enum { STOP_STEPS = 200, STOP_STEP_MS = 10 };

/* Its own process group: Ctrl-C reaches us, and we end it. */
static int spawn(pid_t *pid, char *const argv[], char *const envp[]) {
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    int failed = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, envp);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

/* Whether the variable would change what this signer is: it is a part of the run, whatever is set for signers,
 * and does not speak to the service manager of the run. */
static bool is_of_signers(const char *variable) {
    static const char *const names[] = {"SWAPC_REDIS=", "SWAPC_SIGNER_",
                                        "SWAPC_CONFIG=", "NOTIFY_SOCKET=", "WATCHDOG_"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0) return true;
    return false;
}

/* Our environment with $SWAPC_REDIS as the signer's. It is not set in our own: threads that run
 * already may be reading that. */
static char **environment_new(const char *redis_url) {
    static const char name[] = "SWAPC_REDIS=";
    size_t count = 0, kept = 0, size = sizeof name + strlen(redis_url);
    while (environ[count]) count++;
    char **envp = malloc((count + 2) * sizeof *envp);
    char *redis = malloc(size);
    if (!envp || !redis) {
        free(envp);
        free(redis);
        return NULL;
    }
    snprintf(redis, size, "%s%s", name, redis_url);
    envp[kept++] = redis;
    for (size_t i = 0; i < count; i++)
        if (!is_of_signers(environ[i])) envp[kept++] = environ[i];
    envp[kept] = NULL;
    return envp;
}

static void environment_free(char **envp) {
    free(envp[0]);
    free(envp);
}

enum swapc_status swapci_signer_child_start(struct swapci_signer_child *child, swapc_error *error) {
    char tamper[32], seed[32], parent[32], retry[32], partitions[32];
    const char *log_format = swapci_options_log_json() ? "json" : "logfmt";
    snprintf(tamper, sizeof tamper, "%.17g", child->tamper);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)child->seed);
    snprintf(retry, sizeof retry, "%u", child->retry_s);
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    const char *argv[] = {"swapc",
                          "signer",
                          "--keys",
                          child->keys,
                          "--listen",
                          child->listen,
                          "--stream",
                          child->stream,
                          "--consumer",
                          child->consumer,
                          "--tamper",
                          tamper,
                          "--seed",
                          seed,
                          "--parent",
                          parent,
                          "--retry",
                          retry,
                          "--config",
                          "",
                          "--log-format",
                          log_format,
                          NULL,
                          NULL,
                          NULL,
                          NULL,
                          NULL,
                          NULL,
                          NULL,
                          NULL,
                          NULL};
    size_t at = sizeof argv / sizeof *argv - 9;
    if (child->ring) argv[at++] = "--ring", argv[at++] = child->ring;
    if (child->via) argv[at++] = "--via", argv[at++] = child->via;
    snprintf(partitions, sizeof partitions, "%u", child->partitions);
    if (child->partitions > 1) argv[at++] = "--partitions", argv[at++] = partitions;
    if (child->http) argv[at++] = "--http", argv[at++] = child->http;
    char **envp = environment_new(child->redis_url);
    if (!envp)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the signer's environment");
    int failed = spawn(&child->pid, (char *const *)(uintptr_t)argv, envp);
    environment_free(envp);
    if (failed) {
        child->pid = 0;
        return swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot start the signer");
    }
    return SWAPC_OK;
}

enum swapc_status swapci_signer_child_watch(struct swapci_signer_child *child, swapc_error *error) {
    int how;
    if (child->pid == 0 || waitpid(child->pid, &how, WNOHANG) != child->pid) return SWAPC_OK;
    child->pid = 0;
    if (!WIFSIGNALED(how))
        return swapc_error_set(error, SWAPC_SYSTEM,
                               "the signer ended with status %d; its reason is above",
                               WEXITSTATUS(how));
    if (++child->successors > SWAPCI_SIGNER_SUCCESSORS_MAX)
        return swapc_error_set(error, SWAPC_SYSTEM, "the signer was killed %u times (last by %s)",
                               child->successors, strsignal(WTERMSIG(how)));
    swapc_log_write(&child->log, SWAPC_LOG_WARN, "run",
                    "the signer was killed (%s); a successor finishes its messages",
                    strsignal(WTERMSIG(how)));
    return swapci_signer_child_start(child, error);
}

void swapci_signer_child_kill(const struct swapci_signer_child *child) {
    if (child->pid > 0 && kill(child->pid, SIGKILL) == 0) waitpid(child->pid, NULL, 0);
}

void swapci_signer_child_stop(struct swapci_signer_child *child) {
    const struct timespec step = {0, STOP_STEP_MS * 1000000L};
    if (child->pid == 0) return;
    kill(child->pid, SIGTERM);
    for (uint32_t i = 0; i < swapci_end_ms(STOP_STEPS); i++) {
        if (waitpid(child->pid, NULL, WNOHANG) != 0) {
            child->pid = 0;
            return;
        }
        nanosleep(&step, NULL);
    }
    kill(child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
    child->pid = 0;
}
