/* What is shared: see rpc_server_impl.h. */
#include "clock.h"
#include "rpc_runtime.h"
#include "rpc_server_impl.h"
#include "rpc_wire.h"
#include "signal_mask.h"

#include <errno.h>
#include <grpc/grpc_security.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void lock_init(swapci_rpc_server *server) {
    pthread_condattr_t attributes;
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->idle, &attributes);
    pthread_condattr_destroy(&attributes);
}

static enum swapc_status read_address(const swapci_rpc_server_config *config,
                                      swapci_rpc_address *out, swapc_error *error) {
    enum swapc_status status = swapci_rpc_address_parse(config->address, out, error);
    if (status == SWAPC_OK && config->tls && out->is_unix)
        return swapc_error_set(
            error, SWAPC_INVALID,
            "%s is a Unix socket, which needs no TLS: leave --tls-… out, or listen "
            "on HOST:PORT",
            out->text);
    return status;
}

enum swapc_status swapci_rpc_server_check(const swapci_rpc_server_config *config,
                                          swapc_error *error) {
    swapci_rpc_address address;
    enum swapc_status status = read_address(config, &address, error);
    if (status == SWAPC_OK) status = swapci_rpc_address_folder(&address, error);
    if (status == SWAPC_OK && config->tls) status = swapci_rpc_tls_check(config->tls, error);
    return status;
}

enum swapc_status swapci_rpc_server_new(const swapci_rpc_server_config *config,
                                        swapci_rpc_server **out, swapc_error *error) {
    swapci_rpc_address address;
    *out = NULL;
    enum swapc_status status = read_address(config, &address, error);
    if (status) return status;
    swapci_rpc_server *server = calloc(1, sizeof *server);
    if (!server) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a gRPC server");
    server->address = address;
    server->log = config->log;
    server->tls = config->tls;
    server->calls_max = config->calls_max ? config->calls_max : SWAPCI_RPC_CALLS_MAX;
    server->stall_ns =
        (uint64_t)(config->stall_ms ? config->stall_ms : SWAPCI_RPC_STALL_MS) * 1000000u;
    server->refs = 1;
    server->tag_down.op = SWAPCI_TAG_DOWN;
    lock_init(server);
    *out = server;
    return SWAPC_OK;
}

void swapci_rpc_server_add(swapci_rpc_server *server, const swapci_rpc_method *methods,
                           size_t count, void *user) {
    SWAPC_CHECK(!server->running);
    SWAPC_CHECK(server->service_count < SWAPCI_RPC_SERVICES_MAX);
    SWAPC_CHECK(count <= SWAPCI_RPC_METHODS_MAX);
    server->services[server->service_count++] =
        (struct swapci_rpc_service){.methods = methods, .count = count, .user = user};
}

void swapci_rpc_server_wake_set(swapci_rpc_server *server, void (*wake)(void *user), void *user) {
    SWAPC_CHECK(!server->running);
    server->wake = wake;
    server->wake_user = user;
}

unsigned swapci_rpc_server_port(const swapci_rpc_server *server) {
    return server->address.port;
}

const char *swapci_rpc_server_address(const swapci_rpc_server *server) {
    return server->address.text;
}

