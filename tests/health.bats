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

# not_serving ADDRESS [TEXT]: it answers, that it is not, and with the text.
not_serving() {
    not serving "$1" 2>/dev/null && [[ -s status.out ]] && says status.out "${2:-}" 2>/dev/null
}

@test "status says how a pair is, and exits 1 when Redis is gone" {
    start_pair
    await serving "unix:$work/signer.sock"
    await serving "unix:$work/verifier.sock"
    "$SWAPC" generate --redis "unix:$socket" --messages 50 >generate.out
    await verdicts_reach "$socket" 50
    fifty_counted() {
        "$SWAPC" status "unix:$work/verifier.sock" --json status.json && json status.json 'd["valid"] == 50' 2>/dev/null
    }
    await fifty_counted
    json status.json 'd["serving"] and d["redis_up"] and d["peer_up"] and d["valid"] == 50'
    json status.json 'd["errors"] == 0 and d["not_valid"] == 0 and len(d["modules"]) == 2'
    says verifier.err "ready: ring test-$mark, 2 workers, schnorr [0-9.]+ "
    says signer.err "ready: ring test-$mark"
    kill -KILL "$server"
    await not_serving "unix:$work/signer.sock" "serving +no: Redis"
    await not_serving "unix:$work/verifier.sock"
    await grep -q "not serving: Redis" verifier.err
}

@test "a service that hangs on Redis is not serving" {
    start_pair
    await serving "unix:$work/verifier.sock"
    hold "$server"
    await not_serving "unix:$work/signer.sock"
    await not_serving "unix:$work/verifier.sock"
    kill -CONT "$server"
    await serving "unix:$work/signer.sock"
    await serving "unix:$work/verifier.sock"
}

has_peer() {
    says "$("$SWAPC" status "$1")" "peer +there"
}

