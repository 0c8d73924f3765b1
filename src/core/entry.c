/* entry.c - the public functions that may need much C stack, and that a program may call on any.
 *
 * They compile, open engines, run guests, parse files or hand lines to a log callback, and hold
 * errors and tables of some KiB on the way. Each packs its arguments and has them unpacked where
 * there is stack enough: here, or on a stack of our own (c_stack.h). A call itself
 * (swapci_module_call) and the last release of a module do the same in module.c, for their own
 * reasons: speed, and that it cannot fail. Frames here are small: they are all that stands on
 * the caller's stack. */
#include "c_stack.h"
#include "contract_impl.h"
#include "host_state.h"
#include "module_call.h"
#include "self_test_vectors.h"
#include "slot_impl.h"

/* status is what fn left there, when it was run. */
static enum swapc_status with(size_t need, void (*fn)(void *user), void *user,
                              const enum swapc_status *status, swapc_error *error) {
    enum swapc_status ran = swapci_c_stack_with(need, fn, user, error);
    return ran == SWAPC_OK ? *status : ran;
}

/* ---- hosts ---- */

struct host_new {
    const swapc_host_config *config;
    swapc_host **out;
    swapc_error *error;
    enum swapc_status status;
};

static void host_new(void *user) {
    struct host_new *e = user;
    e->status = swapci_host_new(e->config, e->out, e->error);
}

enum swapc_status swapc_host_new(const swapc_host_config *config, swapc_host **out,
                                 swapc_error *error) {
    struct host_new e = {config, out, error, SWAPC_OK};
    return with(SWAPCI_C_STACK_CALL, host_new, &e, &e.status, error);
}

static void host_free(void *user) {
    swapci_host_free(user);
}

void swapc_host_free(swapc_host *host) {
    if (host) swapci_c_stack_must(SWAPCI_C_STACK_CALL, host_free, host);
}

/* ---- modules ---- */

struct load {
    swapc_host *host;
    const char *path; /* or name, with bytes */
    swapc_bytes bytes;
    const swapc_module_options *options;
    swapc_module **out;
    swapc_error *error;
    enum swapc_status status;
};

static void load(void *user) {
    struct load *e = user;
    e->status = swapci_module_load(e->host, e->path, e->options, 0, e->out, e->error);
}

static void load_bytes(void *user) {
    struct load *e = user;
    e->status = swapci_module_load_bytes(e->host, e->path, e->bytes, e->options, e->out, e->error);
}

enum swapc_status swapc_module_load(swapc_host *host, const char *path,
                                    const swapc_module_options *options, swapc_module **out,
                                    swapc_error *error) {
    struct load e = {host, path, {NULL, 0}, options, out, error, SWAPC_OK};
    return with(SWAPCI_C_STACK_LOAD, load, &e, &e.status, error);
}

enum swapc_status swapc_module_load_bytes(swapc_host *host, const char *name, swapc_bytes bytes,
                                          const swapc_module_options *options, swapc_module **out,
                                          swapc_error *error) {
    struct load e = {host, name, bytes, options, out, error, SWAPC_OK};
    return with(SWAPCI_C_STACK_LOAD, load_bytes, &e, &e.status, error);
}

struct self_test {
    swapc_module *module;
    swapc_error *error;
    enum swapc_status status;
};

static void self_test(void *user) {
    struct self_test *e = user;
    e->status = swapci_module_self_test(e->module, SWAPCI_VECTOR_DEADLINE_MAX_MS, NULL, e->error);
}

enum swapc_status swapc_module_self_test(swapc_module *module, swapc_error *error) {
    struct self_test e = {module, error, SWAPC_OK};
    return with(SWAPCI_C_STACK_CALL, self_test, &e, &e.status, error);
}

/* ---- contracts ---- */

struct contract_load {
    const char *path; /* or name, with text */
    swapc_bytes text;
    swapc_contract **out;
    swapc_error *error;
    enum swapc_status status;
};

static void contract_load(void *user) {
    struct contract_load *e = user;
    e->status = swapci_contract_load(e->path, e->out, e->error);
}

static void contract_load_bytes(void *user) {
    struct contract_load *e = user;
    e->status = swapci_contract_load_bytes(e->path, e->text, e->out, e->error);
}

enum swapc_status swapc_contract_load(const char *path, swapc_contract **out, swapc_error *error) {
    struct contract_load e = {path, {NULL, 0}, out, error, SWAPC_OK};
    return with(SWAPCI_C_STACK_CALL, contract_load, &e, &e.status, error);
}

enum swapc_status swapc_contract_load_bytes(const char *name, swapc_bytes text,
                                            swapc_contract **out, swapc_error *error) {
    struct contract_load e = {name, text, out, error, SWAPC_OK};
    return with(SWAPCI_C_STACK_CALL, contract_load_bytes, &e, &e.status, error);
}

struct contract_check {
    const swapc_contract *contract;
    swapc_module *module;
    swapc_error *error;
    enum swapc_status status;
};

static void contract_check(void *user) {
    struct contract_check *e = user;
    e->status = swapci_contract_check(e->contract, e->module, "contract",
                                      swapc_contract_name(e->contract), e->error);
}

enum swapc_status swapc_contract_check(const swapc_contract *contract, swapc_module *module,
                                       swapc_error *error) {
    SWAPC_CHECK(contract && module);
    struct contract_check e = {contract, module, error, SWAPC_OK};
    return with(SWAPCI_C_STACK_CALL, contract_check, &e, &e.status, error);
}

/* ---- slots ---- */

struct slot_admit {
    swapc_slot *slot;
    swapc_module *module;
    swapc_error *error;
    enum swapc_status status;
};

static void slot_admit(void *user) {
    struct slot_admit *e = user;
    e->status = swapci_slot_admit(e->slot, e->module, e->error);
}

enum swapc_status swapc_slot_admit(swapc_slot *slot, swapc_module *module, swapc_error *error) {
    struct slot_admit e = {slot, module, error, SWAPC_OK};
    return with(SWAPCI_C_STACK_CALL, slot_admit, &e, &e.status, error);
}

struct slot_rollback {
    swapc_slot *slot;
    uint64_t *generation;
    enum swapc_status status;
};

static void slot_rollback(void *user) {
    struct slot_rollback *e = user;
    e->status = swapci_slot_rollback(e->slot, e->generation);
}

/* The way back must not fail for want of a stack. */
enum swapc_status swapc_slot_rollback(swapc_slot *slot, uint64_t *generation) {
    struct slot_rollback e = {slot, generation, SWAPC_OK};
    swapci_c_stack_must(SWAPCI_C_STACK_CALL, slot_rollback, &e);
    return e.status;
}

struct slot_swap {
    swapc_slot *slot;
    swapc_host *host;
    const char *path;
    const swapc_swap_options *options;
    swapc_swap_report *report;
    swapc_error *error;
    enum swapc_status status;
};

static void slot_swap(void *user) {
    struct slot_swap *e = user;
    e->status = swapci_slot_swap(e->slot, e->host, e->path, e->options, e->report, e->error);
}

enum swapc_status swapc_slot_swap(swapc_slot *slot, swapc_host *host, const char *path,
                                  const swapc_swap_options *options, swapc_swap_report *report,
                                  swapc_error *error) {
    struct slot_swap e = {slot, host, path, options, report, error, SWAPC_OK};
    return with(SWAPCI_C_STACK_LOAD, slot_swap, &e, &e.status, error);
}
