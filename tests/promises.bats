# What headers and pages promise by "never", "nothing", "always", "nobody" and "within": docs/PROMISES.md says which test holds
# each, and this file that the page is true of the tests and of the sentences, and whole; and those that are tested nowhere else.
load helpers
load services

@test "every promise has a row, each is where it says, and its tests are there" {
    local build
    build=$(dirname "$program")/..
    [[ -f $build/CTestTestfile.cmake ]] || skip "this program lies in no build folder"
    python3 "$here/promises.py" "$here/.." "$build"
}

@test "a promise whose test, sentence or row is gone is found" {
    mkdir -p tree/docs bin
    printf '#!/bin/sh\necho "Test #1: swapc.base.error.first_report_wins"\n' >bin/ctest # what a build answers
    chmod +x bin/ctest
    printf 'It runs **nothing** of a\nfile.\n```sh\nnever run\n```\nIt never ends.\n' >tree/SECURITY.md
    # row SENTENCE TESTS [WORDS]: the page, and the words of it that promise nothing.
    row() {
        printf '| where | sentence | tests |\n|---|---|---|\n| SECURITY.md | %s | %s |\n' "$1" "$2" >tree/docs/PROMISES.md
        [[ -z ${3:-} ]] || printf '## Words that promise nothing\n| SECURITY.md | %s | why |\n' "$3" >>tree/docs/PROMISES.md
    }
    told() {
        run -1 env PATH="$work/bin:$PATH" python3 "$here/promises.py" tree build
        says "$output" "$1"
    }
    local held='`swapc.base.error.first_report_wins`'
    row 'nothing of a file' "$held" 'never ends'
    PATH=$work/bin:$PATH python3 "$here/promises.py" tree build
    row 'nothing of a file' "$held"
    told 'no row for: .*It never ends'
    row 'It never ends' "$held"
    told 'no row for: .*It runs nothing'
    row 'nothing of a file' '`swapc.base.error.none_of_this_name`' 'never ends'
    told none_of_this_name
    row 'nothing of a folder' "$held" 'never ends'
    told 'does not say .*nothing of a folder'
    row 'nothing of a file' "$held" 'never ends · never begins'
    told 'does not say .*never begins'
    row 'nothing of a file' none 'never ends'
    told 'names no test'
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
    for page in metrics readyz api/state; do
        curl -s --max-time 300 --unix-socket verifier.http "http://localhost/$page" >"${page/\//-}.out"
    done
    grep -q verdicts api-state.out
    grep -q swapc_ metrics.out
    stop "$verifier"
    stop "$signer"
    grep -q level=debug ./*.err || grep -q level=info ./*.err # something was logged
    unlogged ./*.err ./*.out
    for secret in $(grep -vE '^(#|swapc)' keys); do
        not grep -qai "$secret" ./*.err ./*.out
    done
}

@test "payloads of swapc process are never logged" {
    local operation page
    export SWAPC_LOG=debug
    start_redis
    for operation in echo fail trap; do
        background "$operation" "$SWAPC" process --in "in-$operation" --out "out-$operation" --module echo --operation "$operation" \
            --copy --http "unix:$work/process.http" --listen "unix:$work/process.sock"
        redis "$socket" XADD "in-$operation" '*' payload "$marker" other "$marker" "$marker" x >/dev/null
        redis "$socket" XADD "in-$operation" '*' body "$marker" >/dev/null
        two_done() { "$SWAPC" status "unix:$work/process.sock" 2>/dev/null | grep -qE 'done +2$'; }
        await two_done
        await "$SWAPC" status --json "$operation-status.out" "unix:$work/process.sock"
        for page in metrics readyz api/state; do
            curl -s --max-time 300 --unix-socket process.http "http://localhost/$page" >"$operation-${page/\//-}.out"
        done
        stop "$pid"
        grep -qE 'level=(debug|info)' "$operation.err"
    done
    grep -q swapc_process echo-metrics.out
    unlogged ./*.err ./*.out
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
