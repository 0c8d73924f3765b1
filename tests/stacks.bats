# Small stacks: `ulimit -s` is inherited by everything that a shell starts, and by what that starts in turn.
load helpers

# Runs swapc with stacks of $1 KiB, soft and hard, so that no child can have more.
with_stack() {
    local kib=$1
    shift
    (
        ulimit -s "$kib"
        exec timeout 300 "$program" "$@"
    )
}

runs_on() {
    with_stack "$1" "${@:2}" >out 2>&1 || ((status = $?))
    echo "$1 KiB, ${*:2}: $status, $(<out)"
    ((status < 124))
}

@test "every command says its help on stacks of 64 KiB" {
    local command commands
    with_stack 64 --version >/dev/null || skip "this build's sanitizer needs more stack before main"
    mapfile -t commands < <("$SWAPC" --help | sed -nE 's/^  ([a-z]+) .*/\1/p' | sort -u)
    ((${#commands[@]} >= 11))
    for command in "${commands[@]}"; do
        runs_on 64 "$command" --help
    done
}

@test "every command works on stacks of 64 KiB, or says why not" {
    local kib words
    with_stack 64 --version >/dev/null || skip "this build's sanitizer needs more stack before main"
    for kib in 64 96; do
        while read -r -a words; do
            runs_on "$kib" "${words[@]}"
        done <<'END'
call echo echo --hex 00
call echo echo --hex 00 --engine wasm3
call echo echo --hex 00 --engine native
inspect schnorr
module check ecdsa
module check schnorr --engine wasm3
bench calls --quick --rounds 1
conformance --engine wasm3 --case echo
check-config
dead list --redis unix:/nonexistent --retry 0
generate --redis unix:/nonexistent --messages 1
signer --redis unix:/nonexistent --ring test --keys k --retry 0
verifier --redis unix:/nonexistent --ring test --keys k.pub --retry 0
status unix:/nonexistent
END
    done
}

@test "a whole run, its signer, its workers and gRPC live on stacks of 64 KiB" {
    local kib
    with_stack 64 --version >/dev/null || skip "this build's sanitizer needs more stack before main"
    for kib in 64 128; do
        run -0 with_stack "$kib" run --messages 64 --workers 2 --swap warm --json result.json
        grep -q '"valid": *64' result.json
    done
}
