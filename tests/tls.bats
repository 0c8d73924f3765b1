# Redis over TLS, with certificates that the test makes: an authority, a server, a client.
load helpers

# certificate NAME SUBJECT EXTENSION [DAYS]: NAME.pem and NAME.key, signed by the authority in ca.pem.
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "${4:-2}" -out "$1.pem" \
        -extfile <(printf '%s' "subjectAltName=$3")
}

authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.pem" \
        -subj "/CN=$1" -days 2
}

# A server that speaks TLS at 127.0.0.1:$port and wants a client's certificate, unless told otherwise.
tls_start() {
    program=$(command -v redis-server || command -v redis-check-rdb)
    [[ -n $(ldd "$program" | grep libssl) ]] || skip "this redis-server has no TLS"
    {
        authority ca
        certificate server redis.internal "DNS:redis.internal"
        certificate client client "DNS:client"
        certificate expired redis.internal "DNS:redis.internal" -1
    } >openssl.log 2>&1
    port=$(free_port)
    redis_start "$work/redis" --tls-port "$port" --tls-cert-file "$work/server.pem" --tls-key-file "$work/server.key" \
        --tls-ca-cert-file "$work/ca.pem" "$@"
    ca="ca=$work/ca.pem"
    own="cert=$work/client.pem&key=$work/client.key"
    name=server_name=redis.internal
}

generate() {
    run --separate-stderr timeout 300 "$SWAPC" generate --redis "$1" --messages 5
}

@test "the pipeline over tls" {
    tls_start
    export SWAPC_REDIS="rediss://127.0.0.1:$port?$ca&$own&$name"
    background signer "$SWAPC" signer --ring "test-$mark" --keys keys
    signer=$pid
    await test -s keys.pub
    background verifier "$SWAPC" verifier --ring "test-$mark" --keys keys.pub --method schnorr
    "$SWAPC" generate --messages 2000 --method schnorr
    await verdicts_reach "$socket" 2000
    redis "$socket" CLIENT KILL TYPE normal
    "$SWAPC" generate --messages 500 --method schnorr
    await verdicts_reach "$socket" 2500
    [[ $(redis "$socket" XLEN swapc:messages) == 0 ]]
    [[ $(redis "$socket" XLEN swapc:verdicts) == 2500 ]]
}

@test "signed records over tls" {
    tls_start
    export SWAPC_REDIS="rediss://127.0.0.1:$port?$ca&$own&$name"
    background signer "$SWAPC" signer --via redis --consumer one --keys keys
    await test -s keys.pub
    background verifier "$SWAPC" verifier --via redis --keys keys.pub --method schnorr
    "$SWAPC" generate --messages 1000 --method schnorr
    await verdicts_reach "$socket" 1000
    redis "$socket" CLIENT KILL TYPE normal
    "$SWAPC" generate --messages 500 --method schnorr
    await verdicts_reach "$socket" 1500
    [[ $(redis "$socket" XLEN swapc:messages) == 0 && $(redis "$socket" XLEN swapc:verdicts) == 1500 ]]
}

@test "a large message over tls" {
    tls_start --tls-auth-clients no
    head -c 1500000 /dev/zero | tr '\0' x >large
    echo >>large
    cat large large large >input
    "$SWAPC" generate --redis "rediss://127.0.0.1:$port?$ca&$name" --input input
    [[ $(redis "$socket" XLEN swapc:messages) == 3 ]]
}

@test "what is wrong with tls is told with its remedy" {
    tls_start
    generate "rediss://127.0.0.1:$port?$ca&$name"
    refused_says "cert=FILE&key=FILE"
    generate "rediss://127.0.0.1:$port?$own&$name"
    refused_says "not trusted .*ca=FILE"
    { authority other; } 2>/dev/null
    generate "rediss://127.0.0.1:$port?ca=$work/other.pem&$own&$name"
    refused_says "not trusted .*ca=FILE"
    generate "rediss://127.0.0.1:$port?$ca&$own"
    refused_says "another name.*server_name=NAME"
    generate "rediss://127.0.0.1:$port?$ca&$own&server_name=redis.example"
    refused_says "another name.*server_name=NAME"
    generate "rediss://127.0.0.1:$port?ca=$work/none.pem&$own&$name"
    refused_says "CA file $work/none.pem .*No such file.*ca=FILE"
    generate "rediss://127.0.0.1:$port?$ca&cert=$work/none.pem&$name"
    refused_says "certificate $work/none.pem .*No such file"
    generate "rediss://127.0.0.1:$port?$ca&cert=$work/client.pem&key=$work/server.key&$name"
    refused_says "private key $work/server.key"
    generate "redis://127.0.0.1:$port"
    [[ $status == 1 ]]
    redis "$socket" CONFIG SET tls-cert-file "$work/expired.pem" tls-key-file "$work/expired.key"
    generate "rediss://127.0.0.1:$port?$ca&$own&$name"
    refused_says "not valid now .*expired.*a new one"
    redis "$socket" CONFIG SET tls-cert-file "$work/server.pem" tls-key-file "$work/server.key"
    generate "rediss://127.0.0.1:$port?$ca&$own&$name"
    [[ $status == 0 ]]
}

