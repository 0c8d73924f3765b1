# The units of packaging/systemd, as far as a machine without a running systemd can: its own checks, and what
# they start, with a manager of the test's own. The sandbox itself needs a real one: docs/INSTALL.md.
load helpers
load services

units=$here/../packaging/systemd

# The units as this machine can check them: with the built program, and without the manuals it may not have.
local_units() {
    local unit
    mkdir units
    for unit in signer verifier; do
        sed "s|/usr/bin/swapc|$program|; /^Documentation=/d" "$units/swapc-$unit@.service" \
            >"units/swapc-$unit@.service"
    done
}

@test "systemd takes both units, and finds little that they are exposed to" {
    command -v systemd-analyze >/dev/null || skip "systemd-analyze is not there (Debian: systemd)"
    local_units
    local unit exposure
    systemd-analyze --man=no verify units/swapc-signer@.service units/swapc-verifier@.service >verify.out 2>&1 || true
    [[ ! -s verify.out ]] || { cat verify.out >&2; return 1; }
    for unit in signer verifier; do
        systemd-analyze security --offline=true "units/swapc-$unit@.service" >security.out 2>&1 ||
            skip "this systemd does not judge units offline: $(tail -n 1 security.out)"
        exposure=$(sed -n 's/.*exposure level for [^:]*: \([0-9.]*\) .*/\1/p' security.out)
        python3 -c 'import sys; sys.exit(not float(sys.argv[1]) <= 2.0)' "$exposure"
    done
}

@test "installing starts and enables nothing" {
    local unit line
    for unit in "$units"/*.service; do
        line=$(grep -- "dh_installsystemd .*--name=$(basename "$unit" .service)\$" "$here/../packaging/debian/rules")
        [[ $line == *" --no-enable "*"--no-start "* ]]
    done
    # beside what debhelper writes by that line, no script of ours runs at an installation
    [[ -z $(find "$here/../packaging/debian" -name '*postinst' -o -name '*preinst') ]]
}

# start_unit UNIT: what its ExecStart says, in its environment, for the ring of this test.
start_unit() {
    local unit=$1 line name
    line=$(sed -n 's/^ExecStart=//p' "$units/swapc-$unit@.service")
    line=${line//%i/test-$mark}
    line=${line//'${CREDENTIALS_DIRECTORY}'/$work/credentials}
    line=${line//\/run\//$work/run/}
    mkdir -p "$work/run/swapc-$unit-test-$mark"
    read -ra line <<<"$line"
    background "$unit" env NOTIFY_SOCKET="$work/n" WATCHDOG_USEC=30000000 "$SWAPC" "${line[@]:1}"
    printf -v "$unit" %s "$pid"
}

@test "what the units start is ready together, works with keys as credentials, and ends in order" {
    mkfifo hold
    background manager bash -c 'exec python3 "$0" "$1" <"$2"' "$here/notify_manager.py" "$work/n" hold
    exec 8>hold
    await grep -q listening manager.out
    start_redis
    mkdir credentials
    "$SWAPC" signer --keys credentials/keys --keys-only >made.out
    chmod 440 credentials/keys # as systemd leaves it, where it gives the user a right by ACL
    start_unit signer
    start_unit verifier
    both_ready() { [[ $(grep -c ' READY=1$' manager.out) == 2 ]]; }
    await both_ready
    "$SWAPC" generate --messages 40 >generate.out
    answered_once 40
    await "$SWAPC" status "unix:$work/run/swapc-verifier-test-$mark/grpc.sock" >status.out
    signer_ready() { [[ $(curl -s --unix-socket "$work/run/swapc-signer-test-$mark/http.sock" http://localhost/readyz) == ready ]]; }
    await signer_ready
    stop "$verifier"
    stop "$signer"
    [[ $(grep -c ' STOPPING=1$' manager.out) == 2 ]]
}
