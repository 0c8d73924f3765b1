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
    kill -STOP "$first_verifier" # so that something is pending when they die
    run -0 "$SWAPC" generate --messages 200 --method schnorr
    not pending_none
    kill -KILL "$first" "$first_verifier"
    all_judged_once 300 # when the lease has ended
    [[ $(grep -c "another signer reads as" signerb.err) == 1 ]]
    [[ $(redis "$socket" XINFO CONSUMERS swapc:messages swapc | grep -c shared) == 1 ]]
    stop "$signer"
}

@test "a signer that is started again has its name at once" {
    start_redis
    start_pair a
    kill -STOP "$verifier"
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
    kill -STOP "$sleeper" "$verifier"
    start_pair b
    finish "$other"
    await unanswered_none # by the second one
    kill -CONT "$sleeper" "$verifier"
    await grep -q "another signer reads as consumer shared" signera.err
    run -0 "$SWAPC" generate --messages 200 --method schnorr
    all_judged_once 3250
    kill -0 "$sleeper" "$signer"
}
