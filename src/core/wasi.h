/* wasi.h - the deny-all subset of WASI preview 1 that guests of other languages start with.
 *
 * No file, no directory, no socket, no argument, no environment. What a language's runtime needs to
 * start is there: clocks, sleeping (under the call's deadline and cancel flag), random bytes, an
 * empty environment, standard output and error (which become console lines), standard input (at its
 * end), proc_exit. All else answers with the errno that says so. The same functions serve the older
 * module name wasi_unstable, but for poll_oneoff, whose structures differ there: it is denied.
 * Source: WASI snapshot preview 1, https://github.com/WebAssembly/WASI (witx of phases/snapshot).
 *
 * Threads and ownership: as wapc.h.
 */
#ifndef SWAPCI_WASI_H
#define SWAPCI_WASI_H

#include "wapc.h"

#define SWAPCI_WASI_IMPORTS(X)                                                                     \
    X("args_get", "ii:i", swapci_wasi_ok)                                                          \
    X("args_sizes_get", "ii:i", swapci_wasi_sizes_get)                                             \
    X("environ_get", "ii:i", swapci_wasi_ok)                                                       \
    X("environ_sizes_get", "ii:i", swapci_wasi_sizes_get)                                          \
    X("clock_res_get", "ii:i", swapci_wasi_clock_res_get)                                          \
    X("clock_time_get", "iIi:i", swapci_wasi_clock_time_get)                                       \
    X("fd_advise", "iIIi:i", swapci_wasi_badf)                                                     \
    X("fd_allocate", "iII:i", swapci_wasi_badf)                                                    \
    X("fd_close", "i:i", swapci_wasi_fd_close)                                                     \
    X("fd_datasync", "i:i", swapci_wasi_badf)                                                      \
    X("fd_fdstat_get", "ii:i", swapci_wasi_fd_fdstat_get)                                          \
    X("fd_fdstat_set_flags", "ii:i", swapci_wasi_badf)                                             \
    X("fd_fdstat_set_rights", "iII:i", swapci_wasi_badf)                                           \
    X("fd_filestat_get", "ii:i", swapci_wasi_badf)                                                 \
    X("fd_filestat_set_size", "iI:i", swapci_wasi_badf)                                            \
    X("fd_filestat_set_times", "iIIi:i", swapci_wasi_badf)                                         \
    X("fd_pread", "iiiIi:i", swapci_wasi_badf)                                                     \
    X("fd_prestat_get", "ii:i", swapci_wasi_badf)                                                  \
    X("fd_prestat_dir_name", "iii:i", swapci_wasi_badf)                                            \
    X("fd_pwrite", "iiiIi:i", swapci_wasi_badf)                                                    \
    X("fd_read", "iiii:i", swapci_wasi_fd_read)                                                    \
    X("fd_readdir", "iiiIi:i", swapci_wasi_badf)                                                   \
    X("fd_renumber", "ii:i", swapci_wasi_badf)                                                     \
    X("fd_seek", "iIii:i", swapci_wasi_fd_seek)                                                    \
    X("fd_sync", "i:i", swapci_wasi_badf)                                                          \
    X("fd_tell", "ii:i", swapci_wasi_fd_seek)                                                      \
    X("fd_write", "iiii:i", swapci_wasi_fd_write)                                                  \
    X("path_create_directory", "iii:i", swapci_wasi_notcapable)                                    \
    X("path_filestat_get", "iiiii:i", swapci_wasi_notcapable)                                      \
    X("path_filestat_set_times", "iiiiIIi:i", swapci_wasi_notcapable)                              \
    X("path_link", "iiiiiii:i", swapci_wasi_notcapable)                                            \
    X("path_open", "iiiiiIIii:i", swapci_wasi_notcapable)                                          \
    X("path_readlink", "iiiiii:i", swapci_wasi_notcapable)                                         \
    X("path_remove_directory", "iii:i", swapci_wasi_notcapable)                                    \
    X("path_rename", "iiiiii:i", swapci_wasi_notcapable)                                           \
    X("path_symlink", "iiiii:i", swapci_wasi_notcapable)                                           \
    X("path_unlink_file", "iii:i", swapci_wasi_notcapable)                                         \
    X("proc_exit", "i", swapci_wasi_proc_exit)                                                     \
    X("proc_raise", "i:i", swapci_wasi_nosys)                                                      \
    X("sched_yield", ":i", swapci_wasi_ok)                                                         \
    X("random_get", "ii:i", swapci_wasi_random_get)                                                \
    X("sock_accept", "iii:i", swapci_wasi_badf)                                                    \
    X("sock_recv", "iiiiii:i", swapci_wasi_badf)                                                   \
    X("sock_send", "iiiii:i", swapci_wasi_badf)                                                    \
    X("sock_shutdown", "ii:i", swapci_wasi_badf)

#define SWAPCI_WASI_FUNCTIONS(X)                                                                   \
    X(swapci_wasi_nothing)                                                                         \
    X(swapci_wasi_ok)                                                                              \
    X(swapci_wasi_badf)                                                                            \
    X(swapci_wasi_nosys)                                                                           \
    X(swapci_wasi_notcapable)                                                                      \
    X(swapci_wasi_sizes_get)                                                                       \
    X(swapci_wasi_clock_res_get)                                                                   \
    X(swapci_wasi_clock_time_get)                                                                  \
    X(swapci_wasi_fd_close)                                                                        \
    X(swapci_wasi_fd_fdstat_get)                                                                   \
    X(swapci_wasi_fd_read)                                                                         \
    X(swapci_wasi_fd_seek)                                                                         \
    X(swapci_wasi_fd_write)                                                                        \
    X(swapci_wasi_poll_oneoff)                                                                     \
    X(swapci_wasi_proc_exit)                                                                       \
    X(swapci_wasi_random_get)                                                                      \
    X(swapci_wasi_abort)

#define SWAPCI_WASI_DECLARE(fn)                                                                    \
    enum swapc_status fn(swapc_call *call, swapc_memory memory, const uint64_t *args,              \
                         uint64_t *result);
SWAPCI_WASI_FUNCTIONS(SWAPCI_WASI_DECLARE)

#endif