@test "a side whose peer has gone is not serving; one that never had one is, and says that it waits" {
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys \
        --listen "unix:$work/signer.sock"
    signer=$pid
    await serving "unix:$work/signer.sock"
    await grep -q "waiting for a verifier on the ring test-$mark" signer.err
    await serving "unix:$work/signer.sock"
    background verifier "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub
    await grep -q "ready: ring" verifier.err
    await has_peer "unix:$work/signer.sock"
    kill -KILL "$pid"
    await not_serving "unix:$work/signer.sock" "no verifier is on the ring"
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

@test "a verifier that takes nothing is said after a while" {
    redis_start "$work/redis"
    start_pair
    hold "$verifier"
    run -0 "$SWAPC" generate --redis "unix:$socket" --messages 3000
    await grep -q "waiting for room on the ring test-$mark for 5 s: the verifier takes less than there is" signer.err
    kill -CONT "$verifier"
}

# sending STREAM: asks the signer at $port, as any gRPC client would (the message is of the original's contract);
# the answer's bytes.
sending() {
    local stream=$1
    {
        printf '\\x00\\x00\\x00\\x00\\x%02x' $((4 + ${#stream}))
        printf '\\x08\\x01\\x22\\x%02x' ${#stream}
    } >head
    # shellcheck disable=SC2059
    { printf "$(<head)"; printf '%s' "$stream"; } |
        curl --silent --show-error --max-time 300 --http2-prior-knowledge --data-binary @- --output - \
            -H 'content-type: application/grpc' -H 'te: trailers' \
            "http://127.0.0.1:$port/transport_interface.Transport_interface/establish_connection" >answer
}

@test "Sending is answered with Ok and the stream's name, and with Error for another stream" {
    curl --version 2>/dev/null | grep -q HTTP2 || skip "no curl that speaks HTTP/2"
    port=$(free_port)
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys --listen "127.0.0.1:$port"
    await grep -q "ready: ring" signer.err
    sending swapc:messages
    # Five bytes of gRPC's frame; status 0 is left out; field 2 is the name.
    [[ $(tail -c +6 answer | od -An -tx1 | tr -d ' \n') == 120e$(printf swapc:messages | od -An -tx1 | tr -d ' \n')* ]]
    sending other:messages
    says answer "this signer reads swapc:messages"
    [[ $(tail -c +6 answer | od -An -tx1 | tr -d ' \n') == 0802* ]]
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

# certificate NAME CA: NAME.crt and NAME.key for 127.0.0.1, signed by CA.crt, which is made when missing.
certificate() {
    [[ -e $2.crt ]] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj "/CN=$2" -keyout "$2.key" -out "$2.crt" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 2 -out "$1.crt" \
        -extfile <(echo "subjectAltName=IP:127.0.0.1,DNS:$1.test") 2>/dev/null
}

@test "with mutual TLS a module is swapped over TCP by who has a certificate, and by nobody else" {
    local port
    certificate server ours
    certificate client ours
    certificate stranger theirs
    port=$(free_port)
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys
    await test -s keys.pub
    background verifier "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub \
        --listen "127.0.0.1:$port" --tls-cert server.crt --tls-key server.key --tls-client-ca ours.crt
    await grep -q "ready: ring" verifier.err
    local -a by_client=(--tls-cert client.crt --tls-key client.key --tls-ca ours.crt)
    "$SWAPC" module swap schnorr schnorr --target "127.0.0.1:$port" "${by_client[@]}"
    says verifier.err "slot schnorr: schnorr"
    await "$SWAPC" status "127.0.0.1:$port" "${by_client[@]}"
    await "$SWAPC" status "127.0.0.1:$port" "${by_client[@]}" --tls-name server.test
    # A handshake that a deadline breaks off is ended by threads of gRPC's, which may hold OpenSSL's memory to the end.
    export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
    run --separate-stderr "$SWAPC" status "127.0.0.1:$port"
    refused 1 "TLS"
    run --separate-stderr "$SWAPC" status "127.0.0.1:$port" --tls-cert stranger.crt \
        --tls-key stranger.key --tls-ca ours.crt
    refused 1 "CA that the other side expects"
    run --separate-stderr "$SWAPC" status "127.0.0.1:$port" --tls-cert client.crt \
        --tls-key client.key --tls-ca theirs.crt
    refused 1 "CA that the other side expects"
    run --separate-stderr "$SWAPC" status "127.0.0.1:$port" "${by_client[@]}" --tls-name other.test
    refused 1 "certificates"
    "$SWAPC" status --drain "127.0.0.1:$port" "${by_client[@]}"
    finish "$pid"
    [[ $status == 0 ]]
}

@test "TLS options that do not fit are named" {
    certificate server ours
    certificate other ours
    local -a verifier=("$SWAPC" verifier --redis unix:/nowhere --ring "test-$mark" --keys keys.pub)
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys
    await test -s keys.pub
    verifier[3]=unix:$socket
    run --separate-stderr "${verifier[@]}" --listen 127.0.0.1:0 --tls-cert server.crt
    refused 2 "--tls-key" "--tls-client-ca"
    run --separate-stderr "${verifier[@]}" --listen "unix:$work/v.sock" --tls-cert server.crt \
        --tls-key server.key --tls-client-ca ours.crt
    refused 2 "Unix socket"
    run --separate-stderr "${verifier[@]}" --listen 127.0.0.1:0 --tls-cert server.crt --tls-key nowhere \
        --tls-client-ca ours.crt
    refused 1 "private key nowhere"
    run --separate-stderr "${verifier[@]}" --listen 127.0.0.1:0 --tls-cert keys.pub \
        --tls-key server.key --tls-client-ca ours.crt
    refused 2 "keys.pub is no PEM"
    run --separate-stderr "${verifier[@]}" --listen 127.0.0.1:0 --tls-cert server.crt \
        --tls-key other.key --tls-client-ca ours.crt
    refused 2 "belong together"
}
