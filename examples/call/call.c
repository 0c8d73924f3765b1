/* call - the smallest embedder: loads a bundle and calls one of its operations.
 *
 *     call BUNDLE TEXT      for example: call $prefix/share/swapc/modules/echo hello
 */
#include <stdio.h>

#include <swapc/swapc.h>

static int fail(const swapc_error *error) {
    fprintf(stderr, "call: %s [%s]\n", error->text, swapc_status_name(error->status));
    return 1;
}

/* Calls the module once and prints what it answered. */
static int call(swapc_module *module, const char *text) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_bytes operation = swapc_bytes_str("echo");
    int result = 0;
    if (swapc_module_call(module, operation, swapc_bytes_str(text), NULL, &reply, &error) ==
        SWAPC_OK)
        printf("%.*s\n", (int)reply.body.len, (const char *)reply.body.ptr);
    else result = fail(&error);
    swapc_reply_fini(&reply);
    return result;
}

int main(int argc, char **argv) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_host *host = NULL;
    swapc_module *module = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: call BUNDLE TEXT\n");
        return 2;
    }
    if (swapc_host_new(NULL, &host, &error) != SWAPC_OK) return fail(&error);
    int result = 1;
    if (swapc_module_load(host, argv[1], NULL, &module, &error) != SWAPC_OK) {
        fail(&error);
    } else {
        const swapc_module_info *info = swapc_module_describe(module);
        printf("%s %s on %s, swapc %s\n", info->name, info->version, info->engine, swapc_version());
        result = call(module, argv[2]);
    }
    swapc_module_release(module);
    swapc_host_free(host);
    return result;
}
