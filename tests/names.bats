# One owner a consumer's name: who comes second takes nothing, and takes over when the first has died.
load helpers
load services

# start_pair RING: a signer and a verifier on a ring of their own, under the name "shared".
start_pair() {
    background "signer$1" "$SWAPC" signer --ring "test-$mark-$1" --keys keys --consumer shared
    signer=$pid
    await test -s keys.pub
    background "verifier$1" "$SWAPC" verifier --ring "test-$mark-$1" --keys keys.pub --method schnorr
    verifier=$pid
}

@test "a second signer of one name takes nothing until the first has died" {
    local first first_verifier
    start_redis
    start_pair a
    first=$signer first_verifier=$verifier
    run -0 "$SWAPC" generate --messages 100 --method schnorr
    await verdicts_reach "$socket" 100
    start_pair b
    await grep -q "another signer reads as consumer shared" signerb.err
    hold "$first_verifier" # so that something is pending when they die
    run -0 "$SWAPC" generate --messages 200 --method schnorr
    await not pending_none
    kill -KILL "$first" "$first_verifier"
    # When the lease, 10 s, has ended: 15 s are promised, which a crowded machine does not hold.
    within 400 grep -q "consumer shared is this signer's" signerb.err
    all_judged_once 300
    [[ $(grep -c "another signer reads as" signerb.err) == 1 ]]
    [[ $(redis "$socket" XINFO CONSUMERS swapc:messages swapc | grep -c shared) == 1 ]]
    stop "$signer"
}

@test "a signer that is started again has its name at once" {
    start_redis
    start_pair a
    hold "$verifier"
    run -0 "$SWAPC" generate --messages 200 --method schnorr
    await not pending_none
    kill -KILL "$signer" "$verifier"
    finish "$verifier"
    start_pair a
    all_judged_once 200
    not grep "another signer" signera.err
}

@test "a signer that sleeps past its lease wakes to another's and does nothing twice" {
    local sleeper other
    start_redis
    start_pair a
    sleeper=$signer
    run -0 "$SWAPC" generate --messages 50 --method schnorr
    await verdicts_reach "$socket" 50
    background load "$SWAPC" generate --messages 3000 --method schnorr
    other=$pid
    await verdicts_reach "$socket" 100
    hold "$sleeper" "$verifier"
    run -0 "$SWAPC" generate --messages 100 --method schnorr # of the others none may be left
    start_pair b
    finish "$other"
    await unanswered_none # by the second one
    kill -CONT "$sleeper" "$verifier"
    await grep -q "another signer reads as consumer shared" signera.err
    run -0 "$SWAPC" generate --messages 200 --method schnorr
    all_judged_once 3350
    kill -0 "$sleeper" "$signer"
}

@test "who sleeps while another of another name takes over commits nothing twice when it wakes" {
    local sleeper load
    start_redis
    background signera "$SWAPC" signer --ring "test-$mark-a" --keys keys --consumer a
    signer=$pid
    await test -s keys.pub
    background verifiera "$SWAPC" verifier --ring "test-$mark-a" --keys keys.pub --workers 2 --keep 1000000
    sleeper=$pid
    run -0 "$SWAPC" generate --messages 50 --method schnorr
    await verdicts_reach "$socket" 50
    background load "$SWAPC" generate --messages 3000 --method schnorr
    load=$pid
    await verdicts_reach "$socket" 100
    hold "$sleeper" "$signer"
    redis "$socket" XADD swapc:dead '*' id 1-1 m body method schnorr reason poisoned
    run -0 "$SWAPC" dead retry --all
    background signerb "$SWAPC" signer --ring "test-$mark-b" --keys keys --consumer b
    background verifierb "$SWAPC" verifier --ring "test-$mark-b" --keys keys.pub
    finish "$load"
    await unanswered_none # by b, also what a had in hand
    kill -CONT "$sleeper" "$signer"
    run -0 "$SWAPC" generate --messages 200 --method schnorr
    all_judged_once 3251
    kill -0 "$sleeper" "$signer"
}

# Two hosts, each with a /dev/shm of its own, and one name.
@test "a namesake on another host takes over within seconds of a death" {
    local a b
    unshare -m true 2>/dev/null || skip "needs the right to make a mount namespace"
    start_redis
    start_signer
    stop "$signer"
    on_a_host() {
        background "$1" unshare -m sh -c 'mount -t tmpfs none /dev/shm
            "$0" verifier --ring demo --keys keys.pub --method schnorr & exec "$0" signer --ring demo --keys keys' "$SWAPC"
    }
    on_a_host a
    a=$pid
    await grep -q "ready: ring demo, stream" a.err
    await grep -q "ready: ring demo, 1 workers" a.err
    hold "$(child "$a" swapc verifier)"
    run -0 "$SWAPC" generate --messages 300 --method schnorr
    await not pending_none
    on_a_host b
    b=$pid
    await grep -q "another signer reads as consumer" b.err
    kill -KILL "$(child "$a" swapc verifier)" "$a"
    within 400 grep -q "is this signer's" b.err # as above
    all_judged_once 300
}

@test "what a dead signer of another name held is taken over within seconds" {
    start_redis
    start_pair a
    hold "$verifier"
    run -0 "$SWAPC" generate --messages 200 --method schnorr
    await not pending_none
    kill -KILL "$signer" "$verifier"
    background other "$SWAPC" signer --ring "test-$mark-c" --keys keys --consumer other
    background verifierc "$SWAPC" verifier --ring "test-$mark-c" --keys keys.pub --method schnorr
    within 400 grep -q "entries of consumers that died are taken over" other.err # as above
    all_judged_once 200
}
