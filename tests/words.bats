# What swapc says of modules that somebody else made: no byte of theirs acts on the terminal, each refusal
# names the thing and what to do.
load helpers

wat() {
    "$(dirname "$program")/../test/wat2wasm" "$1" "$2"
}

# Standard output and error hold no control character but line feeds.
harmless() {
    ! printf %s "$output${stderr:-}" | grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae'
}

# A guest that says the bytes of $1 (as wat writes them, $2 of them) by the import $3 and returns $4.
saying() {
    cat >m.wat <<END
(module
 (import "wapc" "$3" (func \$f (param i32 i32)))
 (memory (export "memory") 1)
 (data (i32.const 0) "$1")
 (func (export "__guest_call") (param i32 i32) (result i32)
  (call \$f (i32.const 0) (i32.const $2)) $4))
END
    wat m.wat m.wasm
}

@test "bytes of a guest do not act on the terminal" {
    local engine evil='\1b[2J\1b[31mowned\0alevel=error msg=forged\c2\9b1m\e2\80\ae\ff'
    for engine in wasmtime wasm3; do
        saying "$evil" 42 __guest_error '(i32.const 0)'
        run -1 --separate-stderr "$SWAPC" call ./m.wasm x --engine $engine
        harmless
        says "$stderr" 'x1b\[2J.x1b\[31mowned.nlevel=error'
        [[ $(wc -l <<<"$stderr") == 1 ]]
        saying "$evil" 42 __guest_error unreachable
        run -1 --separate-stderr "$SWAPC" call ./m.wasm x --engine $engine
        harmless
        says "$stderr" "its error before that: .*owned.*\[TRAP\]"
        saying "$evil" 42 __console_log '(i32.const 1)'
        run -0 --separate-stderr "$SWAPC" call ./m.wasm x --engine $engine
        harmless
        says "$stderr" 'source=guest module=m.wasm generation=0 msg=".x1b'
        [[ $(wc -l <<<"$stderr") == 1 ]]
        run -0 --separate-stderr "$SWAPC" call ./m.wasm x --engine $engine --log-format json
        harmless
        [[ $(wc -l <<<"$stderr") == 1 ]]
        python3 -c 'import json, sys
line = json.load(sys.stdin)
assert line["source"] == "guest" and line["module"] == "m.wasm" and "owned" in line["msg"], line' <<<"$stderr"
    done
}

@test "names in a module do not act on the terminal" {
    cat >m.wat <<'END'
(module
 (import "e\1b[2J" "n\0a\c2\9b" (func))
 (memory (export "memory") 1)
 (func (export "x\1b]0;t\07") )
 (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
END
    wat m.wat m.wasm
    run -0 --separate-stderr "$SWAPC" inspect ./m.wasm
    harmless
    says "$output" 'import e.x1b\[2J\.n.n.u.9b'
    run -1 --separate-stderr "$SWAPC" call ./m.wasm x
    harmless
}

# on_terminal COMMAND…: its output on a terminal of its own.
on_terminal() {
    python3 - "$@" <<'PY'
import os, pty, sys
status = pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 4096), lambda fd: b"")
print("exit", os.waitstatus_to_exitcode(status))
PY
}

@test "a response is raw in a pipe, and text only on a terminal" {
    "$SWAPC" call echo echo --hex 1b5b324a00 >answer
    [[ $(od -An -tx1 answer) == " 1b 5b 32 4a 00" ]]
    run on_terminal "$SWAPC" call echo echo --hex 68690a
    says "$output" "^hi.*exit 0"
    run on_terminal "$SWAPC" call echo echo --hex 1b5b324a
    says "$output" "4 bytes that would act on the terminal: send them to a file or a pipe.*exit 1"
    not_raw=$(printf '\033')
    [[ $output != *"$not_raw"* ]]
}

# stranger WORDS: what is in ./m.wasm is refused with these words, by call and by inspect.
stranger() {
    local command
    for command in "call ./m.wasm x" "call ./m.wasm x --engine wasmtime" "inspect ./m.wasm"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$SWAPC" $command
        [[ $status == 1 ]]
        says "$stderr" "m.wasm $1"
    done
}

