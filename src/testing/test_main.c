#include "test_main.h"

#include <stdio.h>
#include <string.h>

/* cmocka's runner is a macro over arrays; this is the function behind it. */
static int run(const struct CMUnitTest *tests, size_t count) {
    return _cmocka_run_group_tests("tests", tests, count, NULL, NULL) ? 1 : 0;
}

int swapci_test_main(const struct CMUnitTest *tests, size_t count, int argc, char **argv) {
    if (argc < 2) return run(tests, count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(tests[i].name, argv[1]) == 0) return run(&tests[i], 1);
    fprintf(stderr, "%s: no case named %s\n", argv[0], argv[1]);
    return 2;
}
