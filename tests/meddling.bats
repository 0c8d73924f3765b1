# What others do to the stream and its group while messages are under way: what can be healed is, without a
# restart, and what is lost by it is said.
load helpers
load services

rc() {
    redis "$socket" --raw "$@"
}

# under_way: $messages, some of them on their way to a verifier that is stopped, most of them unread.
under_way() {
    start_redis
    start_signer
    start_verifier --method schnorr
    run -0 "$SWAPC" generate --messages 20 --method schnorr
    await verdicts_reach "$socket" 20
    hold "$verifier"
    run -0 "$SWAPC" generate --messages $((messages - 20)) --method schnorr
    await not pending_none
}

# meddle COMMAND…: under way; then the verifier goes on.
meddle() {
    under_way
    rc "$@"
    kill -CONT "$verifier"
}

@test "a group that was set to the end gives out what it passed over" {
    messages=3000 meddle XGROUP SETID swapc:messages swapc '$'
    all_judged_once 3000
    says signer.err "were in swapc:messages and pending with nobody.*taken up"
}

@test "a group that was made anew at the end gives out what it does not know" {
    messages=3000 meddle EVAL "redis.call('XGROUP', 'DESTROY', KEYS[1], 'swapc')
        return redis.call('XGROUP', 'CREATE', KEYS[1], 'swapc', '\$')" 1 swapc:messages
    all_judged_once 3000
}

@test "a consumer that was taken out of the group comes to its messages all the same" {
    messages=2000 meddle EVAL "local n = 0
        for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], 'swapc')) do
          n = n + redis.call('XGROUP', 'DELCONSUMER', KEYS[1], 'swapc', c[2]) end return n" 1 swapc:messages
    all_judged_once 2000
}

@test "messages that others acknowledged unanswered are judged" {
    messages=1000 meddle EVAL "local n = 0
        for _, e in ipairs(redis.call('XPENDING', KEYS[1], 'swapc', '-', '+', 5000)) do
          n = n + redis.call('XACK', KEYS[1], 'swapc', e[1]) end return n" 1 swapc:messages
    all_judged_once 1000
}

@test "a stream that was renamed away and back is taken up without a restart" {
    local kept
    messages=2000 meddle RENAME swapc:messages kept
    await grep -qE "(NOGROUP|no such key).*trying again" signer.err
    rc XADD swapc:messages '*' m between method schnorr
    await unanswered_none
    kept=$(rc XLEN kept)
    ((kept > 0))
    [[ $(rc XPENDING kept swapc | head -1) -gt 0 ]]
    rc RENAME kept swapc:messages
    await unanswered_none
    pending_none
    [[ $(rc XLEN swapc:verdicts) == 2001 && $(field id | sort -u | wc -l) == 2001 ]]
    kill -0 "$signer" "$verifier"
}

# Whether the server counts what a group has read.
counts_entries() {
    rc XINFO STREAM swapc:messages | grep -q entries-added
}

# unread_are_told: those of $messages that have no verdict are said to be gone, all of them, and counted.
unread_are_told() {
    local left
    counts_entries || skip "this Redis does not count entries"
    await all_are_told
    left=$(told_deleted)
    [[ $left -gt 0 ]]
    status_has() { "$SWAPC" status "unix:$work/signer.sock" >status.out && says status.out "deleted +$left" 2>/dev/null; }
    await status_has
}

# How many the signer said were deleted unread.
told_deleted() {
    sed -n 's/.*msg="\([0-9]*\) messages were deleted from swapc:messages by others before they were read.*/\1/p' signer.err |
        awk '{ n += $1 } END { print n + 0 }'
}

# Who was under way has its verdict, and the rest is told of.
all_are_told() {
    pending_none && (($(told_deleted) + $(rc XLEN swapc:verdicts) == messages))
}

@test "messages that are trimmed away unread are said to be" {
    messages=4000
    meddle XTRIM swapc:messages MAXLEN = 0
    unread_are_told
}

@test "messages that a producer trims away unread are said to be" {
    messages=3000
    meddle EVAL "return redis.call('XTRIM', KEYS[1], 'MAXLEN', 100)" 1 swapc:messages
    unread_are_told
}

@test "unread messages that are deleted one by one, here and there, are said to be" {
    messages=3000
    meddle EVAL "local n = 0
        for i, e in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1500)) do
          if i % 3 == 0 then n = n + redis.call('XDEL', KEYS[1], e[1]) end end return n" 1 swapc:messages
    unread_are_told
}

@test "what was trimmed away before a signer came is said when one comes" {
    start_redis
    rc EVAL "for i = 1, 50 do redis.call('XADD', KEYS[1], 'MAXLEN', 20, '*', 'm', i) end" 1 swapc:messages
    counts_entries || skip "this Redis does not count entries"
    start_signer
    start_verifier --method schnorr
    all_judged_once 20
    says signer.err "30 messages were deleted from swapc:messages by others before they were read, since"
    [[ $(grep -c "were deleted" signer.err) == 1 ]]
}

@test "messages that are trimmed away while they are pending are answered" {
    local pending
    messages=1000 under_way
    rc XTRIM swapc:messages MAXLEN = 0
    pending=$(rc XPENDING swapc:messages swapc | head -1)
    kill -KILL "$verifier" "$signer"
    finish "$verifier"
    finish "$signer"
    rm "/dev/shm/swapc-test-$mark"
    start_signer successor
    start_verifier --method schnorr
    await pending_none
    [[ $(field status | sort | uniq -c | xargs) == "$pending Error 20 Valid" ]]
    [[ $(field reason | sort -u) == deleted ]]
    says successor.err "was deleted from swapc:messages by others while it was pending"
}

@test "messages that are trimmed away while they are pending with a dead one are answered" {
    local pending
    messages=500 under_way
    rc XTRIM swapc:messages MAXLEN = 0
    pending=$(rc XPENDING swapc:messages swapc | head -1)
    kill -KILL "$verifier" "$signer"
    finish "$verifier"
    finish "$signer"
    rm "/dev/shm/swapc-test-$mark"
    start_signer other --consumer other
    start_verifier --method schnorr
    await pending_none
    [[ $(field status | sort | uniq -c | xargs) == "$pending Error 20 Valid" ]]
    says other.err "was deleted from swapc:messages by others while it was pending"
    dead_has_left() { not grep -q "test-$mark" <(rc XINFO CONSUMERS swapc:messages swapc) 2>/dev/null; }
    await dead_has_left
}

@test "a connection that comes and goes does not fill the log, and is told of when it stays away" {
    local i lines begin
    start_redis
    start_signer
    start_verifier
    verifier_logs() { compgen -G 'verifier*.err' >/dev/null; }
    await verifier_logs
    await grep -q "ready:" verifier*.err
    begin=$SECONDS
    for ((i = 0; i < 100; i++)); do
        redis "$socket" CLIENT KILL TYPE normal
        sleep 0.05
    done
    lines=$(cat ./*.err | wc -l)
    ((lines < 60 * ((SECONDS - begin) / 60 + 1))) || { # in each minute some; five lines each time once
        echo "$lines lines in $((SECONDS - begin)) s" >&2
        return 1
    }
    run -0 "$SWAPC" generate --messages 200
    all_judged_once 200
    kill -KILL "$server"
    await grep -q "before, not told each time" signer.err
}
