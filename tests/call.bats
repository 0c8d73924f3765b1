# swapc call: one operation of one module.
load helpers

@test "echo on wasmtime" {
    "$SWAPC" call echo echo --hex 00ff --engine wasmtime >answer
    [[ $(od -An -tx1 answer) == " 00 ff" ]]
}

@test "echo on wasm3" {
    built wasm3
    "$SWAPC" call echo echo --hex 00ff --engine wasm3 >answer
    [[ $(od -An -tx1 answer) == " 00 ff" ]]
}

@test "echo on native" {
    built native
    "$SWAPC" call echo echo --hex 00ff --engine native >answer
    [[ $(od -An -tx1 answer) == " 00 ff" ]]
}

@test "no payload means an empty one and stdin is left alone" {
    mkfifo never
    exec 5<>never # a reader of it would wait for ever
    run -0 timeout 300 "$SWAPC" call echo echo <&5
    [[ -z $output ]]
}

@test "the payload comes from a file or from stdin" {
    printf 'a\0b\n' >payload
    "$SWAPC" call echo echo --input payload | cmp - payload
    "$SWAPC" call echo echo --input - <payload | cmp - payload
    run --separate-stderr "$SWAPC" call echo echo --input missing
    refused 1 "missing" "No such file"
}

@test "json of an answer" {
    "$SWAPC" call echo echo --hex 00ff --json - >answer
    json answer 'sorted(d) == ["engine", "error_hex", "flavour", "ok", "response_hex", "status"]'
    json answer 'd["ok"] is True and d["response_hex"] == "00ff" and d["error_hex"] == ""'
    json answer 'd["status"] == "OK" and d["engine"] == "wasmtime" and d["flavour"] == "wide"'
}

@test "json of a guest error goes to a file" {
    run -1 "$SWAPC" call echo fail --hex 6f6f7073 --json answer
    json answer 'd["ok"] is False and d["status"] == "GUEST_ERROR"'
    json answer 'd["error_hex"] == "6f6f7073" and d["response_hex"] == ""'
}

@test "a guest error is a sentence and exit 1" {
    run --separate-stderr "$SWAPC" call echo fail --hex 6f6f7073
    refused 1 "oops" "GUEST_ERROR"
}

@test "an unknown operation is a guest error" {
    run --separate-stderr "$SWAPC" call echo nonesuch
    refused 1 "GUEST_ERROR"
}

@test "a trap is exit 1" {
    run --separate-stderr "$SWAPC" call echo trap
    refused 1 "TRAP"
    run -1 "$SWAPC" call echo trap --json answer
    json answer 'd["ok"] is False and d["status"] == "TRAP"'
}

@test "a trap names the functions of the guest, or their numbers" {
    cat >deep.wat <<'END'
(module (import "wapc" "__guest_response" (func $respond (param i32 i32)))
 (memory (export "memory") 1)
 (func $price_total (param i32) (result i32)
  (if (i32.eq (local.get 0) (i32.const 4)) (then (loop $again (br $again))))
  (if (i32.eq (local.get 0) (i32.const 7)) (then (call $respond (i32.const -1) (i32.const 9))))
  unreachable)
 (func (export "__guest_call") (param i32 i32) (result i32) (call $price_total (local.get 0))))
END
    "${program%/bin/swapc}/test/wat2wasm" deep.wat deep.wasm
    run --separate-stderr "$SWAPC" call ./deep.wasm price
    refused 1 'module "deep.wasm": the guest trapped: .*unreachable.*; in price_total < __guest_call' "TRAP"
    run --separate-stderr "$SWAPC" call ./deep.wasm respond
    refused 1 'passed __guest_response the span 0xffffffff.9, outside its memory; in price_total < __guest_call'
    run --separate-stderr "$SWAPC" call ./deep.wasm loop --deadline 100
    refused 1 'at its deadline.*; in price_total < __guest_call'
    run --separate-stderr "$SWAPC" call echo trap # without a name section
    refused 1 'in function [0-9]+ <'
    built wasm3
    run --separate-stderr "$SWAPC" call ./deep.wasm price --engine wasm3
    refused 1 'the guest trapped: .*unreachable' # wasm3 does not tell where
}

