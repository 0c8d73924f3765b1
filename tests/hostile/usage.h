/* usage.h - what this process holds: memory, mappings, descriptors.
 *
 * Threads: any. Returns zeros where there is no /proc.
 */
#ifndef SWAPCI_USAGE_H
#define SWAPCI_USAGE_H

struct swapci_usage {
    long rss_kb;
    unsigned maps, files;
};

struct swapci_usage swapci_usage_now(void);

#endif
