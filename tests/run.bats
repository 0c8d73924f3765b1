# swapc run: the whole pipeline in one command, as a user sees it.
load helpers

# pipeline OPTION…: a run that must succeed; its result is in the file result.
pipeline() {
    run -0 "$SWAPC" run --json result --no-bound "$@"
}

@test "json on stdout is one document with every field" {
    "$SWAPC" run --messages 200 --json - >result 2>run.err
    json result 'type(d) is dict'
    json result 'all(type(d[k]) is str for k in ("engine", "method", "swap"))'
    json result 'all(type(d[k]) is int for k in ("messages", "valid", "not_valid", "errors", "lost",
        "duplicates", "wrong", "tampered", "swaps", "batch"))'
    json result 'all(type(d[k]) is float for k in ("startup_s", "elapsed_s", "throughput_per_s",
        "bound_per_s", "efficiency", "verify_s"))'
    json result 'all(set(d[k]) == {"p50", "p90", "p99", "max"} for k in ("verify_us", "latency_us"))'
    json result 'all(0 < d[k]["p50"] <= d[k]["p90"] <= d[k]["p99"] <= d[k]["max"]
        for k in ("verify_us", "latency_us"))'
    json result '[m["name"] for m in d["modules"]] == ["schnorr", "ecdsa"]'
    json result 'all(len(m["digest"]) == 64 and m["version"] for m in d["modules"])'
    json result 'type(d["host"]) is dict and d["host"]'
    json result "all(\"*%s*\" % k in open(\"$here/../docs/man/swapc-run.1.scd\").read() for k in d)"
}

@test "the default engine judges every message valid" {
    "$SWAPC" run --messages 200 --json - >result 2>run.err
    json result 'd["engine"] == "wasmtime" and d["method"] == "random" and d["swap"] == "none"'
    json result 'd["messages"] == d["valid"] == 200 and d["not_valid"] == d["errors"] == 0'
    json result 'd["lost"] == d["duplicates"] == d["wrong"] == d["tampered"] == d["swaps"] == 0'
    json result 'd["elapsed_s"] > 0 and d["verify_s"] > 0 and d["bound_per_s"] > 0'
    says run.err "lost 0, duplicates 0, wrong 0"
}

@test "without json stdout is the table and without colour in a file" {
    "$SWAPC" run --messages 50 --no-bound >table 2>run.err
    says table "50 messages"
    says table "lost 0, duplicates 0, wrong 0"
    not grep $'[\033\r]' table run.err
}

@test "a terminal gets colour and progress and NO_COLOR takes the colour away" {
    terminal() {
        python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' "$@" </dev/null >screen
    }
    TERM=xterm terminal "$SWAPC" run --no-bound --messages 3000
    grep -qF $'\033[32m' screen
    grep -qE '\[[#.]+\] [0-9]+ / 3000' screen
    TERM=xterm NO_COLOR=1 terminal "$SWAPC" run --no-bound --messages 50 --progress off
    not grep -F $'\033[3' screen
    not grep -E '\[[#.]+\]' screen
}

@test "each method on its own" {
    pipeline --messages 100 --method schnorr
    json result 'd["valid"] == 100 and [m["name"] for m in d["modules"]] == ["schnorr"]'
    pipeline --messages 100 --method ecdsa
    json result 'd["valid"] == 100 and [m["name"] for m in d["modules"]] == ["ecdsa"]'
}

@test "wasm3 runs the pipeline" {
    built wasm3
    pipeline --messages 20 --engine wasm3
    json result 'd["engine"] == "wasm3" and d["valid"] == d["messages"] == 20'
}

@test "native runs the pipeline" {
    built native
    pipeline --messages 100 --engine native
    json result 'd["engine"] == "native" and d["valid"] == d["messages"] == 100'
}

@test "warm swaps with random methods and two workers" {
    pipeline --messages 400 --swap warm --workers 2
    json result 'd["swap"] == "warm" and d["valid"] == 400 and 0 < d["swaps"] <= 400'
}

@test "a fixed method is published anew for each message" {
    pipeline --messages 100 --swap warm --method schnorr
    json result 'd["valid"] == 100 and d["swaps"] == 100'
    pipeline --messages 8 --swap cold --method ecdsa
    json result 'd["swap"] == "cold" and d["valid"] == 8 and d["swaps"] == 8'
}

