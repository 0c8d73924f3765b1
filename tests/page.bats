# The page in Chromium, on a verifier and signer that work (tests/page/page.mjs), and on a process of entries (tests/page/entries.mjs); and of
# a stream with partitions by documents alone (tests/page/partitions.mjs).
load helpers

packages() {
    export PAGE_PACKAGES=${SWAPC_PAGE_PACKAGES:-$here/../build/deps/page}
    command -v node >/dev/null || skip "node is not there: ./dev setup --page-tests"
    [[ -d $PAGE_PACKAGES/node_modules/playwright-core && -d $PAGE_PACKAGES/node_modules/axe-core ]] ||
        skip "playwright-core and axe-core are not there: ./dev setup --page-tests"
    PAGE_CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
        skip "chromium is not there: ./dev setup --page-tests"
    export PAGE_CHROMIUM
}

verifier_start() {
    background verifier "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub \
        --http "$1" --http-token token
    verifier=$pid
    await grep -q "HTTP at" verifier.err
}

# Messages without an end, few at a time: it ends with the test.
keep_adding() {
    while "$program" generate --redis "unix:$socket" --messages 200 >/dev/null 2>&1; do sleep 0.2; done
}

@test "values move, swaps and refusals are seen, no violation of accessibility, nothing on the console, gone and back" {
    local modules at
    packages
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys
    await test -s keys.pub
    verifier_start 127.0.0.1:0
    at=$(sed -n 's/.*HTTP at \([0-9.:]*\).*/\1/p' verifier.err)
    background adding keep_adding
    modules=$(cd "$(dirname "$program")/../share/swapc/modules" && pwd)
    TMPDIR=/tmp background page node "$here/page/page.mjs" "http://$at/" "$(cat token)" "$modules/schnorr" "$modules/ecdsa"
    local page=$pid
    until grep -q "ready to lose it" page.out; do
        kill -0 "$page" || break
        sleep 0.2
    done
    grep -q "ready to lose it" page.out || { cat page.out page.err >&2; return 1; }
    kill -KILL "$verifier"
    await grep -q "^lost" page.out
    verifier_start "$at"
    finish "$page"
    ((status == 0)) || { cat page.out page.err >&2; return 1; }
    [[ $(grep -c '^ok ' page.out) == 4 ]]
}

entries_start() {
    background "$1" "$SWAPC" process --redis "unix:$socket" --in orders --out priced --module echo --operation echo --consumer "$1" \
        --http 127.0.0.1:0 --http-token token
    await grep -q "HTTP at" "$1.err"
    at=$(sed -n 's/.*HTTP at \([0-9.:]*\).*/\1/p' "$1.err")
}

# Entries without an end; every fourth of them has no payload.
keep_ordering() {
    local add="for i = 1, 4 do redis.call('XADD', KEYS[1], '*', i < 4 and 'payload' or 'other', 'x') end"
    while redis "$socket" EVAL "$add" 1 orders >/dev/null 2>&1; do sleep 0.2; done
}

@test "a process of entries: its streams, rates and swaps are seen, and that one stands by" {
    local modules at first
    packages
    redis_start "$work/redis"
    entries_start one
    first=$at
    entries_start two
    background adding keep_ordering
    modules=$(cd "$(dirname "$program")/../share/swapc/modules" && pwd)
    TMPDIR=/tmp background page node "$here/page/entries.mjs" "http://$first/" "http://$at/" "$(cat token)" "$modules/echo" "$modules/schnorr"
    finish "$pid"
    ((status == 0)) || { cat page.out page.err >&2; return 1; }
    [[ $(grep -c '^ok ' page.out) == 2 ]]
}

@test "partitions: 1, 4 and 64 of them are drawn, with their sum, and which one is hindered" {
    packages
    TMPDIR=/tmp background page node "$here/page/partitions.mjs" "$here/../dashboard"
    finish "$pid"
    ((status == 0)) || { cat page.out page.err >&2; return 1; }
    [[ $(grep -c '^ok ' page.out) == 3 ]]
}
