# What is wrong around the program: one sentence that names the thing and the remedy, exit 1 or 2,
# nothing left behind.
load helpers

signer() {
    run --separate-stderr timeout 300 "$SWAPC" signer --ring "test-$mark" --keys keys "$@"
}

# A key file of one key, as the signer makes it.
make_keys() {
    printf 'swapc-keys 1\n%064d\n' 7 >keys
    chmod 600 keys
}

# ---- Redis ---------------------------------------------------------------------------------------

@test "no redis at the url" {
    run --separate-stderr timeout 300 "$SWAPC" run --redis "unix:$work/nothing"
    refused 1 "unix:$work/nothing"
    nothing_left
    run --separate-stderr timeout 300 "$SWAPC" run --redis "redis://127.0.0.1:$(free_port)"
    refused 1 "127.0.0.1"
    nothing_left
    signer --redis "unix:$work/nothing" --retry 0
    refused 1 "unix:$work/nothing"
}

@test "a url of another scheme" {
    run --separate-stderr "$SWAPC" run --redis http://127.0.0.1:1
    refused 2 "redis://" "unix:"
    run --separate-stderr "$SWAPC" run --redis rediss://127.0.0.1:1
    refused 1 "rediss://127.0.0.1:1"
    nothing_left
}

@test "something else answers at the url" {
    background other python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind("other.sock")
s.listen()
while True:
    c = s.accept()[0]
    c.recv(100)
    c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    c.close()
'
    await test -S other.sock
    run --separate-stderr timeout 300 "$SWAPC" run --redis "unix:$work/other.sock"
    refused 1 "other.sock"
    nothing_left
}

@test "a redis that refuses says why and what helps" {
    redis_start "$work/redis" --requirepass secret
    run --separate-stderr timeout 300 "$SWAPC" run --redis "unix:$socket"
    refused 1 "NOAUTH" "password"
    redis_stop
    redis_start "$work/redis" --maxmemory 1200000
    run --separate-stderr timeout 300 "$SWAPC" run --no-bound --redis "unix:$socket" --messages 50k
    refused 1 "maxmemory"
    redis_stop
    redis_start "$work/redis"
    redis "$socket" SET swapc:messages something
    run --separate-stderr timeout 300 "$SWAPC" run --redis "unix:$socket"
    refused 1 "WRONGTYPE" "--stream"
    no_files_left
}

@test "no redis-server to start" {
    mkdir bin
    run --separate-stderr env PATH="$work/bin" "$SWAPC" run --messages 10
    refused 1 "redis-server" "redis"
    nothing_left
}

@test "a temporary directory with too long a path" {
    local long
    long=$tmp/$(printf 'x%.0s' {1..110})
    mkdir "$long"
    run --separate-stderr env TMPDIR="$long" "$SWAPC" run --messages 10
    refused 1 "TMPDIR"
    run --separate-stderr env TMPDIR="$tmp/nonesuch" "$SWAPC" run --messages 10
    refused 1 "TMPDIR"
}

@test "a prefix that is no name of a stream" {
    local prefix
    for prefix in "" "a b" "$(printf 'x%.0s' {1..80})"; do
        run --separate-stderr "$SWAPC" run --messages 10 --stream "$prefix"
        refused 2 "prefix|stream"
    done
    nothing_left
}

# ---- gRPC ----------------------------------------------------------------------------------------

@test "the port to listen on is in use" {
    local port
    background holder python3 -c '
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print(s.getsockname()[1], flush=True)
time.sleep(600)
'
    await test -s holder.out
    port=$(<holder.out)
    redis_start "$work/redis"
    redis "$socket" XADD swapc:messages '*' m hello
    signer --redis "unix:$socket" --listen "127.0.0.1:$port"
    refused 1 "port $port of 127.0.0.1 is in use"
    [[ ! -e /dev/shm/swapc-test-$mark ]]
    [[ $(redis "$socket" XPENDING swapc:messages swapc | head -n 1) == 0 ]]
}

