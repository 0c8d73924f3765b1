/* What is shared: `count`, `asked` and the flags, atomics that the handler raises, or who asks for the end; the told and the leftovers, under
 * `lock`, which a forced end takes and never gives back. The handler touches no lock: it raises, and
 * writes a byte to the pipe that the watching thread waits at. */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "commands.h"
#include "compiling.h"
#include "end_times.h"
#include "signal_mask.h"

atomic_int swapci_signals_stop, swapci_signals_hurry;
swapc_cancel swapci_signals_cancel = SWAPC_CANCEL_INIT;

static atomic_int count, preparing;
static atomic_bool asked; /* for the end, by no signal */
static atomic_uint force_after_ms = SWAPCI_SIGNALS_FORCE_MS;
static int exit_status;
static int wake_fds[2] = {-1, -1};
static bool watched;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER; /* before `lock` */
static void (*told_fn)(void *user);
static void *told_user;
static struct {
    void (*remove)(void *user);
    void *user;
} leftovers[SWAPCI_SIGNALS_LEFTOVERS_MAX];

enum { LOOK_MS = 20, STACK = 256 * 1024 };

static void hurry(void) {
    atomic_store(&swapci_signals_hurry, 1);
    swapc_cancel_request(&swapci_signals_cancel);
}

/* Also in a signal's handler. */
static void begin_end(void) {
    atomic_store(&swapci_signals_stop, 1);
    if (atomic_load(&preparing)) hurry();
    if (wake_fds[1] >= 0) (void)!write(wake_fds[1], "", 1);
}

/* Without a watching thread a second signal ends the process from here. */
static void on_signal(int number) {
    int before = errno;
    (void)number;
    if (atomic_fetch_add(&count, 1) > 0 && !watched) _exit(exit_status);
    begin_end();
    errno = before;
}

/* Waits until what is being made is known as a leftover, or takes too long. Not given back either. */
static void await_made(void) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += SWAPCI_SIGNALS_MAKING_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)!pthread_mutex_timedlock(&making, &until);
}

/* Never returns the locks: who would register something more waits until the process is gone. */
__attribute__((noreturn)) static void force(void) {
    await_made();
    pthread_mutex_lock(&lock);
    for (int i = SWAPCI_SIGNALS_LEFTOVERS_MAX - 1; i >= 0; i--)
        if (leftovers[i].remove) leftovers[i].remove(leftovers[i].user);
    if (exit_status == SWAPCI_EXIT_INTERRUPTED)
        dprintf(STDERR_FILENO, "swapc: interrupted; everything it started has been taken down\n");
    else
        dprintf(STDERR_FILENO,
                "swapc: the end is forced, %s; messages without a stored verdict stay pending in "
                "Redis\n",
                atomic_load(&count) > 1 ? "as a second signal came"
                : swapci_compiling()    ? "as the compiler of a module cannot be interrupted"
                                        : "as it took too long");
    _exit(exit_status);
}

static void tell(void) {
    pthread_mutex_lock(&lock);
    if (told_fn) told_fn(told_user);
    pthread_mutex_unlock(&lock);
}

/* How long after the end was asked for, as things stand now, nothing is waited for, and the end is forced. */
static void set_limits(unsigned *hurry_ms, unsigned *force_ms) {
    *force_ms = atomic_load(&force_after_ms);
    *hurry_ms = SWAPCI_SIGNALS_HURRY_MS;
    if (atomic_load(&preparing)) {
        *hurry_ms = 0;
        *force_ms = SWAPCI_SIGNALS_PREPARING_MS;
    } else if (*force_ms != SWAPCI_SIGNALS_NEVER && swapci_compiling()) {
        *hurry_ms = SWAPCI_SIGNALS_HURRY_COMPILING_MS;
        *force_ms = SWAPCI_SIGNALS_COMPILING_MS;
    }
    *hurry_ms = swapci_end_ms(*hurry_ms);
    if (*force_ms != SWAPCI_SIGNALS_NEVER) *force_ms = swapci_end_ms(*force_ms);
}

