# Redis, signer, verifier and generator as processes of their own, and what happens when one dies.
load helpers
load services

@test "2000 messages through separate processes" {
    start_redis
    start_signer
    start_verifier
    run -0 "$SWAPC" generate --messages 2000 --signer "unix:$work/signer.sock"
    [[ $output == "2000 messages added" ]]
    all_judged_once 2000
    [[ $(field digest | sort -u | wc -l) == 2 && $(field method | sort -u | xargs) == "ecdsa schnorr" ]]
    stop "$verifier"
    stop "$signer"
}

@test "messages sent before there is a signer are judged" {
    start_redis
    run -0 "$SWAPC" generate --messages 300
    start_signer
    start_verifier --workers 2
    all_judged_once 300
}

@test "the signer is killed in mid-run" {
    start_redis
    SWAPC_FAIL_POINT=after_signing:1000 start_signer
    start_verifier
    run -0 "$SWAPC" generate --messages 2000
    finish "$signer"
    [[ $status == 137 ]]
    not unanswered_none
    start_signer successor
    all_judged_once 2000
}

@test "the verifier is killed in mid-run" {
    start_redis
    start_signer
    SWAPC_FAIL_POINT=in_call:1000 start_verifier
    run -0 "$SWAPC" generate --messages 2000
    finish "$verifier"
    [[ $status == 137 ]]
    not unanswered_none
    start_verifier
    all_judged_once 2000
}

@test "the verifier is stopped and another one started" {
    start_redis
    start_signer
    SWAPC_FAIL_POINT=in_call:300:stop start_verifier
    run -0 "$SWAPC" generate --messages 3000
    await is_stopped "$verifier"
    kill -TERM "$verifier"
    kill -CONT "$verifier"
    finish "$verifier"
    [[ $status == 0 ]]
    not unanswered_none
    start_verifier --engine native
    all_judged_once 3000
}

@test "what a dead signer of another name held is adopted" {
    start_redis
    redis "$socket" XGROUP CREATE swapc:messages swapc 0 MKSTREAM
    run -0 "$SWAPC" generate --messages 50
    redis "$socket" XREADGROUP GROUP swapc somebody COUNT 20 STREAMS swapc:messages '>' >held
    [[ -s held ]]
    start_signer
    start_verifier
    all_judged_once 50
}

@test "a signer that sleeps past its lease is replaced and may come back" {
    local sleeper
    start_redis
    start_signer
    sleeper=$signer
    SWAPC_FAIL_POINT=in_call:300:stop start_verifier
    run -0 "$SWAPC" generate --messages 1000
    await is_stopped "$verifier"
    hold "$sleeper"
    kill -KILL "$verifier"
    finish "$verifier"
    not unanswered_none
    background other "$SWAPC" signer --ring "test-$mark-other" --keys keys --consumer other
    background other_verifier "$SWAPC" verifier --ring "test-$mark-other" --keys keys.pub
    await unanswered_none # after the lease, 10 s
    kill -CONT "$sleeper"
    start_verifier # finds in the ring what others have judged meanwhile
    run -0 "$SWAPC" generate --messages 100 --signer "unix:$work/signer.sock"
    all_judged_once 1100
}

@test "a message that was delivered often is judged like any other" {
    local id
    start_redis
    redis "$socket" XGROUP CREATE swapc:messages swapc 0 MKSTREAM
    id=$(redis "$socket" XADD swapc:messages '*' m bad)
    redis "$socket" XREADGROUP GROUP swapc somebody STREAMS swapc:messages '>' >held
    redis "$socket" XCLAIM swapc:messages swapc somebody 0 "$id" RETRYCOUNT 60 >>held
    start_signer
    start_verifier
    await verdicts_reach "$socket" 1
    [[ $(field id) == "$id" && $(field status) == Valid ]]
    unanswered_none
}

@test "a foreign producer needs no more than the message" {
    start_redis
    start_signer
    start_verifier
    redis "$socket" XADD swapc:messages '*' m hello
    redis "$socket" XADD swapc:messages '*' colour red m hello method ecdsa
    redis "$socket" -x XADD swapc:messages '*' m </dev/null
    all_judged_once 3
}

@test "entries that cannot be judged get the verdict Error with a reason" {
    start_redis
    start_signer
    start_verifier
    redis "$socket" XADD swapc:messages '*' x y
    redis "$socket" XADD swapc:messages '*' m hello method rsa
    redis "$socket" XADD swapc:messages '*' m hello
    await verdicts_reach "$socket" 3
    await unanswered_none
    [[ $(field status | sort | xargs) == "Error Error Valid" ]]
    [[ $(field reason | grep -c .) == 2 ]]
}

@test "a foreign message too large for the ring is an Error and stops nobody" {
    start_redis
    start_signer
    start_verifier
    head -c 3000000 /dev/zero | redis "$socket" -x XADD swapc:messages '*' m
    head -c 1000000 /dev/urandom | redis "$socket" -x XADD swapc:messages '*' m
    await verdicts_reach "$socket" 2
    [[ $(field status | xargs) == "Error Valid" ]]
    says "$(field reason)" "large"
}

@test "a method that the verifier does not serve is an Error and not lost" {
    start_redis
    start_signer
    start_verifier --method schnorr
    run -0 "$SWAPC" generate --messages 10 --method ecdsa
    await verdicts_reach "$socket" 10
    [[ $(field status | sort -u) == Error ]]
    says "$(field reason | sort -u)" "not served"
}

@test "a key that the verifier does not know makes NotValid" {
    start_redis
    start_signer
    cp keys.pub own.pub
    printf 'swapc-keys 1\n%064d\n' 7 >other
    chmod 600 other
    background other "$SWAPC" signer --ring "test-$mark-other" --keys other
    await test -s other.pub
    kill -TERM "$pid" && finish "$pid"
    cp other.pub keys.pub
    start_verifier
    run -0 "$SWAPC" generate --messages 20
    await verdicts_reach "$socket" 20
    [[ $(field status | sort -u) == NotValid ]]
}

@test "another prefix keeps two pipelines apart" {
    start_redis
    background s "$SWAPC" signer --ring "test-$mark" --keys keys --stream other
    await test -s keys.pub
    start_verifier --stream other
    run -0 "$SWAPC" generate --messages 30 --stream other
    run -0 "$SWAPC" generate --messages 5
    other_judged() {
        [[ $(redis "$socket" XLEN other:verdicts) == 30 ]]
    }
    await other_judged
    [[ $(redis "$socket" XLEN swapc:messages) == 5 && $(redis "$socket" EXISTS swapc:verdicts) == 0 ]]
}

@test "keep trims the verdicts" {
    start_redis
    start_signer
    start_verifier --keep 100
    run -0 "$SWAPC" generate --messages 2000
    await unanswered_none
    (($(redis "$socket" XLEN swapc:verdicts) < 1000))
}

@test "a generator that waits for its signer ends on SIGTERM and outlives a killed signer" {
    start_redis
    start_signer
    background generator "$SWAPC" generate --messages 10k --signer "unix:$work/signer.sock"
    local generator=$pid
    await grep -q "10000 messages added" generator.out # no verifier: the ring fills and stays full
    kill -KILL "$signer"
    finish "$signer"
    start_signer successor
    kill -TERM "$generator"
    finish "$generator"
    [[ $status == 130 ]]
}