void swapci_rpc_server_unlock(swapci_rpc_server *server) {
    bool last = server->refs == 0;
    pthread_mutex_unlock(&server->lock);
    if (!last) return;
    pthread_cond_destroy(&server->idle);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

void swapci_rpc_server_accept(swapci_rpc_server *server) {
    if (server->accepting || server->closing) return;
    swapci_rpc_call *call = swapci_rpc_call_new(server);
    if (!call) {
        swapc_log_write(&server->log, SWAPC_LOG_ERROR, "rpc",
                        "no memory for the next call: new calls wait until one ends");
        return;
    }
    grpc_call_error failed =
        grpc_server_request_call(server->grpc, &call->grpc, &call->details, &call->metadata,
                                 server->queue, server->queue, &call->tag_new);
    SWAPC_CHECK(failed == GRPC_CALL_OK);
    server->accepting = true;
}

static void find_and_open(swapci_rpc_call *call) {
    swapci_rpc_server *server = call->server;
    for (size_t s = 0; s < server->service_count; s++) {
        struct swapci_rpc_service *service = &server->services[s];
        for (size_t m = 0; m < service->count; m++) {
            if (grpc_slice_str_cmp(call->details.method, service->methods[m].name) == 0) {
                swapci_rpc_call_open(call, service, m);
                return;
            }
        }
    }
    swapci_rpc_call_open(call, NULL, 0);
}

/* Whether the method's functions run on the rpc thread. */
static bool runs_here(const swapci_rpc_call *call) {
    return !call->server->wake || (call->method->flags & SWAPCI_RPC_ON_RPC_THREAD);
}

/* Runs the handler. The lock is held before and after, not while it runs; the handler may have
 * finished the call, and with it freed it. */
static void dispatch(swapci_rpc_call *call) {
    swapci_rpc_server *server = call->server;
    const swapci_rpc_method *method = call->method;
    void *user = call->user;
    uint8_t *request = call->request;
    size_t len = call->request_len;
    call->request = NULL;
    call->dispatched = true;
    pthread_mutex_unlock(&server->lock);
    method->handle(user, call, swapc_bytes_of(request, len));
    free(request);
    pthread_mutex_lock(&server->lock);
}

/* Answers one message of a conversation; as dispatch. */
static void converse(swapci_rpc_call *call) {
    swapci_rpc_server *server = call->server;
    swapci_buffer reply = SWAPCI_BUFFER_INIT;
    uint8_t *request = call->request;
    size_t len = call->request_len;
    call->request = NULL;
    pthread_mutex_unlock(&server->lock);
    enum swapci_rpc_code code =
        call->method->answer(call->user, swapc_bytes_of(request, len), &reply);
    free(request);
    pthread_mutex_lock(&server->lock);
    swapci_rpc_call_answer(call, code, swapci_buffer_bytes(&reply));
    swapci_buffer_fini(&reply);
    if (call->closed || call->finished) swapci_rpc_call_drop(call);
}

static void on_new(swapci_rpc_call *call, bool success) {
    swapci_rpc_server *server = call->server;
    server->accepting = false;
    if (success) find_and_open(call);
    else swapci_rpc_call_unref(call);
    swapci_rpc_server_accept(server);
}

/* Returns true when the owner must be woken. */
static bool on_received(swapci_rpc_call *call, bool success) {
    swapci_rpc_server *server = call->server;
    call->batches--;
    call->receiving = false;
    if (!call->closed && !call->finished) swapci_rpc_call_received(call, success);
    bool over = call->closed || call->finished;
    swapci_rpc_call_settle(call);
    if (over) {
        swapci_rpc_call_drop(call);
        return false;
    }
    if (call->method->answer) {
        converse(call);
        return false;
    }
    call->due_ns = 0;
    if (runs_here(call)) {
        dispatch(call);
        return false;
    }
    if (server->inbox_last) server->inbox_last->queue_next = call;
    else server->inbox_first = call;
    server->inbox_last = call;
    return true;
}

static void on_sent(swapci_rpc_call *call) {
    call->batches--;
    swapci_rpc_call_sent(call);
    /* A conversation that ended while its answer left waits for no message, which would end it. */
    if (call->held && call->method && call->method->answer && !call->receiving && !call->sending &&
        (call->closed || call->finished))
        swapci_rpc_call_drop(call);
    swapci_rpc_call_settle(call);
}

/* Tells the handler, and gives up the reference that kept call until then. The lock is held before
 * and after. */
static void tell_gone(swapci_rpc_call *call) {
    swapci_rpc_server *server = call->server;
    if (call->held) {
        pthread_mutex_unlock(&server->lock);
        call->method->gone(call->user, call);
        pthread_mutex_lock(&server->lock);
    }
    swapci_rpc_call_unref(call);
}

/* Returns true when the owner must be woken. */
static bool on_close(swapci_rpc_call *call) {
    swapci_rpc_server *server = call->server;
    bool wake = false;
    call->batches--;
    call->closed = true;
    call->refs++;
    bool tell = call->held && call->dispatched && call->method->gone;
    swapci_rpc_call_settle(call);
    if (tell && !runs_here(call)) {
        call->queue_next = server->left;
        server->left = call;
        wake = true;
    } else if (tell) {
        tell_gone(call);
    } else {
        swapci_rpc_call_unref(call);
    }
    swapci_rpc_server_accept(server);
    return wake;
}

/* Once gRPC's server has stopped and no call is left, nothing new can come: the queue may end. */
static void drain_if_over(swapci_rpc_server *server) {
    if (!server->down || server->live || server->drained) return;
    server->drained = true;
    grpc_completion_queue_shutdown(server->queue);
}

static void handle_event(swapci_rpc_server *server, const grpc_event *event) {
    struct swapci_rpc_tag *tag = event->tag;
    bool wake = false;
    pthread_mutex_lock(&server->lock);
    switch (tag->op) {
    case SWAPCI_TAG_NEW:
        on_new(tag->call, event->success);
        break;
    case SWAPCI_TAG_RECV:
        wake = on_received(tag->call, event->success);
        break;
    case SWAPCI_TAG_SEND:
        on_sent(tag->call);
        break;
    case SWAPCI_TAG_CLOSE:
        wake = on_close(tag->call);
        break;
    case SWAPCI_TAG_DOWN:
        server->down = true;
        break;
    }
    drain_if_over(server);
    pthread_mutex_unlock(&server->lock);
    if (wake) server->wake(server->wake_user);
}

/* Cancels what its client keeps from going on. Returns whether there is anything to look at again. */
static bool expire_stalled(swapci_rpc_server *server) {
    uint64_t now = swapci_clock_monotonic_ns();
    pthread_mutex_lock(&server->lock);
    for (swapci_rpc_call *call = server->calls; call; call = call->next)
        swapci_rpc_call_expire(call, now);
    bool any = server->calls != NULL;
    pthread_mutex_unlock(&server->lock);
    return any;
}

static void *serve(void *user) {
    swapci_rpc_server *server = user;
    unsigned look_ms = (unsigned)(server->stall_ns / 4000000u) + 1;
    uint64_t looked_ns = 0;
    bool any = false;
    for (;;) {
        gpr_timespec until = swapci_rpc_wire_deadline(any ? look_ms : 0);
        grpc_event event = grpc_completion_queue_next(server->queue, until, NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN) return NULL;
        if (event.type == GRPC_OP_COMPLETE) handle_event(server, &event);
        uint64_t now = swapci_clock_monotonic_ns();
        if (any && now - looked_ns < look_ms * 1000000ull) continue;
        looked_ns = now;
        any = expire_stalled(server);
    }
}

static grpc_server *grpc_server_make(void) {
    grpc_arg list[] = {
        /* Else a second server on a used port would take half of the first one's clients. */
        swapci_rpc_wire_option(GRPC_ARG_ALLOW_REUSEPORT, 0),
        swapci_rpc_wire_option(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, SWAPCI_RPC_REQUEST_MAX),
        swapci_rpc_wire_option(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, SWAPCI_RPC_MESSAGE_MAX),
        /* Clients that connect and say nothing, fall silent, or have gone without a word. */
        swapci_rpc_wire_option(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10000),
        swapci_rpc_wire_option(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 300000),
        swapci_rpc_wire_option(GRPC_ARG_KEEPALIVE_TIME_MS, 60000),
        swapci_rpc_wire_option(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000),
        swapci_rpc_wire_option(GRPC_ARG_MAX_CONCURRENT_STREAMS, 4096),
    };
    grpc_channel_args args = {sizeof list / sizeof *list, list};
    return grpc_server_create(&args, NULL);
}

static enum swapc_status listen_on(swapci_rpc_server *server, swapc_error *error) {
    swapci_rpc_address *address = &server->address;
    grpc_server_credentials *credentials = NULL;
    if (server->tls) {
        enum swapc_status status = swapci_rpc_tls_server(server->tls, &credentials, error);
        if (status) return status;
    } else {
        credentials = grpc_insecure_server_credentials_create();
    }
    int port = grpc_server_add_http2_port(server->grpc, address->listen_at, credentials);
    grpc_server_credentials_release(credentials);
    if (port == 0 && server->tls)
        return swapc_error_set(error, SWAPC_INVALID,
                               "gRPC cannot listen on %s with TLS: check that --tls-cert and "
                               "--tls-key belong together and --tls-client-ca is a CA",
                               address->text);
    if (port == 0)
        return swapc_error_set(error, SWAPC_SYSTEM,
                               "gRPC cannot listen on %s: check that the folder or host exists and "
                               "that nobody took the address just now",
                               address->text);
    if (!address->is_unix) swapci_rpc_address_port_set(address, (unsigned)port);
    else if (chmod(address->path, S_IRUSR | S_IWUSR) != 0)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot protect socket %s",
                                     address->path);
    if (!server->tls && !swapci_rpc_address_is_local(address))
        swapc_log_write(&server->log, SWAPC_LOG_WARN, "rpc",
                        "%s can be reached from other machines and is not encrypted",
                        address->text);
    return SWAPC_OK;
}