@test "cold swaps with random methods" {
    pipeline --messages 16 --swap cold --seed 7
    json result 'd["valid"] == 16 and 0 < d["swaps"] <= 16'
}

@test "two workers without swaps" {
    pipeline --messages 500 --workers 2
    json result 'd["valid"] == 500 and d["swaps"] == 0'
}

@test "tampered messages are the ones that are not valid" {
    pipeline --messages 200 --tamper 0.2
    json result '0 < d["tampered"] == d["not_valid"] and d["valid"] == 200 - d["tampered"]'
    json result 'd["wrong"] == d["errors"] == d["lost"] == 0'
    pipeline --messages 50 --tamper 1 --method ecdsa
    json result 'd["tampered"] == d["not_valid"] == 50'
}

@test "the same seed gives the same methods" {
    pipeline --messages 200 --seed 42 --swap warm
    cp result first
    pipeline --messages 200 --seed 42 --swap warm
    json result 'd["swaps"] == json.load(open("first"))["swaps"] > 50'
}

@test "messages of every kind travel unchanged" {
    {
        echo plain
        echo
        printf 'nul \0 inside\n'
        printf 'not UTF-8: \xff\xfe\x80\n'
        printf 'carriage return\r\n'
        head -c 1048576 /dev/zero | tr '\0' x
        echo
        printf 'without a newline'
    } >lines
    pipeline --input lines
    json result 'd["messages"] == d["valid"] == 7'
    pipeline --input lines --tamper 1
    json result 'd["tampered"] == d["not_valid"] == 7'
}

@test "input from stdin and only so many of it" {
    seq 30 | "$SWAPC" run --no-bound --input - --json result >/dev/null 2>run.err
    json result 'd["messages"] == d["valid"] == 30'
    seq 30 >lines
    pipeline --input lines --messages 12
    json result 'd["messages"] == d["valid"] == 12'
}

@test "an empty input is a run of no messages" {
    : >lines
    pipeline --input lines
    json result 'd["messages"] == d["valid"] == d["lost"] == 0'
}

@test "a message that the ring cannot take is refused by name" {
    { echo one; head -c 3000000 /dev/zero | tr '\0' x; echo; echo three; } >lines
    run --separate-stderr -1 "$SWAPC" run --no-bound --input lines
    says "$stderr" "line 2 of lines.*3000000.*ring"
    says "$output" "1 Valid" # what came before it
    nothing_left
}

@test "a missing input is named" {
    run --separate-stderr "$SWAPC" run --input nonesuch
    refused 1 "nonesuch" "No such file"
    nothing_left
}

@test "a result that cannot be written is named" {
    run --separate-stderr -1 "$SWAPC" run --no-bound --messages 10 --json missing/result
    says "$stderr" "missing/result"
    nothing_left
    run --separate-stderr -1 timeout 300 "$SWAPC" run --messages 1000M --json missing/result
    says "$stderr" "missing/result" # and before the run
}

@test "two runs at the same time" {
    local first
    background a "$SWAPC" run --no-bound --messages 1000 --json a.json
    first=$pid
    background b "$SWAPC" run --no-bound --messages 1000 --json b.json
    finish "$first"
    [[ $status == 0 ]]
    finish "$pid"
    [[ $status == 0 ]]
    json a.json 'd["valid"] == 1000'
    json b.json 'd["valid"] == 1000'
    nothing_left
}

@test "nothing is left behind" {
    pipeline --messages 50
    nothing_left
}

@test "nothing is left behind when run itself is killed" {
    local socket
    background run "$SWAPC" run --no-bound --messages 1M
    await private_socket
    socket=$(private_socket)
    await verdicts_reach "$socket" 10
    kill -KILL "$pid"
    finish "$pid"
    await no_survivors
    pipeline --messages 10 # sweeps what the dead one could not
    nothing_left
}

@test "a user's folder and ring-like file of swapc's names are left alone" {
    mkdir -p "$TMPDIR/swapc-thesis/chapters"
    echo precious >"$TMPDIR/swapc-thesis/chapters/one.txt"
    touch "$TMPDIR/swapc-thesis/lock"
    local notes
    notes=$(mktemp /dev/shm/swapc-run-notes-XXXXXX)
    echo precious >"$notes"
    pipeline --messages 3
    [[ $(cat "$TMPDIR/swapc-thesis/chapters/one.txt") == precious ]]
    [[ $(cat "$notes") == precious ]]
    rm "$notes"
}

