# The pipeline with no more rights than docs/DURABILITY.md names, and what is said of one that is missing.
load helpers

# The documented line of user $1, with the prefix $2 in place of swapc.
documented() {
    sed -n "s/^    \(ACL SETUSER $1 .*\)/\1/p" "$here/../docs/DURABILITY.md" | sed "s/~swapc:/~$2:/g"
}

url() {
    echo "unix:$socket?user=$1&password=secret"
}

# The right to make a group, as it can be taken away: Redis 6 gives a part of a command, and takes whole ones.
right_to_create() {
    if redis "$socket" INFO server | grep -q '^redis_version:6'; then echo xgroup; else echo 'xgroup|create'; fi
}

# start PREFIX: a server with the three users.
start() {
    local user
    redis_start "$work/redis"
    prefix=$1
    for user in signer verifier generate; do
        # shellcheck disable=SC2046
        redis "$socket" $(documented $user "$1")
    done
}

start_services() {
    background signer "$SWAPC" signer --redis "$(url signer)" --stream "$prefix" --ring "test-$mark" --keys keys --tamper 0.1
    signer=$pid
    await test -s keys.pub
    background verifier "$SWAPC" verifier --redis "$(url verifier)" --stream "$prefix" --ring "test-$mark" --keys keys.pub --method schnorr
    verifier=$pid
}

verdicts() {
    [[ $(redis "$socket" XLEN "$prefix:verdicts") == "$1" ]]
}

works() {
    "$SWAPC" generate --redis "$(url generate)" --stream "$prefix" --messages 300 --method schnorr
    await verdicts "$1"
    [[ $(redis "$socket" XLEN "$prefix:messages") == 0 ]]
    kill -0 "$signer" "$verifier"
}

