/* trust_policy.h - the gate that loading passes when the host has a policy (swapc/trust.h).
 *
 * One signature covers a whole bundle: it is over the bytes of module.toml, and module.toml names
 * the SHA-256 of each flavour's file. Who loads passes in the bytes of module.toml that it parses,
 * so nothing can be exchanged between check and use.
 *
 * Threads: any. Ownership: all borrowed.
 */
#ifndef SWAPCI_TRUST_POLICY_H
#define SWAPCI_TRUST_POLICY_H

#include "manifest.h"
#include "swapc/trust.h"

#define SWAPCI_SIGNATURE_SUFFIX ".minisig"

/* Whether PATH.minisig is an allowed key's signature over text, the content of PATH.
 * Returns SWAPC_OK, SIGNATURE, IO, NO_MEMORY. */
enum swapc_status swapci_trust_verify(const swapc_trust *trust, swapc_bytes text, const char *path,
                                      swapc_error *error);

/* Whether the signed manifest may be admitted now: not expired, its version not below the record.
 * Returns SWAPC_OK; SIGNATURE (expired, or without the digest of a flavour), VERSION, CORRUPT (the
 * record), IO, NO_MEMORY. */
enum swapc_status swapci_trust_admissible(const swapc_trust *trust,
                                          const struct swapci_manifest *manifest, const char *path,
                                          swapc_error *error);

/* Raises the record of name to version. Returns SWAPC_OK; VERSION when a higher one was admitted
 * meanwhile; CORRUPT, IO, NO_MEMORY. */
enum swapc_status swapci_trust_admit(const swapc_trust *trust, const char *name,
                                     const char *version, swapc_error *error);

#endif
