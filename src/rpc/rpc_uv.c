#include "rpc_uv.h"

#include <stdlib.h>
#include <uv.h>

struct swapci_rpc_uv {
    uv_async_t async;
    swapci_rpc_server *server;
};

static void on_async(uv_async_t *async) {
    swapci_rpc_uv *uv = async->data;
    swapci_rpc_server_poll(uv->server);
}

static void wake(void *user) {
    swapci_rpc_uv *uv = user;
    uv_async_send(&uv->async);
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

enum swapc_status swapci_rpc_uv_attach(swapci_rpc_server *server, struct uv_loop_s *loop,
                                       swapci_rpc_uv **out, swapc_error *error) {
    *out = NULL;
    swapci_rpc_uv *uv = calloc(1, sizeof *uv);
    if (!uv) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to join gRPC to the loop");
    int failed = uv_async_init(loop, &uv->async, on_async);
    if (failed) {
        free(uv);
        return swapc_error_set(error, SWAPC_SYSTEM, "cannot join gRPC to the loop: %s",
                               uv_strerror(failed));
    }
    uv->async.data = uv;
    uv->server = server;
    swapci_rpc_server_wake_set(server, wake, uv);
    *out = uv;
    return SWAPC_OK;
}

void swapci_rpc_uv_detach(swapci_rpc_uv *uv) {
    if (uv) uv_close((uv_handle_t *)&uv->async, on_closed);
}
