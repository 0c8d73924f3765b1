/* test_main.h - the main of a cmocka test file: every case, or the one named on the command line.
 *
 * CTest runs each case in its own process as `ring_test wraps_at_end`; without an argument all run.
 */
#ifndef SWAPCI_TEST_MAIN_H
#define SWAPCI_TEST_MAIN_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* Runs all of tests, or the case named by argv[1]. Returns main's exit status: 0 all passed,
 * 1 some failed, 2 no case has that name. */
int swapci_test_main(const struct CMUnitTest *tests, size_t count, int argc, char **argv);

#endif
