# What Redis refuses to processes at work, and what others do to its keys: the services outlive it, say it
# once, and when the cause is mended every message has one verdict.
load helpers

messages=1500

rc() {
    redis "$socket" --raw "$@"
}

# The pipeline on the server at $1 (default $socket), with messages on their way.
start_all() {
    local url=unix:${1:-$socket}
    background signer "$SWAPC" signer --redis "$url" --ring "test-$mark" --keys keys
    signer=$pid
    await test -s keys.pub
    background verifier "$SWAPC" verifier --redis "$url" --ring "test-$mark" --keys keys.pub --method schnorr
    verifier=$pid
    background generate "$SWAPC" generate --redis "$url" --messages $messages --method schnorr
    generate=$pid
    await verdicts_reach "$socket" 20
}

# Field $1 of every verdict.
field() {
    rc XRANGE swapc:verdicts - + |
        awk -v name="$1" 'known { print; known = 0; next } $0 == name { known = 1 }'
}

answered() {
    [[ $(rc XLEN swapc:messages) == 0 ]]
}

# The group may have to be made anew first.
none_pending() {
    [[ $(rc XPENDING swapc:messages swapc | head -1) == 0 ]]
}

# All that was added has its one verdict, and the services still run.
all_is_well() {
    finish "$generate"
    [[ $status == 0 ]]
    await answered
    kill -0 "$signer" "$verifier"
    await none_pending
    [[ $(rc XLEN swapc:verdicts) == "$messages" ]]
    [[ $(field id | sort -u | wc -l) == "$messages" ]]
    [[ $(field status | sort -u) == Valid ]]
}

# How often the services said something that matches $1, each.
said_once() {
    [[ $(grep -c "$1.*trying again" "$2") == 1 ]] || {
        cat "$2" >&2
        return 1
    }
}

pending_at_least() {
    [[ $(rc XPENDING swapc:messages swapc | head -1) -ge $1 ]]
}

# spoil COMMAND MEND CODE: under way the command is given, and taken back when both have said so. The
# verifier is held meanwhile, so that it has verdicts to store, however slow the machine.
spoil() {
    local i
    redis_start "$work/redis"
    start_all
    hold "$verifier"
    for i in {1..50}; do rc XADD swapc:messages '*' m "more $i" method schnorr; done >/dev/null
    messages=$((messages + 50))
    await pending_at_least 50
    # shellcheck disable=SC2086
    rc $1
    kill -CONT "$verifier"
    await grep -q "$3.*trying again" signer.err
    await grep -q "$3.*trying again" verifier.err
    sleep 1.2
    # shellcheck disable=SC2086
    rc $2
    all_is_well
    said_once "$3" signer.err
    said_once "$3" verifier.err
}

@test "out of memory" {
    spoil "CONFIG SET maxmemory 1" "CONFIG SET maxmemory 0" OOM
}

@test "too few replicas" {
    spoil "CONFIG SET min-replicas-to-write 1" "CONFIG SET min-replicas-to-write 0" NOREPLICAS
}

@test "made a replica and a primary again" {
    spoil "REPLICAOF 127.0.0.1 1" "REPLICAOF NO ONE" READONLY
}

@test "a disk that cannot be written to" {
    redis_start "$work/redis"
    start_all
    mkdir "$work/redis/dump.rdb"
    rc CONFIG SET save "1 1"
    rc BGSAVE
    await grep -q "MISCONF.*trying again" signer.err # its lease at the latest
    rmdir "$work/redis/dump.rdb"
    rc BGSAVE
    all_is_well
}

@test "commands denied in turn while all is under way" {
    local command i
    redis_start "$work/redis"
    messages=4000
    start_all
    for command in xreadgroup xadd xack xdel set xpending xinfo eval evalsha; do
        rc ACL SETUSER default "-$command"
        sleep 0.3
        rc ACL SETUSER default "+$command"
    done
    if ! grep -q "ACL SETUSER default [+]x" verifier.err; then # it had none to send in that time
        rc ACL SETUSER default -xack
        for i in {1..20}; do rc XADD swapc:messages '*' m "more $i" method schnorr; done >/dev/null
        await grep -q "ACL SETUSER default [+]x" verifier.err
        rc ACL SETUSER default +xack
    fi
    finish "$generate" # it may have been denied its own
    messages=$(sed 's/ .*//' generate.out)
    generate=$signer
    await answered
    kill -0 "$signer" "$verifier"
    [[ $(rc XPENDING swapc:messages swapc | head -1) == 0 ]]
    [[ $(field id | sort -u | wc -l) == $(rc XLEN swapc:verdicts) ]]
    ((messages <= $(rc XLEN swapc:verdicts)))
    [[ $(field status | sort -u) == Valid ]]
    says verifier.err "ACL SETUSER default [+]x"
}