@test "what is no module is named with the remedy" {
    : >m.wasm
    stranger "is empty: build or copy it again"
    echo '(module)' >m.wasm
    stranger "is WebAssembly text: make a binary of it first"
    printf '\0asm\x0d\0\1\0' >m.wasm
    stranger "is a WebAssembly component, and waPC modules are core modules"
    python3 "$here/make_wasm.py" good | gzip >m.wasm
    stranger "is gzip data: gunzip it first"
    printf '<!DOCTYPE html>\n<title>404</title>\n' >m.wasm
    stranger "is an HTML page"
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n' >m.wasm
    stranger "is a Git LFS pointer, not the file itself: git lfs pull"
    head -c 4000 /dev/zero >m.wasm
    stranger "is nothing but zeroes"
    printf '\0asm\1\0\0\0' >m.wasm
    stranger "is the header of a wasm module and nothing more"
    head -c 4000 /dev/zero >>m.wasm
    stranger "is the header of a wasm module and then nothing but zeroes"
    python3 "$here/make_wasm.py" good >m.wasm
    head -c 40 /dev/zero >>m.wasm
    run --separate-stderr "$SWAPC" call ./m.wasm x
    refused 1 "truncated or damaged in section 0 at byte"
    mkdir folder
    run --separate-stderr "$SWAPC" call ./folder x
    refused 1 "folder holds no module.toml, so it is no bundle"
    python3 "$here/make_wasm.py" good >folder/some.wasm
    run --separate-stderr "$SWAPC" call ./folder x
    refused 1 "give the file itself .*folder/some.wasm"
}

# ---- bundles -------------------------------------------------------------------------------------

# made LINES: a bundle ./b of the shipped echo with this module.toml.
made() {
    rm -rf b
    mkdir b
    cp "$(dirname "$program")"/../share/swapc/modules/echo/wide.wasm b
    printf '%b' "$1" >b/module.toml
}

head='name = "b"\nversion = "1.0.0"\n[flavours]\nwide = "wide.wasm"\n'

@test "a manifest is read strictly" {
    made "\xef\xbb\xbf$head"
    run -0 "$SWAPC" module check ./b
    says "$output" "warn +self-test +no vectors"
    made "$head[[self_tests]]\noperation = \"echo\"\n"
    run --separate-stderr "$SWAPC" module check ./b
    refused 1 'module.toml line 5: no table is called "self_tests" here: did you mean "self_test"'
    made "$head[[self_test]]\noperation = \"echo\"\nrespons_text = \"\"\n"
    run --separate-stderr "$SWAPC" call ./b echo
    refused 1 'line 7: no key is called "respons_text" here: did you mean "response_text"'
    made "$head[flavours]\nmvp = \"wide.wasm\"\n"
    run --separate-stderr "$SWAPC" module check ./b
    refused 1 "line 5: .flavours. stands there already"
    made "name = \"b\"\nversion = \"1.0.0\"\nflavours.wide = \"w.wasm\"\n"
    run --separate-stderr "$SWAPC" module check ./b
    refused 1 "line 3: dotted names"
    made "$head"
    truncate -s 200M b/module.toml
    run --separate-stderr timeout 300 "$SWAPC" module check ./b
    refused 1 "module.toml has 209715200 bytes, and a file of its kind at most 262144" "TOO_LARGE"
}

@test "a vector is text and shows what came" {
    made "$head[[self_test]]\noperation = \"echo\"\nrequest_text = \"a\\\\nb\"\nresponse_text = \"a\\\\nb\"\n"
    run -0 "$SWAPC" module check ./b
    made "$head[[self_test]]\nnote = \"greets\"\noperation = \"echo\"\nrequest_text = \"hello\"\nresponse_text = \"hullo\"\n"
    run -1 "$SWAPC" module check ./b
    says "$output" 'vector 1 \(greets; operation echo\) must be answered with the response "hullo", and was answered with the response "hello" \[SELF_TEST\]'
    made "$head[[self_test]]\noperation = \"fail\"\nrequest_text = \"no such user\"\nresponse_text = \"x\"\n"
    run -1 "$SWAPC" module check ./b
    says "$output" 'the guest.s error "no such user"'
    made "$head[[self_test]]\noperation = \"fail\"\nrequest_text = \"oops\"\nerror_text = \"oops\"\n"
    run -0 "$SWAPC" module check ./b
}

@test "check fails where no engine of the build runs the bundle" {
    made 'name = "b"\nversion = "1.0.0"\n[flavours]\nwied = "wide.wasm"\n'
    run -1 "$SWAPC" module check ./b
    says "$output" 'FAIL +engines +no engine of this build runs a flavour of it: did you mean "wide"\?'
}

