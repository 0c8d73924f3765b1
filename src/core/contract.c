/* What is shared: the reference count (atomic; the last release frees). All else is const after
 * load. */
#include "swapc/contract.h"

#include <stdatomic.h>
#include <stdio.h>

#include "contract_file.h"
#include "contract_impl.h"
#include "heap.h"
#include "self_test.h"
#include "small_file.h"

enum { LIST_SHOWN = 160 };

struct swapc_contract {
    atomic_uint references;
    uint64_t number;
    struct swapci_contract_file file;
    struct swapci_answer_rule rule;
};

enum swapc_status swapci_contract_load_bytes(const char *name, swapc_bytes text,
                                             swapc_contract **out, swapc_error *error) {
    static atomic_uint_least64_t last_number;
    SWAPC_CHECK(name && out);
    swapc_contract *contract = swapci_heap_zeroed(1, sizeof *contract);
    if (!contract)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for contract %s", name);
    enum swapc_status status = swapci_contract_file_parse(text, name, &contract->file, error);
    if (status != SWAPC_OK) {
        swapci_heap_free(contract);
        return status;
    }
    if (!contract->file.name[0])
        snprintf(contract->file.name, sizeof contract->file.name, "%s", name);
    atomic_init(&contract->references, 1);
    contract->number = atomic_fetch_add(&last_number, 1) + 1;
    *out = contract;
    return SWAPC_OK;
}

enum swapc_status swapci_contract_load(const char *path, swapc_contract **out, swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    SWAPC_CHECK(path && out);
    enum swapc_status status = swapci_small_file_read(path, SWAPCI_MANIFEST_MAX, &text, error);
    if (status == SWAPC_OK)
        status = swapci_contract_load_bytes(path, swapci_buffer_bytes(&text), out, error);
    swapci_buffer_fini(&text);
    return status;
}

swapc_contract *swapc_contract_retain(swapc_contract *contract) {
    atomic_fetch_add_explicit(&contract->references, 1, memory_order_relaxed);
    return contract;
}

void swapc_contract_release(swapc_contract *contract) {
    if (!contract || atomic_fetch_sub_explicit(&contract->references, 1, memory_order_acq_rel) != 1)
        return;
    swapci_contract_file_fini(&contract->file);
    swapci_heap_free(contract);
}

const char *swapc_contract_name(const swapc_contract *contract) {
    return contract->file.name;
}

static const char *const *list_of(const struct swapci_names *names) {
    static const char *const none[] = {NULL};
    return names->list ? names->list : none;
}

const char *const *swapc_contract_operations(const swapc_contract *contract) {
    return list_of(&contract->file.operations);
}

const char *const *swapc_contract_optional(const swapc_contract *contract) {
    return list_of(&contract->file.optional);
}

unsigned swapc_contract_vectors(const swapc_contract *contract) {
    return contract->file.vectors.count;
}

void swapc_contract_compare(swapc_contract *contract, swapc_contract_same_fn same, void *user) {
    contract->rule = (struct swapci_answer_rule){same, user};
}

uint32_t swapci_contract_total_ms(const swapc_contract *contract) {
    return contract->file.total_ms;
}

uint64_t swapci_contract_number(const swapc_contract *contract) {
    return contract ? contract->number : 0;
}

/* What the module's manifest names; a bare file names nothing and is asked by the vectors only. */
static enum swapc_status check_operations(const swapc_contract *contract,
                                          const swapc_module_info *info, const char *whose,
                                          const char *name, swapc_error *error) {
    const struct swapci_names *needed = &contract->file.operations;
    const struct swapci_names offered = swapci_names_of(info->operations);
    char offers[LIST_SHOWN], needs[LIST_SHOWN];
    bool lacks = false;
    for (unsigned i = 0; i < needed->count && offered.count; i++)
        lacks = lacks || !swapci_names_has(&offered, swapc_bytes_str(needed->list[i]));
    if (!lacks) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_CONTRACT, "%s offers: %s; %s %s needs: %s", info->name,
                           swapci_names_text(&offered, offers, sizeof offers), whose, name,
                           swapci_names_text(needed, needs, sizeof needs));
}

enum swapc_status swapci_contract_check(const swapc_contract *contract, swapc_module *module,
                                        const char *whose, const char *name, swapc_error *error) {
    const swapc_module_info *info = swapc_module_describe(module);
    swapc_error cause = SWAPC_ERROR_INIT;
    enum swapc_status status = check_operations(contract, info, whose, name, error);
    if (status != SWAPC_OK) return status;
    const struct swapci_self_test test = {.vectors = &contract->file.vectors,
                                          .optional = &contract->file.optional,
                                          .rule = &contract->rule,
                                          .deadline_max_ms = SWAPCI_VECTOR_DEADLINE_MAX_MS,
                                          .time =
                                              swapci_vector_time_begin(contract->file.total_ms)};
    status = swapci_self_tests_run(&test, module, &cause);
    if (status == SWAPC_OK) return SWAPC_OK;
    if (status == SWAPC_NO_MEMORY) return swapc_error_set(error, status, "%s", cause.text);
    return swapc_error_set(error, SWAPC_CONTRACT, "%s does not do what %s %s needs: %s", info->name,
                           whose, name, cause.text);
}
