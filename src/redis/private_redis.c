#include "private_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "program_path.h"
#include "redis.h"
#include "redis_url.h"
#include "tempdir.h"

enum { START_MS = 60000 }; /* on a machine that is crowded; one that ends is not waited for */

struct swapci_private_redis {
    swapci_tempdir dir;
    pid_t pid; /* 0: none, or waited for already */
    char program[512];
    char socket[SWAPCI_REDIS_PATH_MAX + 1];
    char url[SWAPCI_REDIS_PATH_MAX + 8];
};

static const char missing[] =
    "redis-server is not installed: install the package redis-tools (./dev setup does it), or give "
    "a server with --redis URL";

/* Debian's redis-tools holds the server's binary under another name. */
static enum swapc_status choose_program(const char *wanted, char *out, size_t size,
                                        swapc_error *error) {
    if (wanted) {
        if (strlen(wanted) < size && access(wanted, X_OK) == 0) {
            strcpy(out, wanted);
            return SWAPC_OK;
        }
        return swapc_error_set(error, SWAPC_NOT_FOUND, "%s is no program that can be run", wanted);
    }
    if (swapci_program_path("redis-server", out, size) ||
        swapci_program_path("redis-check-rdb", out, size))
        return SWAPC_OK;
    return swapc_error_set(error, SWAPC_NOT_FOUND, "%s", missing);
}

/* In the child, between fork and exec: only what a signal handler may do. */
static void become_server(char *const *argv, const char *program, pid_t parent, int null) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127); /* the parent died before the line above */
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execv(program, argv);
    _exit(127);
}

static enum swapc_status launch(swapci_private_redis *server, swapc_error *error) {
    char *argv[] = {(char[]){"redis-server"}, (char[]){"--port"}, (char[]){"0"},
                    (char[]){"--unixsocket"}, server->socket, (char[]){"--unixsocketperm"},
                    (char[]){"700"}, (char[]){"--dir"}, server->dir.path, (char[]){"--save"},
                    (char[]){""}, (char[]){"--appendonly"}, (char[]){"yes"}, (char[]){"--logfile"},
                    (char[]){"redis.log"}, (char[]){"--daemonize"}, (char[]){"no"},
                    /* Deleting an entry walks half of its node, which has 100 by default. */
                    (char[]){"--stream-node-max-entries"}, (char[]){"16"}, NULL};
    pid_t parent = getpid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "/dev/null cannot be opened");
    pid_t pid = fork();
    if (pid == 0) become_server(argv, server->program, parent, null);
    int why = errno;
    close(null);
    if (pid < 0)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, why, "no process for redis-server");
    server->pid = pid;
    return SWAPC_OK;
}

/* Whether the server has ended; it is then waited for. */
static bool has_ended(swapci_private_redis *server) {
    int how;
    if (server->pid && waitpid(server->pid, &how, WNOHANG) == server->pid) server->pid = 0;
    return server->pid == 0;
}

/* The last line of the server's log, into out; "" when there is none. */
static void last_log_line(const swapci_private_redis *server, char *out, size_t size) {
    char path[SWAPCI_TEMPDIR_PATH_MAX + 16];
    char line[256];
    out[0] = 0;
    snprintf(path, sizeof path, "%s/redis.log", server->dir.path);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0]) snprintf(out, size, "%s", line);
    }
    if (file) fclose(file);
}

static enum swapc_status failed(const swapci_private_redis *server, const char *how,
                                swapc_error *error) {
    char line[256];
    last_log_line(server, line, sizeof line);
    return swapc_error_set(error, SWAPC_UNREACHABLE,
                           "the private redis-server (%s) %s; its last words: %s", server->program,
                           how, line[0] ? line : "none");
}

/* Waits until the server answers a PING. */
static enum swapc_status await(swapci_private_redis *server,
                               const swapci_private_redis_config *config, swapc_error *error) {
    uint32_t start_ms = config->start_ms ? config->start_ms : START_MS;
    uint64_t end = swapci_clock_monotonic_ns() + (uint64_t)start_ms * 1000000u;
    swapci_redis_config connection = {.url = server->url, .connect_ms = 1000, .stop = config->stop};
    for (;;) {
        swapc_error why = SWAPC_ERROR_INIT;
        swapci_redis *redis = NULL;
        if (has_ended(server)) return failed(server, "ended at once", error);
        enum swapc_status status = swapci_redis_open(&connection, &redis, &why);
        swapci_redis_free(redis);
        if (status != SWAPC_UNREACHABLE)
            return status == SWAPC_OK ? status : swapc_error_set(error, status, "%s", why.text);
        if (swapci_clock_monotonic_ns() >= end) return failed(server, "does not answer", error);
        status = swapci_redis_sleep(config->stop, 5, error);
        if (status != SWAPC_OK) return status;
    }
}

/* SIGTERM, three seconds to obey, then SIGKILL: what it holds is deleted with its directory. */
static void end_server(swapci_private_redis *server) {
    if (has_ended(server)) return;
    kill(server->pid, SIGTERM);
    for (int i = 0; i < 600 && !has_ended(server); i++) swapci_redis_sleep(NULL, 5, NULL);
    if (!has_ended(server)) {
        kill(server->pid, SIGKILL);
        while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        server->pid = 0;
    }
}

void swapci_private_redis_end(swapci_private_redis *server) {
    if (!server) return;
    end_server(server);
    swapci_tempdir_remove(&server->dir);
}

void swapci_private_redis_stop(swapci_private_redis *server) {
    swapci_private_redis_end(server);
    free(server);
}

enum swapc_status swapci_private_redis_start(const swapci_private_redis_config *config,
                                             swapci_private_redis **out, swapc_error *error) {
    const swapci_private_redis_config defaults = SWAPCI_PRIVATE_REDIS_CONFIG_INIT;
    swapci_private_redis *server = calloc(1, sizeof *server);
    if (!server) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    config = config ? config : &defaults;
    server->dir.lock = -1;
    *out = server;
    enum swapc_status status =
        choose_program(config->program, server->program, sizeof server->program, error);
    if (status == SWAPC_OK) status = swapci_tempdir_new(config->root, &server->dir, error);
    if (status == SWAPC_OK) {
        snprintf(server->socket, sizeof server->socket, "%s/redis.sock", server->dir.path);
        snprintf(server->url, sizeof server->url, "unix:%s", server->socket);
        status = launch(server, error);
    }
    if (status == SWAPC_OK) status = await(server, config, error);
    if (status != SWAPC_OK) swapci_private_redis_end(server);
    return status;
}

void swapci_private_redis_abandon(swapci_private_redis *server) {
    if (server->pid > 0 && kill(server->pid, SIGKILL) == 0) waitpid(server->pid, NULL, 0);
    swapci_tempdir_remove(&server->dir);
}

const char *swapci_private_redis_url(const swapci_private_redis *server) {
    return server->url;
}

const char *swapci_private_redis_directory(const swapci_private_redis *server) {
    return server->dir.path;
}

pid_t swapci_private_redis_pid(const swapci_private_redis *server) {
    return server->pid;
}
