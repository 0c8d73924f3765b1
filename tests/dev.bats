# The entry script, where it builds nothing.
load helpers

dev=$BATS_TEST_DIRNAME/../dev

@test "each command explains itself, and stands on the page of them all" {
    local commands command
    commands=$(sed -n '/^case $command in/,/)$/s/^\(setup [a-z| ]*\))$/\1/p' "$dev" | tr -d '|')
    [[ $(wc -w <<<"$commands") -ge 13 ]]
    for command in $commands; do
        run -0 "$dev" "$command" --help
        [[ $output == "usage: ./dev $command"*"example: ./dev "* ]]
        run -0 "$dev" --help
        grep -Eq "^  $command +[a-zA-Z]" <<<"$output"
    done
    run -2 "$dev"
    [[ $output == "usage: ./dev COMMAND"* ]]
}

@test "fuzz --list names each target that has a corpus and nothing else" {
    run -0 "$dev" fuzz --list
    [ "$output" = "$(ls "$BATS_TEST_DIRNAME/../fuzz/corpus")" ]
}

@test "fuzz refuses a target that is none" {
    run -2 "$dev" fuzz no_such
    [[ $output == *"no target named no_such: see ./dev fuzz --list"* ]]
}

@test "install refuses what is no folder, before it builds anything" {
    run -1 "$dev" install --prefix
    [[ $output == *"no option --prefix: name a folder"* ]]
    run -1 "$dev" install one two
    [[ $output == *"one folder, not 2"* ]]
    touch file
    run -1 "$dev" install file
    [[ $output == *"file is a file: name a folder"* ]]
    run -1 "$dev" install file/folder
    [[ $output == *"name a folder that you may write to"* ]]
}

@test "what run and install build is all that is installed, and no test" {
    local build commands part
    build=$(cd "$(dirname "$program")/.." && pwd)
    [[ -f $build/build.ninja ]] || skip "the program is not one of a build"
    commands=$(ninja -C "$build" -t commands swapc_product)
    for part in bin/swapc lib/libswapc.{a,so} share/swapc/modules/{echo,schnorr,ecdsa}/wide.wasm test/wat2wasm; do
        grep -q "$part" <<<"$commands"
    done
    run ! grep -E '/swapc_test_|libswapc_testing' <<<"$commands"
}

@test "what a failed test said stands right before ctest's summary, in one line too, and nothing does when none failed" {
    cat >said <<'END'
      Start 11: swapc.a.fails
      Start 12: swapc.b.passes
1/3 Test #11: swapc.a.fails ........***Failed    2.01 sec
not ok 1 a
# (from function `await' in file /x/tests/helpers.bash, line 72,
#  in test file /x/tests/a.bats, line 78)
#   `all_judged_once 20' failed
# waited in vain for: unanswered_none
2/3 Test #12: swapc.b.passes .......   Passed    0.07 sec
3/3 Test #13: swapc.c.fails ........***Exception: SegFault  0.02 sec
[  ERROR   ] --- src/c_test.c:79: error: Failure!

33% tests passed, 2 tests failed out of 3
END
    run -0 python3 "$here/failed.py" <said
    [[ $(tail -n 3 <<<"$output") == "FAILED swapc.a.fails: a.bats, line 78) \`all_judged_once 20' failed waited in vain for: unanswered_none
FAILED swapc.c.fails: [  ERROR   ] --- src/c_test.c:79: error: Failure!
33% tests passed, 2 tests failed out of 3" ]]
    sed -i -e '3,8d' -e '/SegFault/,/^$/d' said
    run -0 python3 "$here/failed.py" <said
    [[ $output == "$(<said)" ]]
}

@test "packages name who makes them where Debian's variables say who" {
    # shellcheck source=packaging/package.sh
    top=$here/.. . "$here/../packaging/package.sh"
    cp "$here/../packaging/debian/control" control
    (unset DEBEMAIL && package_maintainer control)
    cmp control "$here/../packaging/debian/control"
    DEBEMAIL=ada@example.org DEBFULLNAME='Ada / & Byron' package_maintainer control
    grep -qx 'Maintainer: Ada / & Byron <ada@example.org>' control
    [[ $(grep -c '^Maintainer:' control) == 1 ]]
    die() { exit 1; }
    DEBEMAIL='<ada@example.org>' run -1 --separate-stderr package_maintainer control
}
