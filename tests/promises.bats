# What the headers, SECURITY.md and docs/DEADLINES.md promise by "never", "nothing", "always" and "within": docs/PROMISES.md says which
# test holds each, and this file that the page is true of the tests and of the sentences; and those that are tested nowhere else.
load helpers
load services

@test "every promise on the page is where it says, and its tests are there" {
    local build
    build=$(dirname "$program")/..
    [[ -f $build/CTestTestfile.cmake ]] || skip "this program lies in no build folder"
    python3 "$here/promises.py" "$here/.." "$build"
}

@test "a promise whose test or sentence is gone is found" {
    local build
    build=$(dirname "$program")/..
    [[ -f $build/CTestTestfile.cmake ]] || skip "this program lies in no build folder"
    mkdir -p tree/docs tree/include
    ln -s "$here/../SECURITY.md" tree/SECURITY.md
    row() { printf '| where | sentence | tests |\n|---|---|---|\n| %s | %s | %s |\n' "$@" >tree/docs/PROMISES.md; }
    row SECURITY.md 'inspect` runs nothing' '`swapc.base.error.first_report_wins`'
    python3 "$here/promises.py" tree "$build"
    row SECURITY.md 'inspect` runs nothing' '`swapc.base.error.none_of_this_name`'
    run -1 python3 "$here/promises.py" tree "$build"
    says "$output" none_of_this_name
    row SECURITY.md 'inspect` runs everything' '`swapc.base.error.first_report_wins`'
    run -1 python3 "$here/promises.py" tree "$build"
    says "$output" 'runs everything'
    row SECURITY.md 'inspect` runs nothing' 'none'
    run -1 python3 "$here/promises.py" tree "$build"
    says "$output" 'names no test'
}

# The marker as text and in the ways in which bytes are shown.
marker=payload-that-nobody-may-log
hex_of_marker() {
    printf %s "$marker" | od -An -tx1 | tr -d ' \n'
}

unlogged() {
    local file
    for file in "$@"; do
        [[ -e $file ]]
        not grep -qaiE "$marker|$(hex_of_marker)|$(printf %s "$marker" | base64)" "$file"
    done
}

@test "payloads and responses of calls are never logged" {
    local engine operation hex
    hex=$(hex_of_marker)
    export SWAPC_LOG=debug
    for engine in wasmtime wasm3; do
        built "$engine"
        "$SWAPC" call echo echo --hex "$hex" --engine "$engine" >answer 2>"$engine.err"
        grep -q "$marker" answer
        for operation in trap nonesuch; do
            "$SWAPC" call echo "$operation" --hex "$hex" --engine "$engine" --json answer >/dev/null 2>>"$engine.err" || true
        done
        "$SWAPC" call schnorr verify_message --hex "$hex" --engine "$engine" --json answer >/dev/null 2>>"$engine.err" || true
        unlogged "$engine.err"
    done
}

@test "messages and keys of a pipeline are never logged" {
    local line secret page
    export SWAPC_LOG=debug
    start_redis
    start_signer signer --tamper 0.3
    start_verifier --http "unix:$work/verifier.http"
    await test -s keys.pub
    for ((line = 0; line < 40; line++)); do echo "$marker $line"; done >input
    "$SWAPC" generate --redis "$SWAPC_REDIS" --input input >generate.out 2>generate.err
    redis "$socket" XADD swapc:messages '*' m "$marker" method nonesuch
    redis "$socket" XADD swapc:messages '*' m "$marker" unknown "$marker"
    redis "$socket" XADD swapc:messages '*' other "$marker"
    await unanswered_none
    for page in metrics readyz; do
        curl -s --max-time 20 --unix-socket verifier.http "http://localhost/$page" >"$page.out"
    done
    grep -q swapc_ metrics.out
    stop "$verifier"
    stop "$signer"
    grep -q level=debug ./*.err || grep -q level=info ./*.err # something was logged
    unlogged ./*.err ./*.out
    for secret in $(grep -vE '^(#|swapc)' keys); do
        not grep -qai "$secret" ./*.err ./*.out
    done
}

@test "a signer's memory does not hold the text of its keys" {
    start_redis
    start_signer             # makes keys
    python3 "$here/in_memory.py" "$signer" keys "test-$mark"
    stop "$signer"
    start_signer second      # reads them
    await test -S signer.sock
    python3 "$here/in_memory.py" "$signer" keys "test-$mark"
    stop "$signer"
}
