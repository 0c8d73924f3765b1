# SIGINT and SIGTERM: exit 130 at any moment, and nothing left behind.
load helpers

# interrupted SIGNAL MOMENT [LAUNCHER…]: starts a run that would last, waits for the moment, sends the
# signal. A job that bash starts in the background has SIGINT ignored; the launcher may change that.
interrupted() {
    local signal=$1 moment=$2
    shift 2
    background run "$@" "$SWAPC" run --messages 1M
    await "$moment"
    kill "-$signal" "$pid"
    finish "$pid"
    [[ $status == 130 ]]
    says run.err "interrupted"
    nothing_left
}

directory_there() {
    compgen -G "$tmp/swapc-*" >/dev/null
}

redis_answers() {
    redis "$(private_socket)" PING
}

signer_there() {
    child "$pid" swapc signer
}

verdicts_flow() {
    verdicts_reach "$(private_socket)" 100
}

@test "SIGINT as soon as there is a directory" {
    interrupted INT directory_there env --default-signal=INT
}

@test "SIGINT while it prepares" {
    interrupted INT redis_answers env --default-signal=INT
}

@test "SIGINT when the signer starts" {
    interrupted INT signer_there env --default-signal=INT
}

@test "SIGINT while messages flow" {
    interrupted INT verdicts_flow env --default-signal=INT
}

@test "SIGINT that was inherited as ignored" {
    interrupted INT directory_there
    interrupted INT verdicts_flow
}

@test "SIGTERM while it prepares" {
    interrupted TERM redis_answers
}

@test "SIGTERM while messages flow" {
    interrupted TERM verdicts_flow env --ignore-signal=TERM
}

@test "SIGINT to the whole process group as a terminal sends it" {
    background run setsid env --default-signal=INT "$SWAPC" run --messages 1M
    await verdicts_flow
    kill -INT -- "-$pid"
    finish "$pid"
    [[ $status == 130 ]]
    nothing_left
}

@test "SIGINT while stdin says nothing" {
    mkfifo never
    exec 5<>never
    "$SWAPC" run --input - <&5 >run.out 2>run.err 3>&- &
    pid=$!
    await signer_there
    kill -INT "$pid"
    finish "$pid"
    [[ $status == 130 ]]
    nothing_left
}
