/* crc32c.h - CRC-32C (Castagnoli), as iSCSI and ext4 use it.
 *
 * Threads: any; pure functions.
 */
#ifndef SWAPCI_CRC32C_H
#define SWAPCI_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Returns the CRC of len bytes at data, following on crc (0 at the start): the CRC of a whole is
 * that of its second part following on that of its first. Uses SSE4.2 where the CPU has it. */
uint32_t swapci_crc32c(uint32_t crc, const void *data, size_t len);

/* The same by table, on any CPU. */
uint32_t swapci_crc32c_table(uint32_t crc, const void *data, size_t len);

#endif
