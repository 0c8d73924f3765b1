# The entry script, where it builds nothing.
load helpers

dev=$BATS_TEST_DIRNAME/../dev

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
