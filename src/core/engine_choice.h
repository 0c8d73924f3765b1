/* engine_choice.h - which engine runs a module, and whether it may.
 *
 * Two rules stand here and nowhere else. The host's list decides who may run anything: an engine
 * that is not on it is never opened for a module, whatever the module's bytes or manifest say, and
 * asking for it by name does not help. And where no engine is named, an engine that validates
 * little (wasm3) is not given an unsigned module while the host allows a sandbox that validates all
 * of it.
 *
 * Threads: reads what is const in the host. Ownership: nothing.
 * Returns, all: SWAPC_OK with *index, or NO_ENGINE, NO_FLAVOUR, NOT_ALLOWED with thing and remedy.
 */
#ifndef SWAPCI_ENGINE_CHOICE_H
#define SWAPCI_ENGINE_CHOICE_H

#include "host_state.h"
#include "manifest.h"

/* The engine called name, for the module at path. */
enum swapc_status swapci_choose_named(const swapc_host *host, const char *name, const char *path,
                                      unsigned *index, swapc_error *error);

/* The first that runs a flavour that the bundle has; flavour: this one only; NULL: any. */
enum swapc_status swapci_choose_for_bundle(const swapc_host *host, const char *path,
                                           const struct swapci_manifest *manifest,
                                           const char *flavour, unsigned *index,
                                           swapc_error *error);

/* The first that takes what a single file is. Also MODULE_MALFORMED. */
enum swapc_status swapci_choose_for_file(const swapc_host *host, const char *path,
                                         swapc_bytes bytes, unsigned *index, swapc_error *error);

/* The first engine that validates wasm; UINT32_MAX: there is none in this build. */
unsigned swapci_validating_engine(void);

#endif
