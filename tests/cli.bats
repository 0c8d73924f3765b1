# What every command has in common.
load helpers

commands() {
    "$SWAPC" --help | sed -nE 's/^  ([a-z]+)  .*/\1/p'
}

@test "help lists the commands" {
    local command
    run -0 "$SWAPC" --help
    for command in run signer verifier generate bench call inspect module status conformance; do
        says "$output" "  $command "
    done
    says "$output" "example:
  swapc run"
}

@test "help of each command ends with an example" {
    local command
    for command in $(commands); do
        run -0 --separate-stderr "$SWAPC" "$command" --help
        [[ ${lines[-2]} == "example:" ]]
        says "${lines[-1]}" "^  swapc $command"
    done
    [[ -n $command ]]
}

@test "no command and unknown commands are exit 2" {
    run --separate-stderr "$SWAPC"
    refused 2 "which command"
    run --separate-stderr "$SWAPC" frobnicate
    refused 2 "frobnicate"
}

@test "unknown options are exit 2" {
    local command
    for command in $(commands); do
        run --separate-stderr "$SWAPC" "$command" --frobnicate
        refused 2 "frobnicate"
    done
    run --separate-stderr "$SWAPC" call echo
    refused 2 "OPERATION"
    run --separate-stderr "$SWAPC" call echo echo more
    refused 2 "more"
}

@test "wrong options say what is wrong with them" {
    run --separate-stderr "$SWAPC" run --no-bound -xy
    refused 2 'unknown option "-x"'
    run --separate-stderr "$SWAPC" run --frob=3
    refused 2 'unknown option "--frob=3"'
    run --separate-stderr "$SWAPC" run --no-bound=3
    refused 2 "--no-bound takes no value"
    run --separate-stderr "$SWAPC" run --help=3
    refused 2 "--help takes no value"
    run --separate-stderr "$SWAPC" run --s 3
    refused 2 "--s could be any of" "--swap" "--stream" "--seed"
}

@test "wrong values name the option and what it takes" {
    run --separate-stderr "$SWAPC" call echo echo --deadline soon
    refused 2 "--deadline" "soon"
    run --separate-stderr "$SWAPC" call echo echo --deadline
    refused 2 "--deadline" "value"
}

@test "version lists every engine" {
    run -0 "$SWAPC" --version
    says "$output" "^swapc [0-9]+\.[0-9]+\.[0-9]+"
    says "$output" "wasmtime +([0-9]+\.|not in this build)"
    says "$output" "wasm3 +([0-9]+\.|not in this build)"
    says "$output" "native +([0-9]+|not in this build)"
}

@test "version takes no options and help takes a command" {
    run --separate-stderr "$SWAPC" --version --frobnicate
    refused 2 "--version" "frobnicate"
    run -0 "$SWAPC" help run
    [[ $output == "$("$SWAPC" run --help)" ]]
    run --separate-stderr "$SWAPC" help frobnicate
    refused 2 "frobnicate"
}

# peers/NAME answers each request with Valid, as bench/peer.h says.
fake_peer() {
    cat >"peers/$1" <<'END'
#!/usr/bin/env python3
import struct, sys, time
read = lambda: struct.unpack("<I", sys.stdin.buffer.read(4))[0]
for _ in [sys.stdin.buffer.read(read()) for _ in range(read())]:
    print("ok", b"\x82\xacpayload_back\xa0\xa6status\xa5Valid".hex())
sys.stdout.flush()
for line in sys.stdin.buffer:
    print(time.process_time_ns(), flush=True)
END
    chmod +x "peers/$1"
}

@test "bench measures peers that are there, and says which is not, and why" {
    mkdir peers
    echo "there is no go" >peers/wazero.absent
    printf '#!/bin/sh\nprintf "it is \\033broken\\n" >&2\nexit 1\n' >peers/wapc-wasm3
    chmod +x peers/wapc-wasm3
    fake_peer k256-native
    SWAPC_PEERS=$work/peers "$SWAPC" bench engines --peers --rounds 1 --requests 8 --progress off --json peers.json --report drawn >out
    says out "peer wazero is absent: there is no go" "peer extism is absent: ./dev bench" 'it is \x1bbroken' \
        "k256-mvp.wasm is absent"
    json peers.json '[r["method"] for r in d["rows"] if r.get("peer")] == ["schnorr", "ecdsa"]'
    json peers.json 'all(r["engine"] == "k256-native" and not r["default"] and r["to_wasmtime"] > 0 for r in d["rows"] if r.get("peer"))'
    grep -q 'k256-native k256, schnorr' drawn/report.svg
    run --separate-stderr "$SWAPC" bench calls --peers
    refused 2 "belongs to bench engines"
}

# figures ROW…: what pipeline would have written on a machine of 4 cores.
figures() {
    local IFS=,
    echo '{"bench":"pipeline","host":{"cpu":"a made-up one","cores":4,"measured_at":"2026"},"rows":['"$*"']}' >figures.json
}