@test "a socket path that is too long" {
    redis_start "$work/redis"
    signer --redis "unix:$socket" --listen "unix:$work/$(printf 'x%.0s' {1..110})"
    [[ $status == [12] ]]
    says "$stderr" "107"
}

# ---- keys ----------------------------------------------------------------------------------------

@test "a key file that others can read" {
    redis_start "$work/redis"
    make_keys
    chmod 644 keys
    signer --redis "unix:$socket"
    refused 2 "keys" "chmod 600"
}

@test "a key file with a bad line" {
    redis_start "$work/redis"
    make_keys
    echo "not a key" >>keys
    signer --redis "unix:$socket"
    refused 2 "keys" "line 3"
    printf 'swapc-keys 1\n%064d\n' 0 >keys
    signer --redis "unix:$socket"
    refused 2 "keys" "line 2" "zero"
    echo "hello" >keys
    signer --redis "unix:$socket"
    refused 2 "keys" "swapc-keys 1"
    printf 'swapc-keys 1\n' >keys
    signer --redis "unix:$socket"
    refused 2 "keys" "no key"
}

@test "a key file that cannot be read" {
    redis_start "$work/redis"
    mkdir keys
    signer --redis "unix:$socket"
    [[ $status == [12] ]]
    says "$stderr" "keys"
    run --separate-stderr "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys no/keys
    refused 1 "no/keys"
    run --separate-stderr "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys no.pub
    refused 1 "no.pub"
}

@test "a key file in a run" {
    make_keys
    run -0 "$SWAPC" run --no-bound --messages 20 --keys keys --json result
    json result 'd["valid"] == 20'
    [[ -s keys.pub && $(stat -c %a keys) == 600 ]]
    run --separate-stderr "$SWAPC" run --no-bound --messages 20 --keys missing/keys
    refused 1 "missing/keys"
    nothing_left
}

# ---- the ring ------------------------------------------------------------------------------------

@test "a ring that killed processes left is used again" {
    redis_start "$work/redis"
    background first "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys
    await test -s "/dev/shm/swapc-test-$mark"
    kill -KILL "$pid"
    finish "$pid"
    background second "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys
    background verifier "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub
    run -0 "$SWAPC" generate --redis "unix:$socket" --messages 50
    await verdicts_reach "$socket" 50
}

@test "a foreign file in the ring's place is refused" {
    local ring=/dev/shm/swapc-test-$mark
    redis_start "$work/redis"
    head -c 100000 /dev/urandom >"$ring"
    chmod 600 "$ring"
    signer --redis "unix:$socket"
    [[ $status == [12] ]]
    says "$stderr" "$ring is no ring; remove it"
    chmod 644 "$ring"
    signer --redis "unix:$socket"
    [[ $status == [12] ]]
    says "$stderr" "$ring is open to other users; remove it"
    rm "$ring"
    ln -s "$work/elsewhere" "$ring"
    signer --redis "unix:$socket"
    [[ $status == [12] ]]
    says "$stderr" "$ring is a symbolic link; remove it"
    [[ ! -e elsewhere ]]
}

@test "a ring that has a producer already" {
    redis_start "$work/redis"
    background first "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys
    await test -s "/dev/shm/swapc-test-$mark"
    signer --redis "unix:$socket"
    refused 1 "test-$mark" "(producer|signer) already"
}

@test "a ring name with a slash" {
    redis_start "$work/redis"
    run --separate-stderr "$SWAPC" signer --redis "unix:$socket" --ring ../x --keys keys
    refused 2 "\.\./x"
}

@test "shared memory is full" {
    unshare -m true 2>/dev/null || skip "this needs root: a mount namespace of its own"
    run --separate-stderr unshare -m sh -c \
        'mount -t tmpfs -o size=256k none /dev/shm && exec "$SWAPC" run --no-bound --messages 10'
    refused 1 "/dev/shm" "room"
    nothing_left
}

