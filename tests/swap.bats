# Swapping from the kept compiled form, and the benchmarks of swaps and calls.
load helpers

# What has been kept, a name a line.
kept() { ls "$SWAPC_CACHE"; }

run_disk() {
    "$SWAPC" run --swap disk --no-bound --progress off --json result.json "$@" >run.out 2>run.err
}

fresh_cache() {
    built wasmtime
    export SWAPC_CACHE=$work/cache
}

@test "swaps from disk with random methods and two workers" {
    fresh_cache
    run_disk --messages 300 --workers 2
    json result.json 'd["swap"] == "disk" and d["valid"] == 300 and 0 < d["swaps"] <= 300'
    [[ $(kept | wc -l) == 2 && $(stat -c %a "$SWAPC_CACHE") == 700 ]]
    [[ $(stat -c %a "$SWAPC_CACHE"/* | sort -u) == 600 ]]
}

@test "a fixed method is loaded from disk for each message" {
    fresh_cache
    run_disk --messages 50 --method ecdsa
    json result.json 'd["valid"] == 50 and d["swaps"] == 50'
    [[ $(kept | wc -l) == 2 ]] # the other method's too: a run answers messages of both
}

@test "a damaged compiled form is said, deleted and made anew" {
    fresh_cache
    run_disk --messages 5 --method schnorr
    local entry
    for entry in "$SWAPC_CACHE"/*; do
        printf damaged | dd of="$entry" bs=1 seek=5000 conv=notrunc status=none
    done
    cp "$entry" damaged
    run_disk --messages 5 --method schnorr
    json result.json 'd["valid"] == 5'
    says run.err "digest"
    not cmp -s damaged "$entry"
    run_disk --messages 5 --method schnorr
    not says run.err "digest"
}

@test "a cache that others can write is not used" {
    fresh_cache
    mkdir -m 777 "$SWAPC_CACHE"
    run_disk --messages 5 --method schnorr
    json result.json 'd["valid"] == 5 and d["swaps"] == 5'
    says run.err "chmod 700"
    [[ -z $(kept) ]]
}

@test "bench swap reports each mode" {
    fresh_cache
    "$SWAPC" bench swap --swaps 10 --progress off --json figures.json >swap.out 2>swap.err
    json figures.json '{r["mode"] for r in d["rows"] if r["engine"] == "wasmtime"} == {"warm", "disk", "cold"}'
    json figures.json 'all(min(r["p50_us"], r["low_us"]) >= 0 and r["low_us"] <= r["p50_us"] <= r["high_us"] for r in d["rows"])'
    json figures.json 'all(r["resolved"] == (r["low_us"] > 0) for r in d["rows"])'
    json figures.json 'all(r["swaps"] >= 10 and r["p50_us"] <= r["p99_us"] <= r["max_us"] for r in d["rows"])'
    says swap.out "the original"
}

@test "bench calls finds no allocation in a warm call" {
    fresh_cache
    "$SWAPC" bench calls --rounds 2 --progress off --json - >figures.json 2>calls.err
    json figures.json '{r["bytes"] for r in d["rows"] if r["engine"] == "wasmtime"} == {0, 64, 1024, 65536}'
    json figures.json 'all(r["allocations"] == 0 and r["min_ns"] <= r["median_ns"] <= r["max_ns"] for r in d["rows"])'
    says calls.err "allocations"
}

@test "bench parts says where a verification's time goes" {
    fresh_cache
    "$SWAPC" bench parts --rounds 2 --progress off --json figures.json >parts.out
    json figures.json '{r["part"] for r in d["rows"]} == {"call", "MessagePack", "hex", "SHA-256", "curve"}'
    json figures.json '{r["engine"] for r in d["rows"]} >= {"wasmtime", "native"}'
    json figures.json 'all(r["percent"] > 50 for r in d["rows"] if r["part"] == "curve")'
}

@test "bench single says what the machine itself takes for a message" {
    fresh_cache
    "$SWAPC" bench single --quick --progress off --json figures.json >single.out
    json figures.json 'all(0 < r["p50_us"] <= r["p90_us"] <= r["p99_us"] <= r["max_us"] and r["messages"] == 400 for r in d["rows"])'
    json figures.json 'all(min(r[k] for k in ("redis_us", "wake_us", "sign_us", "verify_us")) > 0 for r in d["rows"])'
    json figures.json 'all(abs(r["redis_us"] + r["wake_us"] + r["sign_us"] + r["verify_us"] - r["floor_us"]) < 0.01 for r in d["rows"])'
    says single.out "floor" "a bare trip through Redis"
}

@test "bench module measures what runs, compares with before, and an interrupt keeps what there is" {
    fresh_cache
    "$SWAPC" bench module echo echo --hex 00ff --rounds 3 --progress off --json old.json >module.out
    json old.json '{r["engine"] for r in d["rows"]} >= {"wasmtime", "native"} and not d["incomplete"]'
    json old.json 'all(r["swap_us"] > 0 and r["memory_kb"] >= 0 for r in d["rows"])'
    json old.json 'all(r["median_us"] > 0 and r["low_us"] <= r["median_us"] <= r["high_us"] for r in d["rows"])'
    json old.json 'd["host"]["commit"] and d["host"]["compiler"] and d["host"]["governor"]'
    says module.out "advice: "
    cp -r "$(dirname "$program")/../share/swapc/modules/echo" mine
    "$SWAPC" bench module ./mine echo --rounds 2 --progress off --json mine.json --compare old.json >module.out
    json mine.json '"native" not in {r["engine"] for r in d["rows"]}'
    says module.out "native code was not loaded" "%"
    background bench "$SWAPC" bench engines --rounds 10000 --progress off --json cut.json --report cut
    await test -d cut
    sleep 1
    kill -INT "$pid"
    finish "$pid"
    [[ $status == 130 ]]
    json cut.json 'd["incomplete"]'
    json cut/figures.json 'd["engines"]["incomplete"]'
    grep -q 'Incomplete: it was interrupted' cut/report.html
    says bench.out INCOMPLETE
}

@test "an interrupt ends every scenario of bench, and what there is is written and marked" {
    fresh_cache
    for name in engines parts calls swap cold batch ring single pipeline scale; do
        background "$name" "$SWAPC" bench "$name" --rounds 10000 --swaps 1000000 --progress off --json "$name.json" --report "$name.d"
        await test -d "$name.d" # before that a signal ends it with nothing
        kill -INT "$pid"
        finish "$pid"
        [[ $status == 130 ]]
        json "$name.json" 'd["incomplete"] and not d["failed"] and isinstance(d["rows"], list)'
        grep -q 'Incomplete: it was interrupted' "$name.d/report.html"
        says "$name.out" INCOMPLETE
    done
    printf '{"rows":[]}' >none.json # before the first begins: while it reads what it is to compare with
    mkfifo old.json
    background early "$SWAPC" bench engines --compare old.json --progress off --json early.json --report early.d
    local early=$pid
    await test -d early.d
    kill -INT "$early"
    cat none.json >old.json
    finish "$early"
    [[ $status == 130 ]]
    json early.json 'd["incomplete"] and not d["failed"] and d["rows"] == []'
}

@test "bench batch finds right and altered messages out, on every engine" {
    fresh_cache
    "$SWAPC" bench batch --quick --rounds 1 --progress off --json figures.json >batch.out
    json figures.json '{(r["engine"], r["batch"]) for r in d["rows"]} >= {(e, b) for e in ("native", "wasmtime") for b in (1, 16, 64, 256)}'
    json figures.json '{r["altered"] for r in d["rows"]} == {0, 0.00390625, 0.1}'
}

@test "a benchmark that is not known is refused by name" {
    run --separate-stderr "$SWAPC" bench nothing
    refused 2 "nothing" "swap"
}
