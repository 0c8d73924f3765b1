/* host_call - what a guest may ask of its host, and what it may say.
 *
 *     host_call BUNDLE      the echo bundle asks `default`, `echo`, `call` and logs a line
 *
 * A handler has two user pointers: one of the host, for what lives as long as the host does, and one
 * of the single call, for whoever made that call.
 */
#include <stdio.h>
#include <string.h>

#include <swapc/swapc.h>

struct service {
    const char *name;
    unsigned answered;
};

struct client {
    const char *name;
    int may_ask;
};

/* Answers ns "echo", operation "call", for clients that may ask; anything else is an error. */
static enum swapc_status on_host_call(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                      swapc_bytes payload, swapc_reply *reply, void *call_user,
                                      void *user) {
    struct service *service = user;
    const struct client *client = call_user;
    char text[256];
    (void)binding;
    if (!swapc_bytes_equal(ns, swapc_bytes_str("echo")) ||
        !swapc_bytes_equal(operation, swapc_bytes_str("call"))) {
        swapc_reply_set(reply, swapc_bytes_str("no such service"));
        return SWAPC_NOT_FOUND;
    }
    if (!client->may_ask) {
        swapc_reply_set(reply, swapc_bytes_str("not allowed"));
        return SWAPC_INVALID;
    }
    service->answered++;
    int len = snprintf(text, sizeof text, "%s heard \"%.*s\" from %s", service->name,
                       (int)(payload.len < 64 ? payload.len : 64), (const char *)payload.ptr,
                       client->name);
    return swapc_reply_set(reply, swapc_bytes_of(text, (size_t)len));
}

static void on_console(const char *module, uint64_t generation, swapc_bytes line, void *user) {
    (void)generation;
    fprintf(user, "[%s] %.*s\n", module, (int)line.len, (const char *)line.ptr);
}

/* Calls operation for client and prints the answer, be it a response or the guest's error. */
static int call(swapc_module *module, const char *operation, const char *payload,
                struct client *client) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    options.user = client;
    enum swapc_status status = swapc_module_call(
        module, swapc_bytes_str(operation), swapc_bytes_str(payload), &options, &reply, &error);
    int answered = status == SWAPC_OK || status == SWAPC_GUEST_ERROR;
    if (answered)
        printf("%s: %s: %.*s\n", operation, swapc_status_name(status), (int)reply.body.len,
               (const char *)reply.body.ptr);
    else fprintf(stderr, "host_call: %s\n", error.text);
    swapc_reply_fini(&reply);
    return answered;
}

static int serve(swapc_host *host, const char *path) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_module *module = NULL;
    struct client alice = {"alice", 1}, mallory = {"mallory", 0};
    if (swapc_module_load(host, path, NULL, &module, &error) != SWAPC_OK) {
        fprintf(stderr, "host_call: %s\n", error.text);
        return 0;
    }
    int done = call(module, "host", "good morning", &alice) &&
               call(module, "host", "let me in", &mallory) &&
               call(module, "log", "a line of the guest", &alice);
    swapc_module_release(module);
    return done;
}

int main(int argc, char **argv) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_host *host = NULL;
    struct service service = {"the host", 0};
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.host_call = on_host_call;
    config.host_call_user = &service;
    config.console = on_console;
    config.console_user = stdout;
    if (argc != 2) {
        fprintf(stderr, "usage: host_call BUNDLE\n");
        return 2;
    }
    if (swapc_host_new(&config, &host, &error) != SWAPC_OK) {
        fprintf(stderr, "host_call: %s\n", error.text);
        return 1;
    }
    int done = serve(host, argv[1]);
    swapc_host_free(host);
    printf("answered: %u\n", service.answered);
    return done ? 0 : 1;
}