@test "the group is destroyed" {
    redis_start "$work/redis"
    start_all
    rc XGROUP DESTROY swapc:messages swapc
    all_is_well
    rc XGROUP DESTROY swapc:messages swapc # and when all is quiet
    rc XADD swapc:messages '*' m one
    messages=$((messages + 1))
    await verdicts_reach "$socket" $messages
    await answered
}

# Sends $1 messages; each has its verdict.
works_on() {
    local before
    before=$(rc XLEN swapc:verdicts)
    "$SWAPC" generate --redis "unix:$socket" --messages "$1" --method schnorr
    await verdicts_reach "$socket" $((before + $1))
    await answered
    kill -0 "$signer" "$verifier"
    [[ $(rc XPENDING swapc:messages swapc | head -1) == 0 ]]
    [[ $(field id | sort -u | wc -l) == $(rc XLEN swapc:verdicts) ]]
}

@test "everything is flushed, deleted and renamed away" {
    local command
    redis_start "$work/redis"
    start_all
    for command in FLUSHALL "DEL swapc:messages" "RENAME swapc:messages kept" \
        "RENAME swapc:verdicts kept2" "DEL swapc:verdicts" "SCRIPT FLUSH" "CLIENT KILL TYPE normal"; do
        # shellcheck disable=SC2086
        rc $command
        works_on 50
    done
    finish "$generate"
    [[ $status == 0 ]]
}

@test "full of clients" {
    redis_start "$work/redis"
    start_all
    # One connection asks, kills the others, waits, and makes room again.
    (
        echo CONFIG SET maxclients 1
        echo CLIENT KILL TYPE normal
        sleep 2
        echo CONFIG SET maxclients 100
    ) | rc
    all_is_well
}

# A failover: the name leads to the other server, which was its replica.
@test "a failover between two servers" {
    local port=() primary replica
    port=("$(free_port)" "$(free_port)")
    redis_start "$work/a" --port "${port[0]}"
    primary=$socket
    redis_start "$work/b" --port "${port[1]}" --replicaof 127.0.0.1 "${port[0]}"
    replica=$socket
    await in_sync "$primary"
    ln -s "$primary" current
    socket=$primary
    start_all "$work/current"
    redis "$primary" FAILOVER TO 127.0.0.1 "${port[1]}"
    await is_primary "$replica"
    ln -sfn "$replica" current
    socket=$replica
    all_is_well
}

in_sync() {
    redis "$1" INFO replication | grep -q state=online
}

is_primary() {
    redis "$1" INFO replication | grep -q role:master
}

@test "a redis that comes late" {
    background signer "$SWAPC" signer --redis "unix:$work/redis/s" --ring "test-$mark" --keys keys
    signer=$pid
    await test -s keys.pub
    background verifier "$SWAPC" verifier --redis "unix:$work/redis/s" --ring "test-$mark" --keys keys.pub --method schnorr
    verifier=$pid
    await grep -q "cannot be reached.*trying again" signer.err
    await grep -q "cannot be reached.*trying again" verifier.err
    redis_start "$work/redis"
    works_on 100
}

@test "what a service may not do at its start ends it with the remedy" {
    redis_start "$work/redis"
    rc ACL SETUSER default -xreadgroup
    run --separate-stderr timeout 300 "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys
    refused 1 "xreadgroup" "ACL SETUSER default [+]xreadgroup"
    rc ACL SETUSER default +xreadgroup -xack
    run --separate-stderr timeout 300 "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub
    refused 1 "XACK" "ACL SETUSER default [+]xack"
}

refused_for_a_group() {
    rc INFO errorstats | grep -q errorstat_NOGROUP
}

# deleted_at_start KEY ROLE OPTION…: the group is deleted again and again until the service was refused for it.
deleted_at_start() {
    local key=$1 role=$2 destroyer
    shift 2
    rc CONFIG RESETSTAT
    redis-cli -s "$socket" -r -1 XGROUP DESTROY "$key" swapc >/dev/null 2>&1 </dev/null 3>&- &
    destroyer=$!
    background "$role" "$SWAPC" "$role" --redis "unix:$socket" --listen "unix:$work/$role.sock" "$@"
    await refused_for_a_group
    kill "$destroyer"
    wait "$destroyer" || true
    await test -S "$role.sock"
    kill -TERM "$pid"
    finish "$pid"
    [[ $status == 0 ]]
}

@test "a group that is deleted while a service starts is made again" {
    redis_start "$work/redis"
    "$SWAPC" signer --keys keys --keys-only
    deleted_at_start swapc:messages signer --via redis --keys keys
    deleted_at_start swapc:signed verifier --via redis --keys keys.pub
    deleted_at_start orders process --in orders --out done --module echo --operation echo
    redis_stop
}
