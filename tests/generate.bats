# swapc generate --signer: what it says of the verdicts of its messages, and how it ends.
load helpers
load services

pair() {
    start_redis
    start_signer
    start_verifier "$@"
    await grep -q ready: signer.err
    await grep -q ready: verifier*.err
}

generate() {
    run --separate-stderr "$SWAPC" generate --signer "unix:$work/signer.sock" "$@"
}

@test "a Redis that cannot be reached is said, and no count of messages" {
    run -1 --separate-stderr "$SWAPC" generate --redis "unix:$work/none" --messages 5
    refused 1 "unix:$work/none"
}

@test "all is well" {
    pair
    generate --messages 300
    [[ $status == 0 && -z $stderr && $output == "300 messages added" ]]
}

@test "messages that are tampered with are no fault of the pipeline" {
    start_redis
    start_signer signer --tamper 0.3
    start_verifier
    await test -S signer.sock
    generate --messages 100 --method schnorr
    [[ $status == 0 ]]
    says "${lines[1]}" " Valid, [1-9][0-9]* NotValid, 0 Error"
}

@test "a verifier with other keys ends it with 1 and the remedy" {
    start_redis
    start_signer
    background stranger "$SWAPC" signer --ring "test-$mark-x" --stream x --keys other
    await test -s other.pub
    background verifier "$SWAPC" verifier --ring "test-$mark" --keys other.pub
    await test -S signer.sock
    generate --messages 50
    [[ $status == 1 && ${lines[1]} == "0 Valid, 50 NotValid, 0 Error" ]]
    says "$stderr" "50 of 50 messages went wrong.*50 of an unknown key.*unknown key.*[.]pub file.*--keys"
}

@test "verdicts that are Error end it with 1, the last reason and the remedy" {
    pair --method schnorr
    generate --messages 40 --method ecdsa
    [[ $status == 1 && ${lines[1]} == "0 Valid, 0 NotValid, 40 Error" ]]
    says "$stderr" "40 of 40 messages went wrong: 40 Error.*method not served.*--method random"
    generate --messages 10 --method schnorr # those of others, and of before, are not its own
    [[ $status == 0 && $output == "10 messages added" ]]
}

@test "messages that are gone without a verdict that could be read end it with 1" {
    pair --method schnorr
    hold "$verifier"
    background generate "$SWAPC" generate --messages 300 --method schnorr --signer "unix:$work/signer.sock"
    local generate=$pid
    await grep -q "300 messages added" generate.out
    redis "$socket" DEL swapc:messages
    finish "$generate"
    [[ $status == 1 ]]
    says generate.err "300 of 300 messages are gone from the stream and no verdict.*deleted.*--keep"
    await grep -q "the group of swapc:messages was gone and is made anew" signer.err
    kill -CONT "$verifier"
    generate --messages 20 --method schnorr
    await unanswered_none
}

@test "messages that are gone end it also while the signer says nothing" {
    start_redis
    start_signer
    await test -S signer.sock
    mkfifo input
    background generate "$SWAPC" generate --input input --signer "unix:$work/signer.sock"
    local generate=$pid
    exec 4>input
    echo one >&4
    await redis_has_messages
    hold "$signer"
    exec 4>&-
    await grep -q "1 messages added" generate.out
    redis "$socket" DEL swapc:messages
    finish "$generate"
    [[ $status == 1 ]]
    says generate.err "1 of 1 messages are gone from the stream and no verdict"
    kill -CONT "$signer"
}

redis_has_messages() {
    [[ $(redis "$socket" XLEN swapc:messages) == 1 ]]
}

@test "a verifier that is missing is asked for, and waited for" {
    start_redis
    start_signer
    await test -S signer.sock
    background generate "$SWAPC" generate --messages 2000 --signer "unix:$work/signer.sock"
    local generate=$pid
    await grep -q "waiting for the signer to sign all" generate.err # the way to the verifiers is full
    background few "$SWAPC" generate --messages 1 --stream few --signer "unix:$work/signer.sock"
    finish "$pid"
    [[ $status != 0 ]]
    says few.err "reads swapc:messages"
    start_verifier
    finish "$generate"
    [[ $status == 0 ]]
    [[ $(<generate.out) == "2000 messages added" ]]
}

@test "messages without a verdict end it with 1 when none comes" {
    start_redis
    start_signer
    await test -S signer.sock
    generate --messages 20
    [[ $status == 1 ]]
    says "$stderr" "waiting for the verdicts of 20 messages: is a verifier on the ring"
    says "$stderr" "20 of 20 messages have no verdict.*stay pending"
    start_verifier
    all_judged_once 20
}

@test "verdicts that it may not read are said before anything is added" {
    pair
    redis "$socket" ACL SETUSER generate on '>secret' '~swapc:messages' '~swapc:verdicts' \
        +ping +select +xadd +xlen +eval +xrevrange
    generate --messages 20 --redis "unix:$socket?user=generate&password=secret"
    refused 1 "ACL SETUSER generate [+]xrange"
    [[ $(redis "$socket" XLEN swapc:messages) == 0 && $(redis "$socket" XLEN swapc:verdicts) == 0 ]]
    redis "$socket" ACL SETUSER generate +xrange
    generate --messages 20 --redis "unix:$socket?user=generate&password=secret"
    [[ $status == 0 ]]
}