# ---- modules -------------------------------------------------------------------------------------

@test "the folder of modules is missing" {
    run --separate-stderr env SWAPC_MODULES="$work/nonesuch" "$SWAPC" run --messages 10
    refused 1 "schnorr" "$work/nonesuch"
    nothing_left
}

@test "a module of a run is damaged" {
    copy_modules
    head -c 2000 "$SWAPC_MODULES/ecdsa/wide.wasm" >cut && cp cut "$SWAPC_MODULES/ecdsa/wide.wasm"
    run --separate-stderr "$SWAPC" run --messages 10
    refused 1 "ecdsa|module"
    nothing_left
    rm "$SWAPC_MODULES/ecdsa/wide.wasm"
    run --separate-stderr "$SWAPC" run --messages 10
    refused 1 "flavour wide of bundle .*/ecdsa is missing" "wide.wasm" "install"
    nothing_left
}

@test "a native module is damaged" {
    built native
    local size
    copy_modules
    cp "$SWAPC_MODULES/echo/native.so" whole.so
    for size in 0 16 64 1000 9000; do
        head -c $size whole.so >"$SWAPC_MODULES/echo/native.so"
        run --separate-stderr "$SWAPC" call echo echo --engine native
        refused 1 "native.so|shared object|module"
    done
    head -c 9000 /dev/urandom >"$SWAPC_MODULES/echo/native.so"
    run --separate-stderr "$SWAPC" call echo echo --engine native
    refused 1 "native.so|shared object|module"
}

@test "a bundle is damaged" {
    copy_modules
    echo 'name = ' >"$SWAPC_MODULES/echo/module.toml"
    run --separate-stderr "$SWAPC" call echo echo
    refused 1 "module.toml"
    rm "$SWAPC_MODULES/echo/module.toml"
    run --separate-stderr "$SWAPC" call echo echo
    [[ $status == [12] ]]
    says "$stderr" "echo"
}

# ---- output --------------------------------------------------------------------------------------

@test "stdout takes no more" {
    local command
    for command in "call echo echo --hex 00" "call echo echo --json -" \
        "run --no-bound --messages 10 --json -" "run --no-bound --messages 10" "inspect echo" \
        "--version" "--help"; do
        # shellcheck disable=SC2086
        run -1 --separate-stderr sh -c '"$SWAPC" "$@" >/dev/full' sh $command
        says "$stderr" "cannot write"
    done
}

@test "standard descriptors that are closed" {
    run -0 sh -c 'timeout 300 "$SWAPC" run --no-bound --input - --json result <&-'
    json result 'd["messages"] == 0'
    background held sh -c 'exec "$0" call echo loop --deadline 60000 <&- >&- 2>&-' "$program"
    # The program and no longer the shell, whose own descriptors are others; with 5 the module is there.
    await sh -c '[ "$(readlink "/proc/$0/exe")" = "$1" ] && [ -e "/proc/$0/fd/5" ]' "$pid" "$(readlink -f "$program")"
    [[ $(readlink "/proc/$pid"/fd/[012]) == $'/dev/null\n/dev/null\n/dev/null' ]]
    kill -KILL "$pid"
    local -a told=(--separate-stderr sh -c '"$SWAPC" "$@" >&-' sh)
    run -1 "${told[@]}" call echo echo --text hi
    says "$stderr" "cannot write the response to standard output"
    run -1 "${told[@]}" inspect echo
    says "$stderr" "cannot write to standard output: Bad file descriptor: the results are not complete"
    run -0 "${told[@]}" call echo echo --text hi --json result # what goes elsewhere arrives
    nothing_left
}

@test "a signer's parent that is none" {
    run --separate-stderr "$SWAPC" signer --redis unix:none --ring r --keys keys --parent 1
    refused 1 "process 1 did not start this one" "--parent"
}
