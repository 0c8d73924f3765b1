/* What is shared: the flags of signals.h. */
#include "status_partitions.h"

#include <time.h>

#include "control_client.h"
#include "remote.h"
#include "rpc_code.h"
#include "signals.h"

enum { AGAIN_MS = 100, AGAIN_MAX = 30 };

/* ---- asking ------------------------------------------------------------------------------------- */

static bool any_known(const swapci_control_partitions *all) {
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].messages != SWAPCI_CONTROL_UNKNOWN) return true;
    return all->count == 0;
}

enum swapc_status swapci_status_partitions_ask(swapci_rpc_client *client, bool patient,
                                               swapci_control_partitions *out, swapc_error *error) {
    const struct timespec nap = {0, AGAIN_MS * 1000000L};
    enum swapc_status status;
    for (unsigned i = 0;; i++) {
        status = swapci_control_client_partitions(client, SWAPCI_REMOTE_MS, out, error);
        if (status != SWAPC_OK || any_known(out) || !patient || i == AGAIN_MAX ||
            atomic_load(&swapci_signals_stop))
            break;
        nanosleep(&nap, NULL);
    }
    if (status != SWAPC_OK && error && error->native == SWAPCI_RPC_UNIMPLEMENTED) {
        swapc_error_clear(error);
        return swapc_error_set(error, SWAPC_UNSUPPORTED,
                               "that process is of a release that does not tell each partition: "
                               "leave --partitions out");
    }
    return status;
}

/* ---- sums --------------------------------------------------------------------------------------- */

/* Not known is what of one is not known. */
static void add(uint64_t *sum, uint64_t one) {
    bool known = *sum != SWAPCI_CONTROL_UNKNOWN && one != SWAPCI_CONTROL_UNKNOWN;
    *sum = known ? *sum + one : SWAPCI_CONTROL_UNKNOWN;
}

/* number: how many there are. */
static swapci_control_partition sum_of(const swapci_control_partitions *all, bool here) {
    swapci_control_partition sum = {.number = 0};
    for (size_t i = 0; i < all->count; i++) {
        const swapci_control_partition *row = &all->rows[i];
        if (here && !row->here) continue;
#define ADD(name) add(&sum.name, row->name);
        SWAPCI_CONTROL_FIGURES(ADD)
#undef ADD
        sum.rate_per_s += row->rate_per_s;
        sum.number++;
    }
    return sum;
}

/* ---- as text ------------------------------------------------------------------------------------ */

static void print_figure(FILE *to, uint64_t value) {
    if (value == SWAPCI_CONTROL_UNKNOWN) fprintf(to, " %9s", "-");
    else fprintf(to, " %9llu", (unsigned long long)value);
}

static void print_figures(FILE *to, const swapci_control_partition *row) {
    fprintf(to, " %9.1f", row->rate_per_s);
    print_figure(to, row->lag);
    print_figure(to, row->pending);
    print_figure(to, row->dead);
    print_figure(to, row->in_hand);
    print_figure(to, row->done);
    print_figure(to, row->errors);
}

static void print_row(FILE *to, const swapci_control_partition *row) {
    const char *owner = row->here ? "here" : row->owner[0] ? row->owner : "nobody yet";
    fprintf(to, "  %-9u %-11s", row->number, row->state);
    print_figures(to, row);
    fprintf(to, "  %-10s %s\n", owner, row->server);
    if (row->why[0]) fprintf(to, "  %-9s %s\n", "", row->why);
}

static void print_sum(FILE *to, const char *name, const swapci_control_partition *sum) {
    char count[32];
    snprintf(count, sizeof count, "%u", sum->number);
    fprintf(to, "  %-9s %-11s", name, count);
    print_figures(to, sum);
    fputc('\n', to);
}

void swapci_status_partitions_print(FILE *to, const swapci_control_partitions *all) {
    static const char *const heads[] = {"rate/s",  "lag",  "pending", "dead",
                                        "in hand", "done", "errors"};
    if (all->count == 0) {
        fprintf(to, "  its stream has no partitions\n");
        return;
    }
    const swapci_control_partition here = sum_of(all, true), whole = sum_of(all, false);
    fprintf(to, "  %-9s %-11s", "partition", "state");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) fprintf(to, " %9s", heads[i]);
    fprintf(to, "  %-10s %s\n", "owner", "server");
    for (size_t i = 0; i < all->count; i++) print_row(to, &all->rows[i]);
    print_sum(to, "sum here", &here);
    print_sum(to, "sum", &whole);
}

/* ---- as JSON ------------------------------------------------------------------------------------ */

static json_t *figures(const swapci_control_partition *row) {
    json_t *object = json_pack("{s:f}", "rate_per_s", row->rate_per_s);
#define FIGURE(name)                                                                               \
    json_object_set_new(                                                                           \
        object, #name,                                                                             \
        row->name == SWAPCI_CONTROL_UNKNOWN ? json_null() : json_integer((json_int_t)row->name));
    SWAPCI_CONTROL_FIGURES(FIGURE)
#undef FIGURE
    return object;
}

static json_t *sum_json(const swapci_control_partition *sum) {
    json_t *object = figures(sum);
    json_object_set_new(object, "partitions", json_integer(sum->number));
    return object;
}

void swapci_status_partitions_json(const swapci_control_partitions *all, json_t *document) {
    json_t *rows = json_array();
    const swapci_control_partition here = sum_of(all, true), whole = sum_of(all, false);
    for (size_t i = 0; i < all->count; i++) {
        const swapci_control_partition *row = &all->rows[i];
        json_t *object = figures(row);
        json_object_set_new(object, "partition", json_integer(row->number));
        json_object_set_new(object, "here", json_boolean(row->here));
        json_object_set_new(object, "state", json_string(row->state));
        json_object_set_new(object, "server", json_string(row->server));
        json_object_set_new(object, "owner", json_string(row->owner));
        json_object_set_new(object, "why", json_string(row->why));
        json_array_append_new(rows, object);
    }
    json_object_set_new(document, "each_partition", rows);
    json_object_set_new(document, "partition_sums",
                        json_pack("{s:o, s:o}", "here", sum_json(&here), "all", sum_json(&whole)));
}
