# Messages that are judged many at once: whoever is judged with whom, each has its own verdict.
load helpers
load services

# pipeline OPTION…: a run that must succeed; its result is in the file result.
pipeline() {
    run -0 "$SWAPC" run --json result --no-bound --seed 7 "$@"
}

as_one_by_one() {
    json result 'd["lost"] == d["duplicates"] == d["wrong"] == d["errors"] == 0'
    json result 'd["not_valid"] == d["tampered"] and d["valid"] + d["not_valid"] == d["messages"]'
}

@test "batches change no verdict whatever is tampered with" {
    local tamper size
    for tamper in 0 0.004 0.1; do
        for size in 256 16 1; do
            pipeline --messages 2000 --method schnorr --tamper $tamper --batch $size --workers 2
            as_one_by_one
            json result "d['batch'] == $size and (d['tampered'] > 0) == ($tamper > 0)"
        done
    done
}

@test "methods that cannot be batched flow beside those that can" {
    pipeline --messages 3000 --tamper 0.01
    as_one_by_one
    json result 'd["batch"] == 256'
    pipeline --messages 200 --method ecdsa
    json result 'd["batch"] == 1 and d["valid"] == 200'
}

@test "each engine judges batches" {
    local engine
    for engine in native wasm3; do
        "$SWAPC" --version | grep -q "$engine *[0-9]" || continue
        pipeline --messages 600 --method schnorr --engine $engine --tamper 0.01
        as_one_by_one
    done
}

@test "where messages swap modules each is judged alone" {
    pipeline --messages 200 --method schnorr --swap warm
    json result 'd["batch"] == 1 and d["valid"] == d["swaps"] == 200'
}

@test "a batch has a size" {
    run --separate-stderr "$SWAPC" run --batch 0
    refused 2 "--batch"
    run --separate-stderr "$SWAPC" verifier --batch 257 --redis unix:/x --ring x --keys k
    refused 2 "--batch"
}

@test "verifiers are swapped by hand while they judge batches" {
    start_redis
    start_signer
    cp -r "$(dirname "$program")/../share/swapc/modules/schnorr" other
    sed -i 's/^version = .*/version = "9.0.0"/' other/module.toml
    start_verifier --method schnorr --workers 2 --listen "unix:$work/v.sock"
    background generator "$SWAPC" generate --messages 6000 --method schnorr
    local i
    for i in 1 2 3; do
        await verdicts_reach "$socket" $((i * 1000))
        run -0 "$SWAPC" module swap --target "unix:$work/v.sock" schnorr "$work/other"
    done
    finish "$pid"
    run -0 "$SWAPC" generate --messages 500 --method schnorr
    all_judged_once 6500
    [[ $(field generation | sort -u | wc -l) -ge 2 ]]
}

@test "who kills verifiers within a batch is found after three deaths, and nobody beside it" {
    start_redis
    start_signer
    { seq 100; echo this is deadly indeed; seq 101 400; } >messages
    run -0 "$SWAPC" generate --input messages --method schnorr
    all_taken() {
        [[ $(redis "$socket" XPENDING swapc:messages swapc | head -1) == 401 ]]
    }
    await all_taken # so that there are batches to be made
    three_verifiers_die_at_most --workers 2
    answered_once 401
    [[ $deaths == 3 && $(field status | sort | uniq -c | xargs) == "1 Error 400 Valid" ]]
    [[ $(field reason) == poisoned && $(redis "$socket" HLEN swapc:strikes) == 0 ]]
    # It was a batch that the first one died on: all that were in it had a strike, and lost it again.
    [[ $(redis "$socket" INFO commandstats | sed -n 's/^cmdstat_hsetnx:calls=\([0-9]*\),.*/\1/p') -ge 16 ]]
}

# ---- one answer for many messages: only of who had to answer some before it got in ------------------

# lying DIR [OPERATION…]: schnorr as it is shipped, but that it finds each batch Valid; it announces the operations.
lying() {
    local shipped
    shipped=$(dirname "$program")/../share/swapc/modules/schnorr
    mkdir -p "$1"
    python3 "$here/lie_about_batches.py" "$shipped/plain.wasm" "$1/plain.wasm"
    printf '%s\n' 'name = "schnorr"' 'version = "9.0.0"' "operations = [\"verify_message\"${2:+, \"$2\"}]" \
        '[flavours]' 'plain = "plain.wasm"' >"$1/module.toml"
}

# Who was altered is NotValid, and nobody else.
only_the_altered_are_not_valid() {
    redis "$socket" --raw XRANGE swapc:verdicts - + >verdicts
    redis "$socket" --raw SMEMBERS swapc:tampered | sort >tampered
    awk '$0 == "id" { getline id } $0 == "status" { getline; if ($0 == "NotValid") print id }' verdicts |
        sort >not_valid
    [[ -s tampered ]]
    diff tampered not_valid
}

@test "a module that finds every batch valid is refused while messages flow, and no verdict is wrong" {
    built wasmtime
    start_redis
    start_signer signer --tamper 0.01 --seed 7
    lying liar verify_batch
    lying quiet
    start_verifier --method schnorr --workers 2 --listen "unix:$work/v.sock"
    background generator "$SWAPC" generate --messages 6000 --method schnorr
    local i generator=$pid
    for i in 1 2 3; do
        await verdicts_reach "$socket" $((i * 1000))
        run --separate-stderr "$SWAPC" module swap --target "unix:$work/v.sock" schnorr "$work/liar"
        refused 1 "schnorr does not do what slot schnorr needs: vector 10 .a batch of 3, the first altered; operation verify_batch"
    done
    # The same one that does not announce it is as good as any, and is asked one by one.
    run -0 "$SWAPC" module swap --target "unix:$work/v.sock" schnorr "$work/quiet"
    finish "$generator"
    run -0 "$SWAPC" generate --messages 600 --method schnorr
    answered_once 6600
    only_the_altered_are_not_valid
    [[ $(field generation | sort -u | xargs) == "1 2" ]]
}

@test "neither run nor verifier starts on a module that finds every batch valid" {
    built wasmtime
    copy_modules
    rm -r modules/schnorr
    lying modules/schnorr verify_batch
    run --separate-stderr "$SWAPC" run --messages 500 --no-bound --method schnorr
    refused 1 "slot schnorr needs: vector 10 .a batch of 3, the first altered"
    run -1 "$SWAPC" module check ./modules/schnorr --contract schnorr
    [[ $output == *"contract schnorr needs: vector 10 (a batch of 3, the first altered"* ]]
    lying modules/schnorr
    run -0 "$SWAPC" module check ./modules/schnorr --contract schnorr
    pipeline --messages 500 --method schnorr --tamper 0.1
    as_one_by_one
    json result 'd["batch"] == 1 and d["tampered"] > 0'
}

@test "a method whose contract asks for no batches is judged one by one, whatever its module announces" {
    copy_modules
    sed -i 's/^operations = .*/operations = ["verify_message", "verify_batch"]/' modules/ecdsa/module.toml
    pipeline --messages 200 --method ecdsa --tamper 0.1
    as_one_by_one
    json result 'd["batch"] == 1'
}