@test "the documented rights are enough" {
    start swapc
    start_services
    works 300
    kill -KILL "$signer" # its successor, under another name, takes over and takes it out of the group
    background signer2 "$SWAPC" signer --redis "$(url signer)" --ring "test-$mark" --keys keys --consumer other
    signer=$pid
    works 600
    redis "$socket" CLIENT KILL TYPE normal
    works 900
    kill -TERM "$signer"
    finish "$signer"
    [[ -z $(grep -h "SETUSER" ./*.err) ]]
}

# The same over Redis: the two lines of --via redis.
start_far() {
    local user
    redis_start "$work/redis"
    prefix=$1
    for user in far-signer far-verifier generate; do
        # shellcheck disable=SC2046
        redis "$socket" $(documented $user "$1")
    done
    background signer "$SWAPC" signer --redis "$(url far-signer)" --stream "$prefix" --via redis --consumer one --keys keys --tamper 0.1
    signer=$pid
    await test -s keys.pub
    background verifier "$SWAPC" verifier --redis "$(url far-verifier)" --stream "$prefix" --via redis --keys keys.pub --method schnorr
    verifier=$pid
}

@test "the documented rights are enough for --via redis" {
    start_far swapc
    works 300
    redis "$socket" CLIENT KILL TYPE normal
    works 600
    kill -KILL "$verifier" # its records are a loss that is noticed, and what it was at is told
    background verifier2 "$SWAPC" verifier --redis "$(url far-verifier)" --via redis --keys keys.pub --method schnorr
    verifier=$pid
    works 900
    redis "$socket" DEL swapc:signed
    works 1200
    kill -TERM "$signer" "$verifier"
    finish "$signer"
    finish "$verifier"
    [[ -z $(grep -h "SETUSER" ./*.err) ]]
}

@test "--via redis with a hash tag" {
    start_far "{b}"
    works 300
    [[ $(redis "$socket" --raw KEYS '*' | grep -vc '^{b}:') == 0 ]]
}

@test "one right less than --via redis needs is named with its remedy" {
    local right
    start_far swapc
    works 300
    for right in "$(right_to_create)" xreadgroup xtrim xadd xdel hset hmget hgetall hdel time; do
        redis "$socket" ACL SETUSER far-verifier "-$right"
        run --separate-stderr timeout 300 "$SWAPC" verifier --redis "$(url far-verifier)" --via redis --keys keys.pub
        refused 1 "ACL SETUSER far-verifier [+]${right%|*}"
        [[ $stderr != *ready:* ]]
        # shellcheck disable=SC2046
        redis "$socket" $(documented far-verifier swapc)
    done
}

# What --partitions adds to the line of user $1.
documented_for_partitions() {
    local field=8
    [[ $1 != generate ]] || field=14
    awk -F'`' -v f="$field" '/^With `--partitions` each of them/ { print (f == 8 ? $4 " " : "") $f }' "$here/../docs/DURABILITY.md"
}

@test "the documented rights are enough for partitions, and of what they add one less is named" {
    local user right
    redis_start "$work/redis"
    for user in far-signer far-verifier generate; do
        # shellcheck disable=SC2046
        redis "$socket" $(documented $user swapc) $(documented_for_partitions $user)
    done
    in_parts() { background "$1" "$SWAPC" "$2" --redis "$(url "far-$2")" --via redis --partitions 2 "${@:3}"; }
    judged() { [[ $(redis "$socket" XLEN '{swapc.0}:verdicts') == "$1" && $(redis "$socket" XLEN '{swapc.1}:verdicts') == "$1" ]]; }
    in_parts signer signer --keys keys
    signer=$pid
    await test -s keys.pub
    in_parts one verifier --keys keys.pub --method schnorr
    verifier=$pid
    "$SWAPC" generate --redis "$(url generate)" --partitions 2 --messages 100 --method schnorr
    await judged 50
    in_parts two verifier --keys keys.pub --method schnorr --listen "unix:$work/two.sock"
    await says two.err 'partitions: [01] of 2'
    kill -TERM "$verifier"
    finish "$verifier"
    "$SWAPC" generate --redis "$(url generate)" --partitions 2 --messages 100 --method schnorr
    await judged 100
    redis "$socket" ACL SETUSER far-verifier resetkeys '~swapc:*' '~{swapc.0}:*' '~{swapc}:*'
    await grep -q 'ACL SETUSER far-verifier ~{swapc[.]1}:' two.err
    health_names() { "$SWAPC" status "unix:$work/two.sock" 2>&1 | grep -q "hindered: .*ACL SETUSER far-verifier ~{swapc[.]1}:[a-z]"; }
    await health_names
    redis "$socket" ACL SETUSER far-verifier '~{swapc.*}:*'
    "$SWAPC" generate --redis "$(url generate)" --partitions 2 --messages 100 --method schnorr
    await judged 150
    kill -TERM "$signer" "$pid"
    finish "$signer"
    [[ $status == 0 && -z $(grep -h "SETUSER" signer.err one.err) ]]
    for right in hgetall hdel pexpire; do
        redis "$socket" ACL SETUSER far-verifier "-$right"
        run --separate-stderr timeout 300 "$SWAPC" verifier --redis "$(url far-verifier)" --via redis --partitions 2 --keys keys.pub
        refused 1 "ACL SETUSER far-verifier [+]$right"
        redis "$socket" ACL SETUSER far-verifier "+$right"
    done
}

@test "a prefix with a hash tag" {
    start "{b}"
    start_services
    works 300
    [[ $(redis "$socket" --raw KEYS '*' | grep -vc '^{b}:') == 0 ]]
}

@test "one right less is named with its remedy" {
    local right
    start swapc
    for right in xgroup xinfo xreadgroup xpending xclaim set xadd xack xdel hsetnx hincrby hgetall hdel; do
        redis "$socket" ACL SETUSER signer "-$right"
        run --separate-stderr timeout 300 "$SWAPC" signer --redis "$(url signer)" --ring "test-$mark" --keys keys
        refused 1 "ACL SETUSER signer [+]$right"
        [[ $stderr != *ready:* ]] # from then on it would go on trying
        # shellcheck disable=SC2046
        redis "$socket" $(documented signer swapc)
    done
    for right in xadd xack xdel time; do
        redis "$socket" ACL SETUSER verifier "-$right"
        run --separate-stderr timeout 300 "$SWAPC" verifier --redis "$(url verifier)" --ring "test-$mark" --keys keys.pub
        refused 1 "ACL SETUSER verifier [+]$right"
        # shellcheck disable=SC2046
        redis "$socket" $(documented verifier swapc)
    done
    redis "$socket" ACL SETUSER generate -xadd
    run --separate-stderr timeout 300 "$SWAPC" generate --redis "$(url generate)" --messages 3
    [[ $status == 1 ]]
    says "$stderr" "ACL SETUSER generate [+]xadd"
}

@test "a run with the documented rights, and with one less" {
    local right create
    redis_start "$work/redis"
    create=$(right_to_create)
    # shellcheck disable=SC2046
    redis "$socket" $(documented run swapc)
    run --separate-stderr "$SWAPC" run --redis "$(url run)" --messages 200 --method random --tamper 0.1
    [[ $status == 0 ]]
    [[ $(redis "$socket" --raw KEYS '*' | sort | xargs) == "swapc:messages swapc:verdicts" ]]
    redis "$socket" ACL SETUSER run -info -pexpire
    run --separate-stderr "$SWAPC" run --redis "$(url run)" --messages 20 --no-bound
    [[ $status == 0 ]]
    for right in info pexpire "$create" xreadgroup xrange sscan; do
        # shellcheck disable=SC2046
        redis "$socket" $(documented run swapc)
        redis "$socket" ACL SETUSER run "-$right"
        run --separate-stderr timeout 300 "$SWAPC" run --redis "$(url run)" --messages 20
        [[ $status == 1 ]]
        says "$stderr" "ACL SETUSER run [+]${right/|/[|]} "
    done
}

@test "the help names the variable" {
    local command
    for command in signer verifier generate run; do
        says "$("$SWAPC" $command --help)" '[$]SWAPC_REDIS'
    done
}

@test "dead letters with the documented rights, and with one less" {
    local right
    start swapc
    # shellcheck disable=SC2046
    redis "$socket" $(documented dead swapc)
    redis "$socket" XADD swapc:dead '*' id 1-1 m body method schnorr
    redis "$socket" XADD swapc:dead '*' id 1-2 m body
    for right in xrange xadd xdel eval; do
        redis "$socket" ACL SETUSER dead "-$right"
        run --separate-stderr "$SWAPC" dead retry --all --redis "$(url dead)"
        refused 1 "ACL SETUSER dead [+]$right"
        [[ $(redis "$socket" XLEN swapc:dead) == 2 && $(redis "$socket" EXISTS swapc:messages) == 0 ]]
        redis "$socket" ACL SETUSER dead "+$right"
    done
    run -0 "$SWAPC" dead retry 1-1 --redis "$(url dead)"
    run -0 "$SWAPC" dead drop 1-2 --redis "$(url dead)"
    run -0 "$SWAPC" dead list --redis "$(url dead)"
    [[ $output == "no letters in swapc:dead" && $(redis "$socket" XLEN swapc:messages) == 1 ]]
}