@test "a deadline stops a loop" {
    run --separate-stderr timeout 300 "$SWAPC" call echo loop --deadline 200
    refused 1 "deadline" "DEADLINE"
}

@test "a deadline stops a loop on wasm3" {
    built wasm3
    run --separate-stderr timeout 300 "$SWAPC" call echo loop --engine wasm3 --deadline 200
    refused 1 "deadline" "DEADLINE"
}

@test "a deadline that the engine does not hold is refused" {
    built native
    run --separate-stderr "$SWAPC" call echo echo --engine native --deadline 200
    refused 2 "native" "--deadline"
    run --separate-stderr "$SWAPC" call "$(dirname "$program")/../share/swapc/modules/echo/native.so" \
        echo --engine native --deadline 200
    refused 2 "native" "--deadline"
}

@test "native code runs only with --engine native" {
    local so
    so="$(dirname "$program")/../share/swapc/modules/echo/native.so"
    built native
    cp "$so" upload.wasm
    mkdir bundle
    cp "$so" bundle/x.wasm
    printf 'name = "b"\nversion = "1.0.0"\n[flavours]\nnative = "x.wasm"\n' >bundle/module.toml
    for file in "$so" ./upload.wasm ./bundle; do
        run --separate-stderr "$SWAPC" call "$file" echo
        refused 1 "native code" "--engine native"
        run -0 "$SWAPC" call "$file" echo --hex 6869 --engine native
        [[ $output == hi ]]
    done
    run --separate-stderr "$SWAPC" call ./bundle echo --flavour native
    refused 1 "native code" "--engine native"
}

@test "a guest grows to memory-max and no further" {
    run -0 "$SWAPC" call echo grow --memory-max 2097152
    [[ $output == 32 ]] # pages of 64 KiB
    run --separate-stderr "$SWAPC" call echo grow --memory-max 10
    refused 2 "memory-max" "65536"
    run --separate-stderr "$SWAPC" call echo grow --memory-max 65536
    refused 1 "memory"
}

@test "a host call is answered" {
    run -0 "$SWAPC" call echo host --hex 6869
    [[ $output == hi ]]
}

@test "an unknown engine is named with those there are" {
    run --separate-stderr "$SWAPC" call echo echo --engine v8
    refused 2 "v8" "wasmtime"
}

@test "a missing module is named" {
    run --separate-stderr "$SWAPC" call nonesuch echo
    refused 1 "nonesuch" "shipped"
    run --separate-stderr "$SWAPC" call ./nonesuch.wasm echo
    refused 1 "nonesuch.wasm"
}

@test "a truncated module is refused" {
    local size
    python3 "$here/make_wasm.py" good >good.wasm
    run -0 "$SWAPC" call ./good.wasm anything
    for size in 0 3 8 20 40; do
        head -c $size good.wasm >cut.wasm
        run --separate-stderr "$SWAPC" call ./cut.wasm anything
        refused 1 "cut.wasm|module"
    done
}

@test "random bytes are no module" {
    head -c 5000 /dev/urandom >noise.wasm
    run --separate-stderr "$SWAPC" call ./noise.wasm echo
    refused 1 "noise.wasm|module"
    { printf '\0asm\1\0\0\0'; head -c 5000 /dev/urandom; } >noise.wasm
    run --separate-stderr "$SWAPC" call ./noise.wasm echo
    refused 1 "noise.wasm|module"
}

@test "a module without guest call is refused by name" {
    python3 "$here/make_wasm.py" no-call >m.wasm
    run --separate-stderr "$SWAPC" call ./m.wasm echo
    refused 1 "__guest_call"
    python3 "$here/make_wasm.py" wrong-type >m.wasm
    run --separate-stderr "$SWAPC" call ./m.wasm echo
    refused 1 "__guest_call"
}

