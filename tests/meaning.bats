# What a call's end means for its message: what happens to processes, and not to a message, is no verdict
# on it. Nobody is poisoned but who kills verifiers.
load helpers
load services

# Until ten more are judged than are by now, or all $1.
some_more_are_judged() {
    local more=$(($(redis "$socket" XLEN swapc:verdicts) + 10))
    await verdicts_reach "$socket" $((more < $1 ? more : $1))
}

# Verifiers that die at a fail point, $1 of them in a row.
verifiers_die() {
    local i
    for ((i = 0; i < $1; i++)); do
        SWAPC_FAIL_POINT=$2 start_verifier --method schnorr
        finish "$verifier"
        [[ $status == 137 ]]
    done
}

@test "verifiers that are ended under load leave no errors" {
    local i
    start_redis
    start_signer
    run -0 "$SWAPC" generate --messages 4000 --method schnorr
    for i in 1 2 3 4 5; do
        # shellcheck disable=SC2046
        start_verifier $(slow_engine) --method schnorr --workers 2
        some_more_are_judged 4000
        stop "$verifier"
    done
    start_verifier --method schnorr
    all_judged_once 4000
}

@test "a verifier that was stopped beyond its deadline judges again" {
    local i
    start_redis
    start_signer
    # shellcheck disable=SC2046
    start_verifier $(slow_engine) --method schnorr --deadline 2500
    for i in 1 2 3; do
        run -0 "$SWAPC" generate --messages 1000 --method schnorr
        some_more_are_judged $((i * 1000))
        hold "$verifier"
        sleep 3
        kill -CONT "$verifier"
    done
    all_judged_once 3000
}

@test "a deadline is asked of an engine that can hold it" {
    : >keys.pub
    run --separate-stderr "$SWAPC" verifier --redis unix:/x --ring x --keys keys.pub --engine native --deadline 100
    refused 1 "native cannot stop a call" "--deadline"
    run --separate-stderr "$SWAPC" verifier --redis unix:/x --ring x --keys keys.pub --deadline 0
    refused 2 "--deadline"
}

@test "eight verifiers that die after they judged poison nobody" {
    start_redis
    start_signer
    run -0 "$SWAPC" generate --messages 40 --method schnorr
    verifiers_die 8 after_verify:1
    start_verifier --method schnorr
    all_judged_once 40
    [[ $(redis "$socket" EXISTS swapc:dead) == 0 ]]
}

@test "eight verifiers that die before they store poison nobody" {
    start_redis
    start_signer
    run -0 "$SWAPC" generate --messages 40 --method schnorr
    # The first script is the question whether verdicts could be stored.
    verifiers_die 8 before_script:2
    start_verifier --method schnorr
    all_judged_once 40
    [[ $(redis "$socket" EXISTS swapc:dead) == 0 ]]
}

@test "keys that are replaced under load are read again" {
    start_redis
    start_signer
    start_verifier --workers 2
    background generator "$SWAPC" generate --messages 3000
    local generator=$pid old new
    await verdicts_reach "$socket" 200
    old=$(<keys.pub)
    stop "$signer"
    rm keys
    background signer2 "$SWAPC" signer --ring "test-$mark" --keys keys --listen "unix:$work/signer.sock"
    signer=$pid
    other_keys() {
        new=$(cat keys.pub) && [[ $old != "$new" ]]
    }
    await other_keys
    finish "$generator"
    [[ $status == 0 ]]
    all_judged_once 3000
}

@test "a module that is away for a while convicts no message" {
    cp -r "$(dirname "$program")/../share/swapc/modules" modules
    start_redis
    start_signer
    SWAPC_MODULES=$work/modules start_verifier --swap cold --method schnorr --listen "unix:$work/verifier.sock"
    run -0 "$SWAPC" generate --messages 3 --method schnorr
    await verdicts_reach "$socket" 3
    mv modules/schnorr modules/away
    run -0 "$SWAPC" generate --messages 4 --method schnorr
    not_serving() {
        run "$SWAPC" status "unix:$work/verifier.sock"
        [[ $status == 1 && $output == *"messages cannot be judged"* ]]
    }
    await not_serving
    [[ $(grep -c "no module for schnorr: " verifier*.err) == 1 ]]
    mv modules/away modules/schnorr
    all_judged_once 7
    await grep -q "serving again" verifier*.err
}

@test "keys.pub that is written in place convicts no message" {
    local keys
    start_redis
    start_signer
    start_verifier
    run -0 "$SWAPC" generate --messages 100
    await verdicts_reach "$socket" 100
    stop "$signer"
    background signer2 "$SWAPC" signer --ring "test-$mark" --keys other
    signer=$pid
    await test -s other.pub
    head -c 150 other.pub >keys.pub # as a copy that has just begun
    run -0 "$SWAPC" generate --messages 100
    sleep 1
    cat other.pub >keys.pub
    all_judged_once 200
}

@test "a folder holds the keys of two signers" {
    mkdir public
    start_redis
    start_signer
    cp keys.pub public/one.pub
    background verifier "$SWAPC" verifier --ring "test-$mark" --keys public
    verifier=$pid
    run -0 "$SWAPC" generate --messages 100
    await verdicts_reach "$socket" 100
    stop "$signer"
    background signer2 "$SWAPC" signer --ring "test-$mark" --keys other
    await test -s other.pub
    cp other.pub public/two.pub.part
    mv public/two.pub.part public/two.pub
    run -0 "$SWAPC" generate --messages 100
    all_judged_once 200
}

@test "who kills verifiers is given up after three deaths, and nobody beside it" {
    start_redis
    start_signer
    { seq 30; echo this is deadly indeed; seq 31 60; } >messages
    run -0 "$SWAPC" generate --input messages
    [[ $output == "61 messages added" ]]
    three_verifiers_die_at_most
    answered_once 61
    [[ $deaths == 3 && $(field status | sort | uniq -c | xargs) == "1 Error 60 Valid" ]]
    [[ $(field reason) == poisoned && $(redis "$socket" HLEN swapc:strikes) == 0 ]]
    run -0 "$SWAPC" dead list --json letters
    json letters 'len(d["letters"]) == 1 and d["letters"][0]["text"] == "this is deadly indeed"'
    json letters 'd["letters"][0]["strikes"] == 3 and d["letters"][0]["reason"] == "poisoned"'
    stop "$verifier"
    start_verifier # one that does not die of it
    run -0 "$SWAPC" dead retry --all
    await unanswered_none
    [[ $(field status | sort | uniq -c | xargs) == "1 Error 61 Valid" ]]
    [[ $(redis "$socket" XLEN swapc:dead) == 0 ]]
}
