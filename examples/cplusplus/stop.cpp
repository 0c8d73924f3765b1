/* stop - from C++: handles that free themselves, and the two ways to stop a guest that never ends,
 * a deadline and a cancel from another thread.
 *
 *     stop BUNDLE      the operation `loop` of the echo bundle never returns by itself
 */
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <swapc/swapc.h>

namespace {

struct Free {
    void operator()(swapc_host *host) const {
        swapc_host_free(host);
    }
    void operator()(swapc_module *module) const {
        swapc_module_release(module);
    }
};
using Host = std::unique_ptr<swapc_host, Free>;
using Module = std::unique_ptr<swapc_module, Free>;

struct Reply : swapc_reply {
    Reply() : swapc_reply SWAPC_REPLY_INIT {
    }
    ~Reply() {
        swapc_reply_fini(this);
    }
    Reply(const Reply &) = delete;
    Reply &operator=(const Reply &) = delete;
};

void check(swapc_status status, const swapc_error &error) {
    if (status != SWAPC_OK) throw std::runtime_error(error.text);
}

Host make_host() {
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_host *host = nullptr;
    check(swapc_host_new(nullptr, &host, &error), error);
    return Host(host);
}

/* Not every engine can stop a guest inside a loop: native code cannot be stopped. */
const char *engine_that_stops() {
    const std::uint32_t needed = SWAPC_CAP_DEADLINE | SWAPC_CAP_CANCEL;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (info.built && (info.caps & needed) == needed) return info.name;
    throw std::runtime_error("no engine of this build can stop a guest");
}

Module load(const Host &host, const char *path) {
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    swapc_module *module = nullptr;
    options.engine = engine_that_stops();
    check(swapc_module_load(host.get(), path, &options, &module, &error), error);
    return Module(module);
}

/* Calls `loop` and returns how it was stopped. */
swapc_status loop(const Module &module, const swapc_call_options &options) {
    swapc_error error = SWAPC_ERROR_INIT;
    Reply reply;
    return swapc_module_call(module.get(), swapc_bytes_str("loop"), swapc_bytes_of(nullptr, 0),
                             &options, &reply, &error);
}

std::string echo(const Module &module, const std::string &text) {
    swapc_error error = SWAPC_ERROR_INIT;
    Reply reply;
    check(swapc_module_call(module.get(), swapc_bytes_str("echo"),
                            swapc_bytes_of(text.data(), text.size()), nullptr, &reply, &error),
          error);
    return std::string(reinterpret_cast<const char *>(reply.body.ptr), reply.body.len);
}

swapc_status loop_until_cancelled(const Module &module) {
    swapc_cancel cancel = SWAPC_CANCEL_INIT;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    options.cancel = &cancel;
    std::thread other([&cancel] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        swapc_cancel_request(&cancel);
    });
    swapc_status status = loop(module, options);
    other.join();
    return status;
}

void run(const char *path) {
    Host host = make_host();
    Module module = load(host, path);
    swapc_call_options deadline = SWAPC_CALL_OPTIONS_INIT;
    deadline.deadline_ms = 20;
    std::printf("deadline: %s\n", swapc_status_name(loop(module, deadline)));
    std::printf("cancel: %s\n", swapc_status_name(loop_until_cancelled(module)));
    std::printf("and it serves on: %s\n", echo(module, "hello").c_str());
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: stop BUNDLE\n");
        return 2;
    }
    try {
        run(argv[1]);
    } catch (const std::exception &e) {
        std::fprintf(stderr, "stop: %s\n", e.what());
        return 1;
    }
    return 0;
}
