/* manifest_values.h - what a bundle's name, version and expiry may be: one rule each, for
 * module.toml and the commands.
 *
 * Threads: pure. Ownership: all borrowed.
 */
#ifndef SWAPCI_MANIFEST_VALUES_H
#define SWAPCI_MANIFEST_VALUES_H

#include <stdbool.h>
#include <stdint.h>

/* The rules as a sentence's end, for messages that have named the value. */
#define SWAPCI_MODULE_NAME_RULE                                                                    \
    "1 to 63 letters (a-z, A-Z), digits, '.', '_' and '-' are, beginning with a letter or digit"
#define SWAPCI_VERSION_RULE                                                                        \
    "MAJOR.MINOR.PATCH is, as 1.0.0 or 1.0.0-rc.1: numbers without leading zeros, of at most 18 "  \
    "digits (semver.org)"
#define SWAPCI_EXPIRY_RULE                                                                         \
    "YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ (UTC) is, of a day that the calendar has"

/* Whether text can be a module's name: never a path, an option, or what a terminal or log acts
 * on. */
bool swapci_module_name_valid(const char *text);

/* Whether text is a semantic version whose numbers fit into 64 bits, as other tools read them. */
bool swapci_version_valid(const char *text);

/* Returns less than, equal to or more than 0 as a precedes b in the order of semantic versions;
 * both are valid. 1.10.0 is above 1.9.0, 1.0.0 above 1.0.0-rc.1, and what follows a plus sign
 * does not count. */
int swapci_version_compare(const char *a, const char *b);

/* Reads `expires`: a day (its first second) or a second, UTC. Returns false when it is neither. */
bool swapci_expiry_parse(const char *text, int64_t *seconds);

#endif