@test "an unknown import is refused by name" {
    python3 "$here/make_wasm.py" import >m.wasm
    run --separate-stderr "$SWAPC" call ./m.wasm echo
    refused 1 "elsewhere.launch_rocket"
}

@test "odd or wrong hex is refused" {
    run --separate-stderr "$SWAPC" call echo echo --hex abc
    refused 2 "--hex"
    run --separate-stderr "$SWAPC" call echo echo --hex zz
    refused 2 "--hex"
    run --separate-stderr "$SWAPC" call echo echo --hex 00 --input -
    refused 2 "--hex" "--input"
}

@test "inspect shows flavours imports and exports" {
    run -0 "$SWAPC" inspect echo
    says "$output" "flavour wide"
    says "$output" "export __guest_call +function \(ii:i\)"
    says "$output" "import wapc\.__guest_request"
    head -c 3000 /dev/urandom >noise
    run --separate-stderr -1 "$SWAPC" inspect ./noise
    says "$stderr" "noise"
}

@test "an enum as rmp-serde writes it is taken by guests" {
    local engine form hex answer key sig
    key=$(printf '%064d' 1)
    sig=$(printf '30%.0s' $(seq 128))
    for engine in wasmtime wasm3 native; do
        "$SWAPC" --version | grep -q "^ *$engine *not in" && continue
        answer=
        for form in a34f6e65 00 8100c0 81a34f6e65c0; do # "One", 0, {0: nil}, {"One": nil}
            hex=85a8726d657373616765a26869a8736d657373616765d980${sig}a4766b6579c420${key}a2696401a46f706572$form
            run -0 "$SWAPC" call schnorr verify_message --engine $engine --hex $hex --json -
            printf %s "$output" >answer.json
            json answer.json 'd["ok"]'
            [[ -z $answer || $output == "$answer" ]]
            answer=$output
        done
    done
}

@test "a payload is text, and so is what comes back in the document" {
    [[ $("$SWAPC" call echo echo --text 'grüß dich') == 'grüß dich' ]]
    "$SWAPC" call echo echo --text 'grüß "dich"' --json answer
    json answer 'd["response_text"] == "grüß \"dich\"" and "error_text" not in d'
    "$SWAPC" call echo echo --text '' --json answer
    json answer 'd["response_text"] == "" and d["response_hex"] == ""'
    run -1 "$SWAPC" call echo fail --text 'so nicht' --json answer
    json answer 'd["error_text"] == "so nicht" and "response_text" not in d'
    "$SWAPC" call echo echo --hex c328 --json answer
    json answer 'd["response_hex"] == "c328" and "response_text" not in d'
    run --separate-stderr "$SWAPC" call echo echo --text a --hex 00
    refused 2 "exclude each other"
}

@test "a text gets a line of its own on a terminal and not in a pipe" {
    script -qec "'$SWAPC' call echo echo --text hello" /dev/null </dev/null >shown
    [[ $(od -An -c shown | tr -d ' \n') == 'hello\r\n' ]]
    "$SWAPC" call echo echo --text hello >piped
    [[ $(wc -c <piped) == 5 ]]
}

@test "a call that is repeated answers once and tells its times" {
    LC_ALL=C "$SWAPC" call echo echo --text hello --repeat 200 >out 2>err
    [[ $(<out) == hello ]]
    says err '^200 calls one after the other: min [0-9.]+ us, median [0-9.]+ us, p99 [0-9.]+ us, max [0-9.]+ us'
    "$SWAPC" call echo echo --repeat 50 --json answer 2>err
    json answer 'd["call_us"]["calls"] == 50 and 0 < d["call_us"]["min"] <= d["call_us"]["p50"] <= d["call_us"]["p99"] <= d["call_us"]["max"]'
    [[ ! -s err ]]
    run -1 --separate-stderr "$SWAPC" call echo fail --text oops --repeat 9
    says "$stderr" '1 calls'
    says "$stderr" 'oops'
    run --separate-stderr "$SWAPC" call echo echo --repeat 0
    refused 2 "--repeat takes a whole number from 1"
}
