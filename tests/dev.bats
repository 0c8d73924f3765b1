# The entry script, where it needs no build.
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
