# What a service says of itself: grpc.health.v1 through `swapc status`, its log, and what it lets be done.
load helpers

start_pair() {
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys \
        --listen "unix:$work/signer.sock"
    signer=$pid
    await test -S signer.sock
    background verifier "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub \
        --workers 2 --listen "${1:-unix:$work/verifier.sock}"
    verifier=$pid
    await grep -q "ready: ring" verifier.err
}

serving() {
    "$SWAPC" status "$1" >status.out 2>status.err
}

not_serving() {
    not serving "$1" 2>/dev/null && [[ -s status.out ]]
}

@test "status says how a pair is, and exits 1 when Redis is gone" {
    start_pair
    await serving "unix:$work/signer.sock"
    await serving "unix:$work/verifier.sock"
    "$SWAPC" generate --redis "unix:$socket" --messages 50 >generate.out
    await verdicts_reach "$socket" 50
    "$SWAPC" status "unix:$work/verifier.sock" --json status.json
    json status.json 'd["serving"] and d["redis_up"] and d["peer_up"] and d["valid"] == 50'
    json status.json 'd["errors"] == 0 and d["not_valid"] == 0 and len(d["modules"]) == 2'
    says verifier.err "ready: ring test-$mark, 2 workers, schnorr [0-9.]+ "
    says signer.err "ready: ring test-$mark"
    kill -KILL "$server"
    await not_serving "unix:$work/signer.sock"
    says status.out "serving +no: Redis"
    await not_serving "unix:$work/verifier.sock"
    await grep -q "not serving: Redis" verifier.err
}

@test "a service that hangs on Redis is not serving" {
    start_pair
    await serving "unix:$work/verifier.sock"
    kill -STOP "$server"
    await not_serving "unix:$work/signer.sock"
    await not_serving "unix:$work/verifier.sock"
    kill -CONT "$server"
    await serving "unix:$work/signer.sock"
    await serving "unix:$work/verifier.sock"
}

@test "a side whose peer has gone is not serving; one that never had one is, and says that it waits" {
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys \
        --listen "unix:$work/signer.sock"
    signer=$pid
    await serving "unix:$work/signer.sock"
    await grep -q "waiting for a verifier on the ring test-$mark" signer.err
    serving "unix:$work/signer.sock"
    background verifier "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub
    await says "$("$SWAPC" status "unix:$work/signer.sock")" "peer +there" || true
    await grep -q "ready: ring" verifier.err
    sleep 0.5
    kill -KILL "$pid"
    await not_serving "unix:$work/signer.sock"
    says status.out "no verifier is on the ring"
}

@test "wrong keys are said" {
    start_pair
    kill -TERM "$verifier"
    finish "$verifier"
    printf 'swapc-keys 1\n%064d\n' 7 >other
    chmod 600 other
    background other "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark-o" --keys other
    await test -s other.pub
    kill -TERM "$pid"
    finish "$pid"
    background wrong "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys other.pub
    "$SWAPC" generate --redis "unix:$socket" --messages 20 >generate.out
    await grep -q "key is unknown" wrong.err
}

@test "on TCP without mutual TLS nothing can be changed" {
    local port
    port=$(free_port)
    start_pair "127.0.0.1:$port"
    await serving "127.0.0.1:$port"
    "$SWAPC" module list --target "127.0.0.1:$port"
    run --separate-stderr "$SWAPC" module swap schnorr schnorr --target "127.0.0.1:$port"
    refused 1 "read-only" "--tls-cert"
    run --separate-stderr "$SWAPC" module rollback schnorr --target "127.0.0.1:$port"
    refused 1 "read-only"
    run --separate-stderr "$SWAPC" status --drain "127.0.0.1:$port"
    refused 1 "read-only"
    await serving "127.0.0.1:$port"
}
