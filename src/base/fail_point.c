/* What is shared: armed, chosen, signal_number and needle are set before main and constant
 * afterwards; the count of passes is atomic. */
#include "fail_point.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool swapci_fail_point_armed;
enum { HANG = 0 }; /* for a signal's number */

static int chosen = -1, signal_number = SIGKILL;
static const char *needle; /* NULL: passes are counted */
static atomic_long passes_left;

static const char *const names[] = {
#define NAME(name) #name,
    SWAPCI_FAIL_POINTS(NAME)
#undef NAME
};

/* A name that is none would be a test that tests nothing. */
static void refuse(const char *text) {
    fprintf(
        stderr,
        "SWAPC_FAIL_POINT=%s: expected NAME:N, NAME:N:stop, NAME:N:hang or NAME:=TEXT, NAME one of",
        text);
    for (int i = 0; i < SWAPCI_FAIL_POINT_COUNT; i++) fprintf(stderr, " %s", names[i]);
    fprintf(stderr, "\n");
    _exit(2);
}

__attribute__((constructor)) static void arm(void) {
    const char *text = secure_getenv("SWAPC_FAIL_POINT");
    if (!text || !*text) return;
    size_t len = strcspn(text, ":");
    for (int i = 0; i < SWAPCI_FAIL_POINT_COUNT; i++)
        if (strlen(names[i]) == len && strncmp(names[i], text, len) == 0) chosen = i;
    if (chosen >= 0 && text[len] && text[len + 1] == '=' && text[len + 2]) {
        needle = text + len + 2;
        swapci_fail_point_armed = true;
        return;
    }
    char *end = NULL;
    long passes = text[len] ? strtol(text + len + 1, &end, 10) : 0;
    bool stop = end && strcmp(end, ":stop") == 0, hang = end && strcmp(end, ":hang") == 0;
    if (chosen < 0 || passes < 1 || (*end && !stop && !hang)) refuse(text);
    if (stop) signal_number = SIGSTOP;
    if (hang) signal_number = HANG;
    atomic_store(&passes_left, passes);
    swapci_fail_point_armed = true;
}

static void strike(void) {
    while (signal_number == HANG) pause();
    raise(signal_number);
}

void swapci_fail_point_reached(enum swapci_fail_point point, swapc_bytes message) {
    if ((int)point != chosen) return;
    if (needle) {
        if (message.len && memmem(message.ptr, message.len, needle, strlen(needle))) strike();
        return;
    }
    if (atomic_fetch_sub(&passes_left, 1) == 1) strike();
}
