/* cmd_module.h - the commands under `swapc module`, one function each: (argc, argv) -> exit status.
 *
 * Threads: the main thread's.
 */
#ifndef SWAPCI_CMD_MODULE_H
#define SWAPCI_CMD_MODULE_H

int swapci_cmd_module_new(int argc, char **argv);
int swapci_cmd_module_check(int argc, char **argv);
int swapci_cmd_module_keygen(int argc, char **argv);
int swapci_cmd_module_sign(int argc, char **argv);
int swapci_cmd_module_list(int argc, char **argv);
int swapci_cmd_module_swap(int argc, char **argv);
int swapci_cmd_module_rollback(int argc, char **argv);

#endif
