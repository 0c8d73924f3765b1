#include "partition_rows.h"

#include <stdio.h>

#include "redis_url.h"

swapci_control_partition swapci_partition_row(unsigned k) {
    return (swapci_control_partition){.number = k,
                                      .messages = SWAPCI_CONTROL_UNKNOWN,
                                      .lag = SWAPCI_CONTROL_UNKNOWN,
                                      .pending = SWAPCI_CONTROL_UNKNOWN,
                                      .dead = SWAPCI_CONTROL_UNKNOWN,
                                      .state = "elsewhere"};
}

void swapci_partition_row_silent(swapci_control_partition *row, const char *url) {
    swapci_redis_url parsed;
    bool readable = swapci_redis_url_parse(url, &parsed, NULL) == SWAPC_OK;
    row->silent = true;
    snprintf(row->state, sizeof row->state, "failing");
    snprintf(row->why, sizeof row->why, "Redis at %.120s does not answer, or refuses what is asked",
             readable ? parsed.shown : "its server");
}

/* Of who works on it nothing yet: it may be being opened, or another's. */
static void begin(const swapci_partition_view *view, unsigned k, swapci_control_partition *row) {
    *row = swapci_partition_row(k);
    row->here = swapci_crew_has(view->crew, k);
    bool failing = swapci_crew_trouble(view->crew, k, row->why, sizeof row->why);
    if (failing || row->here)
        snprintf(row->state, sizeof row->state, failing ? "failing" : "starting");
    if (failing && !row->why[0]) swapci_partition_row_silent(row, view->places[k].url);
}

struct rows {
    const swapci_partition_view *view;
    swapci_control_partition *at;
};

static void add_past(void *context) {
    const struct rows *rows = context;
    const swapci_partition_view *view = rows->view;
    for (unsigned k = 0; k < view->crew->config.share.partitions->count; k++)
        view->past(view->user, k, &rows->at[k]);
}

static void add_now(void *context, unsigned k, void *member) {
    const struct rows *rows = context;
    rows->view->now(member, &rows->at[k]);
    if (swapci_redis_up(&rows->view->health[k])) return;
    swapci_partition_row_silent(&rows->at[k], rows->view->places[k].url);
    (void)swapci_redis_refuses(&rows->view->health[k], rows->at[k].why, sizeof rows->at[k].why);
}

void swapci_partition_rows(const swapci_partition_view *view, swapci_control_partition *at) {
    struct rows rows = {view, at};
    for (unsigned k = 0; k < view->crew->config.share.partitions->count; k++)
        begin(view, k, &at[k]);
    swapci_crew_each(view->crew, add_past, add_now, &rows);
}
