#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "clock.h"

enum { LOOK_MS = 10, STOP_MS = 3000, CHILDREN_MAX = 16 };

static void in_child(const struct swapci_lab *lab, const char *const *arguments, int output,
                     int errors, pid_t parent) {
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(null, STDIN_FILENO);
    dup2(output >= 0 ? output : null, STDOUT_FILENO);
    dup2(errors >= 0 ? errors : null, STDERR_FILENO);
    execv(lab->program, (char *const *)arguments);
    _exit(127);
}

enum swapc_status swapci_child_start(const struct swapci_lab *lab, const char *const *arguments,
                                     int output, int errors, pid_t *pid, swapc_error *error) {
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0) in_child(lab, arguments, output, errors, parent);
    if (*pid > 0) return SWAPC_OK;
    return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot start a process");
}

static bool wait_ms(pid_t pid, unsigned ms, int *how) {
    const struct timespec pause = {0, LOOK_MS * 1000000L};
    for (unsigned waited = 0; waited <= ms; waited += LOOK_MS) {
        if (waitpid(pid, how, WNOHANG) != 0) return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

void swapci_child_stop(pid_t pid) {
    int how;
    if (pid <= 0) return;
    kill(pid, SIGTERM);
    if (wait_ms(pid, STOP_MS, &how)) return;
    kill(pid, SIGKILL);
    waitpid(pid, &how, 0);
}

double swapci_child_cpu_us(pid_t pid) {
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

/* ---- what /proc says ------------------------------------------------------------------------- */

/* The process's file of that name under /proc. */
static bool read_proc(pid_t pid, const char *name, char *out, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, out, size - 1) : -1;
    if (fd >= 0) close(fd);
    if (len <= 0) return false;
    out[len] = '\0';
    return true;
}

/* A process that ends meanwhile keeps what was seen last. */
static void look_at(pid_t pid, struct swapci_process_usage *usage) {
    char text[4096];
    unsigned long user = 0, system = 0;
    if (read_proc(pid, "stat", text, sizeof text)) {
        const char *rest = strrchr(text, ')');
        if (rest && sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                           &system) == 2)
            usage->cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    }
    if (!read_proc(pid, "status", text, sizeof text)) return;
    const char *peak = strstr(text, "VmHWM:");
    if (peak) usage->peak_mb = (double)strtoul(peak + 6, NULL, 10) / 1024;
}

static void look_at_all(pid_t pid, struct swapci_run_usage *usage) {
    char children[512], name[64];
    snprintf(name, sizeof name, "task/%d/children", (int)pid);
    look_at(pid, &usage->main);
    if (!read_proc(pid, name, children, sizeof children)) return;
    char *at = children;
    for (int i = 0; i < CHILDREN_MAX; i++) {
        char *end;
        pid_t child = (pid_t)strtol(at, &end, 10);
        if (end == at) break;
        at = end;
        if (!read_proc(child, "comm", name, sizeof name)) continue;
        if (strncmp(name, "redis", 5) == 0) look_at(child, &usage->redis);
        else look_at(child, &usage->signer);
    }
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void drain(int fd, swapci_buffer *out) {
    char bytes[4096];
    ssize_t len;
    while ((len = read(fd, bytes, sizeof bytes)) > 0)
        if (swapci_buffer_append(out, swapc_bytes_of(bytes, (size_t)len)) != SWAPC_OK) return;
}

static int watch(struct swapci_lab *lab, pid_t pid, int fd, swapci_buffer *out,
                 struct swapci_run_usage *usage) {
    int how = 0;
    for (;;) {
        struct pollfd poller = {fd, POLLIN, 0};
        poll(&poller, 1, LOOK_MS);
        drain(fd, out);
        look_at_all(pid, usage);
        if (waitpid(pid, &how, WNOHANG) == pid) break;
        if (swapci_lab_stopped(lab)) {
            swapci_child_stop(pid);
            return -1;
        }
        if (poller.revents & POLLHUP) { /* its output is closed; it ends on its own */
            const struct timespec pause = {0, LOOK_MS * 1000000L};
            nanosleep(&pause, NULL);
        }
    }
    drain(fd, out);
    return how;
}

/* What it said first on standard error. */
static enum swapc_status say_why(const char *what, int errors, int how, swapc_error *error) {
    char text[256];
    ssize_t len = pread(errors, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return swapc_error_set(error, SWAPC_SYSTEM,
                           "swapc %s, run as a process, failed (status %d): %s", what,
                           WIFEXITED(how) ? WEXITSTATUS(how) : -1, text);
}

enum swapc_status swapci_child_run(struct swapci_lab *lab, const char *const *arguments,
                                   json_t **document, struct swapci_run_usage *usage,
                                   swapc_error *error) {
    int ends[2], errors = memfd_create("errors", MFD_CLOEXEC);
    pid_t pid;
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    *document = NULL;
    *usage = (struct swapci_run_usage){.main = {0, 0}};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot make a pipe");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    enum swapc_status status = swapci_child_start(lab, arguments, ends[1], errors, &pid, error);
    close(ends[1]);
    int how = status == SWAPC_OK ? watch(lab, pid, ends[0], &out, usage) : -1;
    close(ends[0]);
    if (status == SWAPC_OK && lab->incomplete) status = SWAPC_INTERRUPTED;
    if (status == SWAPC_OK) *document = json_loadb((char *)out.ptr, out.len, 0, NULL);
    swapci_buffer_fini(&out);
    if (status == SWAPC_OK && !(*document && WIFEXITED(how) && WEXITSTATUS(how) == 0)) {
        json_decref(*document);
        *document = NULL;
        status = say_why(arguments[1], errors, how, error);
    }
    close(errors);
    return status;
}
