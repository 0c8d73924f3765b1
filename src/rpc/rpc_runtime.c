/* What is shared: the count of users, whether gRPC runs, and the log sink, all under one mutex. The log
 * sink has its own, because gRPC logs from inside grpc_init. */
#include "rpc_runtime.h"
#include "descriptors.h"
#include "signal_mask.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum { DESCRIPTORS = 8 };

static pthread_mutex_t runtime_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned runtime_users;
static bool runtime_up;

static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static swapc_log sink;

static enum swapc_log_level level_of(gpr_log_severity severity) {
    switch (severity) {
    case GPR_LOG_SEVERITY_ERROR:
        return SWAPC_LOG_ERROR;
    case GPR_LOG_SEVERITY_INFO:
        return SWAPC_LOG_INFO;
    case GPR_LOG_SEVERITY_DEBUG:
        return SWAPC_LOG_DEBUG;
    }
    return SWAPC_LOG_DEBUG;
}

static void sink_write(gpr_log_func_args *args) {
    pthread_mutex_lock(&sink_lock);
    swapc_log log = sink;
    pthread_mutex_unlock(&sink_lock);
    swapc_log_write(&log, level_of(args->severity), "grpc", "%s", args->message);
}

void swapci_rpc_log_set(const swapc_log *log) {
    pthread_mutex_lock(&sink_lock);
    sink = log ? *log : (swapc_log){0};
    pthread_mutex_unlock(&sink_lock);
}

static void runtime_start(void) {
    sigset_t before;
    swapci_signal_mask_all(&before);
    gpr_set_log_function(sink_write);
    grpc_init();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    runtime_up = true;
}

enum swapc_status swapci_rpc_runtime_retain(swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    pthread_mutex_lock(&runtime_lock);
    if (!runtime_up) status = swapci_descriptors_need("gRPC", DESCRIPTORS, error);
    if (!runtime_up && status == SWAPC_OK) runtime_start();
    runtime_users += status == SWAPC_OK;
    pthread_mutex_unlock(&runtime_lock);
    return status;
}

void swapci_rpc_runtime_release(void) {
    pthread_mutex_lock(&runtime_lock);
    SWAPC_CHECK(runtime_users > 0);
    runtime_users--;
    pthread_mutex_unlock(&runtime_lock);
}

void swapci_rpc_shutdown(void) {
    pthread_mutex_lock(&runtime_lock);
    SWAPC_CHECK(runtime_users == 0);
    if (runtime_up) grpc_shutdown_blocking();
    runtime_up = false;
    pthread_mutex_unlock(&runtime_lock);
}