static void *watch(void *user) {
    struct pollfd wake = {wake_fds[0], POLLIN, 0};
    char sink[64];
    (void)user;
    while (!swapci_signals_came()) poll(&wake, 1, -1);
    uint64_t begin = swapci_clock_monotonic_ns();
    tell();
    for (;;) {
        uint64_t ms = (swapci_clock_monotonic_ns() - begin) / 1000000;
        unsigned hurry_ms, force_ms;
        set_limits(&hurry_ms, &force_ms);
        if (atomic_load(&count) > 1 || ms >= force_ms) force();
        if (ms >= hurry_ms) hurry();
        (void)!read(wake_fds[0], sink, sizeof sink);
        poll(&wake, 1, LOOK_MS);
    }
}

/* A stack that is there even where memory is scarce. Returns whether the thread runs. */
static bool watch_start(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t before;
    if (pipe2(wake_fds, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK > PTHREAD_STACK_MIN ? STACK : PTHREAD_STACK_MIN);
    swapci_signal_mask_all(&before);
    int failed = pthread_create(&thread, &attributes, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed == 0;
}

static const int handled[] = {SIGINT, SIGTERM, SIGHUP};

/* SA_RESTART: a write that a signal comes into goes on. stdio would take EINTR for a failed write, and the command
 * would end with "cannot write". Nothing waits for EINTR: waits look at the flags, the thread ends what hangs. */
static void install(void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, now;
    sigset_t these;
    sigemptyset(&action.sa_mask);
    sigemptyset(&these);
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
        bool ignored = sigaction(handled[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN;
        if (handled[i] == SIGHUP && ignored) continue;
        sigaction(handled[i], &action, NULL);
        sigaddset(&these, handled[i]);
    }
    pthread_sigmask(SIG_UNBLOCK, &these, NULL);
}

void swapci_signals_handle(int status) {
    exit_status = status;
    atomic_store(&preparing, 1);
    signal(SIGPIPE, SIG_IGN);
    install(on_signal);
    watched = watch_start();
}

void swapci_signals_end(void) {
    atomic_store(&asked, true);
    begin_end();
}

bool swapci_signals_came(void) {
    return atomic_load(&count) > 0 || atomic_load(&asked);
}

void swapci_signals_working(unsigned force_ms) {
    atomic_store(&force_after_ms, force_ms);
    atomic_store(&preparing, 0);
}

void swapci_signals_tell(void (*told)(void *user), void *user) {
    pthread_mutex_lock(&lock);
    told_fn = told;
    told_user = user;
    if (told && swapci_signals_came()) told(user);
    pthread_mutex_unlock(&lock);
}

void swapci_signals_leftover(void (*remove)(void *user), void *user) {
    pthread_mutex_lock(&lock);
    int i = 0;
    while (i < SWAPCI_SIGNALS_LEFTOVERS_MAX && leftovers[i].remove) i++;
    SWAPC_CHECK(i < SWAPCI_SIGNALS_LEFTOVERS_MAX);
    leftovers[i].remove = remove;
    leftovers[i].user = user;
    pthread_mutex_unlock(&lock);
}

void swapci_signals_leftover_gone(const void *user) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < SWAPCI_SIGNALS_LEFTOVERS_MAX; i++)
        if (leftovers[i].user == user) leftovers[i].remove = NULL;
    pthread_mutex_unlock(&lock);
}

void swapci_signals_making(void) {
    pthread_mutex_lock(&making);
}

void swapci_signals_made(void) {
    pthread_mutex_unlock(&making);
}

/* ---- before main ------------------------------------------------------------------------------ */

static void end_clean(int number) {
    (void)number;
    _exit(SWAPCI_EXIT_OK);
}

static void end_interrupted(int number) {
    (void)number;
    _exit(SWAPCI_EXIT_INTERRUPTED);
}

static bool watches(char *const *argv) {
    while (*argv && strncmp(*argv, "--watch", strlen("--watch")) != 0) argv++;
    return *argv != NULL;
}

/* The constructors of the libraries take long enough to be met by a signal. */
static void handle_early(int argc, char **argv, char **envp) {
    const struct swapci_command *command = swapci_commands;
    (void)envp;
    if (argc < 2) return;
    while (command->name && strcmp(argv[1], command->name) != 0) command++;
    if (!command->name) return;
    if (command->end == SWAPCI_ENDS_INTERRUPTED) install(end_interrupted);
    else if (command->end == SWAPCI_ENDS_CLEAN ||
             (command->end == SWAPCI_ENDS_WATCH && watches(argv)))
        install(end_clean);
}

__attribute__((section(".preinit_array"), used)) static void (*const early)(int, char **,
                                                                            char **) = handle_early;