@test "bench capacity computes what a rate needs, from figures that were measured" {
    row='{"engine":"e","method":"m","via":"redis","generate_us":2,"sign_us":10,"verify_us":40,"redis_us":20}'
    figures "$row" "${row/redis\"/shm\"}"
    run -0 "$SWAPC" bench capacity figures.json --rate 100k --full 0.5 --progress off --json plan.json
    says "$output" "a made-up one, 2026" "more than 50 % full" "of 4 cores" "over the ring a stream has one Redis server"
    json plan.json '[(r["via"], r["signers"], r["verifiers"], r["servers"], r["hosts"]) for r in d["rows"]] == [("redis", 2, 8, 4, 4), ("shm", 3, 8, 4, 4)]'
    json plan.json '[r["partitions"] for r in d["rows"]] == [16, 1] and all(abs(r["producers"] - 0.4) < 1e-9 for r in d["rows"])'
    run -0 "$SWAPC" bench capacity figures.json --cores 64 --json plan.json
    json plan.json '[r["per_s"] for r in d["rows"]] == [1e4, 1e5, 1e6] * 2 and d["rows"][0]["partitions"] == 1'
    json plan.json 'all(r["hosts"] * 64 >= r["signers"] + r["verifiers"] + r["servers"] for r in d["rows"])'
    says "$output" "16 servers and 256 partitions at most"
    echo "{\"benches\":{\"pipeline\":$(<figures.json)}}" >all.json
    run -0 "$SWAPC" bench capacity all.json --rate 1
}

@test "bench capacity refuses what are no figures of the pipeline" {
    for bad in '{"engine":"e"}' '{"generate_us":1,"sign_us":1,"verify_us":-1,"redis_us":1}' \
        '{"generate_us":1,"sign_us":1,"verify_us":"1","redis_us":1}' '{"generate_us":1,"sign_us":1,"verify_us":0,"redis_us":0}' 3; do
        figures "$bad"
        run --separate-stderr "$SWAPC" bench capacity figures.json
        refused 2 "row 1 has not the costs"
    done
    for bad in '' '[]' '{"bench":"pipeline"}' '{"bench":"ring","rows":[{}]}' '{"benches":{"ring":{}}}'; do
        echo "$bad" >figures.json
        run --separate-stderr "$SWAPC" bench capacity figures.json
        refused 2 "figures.json has no figures of the pipeline"
    done
    run --separate-stderr "$SWAPC" bench capacity missing.json
    refused 2 "No such file"
}

@test "bench refuses arguments that do not belong together" {
    run --separate-stderr "$SWAPC" bench engines echo
    refused 2 "no further argument"
    run --separate-stderr "$SWAPC" bench module echo
    refused 2 "a bundle or a file and an operation"
    run --separate-stderr "$SWAPC" bench calls --hex 00
    refused 2 "belong to bench module"
    run --separate-stderr "$SWAPC" bench module echo echo --hex 0g
    refused 2 "hexadecimal"
    run --separate-stderr "$SWAPC" bench module echo echo --engine wasm3
    refused 2 "native alone"
    run --separate-stderr "$SWAPC" bench capacity
    refused 2 "takes the figures of bench pipeline"
    run --separate-stderr "$SWAPC" bench pipeline --rate 1000
    refused 2 "belong to bench capacity"
    run --separate-stderr "$SWAPC" bench capacity figures.json --full 0
    refused 2 "at least 0.01"
    echo '{"rows":3}' >old.json
    run --separate-stderr "$SWAPC" bench calls --compare old.json
    refused 2 "old.json"
}

@test "bench module says why there is nothing to measure" {
    run --separate-stderr "$SWAPC" bench module echo no_such_operation
    refused 1 "answers no_such_operation" "unknown operation no_such_operation"
    run --separate-stderr "$SWAPC" bench module schnorr verify_message --hex 00
    refused 1 "not a map"
    run --separate-stderr "$SWAPC" bench module ./nope x
    refused 1 "no module at ./nope"
    echo text >text.wasm
    run --separate-stderr "$SWAPC" bench module ./text.wasm x
    refused 1 "text file, not a wasm module"
}

@test "bench module takes a bare file, and says which engine does not" {
    cp "$(dirname "$program")/../share/swapc/modules/echo/wide.wasm" mine.wasm
    "$SWAPC" bench module ./mine.wasm echo --hex 00 --rounds 2 --progress off >out
    says out "advice: wasmtime " "nothing else here runs it" "wasm3 does not have"
}

@test "figures that a full disk does not take are an error" {
    [[ -w /dev/full ]] || skip "no /dev/full"
    run --separate-stderr "$SWAPC" bench calls --rounds 1 --progress off --json /dev/full
    [[ $status == 1 ]]
    says "$stderr" "/dev/full" "No space left"
}

@test "a report that cannot be written is refused before anything is measured" {
    : >file
    run --separate-stderr timeout 300 "$SWAPC" bench engines --rounds 10000 --report file --json new.json
    refused 1 "file"
    [[ ! -e new.json ]] # an empty one would be taken for figures
    run --separate-stderr timeout 300 "$SWAPC" bench engines --rounds 10000 --report missing/folder
    refused 1 "missing/folder"
}

