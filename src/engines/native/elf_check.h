/* elf_check.h - is this file a whole shared object of this machine?
 *
 * The dynamic loader trusts the headers of what it maps: a file that was cut off behind them is
 * mapped past its end and kills the process by SIGBUS. So the headers are held against the size
 * first. This does not make an untrusted file safe to load: native code is trusted code.
 *
 * Threads: pure. Returns SWAPC_OK, MODULE_MALFORMED (no shared object, truncated), UNSUPPORTED
 * (another machine, word size or byte order); `error` names path and remedy.
 */
#ifndef SWAPCI_ELF_CHECK_H
#define SWAPCI_ELF_CHECK_H

#include "swapc/bytes.h"
#include "swapc/error.h"

enum swapc_status swapci_elf_check(swapc_bytes file, const char *path, swapc_error *error);

#endif