@test "inspect shows operations" {
    run -0 "$SWAPC" inspect echo
    says "$output" "operations: echo, fail, host"
}

@test "a command that writes takes no shipped bundle by its bare name" {
    copy_modules
    "$SWAPC" module keygen release.key
    run --separate-stderr "$SWAPC" module sign echo --key release.key
    refused 1 "there is no echo here: this command writes, and takes paths only"
    [[ ! -e modules/echo/module.toml.minisig ]]
    cp -r modules/echo echo
    run -0 "$SWAPC" module sign echo --key release.key
    [[ -e echo/module.toml.minisig && ! -e modules/echo/module.toml.minisig ]]
}

@test "an empty name of a module is told as what it is" {
    local command
    for command in call inspect "module check" "module sign" "bench module"; do
        case $command in
        "module sign") run --separate-stderr "$SWAPC" $command "" --key no.key ;;
        call | "bench module") run --separate-stderr "$SWAPC" $command "" x ;;
        *) run --separate-stderr "$SWAPC" $command "" ;;
        esac
        refused 2 "the name of the module is empty"
    done
}

@test "a limit is named by its option" {
    run -1 --separate-stderr timeout 300 "$SWAPC" call echo loop --deadline 100
    says "$stderr" "--deadline"
    cat >m.wat <<'END'
(module (memory (export "memory") 100)
 (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
END
    wat m.wat m.wasm
    run -1 --separate-stderr "$SWAPC" call ./m.wasm x --memory-max 65536
    says "$stderr" "--memory-max"
}

@test "a start that fails says so" {
    cat >m.wat <<'END'
(module (memory (export "memory") 1)
 (func (export "_start") unreachable)
 (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
END
    wat m.wat m.wasm
    run -1 --separate-stderr "$SWAPC" call ./m.wasm x
    says "$stderr" "m.wasm.*at its start: .*\[TRAP\]"
}

@test "what was meant is told" {
    run --separate-stderr "$SWAPC" verifer
    refused 2 'no command is called "verifer": did you mean "verifier"'
    run --separate-stderr "$SWAPC" module chekc
    refused 2 'did you mean "check"'
    run --separate-stderr "$SWAPC" call echo echo --deadlin-ms 3
    refused 2 'unknown option "--deadlin-ms"'
    run --separate-stderr "$SWAPC" call echo echo --memorymax 3
    refused 2 'unknown option "--memorymax": did you mean "--memory-max"'
    run --separate-stderr "$SWAPC" call ecko echo
    refused 1 'no shipped module is called "ecko" in .*: did you mean "echo"'
    run --separate-stderr "$SWAPC" call echo echo --engine wasmtim
    refused 2 'no engine is called "wasmtim": did you mean "wasmtime"'
    run --separate-stderr "$SWAPC" call echo echo --flavour wid
    refused 1 'did you mean "wide"'
    run --separate-stderr "$SWAPC" run --method schnor --no-bound
    refused 2 'did you mean "schnorr"'
}

@test "a report of a stopped guest names its module once" {
    local engine what body
    local -A guests=(
        [unreachable]='(func (export "__guest_call") (param i32 i32) (result i32) unreachable)'
        [divide]='(func (export "__guest_call") (param i32 i32) (result i32) (i32.div_u (i32.const 1) (i32.const 0)))'
        [memory]='(func (export "__guest_call") (param i32 i32) (result i32) (i32.load (i32.const -8)))'
        [stack]='(func $f (export "__guest_call") (param i32 i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0) (local.get 1))))'
        [deadline]='(func (export "__guest_call") (param i32 i32) (result i32) (loop (br 0)) (i32.const 1))'
        [start]='(func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)) (func $s unreachable) (start $s)'
        [init]='(func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)) (func (export "_initialize") unreachable)'
        [data]='(func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)) (data (i32.const -1) "x")'
    )
    for what in "${!guests[@]}"; do
        body=${guests[$what]}
        echo "(module (memory (export \"memory\") 1) $body)" >named.wat
        wat named.wat named.wasm
        for engine in wasmtime wasm3; do
            run -1 --separate-stderr "$SWAPC" call ./named.wasm x --engine $engine --deadline 300
            echo "$what on $engine: $stderr"
            [[ $(grep -o 'named\.wasm' <<<"$stderr" | wc -l) == 1 ]]
        done
    done
}