/* Starts the rpc thread with signals blocked, so that they reach the program's own threads. */
static int thread_start(swapci_rpc_server *server) {
    sigset_t before;
    swapci_signal_mask_all(&before);
    int failed = pthread_create(&server->thread, NULL, serve, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

static void grpc_close(swapci_rpc_server *server) {
    grpc_server_destroy(server->grpc);
    grpc_completion_queue_destroy(server->queue);
    server->grpc = NULL;
    server->queue = NULL;
    swapci_rpc_runtime_release();
}

static void shutdown_begin(swapci_rpc_server *server) {
    server->closing = true;
    for (swapci_rpc_call *call = server->calls; call; call = call->next)
        swapci_rpc_call_end(call, SWAPCI_RPC_UNAVAILABLE, "the server is shutting down");
    grpc_server_shutdown_and_notify(server->grpc, server->queue, &server->tag_down);
}

enum swapc_status swapci_rpc_server_start(swapci_rpc_server *server, swapc_error *error) {
    SWAPC_CHECK(!server->running);
    enum swapc_status status = swapci_rpc_runtime_retain(error);
    if (status) return status;
    status = swapci_rpc_address_claim(&server->address, error);
    if (status) {
        swapci_rpc_runtime_release();
        return status;
    }
    server->closing = server->down = server->drained = false;
    server->grpc = grpc_server_make();
    server->queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server->grpc, server->queue, NULL);
    status = listen_on(server, error);
    if (!status) {
        grpc_server_start(server->grpc);
        pthread_mutex_lock(&server->lock);
        swapci_rpc_server_accept(server);
        pthread_mutex_unlock(&server->lock);
        int failed = thread_start(server);
        if (failed)
            status = swapc_error_set_errno(error, SWAPC_SYSTEM, failed, "cannot start a thread");
    }
    if (status) { /* gRPC wants its queue emptied even then; this thread does it */
        pthread_mutex_lock(&server->lock);
        shutdown_begin(server);
        pthread_mutex_unlock(&server->lock);
        serve(server);
        grpc_close(server);
        return status;
    }
    server->running = true;
    return SWAPC_OK;
}

/* Runs or drops what is in the inbox now; what comes meanwhile waits for the next time. */
size_t swapci_rpc_server_poll(swapci_rpc_server *server) {
    size_t ran = 0;
    pthread_mutex_lock(&server->lock);
    swapci_rpc_call *call = server->left;
    server->left = NULL;
    while (call) {
        swapci_rpc_call *next = call->queue_next;
        tell_gone(call);
        call = next;
    }
    call = server->inbox_first;
    server->inbox_first = server->inbox_last = NULL;
    while (call) {
        swapci_rpc_call *next = call->queue_next;
        if (call->closed || call->finished) {
            swapci_rpc_call_drop(call);
        } else {
            dispatch(call);
            ran++;
        }
        call = next;
    }
    pthread_mutex_unlock(&server->lock);
    return ran;
}

/* Waits with the lock held until no call is live, at most grace_ms. */
static void await_idle(swapci_rpc_server *server, unsigned grace_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += grace_ms / 1000;
    until.tv_nsec += (long)(grace_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (server->live)
        if (pthread_cond_timedwait(&server->idle, &server->lock, &until) == ETIMEDOUT) return;
}

void swapci_rpc_server_shutdown(swapci_rpc_server *server, unsigned grace_ms) {
    if (!server->running) return;
    pthread_mutex_lock(&server->lock);
    shutdown_begin(server);
    await_idle(server, grace_ms);
    pthread_mutex_unlock(&server->lock);
    grpc_server_cancel_all_calls(server->grpc);
    pthread_join(server->thread, NULL);
    grpc_close(server);
    server->running = false;
    swapci_rpc_server_poll(server); /* all are finished by now: drops them */
}

void swapci_rpc_server_free(swapci_rpc_server *server) {
    if (!server) return;
    swapci_rpc_server_shutdown(server, 0);
    pthread_mutex_lock(&server->lock);
    server->refs--;
    swapci_rpc_server_unlock(server);
}
