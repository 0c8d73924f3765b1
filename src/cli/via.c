#include "via.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "ring.h"
#include "transport_ring.h"

typedef const struct swapci_pipeline_options given;

static const char *ring_name(given *o) {
    return o->ring;
}

static enum swapc_status ring_sender(given *o, swapci_sender **out, swapc_error *error) {
    const swapci_transport_ring_config config = {.name = o->ring};
    return swapci_transport_ring_send(&config, out, error);
}

static enum swapc_status ring_receiver(given *o, swapci_receiver **out, swapc_error *error) {
    const swapci_transport_ring_config config = {.name = o->ring};
    return swapci_transport_ring_receive(&config, out, error);
}

static void ring_remove(given *o) {
    swapci_ring_unlink(NULL, o->ring, NULL);
}

static void ring_sweep(const char *prefix) {
    swapci_ring_sweep(NULL, prefix);
}

/* A way by its name in swapci_via_choices; the first one is the default. One that opens nothing is not
 * built yet. */
static const struct way {
    const char *name;
    const char *place, *option;     /* what names the place, for people and on the command line */
    const char *(*which)(given *o); /* the name that was given; NULL: none */
    enum swapc_status (*sender)(given *o, swapci_sender **out, swapc_error *error);
    enum swapc_status (*receiver)(given *o, swapci_receiver **out, swapc_error *error);
    void (*remove)(given *o);          /* NULL: nothing is left */
    void (*sweep)(const char *prefix); /* NULL: the same */
} ways[] = {
    {"shm", "ring", "--ring", ring_name, ring_sender, ring_receiver, ring_remove, ring_sweep},
    {.name = "redis"},
};

const char *const swapci_via_choices[] = {"shm", "redis", NULL};
const char swapci_via_help[] = "signed messages travel by (default shm; redis is not built yet)";

enum { WAYS = sizeof ways / sizeof *ways };
static_assert(sizeof swapci_via_choices / sizeof *swapci_via_choices == WAYS + 1,
              "the names of all ways are choices");

static const struct way *way_of(given *o) {
    const struct way *way = ways;
    while (o->via && strcmp(o->via, way->name) != 0) way++; /* a choice: it is one of them */
    return way;
}

int swapci_via_check(const char *command, given *o) {
    const struct way *way = way_of(o);
    if (!way->sender)
        return swapci_cli_usage(command, "--via %s is not built yet; --via %s is", way->name,
                                ways[0].name);
    if (!way->which(o)) return swapci_cli_usage(command, "%s is required", way->option);
    return -1;
}

enum swapc_status swapci_via_sender(given *o, swapci_sender **out, swapc_error *error) {
    return way_of(o)->sender(o, out, error);
}

enum swapc_status swapci_via_receiver(given *o, swapci_receiver **out, swapc_error *error) {
    return way_of(o)->receiver(o, out, error);
}

const char *swapci_via_place(given *o, char out[SWAPCI_VIA_TEXT_MAX]) {
    const struct way *way = way_of(o);
    snprintf(out, SWAPCI_VIA_TEXT_MAX, "%s %s", way->place, way->which(o));
    return out;
}

const char *swapci_via_join(given *o, char out[SWAPCI_VIA_TEXT_MAX]) {
    const struct way *way = way_of(o);
    snprintf(out, SWAPCI_VIA_TEXT_MAX, "%s %s", way->option, way->which(o));
    return out;
}

void swapci_via_remove(given *o) {
    if (way_of(o)->remove) way_of(o)->remove(o);
}

void swapci_via_sweep(given *o, const char *prefix) {
    if (way_of(o)->sweep) way_of(o)->sweep(prefix);
}