# Exit status 1, and stderr says $1.
refused_says() {
    [[ $status == 1 ]]
    says "$stderr" "$1"
}

@test "a server without tls at a rediss url" {
    port=$(free_port)
    redis_start "$work/redis" --port "$port"
    generate "rediss://127.0.0.1:$port"
    refused_says "redis://"
    # What such a server hears: TLS's first words, with answers of Redis or of nobody.
    background deaf python3 "$here/recorder.py" heard
    await test -s heard.port
    generate "rediss://user:open-sesame@127.0.0.1:$(cat heard.port)"
    [[ $status != 0 ]]
    [[ $(head -c 1 heard | od -An -tx1 | tr -d " ") == 16 ]] # a TLS handshake
    not grep -qaiE 'open-sesame|AUTH|HELLO|user' heard
}

@test "a server that is silent in tls does not hold a signal up" {
    background silent python3 -c '
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print(s.getsockname()[1], flush=True)
time.sleep(600)
'
    await test -s silent.out
    ends_as_promised
    background signer "$SWAPC" signer --redis "rediss://127.0.0.1:$(<silent.out)" --ring "test-$mark" --keys keys
    await grep -q "does not answer in TLS.*trying again" signer.err
    kill -TERM "$pid"
    within 200 has_ended "$pid" # 30 s and more where the silence is waited out
}

# enemy: a TLS server, with something on the way to it that breaks what it says by the word in the file mode.
enemy() {
    tls_start
    echo pass >mode
    background enemy python3 "$here/tls_enemy.py" "$port" mode
    await test -s enemy.out
    export SWAPC_REDIS="rediss://127.0.0.1:$(<enemy.out)?$ca&$own&$name"
    background signer "$SWAPC" signer --ring "test-$mark" --keys keys
    signer=$pid
    await test -s keys.pub
    background verifier "$SWAPC" verifier --ring "test-$mark" --keys keys.pub --method schnorr
    verifier=$pid
}

# added N: so many more, not by way of the enemy.
added() {
    "$SWAPC" generate --redis "unix:$socket" --messages "$1" --method schnorr
}

judged() {
    await verdicts_reach "$socket" "$1"
    await unanswered_none
    [[ $(redis "$socket" XLEN swapc:verdicts) == "$1" ]]
}

unanswered_none() {
    [[ $(redis "$socket" XLEN swapc:messages) == 0 ]]
}

@test "TLS that is half closed, or spoilt, in the middle of it all is begun anew" {
    local word n=200 begin=$SECONDS
    enemy
    added 200
    judged 200
    for word in half spoil half spoil; do
        echo "$word" >mode
        added 100
        sleep 1
        echo pass >mode
        judged $((n += 100))
    done
    kill -0 "$signer" "$verifier"
    (($(grep -c "trying again" signer.err) <= 16 * ((SECONDS - begin) / 60 + 1))) # some a minute are written
}

@test "TLS that stops in the middle of a record holds no signal up" {
    ends_as_promised
    enemy
    added 200
    judged 200
    echo cut >mode
    added 100
    sleep 1
    kill -TERM "$signer" "$verifier"
    both_have_ended() { has_ended "$signer" && has_ended "$verifier"; }
    within 200 both_have_ended # 30 s and more where the silence is waited out
    finish "$signer"
    [[ $status == 0 ]]
    finish "$verifier"
    [[ $status == 0 ]]
}

@test "a certificate that is wrong from some time on is waited out, and said once" {
    tls_start
    { authority other; } 2>/dev/null
    export SWAPC_REDIS="rediss://127.0.0.1:$port?$ca&$own&$name"
    background signer "$SWAPC" signer --ring "test-$mark" --keys keys --listen "unix:$work/signer.sock"
    signer=$pid
    await test -s keys.pub
    background verifier "$SWAPC" verifier --ring "test-$mark" --keys keys.pub --method schnorr
    verifier=$pid
    added 200
    judged 200
    redis "$socket" CONFIG SET tls-cert-file "$work/other.pem" tls-key-file "$work/other.key"
    redis "$socket" CLIENT KILL TYPE normal
    added 100
    await grep -q "not trusted.*trying again" signer.err
    await grep -q "not serving" verifier.err # it has nothing to do, and asks now and then
    run -1 --separate-stderr "$SWAPC" status "unix:$work/signer.sock"
    says "$output$stderr" "no: Redis at rediss.*not trusted .*ca=FILE"
    run -1 --separate-stderr "$SWAPC" generate --messages 5
    says "$stderr" "not trusted"
    sleep 2
    redis "$socket" CONFIG SET tls-cert-file "$work/server.pem" tls-key-file "$work/server.key"
    judged 300
    kill -0 "$signer" "$verifier"
    [[ $(grep -c "not trusted" signer.err) == 1 && $(grep -c "not trusted" verifier.err) -le 1 ]]
}