@test "wrong values name the option and what it takes" {
    run --separate-stderr "$SWAPC" run --method rsa
    refused 2 "--method" "rsa" "schnorr, ecdsa, random"
    run --separate-stderr "$SWAPC" run --swap maybe
    refused 2 "--swap" "maybe" "none, warm"
    run --separate-stderr "$SWAPC" run --tamper 1.5
    refused 2 "--tamper" "1.5"
    run --separate-stderr "$SWAPC" run --messages -3
    refused 2 "--messages" "-3"
    run --separate-stderr "$SWAPC" run --workers 0
    refused 2 "--workers"
    run --separate-stderr "$SWAPC" run --engine v8
    refused 2 "v8" "wasmtime"
}

@test "a run of few messages does not say what 1024 would take" {
    run -0 "$SWAPC" run --details --messages 999
    [[ ! $output =~ "1024 messages, this run" ]]
    run -0 "$SWAPC" run --details --messages 1000
    says "$output" "1024 messages, this run"
}

@test "a ring is given with --via shm, and only there" {
    for role in signer verifier; do
        run --separate-stderr "$SWAPC" $role --redis unix:none --keys keys --via redis --ring demo
        refused 2 "--ring demo is a place for --via shm" "leave it out with --via redis"
        run --separate-stderr "$SWAPC" $role --redis unix:none --keys keys
        refused 2 "--ring is required with --via shm"
    done
}

@test "a run over Redis does what one over the ring does" {
    run -0 "$SWAPC" run --messages 2000 --method random --tamper 0.1 --seed 3 --workers 2 --via redis --json out.json
    says "$output" "over in" "Redis"
    json out.json 'd["lost"] == d["duplicates"] == d["wrong"] == d["errors"] == 0'
    json out.json 'd["tampered"] > 100 and d["tampered"] == d["not_valid"]'
}

@test "runs of different methods on one Redis answer each other's messages" {
    redis_start "$work/redis"
    local one two
    "$SWAPC" run --redis "unix:$socket" --method schnorr --messages 1500 --no-bound --json one.json >/dev/null 2>one.err &
    one=$!
    "$SWAPC" run --redis "unix:$socket" --method ecdsa --messages 1500 --no-bound --json two.json >/dev/null 2>two.err &
    two=$!
    wait "$one"
    wait "$two"
    json one.json 'd["valid"] == 1500 and d["wrong"] == 0'
    json two.json 'd["valid"] == 1500 and d["wrong"] == 0'
}

@test "what came before a broken line is answered and accounted for" {
    local code=0
    { seq 500; head -c 3000000 /dev/zero | tr '\0' x; } >input.txt
    "$SWAPC" run --input input.txt --no-bound --json result.json >/dev/null 2>err.txt || code=$?
    [[ $code == 1 ]]
    json result.json 'd["messages"] == 500 and d["valid"] == 500 and d["lost"] == 0'
    says err.txt "line 501"
}

@test "a module of the original system has its host calls and console lines served" {
    built wasmtime
    local wat2wasm
    wat2wasm=$(dirname "$program")/../test/wat2wasm
    [[ -x $wat2wasm ]] || skip "conformance's wat2wasm is not built"
    copy_modules
    "$wat2wasm" "$BATS_TEST_DIRNAME/original.wat" modules/schnorr/plain.wasm
    printf 'name = "schnorr"\nversion = "0.9.0"\n[flavours]\nplain = "plain.wasm"\n' >modules/schnorr/module.toml
    # It finds everything Valid, so a slot with a contract does not take it; the one that is swapped has none.
    "$SWAPC" run --method schnorr --messages 30 --swap warm --no-bound --json result.json >/dev/null
    json result.json 'd["valid"] == 30 and d["errors"] == 0'
    run -1 --separate-stderr "$SWAPC" run --method schnorr --messages 30 --no-bound
    says "$stderr" "schnorr does not do what slot schnorr needs: vector 2 .another message"
}
