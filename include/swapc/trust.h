/* swapc/trust.h - which modules a host takes: signed ones, by keys you allow, of rising versions.
 *
 * A trust policy is a folder of allowed keys and a folder in which the highest version of each
 * bundle is remembered. A host that is given one (swapc_host_config.trust) takes nothing else than
 * bundles whose module.toml is signed by an allowed key (module.toml.minisig, minisign's format),
 * whose files have the SHA-256 that module.toml names under [digests], that have not expired
 * (`expires`), and whose version is not lower than one admitted before. It fails closed: a single
 * file, a bundle in memory, a key or a record that cannot be read is a refusal.
 * It is no sandbox: what an admitted module may do is a matter of its engine and its limits.
 *
 * Admission is loading: swapc_module_load compares the version before the module is compiled, and
 * raises the record when it has passed its checks, has started and has passed its bundle's
 * self-test. Publishing a module that is loaded, or going back to it by swapc_slot_rollback,
 * compares nothing.
 *
 * Threads: one policy may be used by several threads and hosts at once; free by one.
 * Processes: several may share the folders; records are changed under a lock of the state folder.
 * Ownership: the config's strings are copied. The policy must outlive the hosts that have it.
 * NULL: where a function does not say what it means, NULL is misuse.
 */
#ifndef SWAPC_TRUST_H
#define SWAPC_TRUST_H

#include "swapc/error.h"
#include "swapc/log.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A policy: keys that are allowed, and what was admitted so far. */
typedef struct swapc_trust swapc_trust;

/* What a policy goes by. */
typedef struct swapc_trust_config {
    size_t size;           /* sizeof(swapc_trust_config), by SWAPC_TRUST_CONFIG_INIT */
    const char *keys_dir;  /* every *.pub in it is allowed; read at each admission, so that a key
                              that is taken away is refused from then on */
    const char *state_dir; /* made (mode 0700) when missing; NULL: versions are not compared, and an
                              old signed module can be replayed */
    swapc_log log;         /* admissions (info) and records lowered (warn) */
} swapc_trust_config;

/* What a swapc_trust_config begins as: `swapc_trust_config name = SWAPC_TRUST_CONFIG_INIT;`. */
#define SWAPC_TRUST_CONFIG_INIT                                                                    \
    {                                                                                              \
        sizeof(swapc_trust_config), 0, 0, {                                                        \
            0, 0, SWAPC_LOG_INFO                                                                   \
        }                                                                                          \
    }

/* Makes a policy. Returns SWAPC_OK; INVALID (no keys_dir, or the config's size), NOT_FOUND (no such
 * folder, or no key in it), SIGNATURE (a .pub file is no key), IO, NO_MEMORY. After failure *out
 * is untouched. */
enum swapc_status swapc_trust_new(const swapc_trust_config *config, swapc_trust **out,
                                  swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2);

/* NULL does nothing. */
void swapc_trust_free(swapc_trust *trust);

/* Sets the record of the bundle called name in a policy's state_dir to version, also to a lower
 * one: the deliberate way back, which is logged as a warning (log NULL: nowhere). It works on
 * running policies as well.
 * Returns SWAPC_OK; INVALID (not MAJOR.MINOR.PATCH, or no name of a module), IO (no such
 * folder), NO_MEMORY. */
enum swapc_status swapc_trust_allow_version(const char *state_dir, const char *name,
                                            const char *version, const swapc_log *log,
                                            swapc_error *error) SWAPC_WARN_UNUSED
    SWAPC_NONNULL(1, 2, 3);

#ifdef __cplusplus
}
#endif
#endif
