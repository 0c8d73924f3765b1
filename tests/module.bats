# swapc module and swapc status: bundles made, signed and checked; modules swapped under load.
load helpers

# ---- bundles -------------------------------------------------------------------------------------

# A bundle of the test's own: ./NAME, the shipped module MODULE as VERSION.
bundle() {
    cp -r "$(dirname "${program:-$SWAPC}")/../share/swapc/modules/$2" "$1"
    sed -i "s/^version = .*/version = \"$3\"/" "$1/module.toml"
}

# Another module of the same meaning: one more custom section in each wasm file.
alter() {
    local file
    for file in "$1"/*.wasm; do
        printf '\x00\x05\x04test' >>"$file"
    done
}

keys() {
    mkdir -p keys
    "$SWAPC" module keygen release.key
    cp release.key.pub keys
}

sign() {
    "$SWAPC" module sign "./$1" --key "${2:-release.key}"
}

@test "a new guest builds outside the tree and answers" {
    command -v cmake >/dev/null || skip "cmake is not here"
    "$SWAPC" module new greet-2
    (cd greet-2 && cmake -B build -DCMAKE_TOOLCHAIN_FILE=wasm.cmake -DSWAPC="$SWAPC" && cmake --build build) >build.log 2>&1
    [[ $("$SWAPC" call ./greet-2/build/greet-2 greet-2 --text world) == "hello, world" ]]
    run -1 --separate-stderr "$SWAPC" call ./greet-2/build/greet-2 nothing
    run -0 "$SWAPC" module check ./greet-2/build/greet-2
    says "$output" "ok +wasmtime wide .* 2 self-test vectors"
    says "$output" "ok +wasmtime plain"
    run -0 ctest --test-dir greet-2/build
    says "$output" "100% tests passed, 0 tests failed out of 1"
}

@test "a new guest is tested and debugged as native code" {
    command -v cmake >/dev/null || skip "cmake is not here"
    run -0 "$SWAPC" module new greet
    cd greet
    sed -i 's|^static int32_t answer|#include <stdio.h>\n&|; s|^    uint8_t text|    printf("a name of %zu bytes\\n", name.len);\n&|' main.c
    (cmake -B native -DSWAPC="$SWAPC" && cmake --build native) >build.log 2>&1
    says build.log "cmake -B build -DCMAKE_TOOLCHAIN_FILE=wasm.cmake"
    run -0 ctest --test-dir native
    says "$output" "100% tests passed, 0 tests failed out of 1"
    run -0 "$SWAPC" call ./native/greet greet --text world --engine native
    says "$output" "a name of 5 bytes"
    says "$output" "hello, world"
    readelf -S native/greet/native.so | grep -q debug_info
    sed -i 's/hello, world/hello, moon/' module.toml
    cmake --build native >build.log 2>&1
    run ctest --test-dir native --output-on-failure
    [[ $status != 0 ]]
    says "$output" 'vector 1 \(a name; operation greet\) must be answered with the response "hello, moon", and was answered with the response "hello, world"'
    sed -i 's/^static int32_t answer/static int calls;\n&/; s/^    uint8_t text/    calls++;\n&/' main.c
    run cmake --build native
    [[ $status != 0 ]]
    says "$output" "has[[:space:]]+writable[[:space:]]+globals"
}

@test "a compiler that cannot build a guest is told from one that can" {
    command -v cmake >/dev/null || skip "cmake is not here"
    local what
    "$SWAPC" module new greet
    # tells WHAT SCRIPT: with a compiler that is the script, the build says WHAT and the remedy.
    tells() {
        printf '#!/bin/sh\n%s\n' "$2" >compiler
        chmod +x compiler
        rm -rf b
        run cmake -S greet -B b -DCMAKE_TOOLCHAIN_FILE="$work/greet/wasm.cmake" -DGUEST_CLANG="$work/compiler"
        [[ $status != 0 ]]
        for what in "$1" "apt-get +install" "GUEST_CLANG="; do
            says "$(tr '\n' ' ' <<<"$output" | tr -s ' ')" "$what"
        done
    }
    tells "does not run" 'exit 127'
    tells "is no clang" 'echo gcc 12'
    tells "has no WebAssembly target" 'case "$*" in --version) echo clang version 22 ;; *) exit 1 ;; esac'
    tells "is too old" 'case "$*" in --version) echo clang version 14 ;; *wide*) exit 1 ;; esac'
    tells "has no linker for WebAssembly" 'case "$*" in --version) echo clang version 22 ;; *no-entry*) exit 1 ;; esac'
}

@test "a new guest overwrites nothing and has a plain name" {
    mkdir mine
    touch mine/precious
    run --separate-stderr "$SWAPC" module new greet mine
    refused 1 "mine" "not empty"
    [[ $(ls -A mine) == precious ]]
    for name in ../greet Greet 2greet 'gr eet' '' -greet "$(printf 'a%.0s' {1..41})"; do
        run --separate-stderr "$SWAPC" module new -- "$name"
        refused 2 "a-z"
    done
}

@test "a signed bundle passes and whatever is altered does not" {
    bundle echo echo 1.0.0
    keys
    run -1 "$SWAPC" module check ./echo --keys-dir keys
    says "$output" "not signed"
    sign echo
    run -0 "$SWAPC" module check ./echo --keys-dir keys
    says "$output" "ok +signature"
    for file in module.toml module.toml.minisig wide.wasm plain.wasm; do
        cp "echo/$file" saved
        printf '#' >>"echo/$file"
        run -1 "$SWAPC" module check ./echo --keys-dir keys
        says "$output" "FAIL.*SIGNATURE"
        cp saved "echo/$file"
    done
    run -0 "$SWAPC" module check ./echo --keys-dir keys
}

@test "a secret key is private and is not overwritten" {
    keys
    [[ $(stat -c %a release.key) == 600 ]]
    cp release.key before
    run --separate-stderr "$SWAPC" module keygen release.key
    refused 1 "release.key" "already"
    cmp before release.key
    bundle echo echo 1.0.0
    run --separate-stderr "$SWAPC" module sign ./echo --key missing.key
    refused 1 "missing.key"
    run --separate-stderr "$SWAPC" module sign ./echo --key release.key.pub
    refused 1 "no minisign secret key"
}

@test "a path to sign is never one of ours" {
    keys
    local ours
    ours=$(dirname "$program")/../share/swapc/modules/echo/module.toml
    cp "$ours" before
    run --separate-stderr "$SWAPC" module sign echo --key release.key
    refused 1 "no echo here" "takes paths only"
    cmp before "$ours"
}

# ---- running processes ---------------------------------------------------------------------------

# start [OPTION…]: Redis, signer and verifier, with SWAPC_MODULES of the test's own.
start() {
    redis_start "$work/redis"
    export SWAPC_REDIS=unix:$socket
    background signer "$SWAPC" signer --ring "test-$mark" --keys keyring --method schnorr \
        --listen "unix:$work/signer.sock"
    signer=$pid
    await test -s keyring.pub
    background verifier "$SWAPC" verifier --ring "test-$mark" --keys keyring.pub \
        --method schnorr --listen "$target" "$@"
    verifier=$pid
    await "$SWAPC" status "$target" --json status.json 2>/dev/null
}

target_of_this_test() {
    target=unix:$work/verifier.sock
}

generation() {
    "$SWAPC" module list --target "$target" --json list.json
    json list.json "d['modules'][0]['generation'] == $1"
}

# Checks the verdicts: count $1, all Valid, each of the module that its generation was, and
# generations that rise.
right_verdicts() {
    redis "$socket" --raw XRANGE swapc:verdicts - + >verdicts
    python3 - "$1" "$2" "$3" <<'PY'
import sys
count, odd, even = int(sys.argv[1]), sys.argv[2], sys.argv[3]
lines = open("verdicts").read().split("\n")
seen, ids, last = set(), set(), 0
for at, line in enumerate(lines):
    if line != "id" or lines[at + 2] != "method":
        continue
    fields = dict(zip(lines[at:at + 12:2], lines[at + 1:at + 12:2]))
    generation = int(fields["generation"])
    assert fields["status"] == "Valid", fields
    assert fields["digest"] == (odd if generation % 2 else even)[:16], fields
    assert generation >= last, fields
    last = generation
    seen.add(generation)
    assert fields["id"] not in ids, fields
    ids.add(fields["id"])
assert len(ids) == count, len(ids)
assert len(seen) == 21, seen
PY
}

# Messages without a pause, and never too many, until there is a file `enough`.
load() {
    local sent=0
    while [[ ! -e enough ]]; do
        "$SWAPC" generate --messages 500 --method schnorr
        sent=$((sent + 500))
        while (($(redis "$socket" XLEN swapc:messages) > 1500)); do sleep 0.02; done
    done
    echo $sent >sent
}

nothing_pending() {
    [[ $(redis "$socket" XLEN swapc:messages) == 0 ]]
}

# Whether the last verdict is one of generation $1.
judged_by() {
    [[ $(redis "$socket" --raw XREVRANGE swapc:verdicts + - COUNT 1 | grep -A1 -x generation | tail -n 1) == "$1" ]]
}

@test "twenty swaps under load lose nothing and judge nothing wrongly" {
    local i one two
    target_of_this_test
    bundle one schnorr 1.0.0
    bundle two schnorr 1.0.1
    alter two
    one=$(sha256sum <one/wide.wasm | cut -d' ' -f1)
    two=$(sha256sum <two/wide.wasm | cut -d' ' -f1)
    mkdir modules
    cp -r one modules/schnorr
    export SWAPC_MODULES=$work/modules
    start
    background load load
    load=$pid
    await verdicts_reach "$socket" 1
    for ((i = 2; i <= 21; i++)); do
        "$SWAPC" module swap schnorr "./$( ((i % 2)) && echo one || echo two)" \
            --target "$target" --json swap.json
        json swap.json "d['generation'] == $i"
        await judged_by "$i"
    done
    touch enough
    finish "$load"
    await nothing_pending
    right_verdicts "$(cat sent)" "$one" "$two"
    generation 21
    "$SWAPC" module rollback schnorr --target "$target" --json back.json
    json back.json "d['generation'] == 22 and d['digest'] == '$two' and d['version'] == '1.0.1'"
}

@test "check warns of a bundle that has expired, keys or no keys" {
    keys
    bundle echo echo 1.0.0
    run -0 "$SWAPC" module check ./echo
    [[ $output != *expire* ]]
    "$SWAPC" module sign ./echo --key release.key --expires 2099-01-01
    run -0 "$SWAPC" module check ./echo
    [[ $output != *"has expired"* ]]
    "$SWAPC" module sign ./echo --key release.key --expires 2020-02-29
    run -0 "$SWAPC" module check ./echo
    says "$output" "warn +expires +it has expired \(2020-02-29\): .*--expires"
    run -1 "$SWAPC" module check ./echo --keys-dir keys
    says "$output" "FAIL +signature .*has expired \(2020-02-29\)"
}

@test "a running verifier says what it compiled without optimisation, and by which option of its own it refused" {
    built wasmtime
    target_of_this_test
    start --engine wasmtime --compile-max 200 # between what schnorr is estimated at, with and without
    run -0 "$SWAPC" module list --target "$target"
    says "$output" "wasmtime wide, unoptimised  sha256"
    "$SWAPC" module list --target "$target" --json list.json
    json list.json "d['modules'][0]['unoptimised'] is True"
    run -0 "$SWAPC" status "$target"
    says "$output" "\(wasmtime wide, unoptimised\), generation 1"
    python3 "$here/make_heavy.py" calls 30000 100 >heavy.wasm
    run --separate-stderr "$SWAPC" module swap schnorr ./heavy.wasm --target "$target"
    refused 1 "LIMIT" "200 are the most that is taken, the --compile-max that"
    generation 1
}

@test "what a verifier's policy refuses changes nothing" {
    target_of_this_test
    keys
    "$SWAPC" module keygen foreign.key
    for version in 1.0.0 1.1.0 0.9.0; do
        bundle "v$version" schnorr $version
        sign "v$version"
    done
    bundle foreign schnorr 2.0.0
    sign foreign foreign.key
    bundle unsigned schnorr 2.0.0
    mkdir modules
    cp -r v1.0.0 modules/schnorr
    export SWAPC_MODULES=$work/modules
    start --trust-keys keys --trust-state state
    generation 1
    run --separate-stderr "$SWAPC" module swap schnorr ./unsigned --target "$target"
    refused 1 "not signed" "SIGNATURE"
    run --separate-stderr "$SWAPC" module swap schnorr ./foreign --target "$target"
    refused 1 "not in" "SIGNATURE"
    run --separate-stderr "$SWAPC" module swap schnorr ./v0.9.0 --target "$target"
    refused 1 "0.9.0 is older than 1.0.0" "VERSION"
    run --separate-stderr "$SWAPC" module swap nonsense ./v1.1.0 --target "$target"
    refused 1 "nonsense"
    run --separate-stderr "$SWAPC" module swap schnorr ./missing --target "$target"
    refused 1 "missing"
    run --separate-stderr "$SWAPC" module rollback schnorr --target "$target"
    refused 1 "nothing to go back to"
    generation 1
    run -0 "$SWAPC" module swap schnorr ./v1.1.0 --target "$target"
    generation 2
    run --separate-stderr "$SWAPC" module swap schnorr ./v1.0.0 --target "$target"
    refused 1 "1.0.0 is older than 1.1.0"
    run -0 "$SWAPC" module rollback schnorr --target "$target"
    generation 3
    run -0 --separate-stderr "$SWAPC" module rollback schnorr 1.0.0 --state-dir state
    says "$stderr" "level=warn"
    run -0 "$SWAPC" module swap schnorr ./v1.0.0 --target "$target"
}

@test "a verifier does not start on an unsigned module" {
    target_of_this_test
    keys
    start
    run --separate-stderr "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark-2" \
        --keys keyring.pub --method schnorr --trust-keys keys --trust-state state
    refused 1 "schnorr/module.toml is not signed" "swapc module sign"
    mkdir none
    run --separate-stderr "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark-2" \
        --keys keyring.pub --trust-keys none
    refused 1 "none" "no key"
}

@test "a verifier starts on the user's own signed bundles" {
    target_of_this_test
    keys
    mkdir modules
    bundle modules/schnorr schnorr 7.0.0
    alter modules/schnorr
    sign modules/schnorr
    export SWAPC_MODULES=$work/nonesuch # the shipped ones are not looked at
    start --modules modules --trust-keys keys
    "$SWAPC" module list --target "$target" --json list.json
    json list.json "[(m['version'], m['path']) for m in d['modules']] == [('7.0.0', 'modules/schnorr/wide.wasm')]"
    run -0 "$SWAPC" generate --messages 50 --method schnorr
    await nothing_pending
    redis "$socket" --raw XREVRANGE swapc:verdicts + - COUNT 1 >verdict
    grep -q "$(sha256sum <modules/schnorr/wide.wasm | cut -c1-16)" verdict
    unset SWAPC_MODULES
    bundle v8 schnorr 8.0.0
    run --separate-stderr "$SWAPC" module swap schnorr ./v8 --target "$target"
    refused 1 "not signed"
    sign v8
    run -0 "$SWAPC" module swap schnorr ./v8 --target "$target"
}

@test "a folder of own bundles that does not serve is told, slot by slot" {
    redis_start "$work/redis"
    "$SWAPC" run --no-bound --messages 1 --keys keyring >run.log
    keys
    # refuses FOLDER [OPTION…] -- TEXT…
    refuses() {
        local options=()
        while [[ $1 != -- ]]; do
            options+=("$1")
            shift
        done
        shift
        run --separate-stderr timeout 300 "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" \
            --keys keyring.pub --modules "${options[@]}"
        refused 1 "$@"
    }
    refuses nowhere -- "--modules nowhere: No such file"
    touch file
    refuses file -- "--modules file is no folder" "file/schnorr"
    mkdir own
    refuses own -- "slot schnorr has no module: there is no own/schnorr" "--method"
    bundle own/schnorr schnorr 1.0.0
    refuses own -- "slot ecdsa has no module: there is no own/ecdsa"
    refuses own --method schnorr --trust-keys keys -- "own/schnorr/module.toml is not signed" "module sign"
    bundle own/ecdsa echo 1.0.0
    refuses own -- "echo offers: .*slot ecdsa needs: verify_message" "CONTRACT"
    rm -r own/ecdsa
    bundle own/ecdsa schnorr 1.0.0 # of the same operations, and wrong all the same
    refuses own -- "schnorr does not do what slot ecdsa needs: vector 1 .a right signature" "CONTRACT"
    rm -r own/ecdsa
    mkdir own/ecdsa
    refuses own -- "the folder own/ecdsa holds no module.toml"
    run --separate-stderr timeout 300 "$SWAPC" run --no-bound --messages 10 --modules own
    refused 1 "the folder own/ecdsa holds no module.toml"
}

@test "run takes the user's own bundles" {
    mkdir own
    bundle own/schnorr schnorr 7.0.0
    bundle own/ecdsa ecdsa 7.1.0
    alter own/schnorr
    "$SWAPC" run --no-bound --messages 100 --modules own --json result.json >run.log
    json result.json "sorted(m['version'] for m in d['modules']) == ['7.0.0', '7.1.0'] and d['valid'] == 100"
    "$SWAPC" run --no-bound --messages 20 --modules own --swap warm --json result.json >run.log
    json result.json "sorted(m['version'] for m in d['modules']) == ['7.0.0', '7.1.0'] and d['valid'] == 20"
}

@test "a swap of native code needs --allow-native" {
    local so
    so="$(dirname "$program")/../share/swapc/modules/schnorr/native.so"
    [[ -f $so ]] || skip "native is not in this build"
    mkdir evil
    cp "$so" evil/x.wasm
    printf 'name = "schnorr"\nversion = "1.0.0"\n[flavours]\nnative = "x.wasm"\n' >evil/module.toml
    target_of_this_test
    start --engine native
    run --separate-stderr "$SWAPC" module swap schnorr ./evil --target "$target"
    refused 1 "allow-native" "NOT_ALLOWED"
    generation 1
    kill "$verifier"
    wait "$verifier" || true
    background willing "$SWAPC" verifier --ring "test-$mark" --keys keyring.pub --method schnorr \
        --listen "$target" --engine native --allow-native
    await "$SWAPC" status "$target" --json status.json 2>/dev/null
    run -0 "$SWAPC" module swap schnorr ./evil --target "$target"
    generation 2
}

@test "status and drain" {
    target_of_this_test
    start
    json status.json 'd["role"] == "verifier" and d["state"] == "serving"'
    json status.json 'd["counters"]["workers"] == 1'
    run -0 "$SWAPC" generate --messages 50 --method schnorr
    await nothing_pending
    fifty_judged() { "$SWAPC" status "$target" --json status.json && json status.json 'd["counters"]["judged"] == 50' 2>/dev/null; }
    await fifty_judged
    fifty_sent() { "$SWAPC" status "unix:$work/signer.sock" >signer.out && says signer.out "sent +50" 2>/dev/null; }
    await fifty_sent
    says signer.out "signer .* serving"
    run -0 "$SWAPC" module list --target "unix:$work/signer.sock"
    run --separate-stderr "$SWAPC" module swap schnorr schnorr --target "unix:$work/signer.sock"
    refused 1 "no slots"
    run -0 "$SWAPC" status "$target" --drain
    says "$output" "draining"
    finish "$verifier"
    [[ $status == 0 ]]
    run --separate-stderr "$SWAPC" status "$target"
    refused 1 "verifier.sock"
}

# ---- slot contracts: no module that does not do what the slot's callers need --------------------------

# hostile: ./NAME.wasm, one for each way in which a module can fail its callers, all valid wasm.
hostile() {
    local wat2wasm
    wat2wasm=$(dirname "$program")/../test/wat2wasm
    made() {
        cat >"$1.wat"
        "$wat2wasm" "$1.wat" "$1.wasm"
    }
    made trap <<'END'
(module (memory (export "memory") 1)
 (func (export "__guest_call") (param i32 i32) (result i32) unreachable))
END
    made loop <<'END'
(module (memory (export "memory") 1)
 (func (export "__guest_call") (param i32 i32) (result i32) (loop (br 0)) (i32.const 1)))
END
    made silent <<'END'
(module (memory (export "memory") 1)
 (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
END
    made recursion <<'END'
(module (memory (export "memory") 1)
 (func $f (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
 (func (export "__guest_call") (param i32 i32) (result i32) (call $f (i32.const 0))))
END
    made outside <<'END'
(module (import "wapc" "__guest_response" (func $r (param i32 i32)))
 (memory (export "memory") 1)
 (func (export "__guest_call") (param i32 i32) (result i32)
  (call $r (i32.const -8) (i32.const 64)) (i32.const 1)))
END
    made grows <<'END'
(module (memory (export "memory") 1)
 (func (export "__guest_call") (param i32 i32) (result i32)
  (loop (drop (memory.grow (i32.const 1))) (br 0)) (i32.const 1)))
END
    made start <<'END'
(module (memory (export "memory") 1)
 (func (export "_start") (loop (br 0)))
 (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
END
    made valid <<'END'
(module (import "wapc" "__guest_response" (func $r (param i32 i32)))
 (memory (export "memory") 1)
 (data (i32.const 0) "\82\acpayload_back\a2Ok\a6status\a5Valid")
 (func (export "__guest_call") (param i32 i32) (result i32)
  (call $r (i32.const 0) (i32.const 30)) (i32.const 1)))
END
}

# A well-made module of another trade, with vectors that it passes.
price() {
    mkdir price
    cp "$(dirname "$program")"/../share/swapc/modules/echo/plain.wasm price
    printf '%s\n' 'name = "price"' 'version = "1.0.0"' 'operations = ["price"]' '[flavours]' \
        'plain = "plain.wasm"' >price/module.toml
}

@test "what does not do what the slot needs is refused while messages flow" {
    built wasmtime
    local name
    hostile
    price
    target_of_this_test
    start
    background load load
    load=$pid
    await verdicts_reach "$socket" 1
    for name in trap loop silent recursion outside grows start valid; do
        run --separate-stderr timeout 300 "$SWAPC" module swap schnorr "./$name.wasm" --target "$target"
        refused 1 "swap of slot .*schnorr.* refused at" "$name.wasm"
    done
    run --separate-stderr "$SWAPC" module swap schnorr ./valid.wasm --target "$target"
    refused 1 "valid.wasm does not do what slot schnorr needs: vector 2 .another message" "CONTRACT"
    run --separate-stderr "$SWAPC" module swap schnorr ./price --target "$target"
    refused 1 "price offers: price; slot schnorr needs: verify_message" "CONTRACT"
    run --separate-stderr "$SWAPC" module swap schnorr ecdsa --target "$target"
    refused 1 "ecdsa does not do what slot schnorr needs" "CONTRACT"
    generation 1
    run -0 "$SWAPC" module swap schnorr schnorr --target "$target"
    generation 2
    touch enough
    finish "$load"
    await nothing_pending
    redis "$socket" --raw XRANGE swapc:verdicts - + >verdicts
    [[ $(grep -cx Valid verdicts) == "$(cat sent)" ]]
    ! grep -qxE 'Error|NotValid' verdicts
}

@test "a verifier does not start on a module of another trade" {
    local name
    hostile
    copy_modules
    redis_start "$work/redis"
    for name in trap silent valid; do
        cp "$name.wasm" modules/schnorr/wide.wasm
        sed -i '/^\[\[self_test/,$d' modules/schnorr/module.toml
        run --separate-stderr timeout 300 "$SWAPC" run --method schnorr --messages 10 --no-bound
        [[ $status == 1 ]]
        says "$stderr" "schnorr does not do what slot schnorr needs: vector"
    done
    nothing_left || true
}

@test "a module is held against a contract by hand" {
    hostile
    price
    run -0 "$SWAPC" module check schnorr --contract schnorr
    says "$output" "answers contract schnorr"
    run -1 "$SWAPC" module check schnorr --contract ecdsa
    says "$output" "schnorr does not do what contract ecdsa needs"
    run -1 "$SWAPC" module check ./price --contract schnorr
    says "$output" "price offers: price; contract schnorr needs: verify_message"
    run -1 "$SWAPC" module check ./trap.wasm --contract schnorr
    says "$output" "FAIL +wasmtime file +trap.wasm does not do what contract schnorr needs: vector 1 .a right signature.*TRAP"
    printf '[[self_test]]\noperation = "echo"\nrequest_text = "hi"\nresponse_text = "hi"\n' >mine.toml
    run -0 "$SWAPC" module check echo --contract ./mine.toml
    printf '[[self_tst]]\n' >mine.toml
    run --separate-stderr "$SWAPC" module check echo --contract ./mine.toml
    refused 1 'mine.toml line 1: no table is called "self_tst" here: did you mean "self_test"'
    run --separate-stderr "$SWAPC" module check echo --contract nonesuch
    refused 1 "no shipped contract is called .nonesuch."
}

# The file DIR/evil.so, whose constructor makes the file DIR/ran.
evil() {
    command -v cc >/dev/null || skip "cc is not here"
    mkdir -p "$1"
    printf '%s\n' '#include <fcntl.h>' '#include <unistd.h>' \
        "__attribute__((constructor)) static void ran(void) { close(creat(\"$work/ran\", 0600)); }" >evil.c
    cc -shared -fPIC -o "$1/evil.so" evil.c
}

@test "nothing of a shared object runs where native code is not allowed" {
    evil .
    mkdir bundle disguised
    cp evil.so evil.wasm
    cp evil.so bundle/x.so
    cp evil.so disguised/x.wasm
    ln -s evil.so link.wasm
    printf '%s\n' 'name = "e"' 'version = "1.0.0"' '[flavours]' 'native = "x.so"' >bundle/module.toml
    printf '%s\n' 'name = "e"' 'version = "1.0.0"' '[flavours]' 'wide = "x.wasm"' 'mvp = "x.wasm"' \
        >disguised/module.toml
    for file in ./evil.so ./evil.wasm ./link.wasm ./bundle ./disguised; do
        for command in "call $file x" "inspect $file" "module check $file" "call $file x --engine wasmtime" \
            "call $file x --engine wasm3" "module check $file --engine wasm3"; do
            # shellcheck disable=SC2086
            run timeout 300 "$SWAPC" $command
            [[ ! -e ran ]] || { echo "ran by: $command"; false; }
        done
    done
    run timeout 300 "$SWAPC" call ./evil.so x --engine native
    [[ -e ran ]] # the trap works
}

@test "module check says when a flavour's file is of another kind" {
    evil .
    mkdir wasm so
    cp "$(dirname "$program")"/../share/swapc/modules/echo/plain.wasm wasm/x
    cp evil.so so/x
    printf '%s\n' 'name = "e"' 'version = "1.0.0"' '[flavours]' 'native = "x"' >wasm/module.toml
    printf '%s\n' 'name = "e"' 'version = "1.0.0"' '[flavours]' 'plain = "x"' >so/module.toml
    run -1 "$SWAPC" module check ./wasm
    says "$output" "FAIL +flavour native +./wasm/x is a wasm"
    run -1 "$SWAPC" module check ./so
    says "$output" "FAIL +flavour plain +./so/x is a shared object"
    [[ ! -e ran ]]
}
