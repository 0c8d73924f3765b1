#include "program_path.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tempdir.h"
#include "test_main.h"

static void first_program_of_the_path_is_found(void **unused) {
    (void)unused;
    swapci_tempdir dir;
    char path[4600], wanted[4300], out[4300];
    assert_int_equal(swapci_tempdir_new(NULL, &dir, NULL), SWAPC_OK);
    for (int i = 0; i < 4; i++) { /* 0: a folder of that name; 1: a file that cannot be run */
        snprintf(wanted, sizeof wanted, "%s/%d", dir.path, i);
        assert_int_equal(mkdir(wanted, 0700), 0);
        strcat(wanted, "/tool");
        if (i == 0) assert_int_equal(mkdir(wanted, 0700), 0);
        else close(open(wanted, O_CREAT | O_WRONLY, i == 1 ? 0600 : 0700));
    }
    snprintf(path, sizeof path, "/nonexistent:%s/0:%s/1::%s/2:%s/3", dir.path, dir.path, dir.path,
             dir.path);
    snprintf(wanted, sizeof wanted, "%s/2/tool", dir.path);
    char *before = strdup(getenv("PATH"));
    setenv("PATH", path, 1);
    assert_true(swapci_program_path("tool", out, sizeof out));
    assert_string_equal(out, wanted);
    assert_false(swapci_program_path("tool", out, strlen(wanted))); /* no room for the NUL */
    assert_false(swapci_program_path("tools", out, sizeof out));
    setenv("PATH", "", 1);
    assert_false(swapci_program_path("sh", out, sizeof out));
    unsetenv("PATH");
    assert_true(swapci_program_path("sh", out, sizeof out));
    setenv("PATH", before, 1);
    free(before);
    swapci_tempdir_remove(&dir);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_program_of_the_path_is_found),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