@test "bench help names every scenario" {
    run -0 "$SWAPC" bench --help
    for name in engines parts calls swap cold batch ring single pipeline scale module all; do
        [[ $output == *"  $name "* ]]
    done
}

@test "figures that cannot be written are refused before they are measured" {
    run --separate-stderr timeout 300 "$SWAPC" bench calls --rounds 10000 --json missing/figures
    refused 1 "missing/figures"
}

@test "what is missing is named whole with what to give" {
    run --separate-stderr "$SWAPC" signer
    refused 2 "--redis is required \(a server's URL" '[$]SWAPC_REDIS' "--keys is required"
    run --separate-stderr "$SWAPC" verifier --redis unix:none
    refused 2 "swapc verifier: --keys is required .the FILE.pub that the signer makes"
    run --separate-stderr "$SWAPC" generate
    refused 2 "--redis is required"
    run --separate-stderr "$SWAPC" module swap schnorr ./x
    refused 2 "--target is required .the --listen of a running verifier"
    run --separate-stderr "$SWAPC" module sign ./x
    refused 2 "--key is required .swapc module keygen FILE makes one"
    run --separate-stderr "$SWAPC" status
    refused 2 "expected: ADDR, as in: swapc status unix:/run/verifier.sock"
}

@test "what is too much or unknown is answered with what may be meant" {
    run --separate-stderr "$SWAPC" run 100
    refused 2 'unexpected argument "100": here are only options'
    run --separate-stderr "$SWAPC" run -m 100
    refused 2 'unknown option "-m": did you mean --method or --messages'
    run --separate-stderr "$SWAPC" inspect echo more
    refused 2 'unexpected argument "more": expected: BUNDLE'
    for command in "run" "conformance" "module check echo"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$SWAPC" $command --engine wasmtme
        refused 2 'engine "wasmtme" is not in this build: did you mean "wasmtime"'
    done
    run --separate-stderr "$SWAPC" bench engine
    refused 2 'did you mean "engines"' "there are: engines, "
    run --separate-stderr "$SWAPC" module
    refused 2 "which command.*keygen"
}

@test "a file that is missing is named with what it is for" {
    run --separate-stderr "$SWAPC" run --no-bound --input nofile
    refused 1 "messages file nofile .one a line; - is standard input. cannot be read: No such file"
    run --separate-stderr "$SWAPC" run --no-bound --keys /nowhere/keys
    refused 1 "cannot make key file /nowhere/keys: No such file or directory: check the path"
    run --separate-stderr "$SWAPC" call echo echo --json /nowhere/x.json
    refused 1 "cannot write /nowhere/x.json: No such file or directory: check the path"
}

@test "a folder where a file is expected and a full disk are told with the remedy" {
    mkdir folder
    run --separate-stderr "$SWAPC" call echo echo --input folder
    refused 1 "cannot read folder: Is a directory: it is a folder; name a file"
    run --separate-stderr "$SWAPC" call echo echo --json folder
    refused 1 "cannot write folder: Is a directory: it is a folder; name a file"
    run --separate-stderr "$SWAPC" call echo echo --json /dev/full
    refused 1 "No space left on device: make room there, or name another place"
    run --separate-stderr "$SWAPC" call echo echo --flavour wid
    refused 1 'did you mean "wide"' "it has: wide, plain, mvp, size, native"
    run --separate-stderr "$SWAPC" help words more
    refused 2 'takes nothing more, not "more"'
}

@test "what is wrong with addresses and their files is said before Redis is waited for" {
    # A wait for this Redis has no end: whatever returns has not begun it.
    local -a of=(timeout 300 "$SWAPC")
    local -a signer=("${of[@]}" signer --redis unix:nowhere --ring "test-$mark" --keys keys)
    local -a process=("${of[@]}" process --redis unix:nowhere --in a --out b --module echo --operation echo)
    local -a command
    for command in signer process; do
        local -n with=$command
        run --separate-stderr "${with[@]}" --listen nonsense
        refused 2 '"nonsense" is no address'
        run --separate-stderr "${with[@]}" --listen unix:no/folder
        refused 1 "cannot listen on unix:no/folder: No such file or directory: check the path"
        run --separate-stderr "${with[@]}" --listen unix:sock --tls-cert c --tls-key k --tls-client-ca a
        refused 2 "needs no TLS"
        run --separate-stderr "${with[@]}" --listen 127.0.0.1:0 --tls-cert c --tls-key k --tls-client-ca a
        refused 1 "certificate c: No such file"
        run --separate-stderr "${with[@]}" --tls-cert c
        refused 2 "are of --listen, which was not given"
        run --separate-stderr "${with[@]}" --http unix:no/folder
        refused 1 "cannot listen on unix:no/folder"
    done
    run --separate-stderr "${process[@]}" --http-token file
    refused 2 "--http-token is of --http, which was not given"
    run --separate-stderr "${of[@]}" run --http-token file
    refused 2 "--http-token is of --http, which was not given"
    [[ ! -e file ]]
}
