# swapc.toml, the environment, and what `check-config` says of them.
load helpers

@test "config says where each value comes from" {
    cat >s.toml <<'END'
redis = "redis://user:secret@127.0.0.1:1"
[verifier]
workers = 3
[module-swap]
target = "unix:/tmp/v.sock"
END
    SWAPC_VERIFIER_WORKERS=4 SWAPC_STREAM=orders run -0 --separate-stderr "$SWAPC" check-config s.toml
    says "$output" 'swapc verifier
  redis +redis://user:\*\*\*@127.0.0.1:1 +s.toml line 1'
    says "$output" '  workers +4 +\$SWAPC_VERIFIER_WORKERS'
    says "$output" '  stream +orders +\$SWAPC_STREAM'
    says "$output" '  target +unix:/tmp/v.sock +s.toml line 5'
    says "$output" '  swap +none +default'
    says "$output" 's.toml: every setting is one that swapc knows'
    [[ $output != *secret* ]]
    run -0 --separate-stderr "$SWAPC" check-config --json - s.toml
    echo "$output" >out.json
    json out.json 'd["ok"] and d["commands"]["swapc verifier"]["workers"] == {"value": "3", "from": "s.toml line 3"}'
    json out.json '"redis" not in d["commands"]["swapc run"] or d["commands"]["swapc run"]["redis"]["from"] == "default"'
}

@test "config that is wrong is refused by every command" {
    local command
    printf '[run]\n\nwrokers = 2\n' >s.toml
    for command in "run" "call echo echo" "check-config s.toml" "module list --target x"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$SWAPC" $command --config s.toml
        refused 2 's.toml line 3: no key is called "wrokers" here: did you mean "workers"'
    done
    printf '[run]\nworkers = 2000\n' >s.toml
    run --separate-stderr "$SWAPC" run --config s.toml
    refused 2 's.toml line 2: workers takes a whole number from 1 to 64, not "2000"'
    SWAPC_RUN_SWAP=wram run --separate-stderr "$SWAPC" run
    refused 2 '[$]SWAPC_RUN_SWAP takes one of none, warm, disk, cold, not "wram": did you mean "warm"'
    run --separate-stderr "$SWAPC" run --config nowhere.toml
    refused 2 "nowhere.toml"
    SWAPC_CONFIG=nowhere.toml run --separate-stderr "$SWAPC" run
    refused 2 "nowhere.toml"
}

@test "check-config reports every wrong value" {
    printf '[run]\nworkers = 0\n[verifier]\nworkers = "many"\n[call]\nengine = 3\n' >s.toml
    run -2 --separate-stderr "$SWAPC" check-config s.toml
    says "$stderr" "line 2: workers takes"
    says "$stderr" "line 4: workers takes"
    says "$stderr" "line 6: engine takes"
    SWAPC_VERIFIER_WROKERS=2 run -0 --separate-stderr "$SWAPC" check-config --set
    says "$stderr" 'SWAPC_VERIFIER_WROKERS is no variable of swapc: did you mean "SWAPC_VERIFIER_WORKERS"'
}

@test "config comes from the option, the variable, the system, and never from here" {
    printf '[call]\nengine = "from-here"\n' >swapc.toml
    run -0 "$SWAPC" call echo echo --hex 00
    printf '[call]\nengine = "from-variable"\n' >variable.toml
    export SWAPC_CONFIG=variable.toml
    run --separate-stderr "$SWAPC" call echo echo
    refused 2 "from-variable"
    printf '[call]\nengine = "from-option"\n' >option.toml
    run --separate-stderr "$SWAPC" call echo echo --config option.toml
    refused 2 "from-option"
    run -0 "$SWAPC" call echo echo --config ""
}

@test "config of the system is read where none is named" {
    unshare -m true 2>/dev/null || skip "no file system of its own can be made here"
    run --separate-stderr unshare -m sh -c 'mount -t tmpfs none /etc && mkdir /etc/swapc &&
        printf "[call]\nengine = \"from-system\"\n" >/etc/swapc/swapc.toml && exec "$0" "$@"' \
        "$SWAPC" call echo echo
    refused 2 "from-system"
}

@test "config sets a pipeline, and its private signer takes nothing from it" {
    printf '[run]\nmessages = 32\nworkers = 2\nno-bound = true\n[signer]\nkeys = "/nowhere/keys"\nlisten = "unix:/nowhere"\ntamper = 1.0\n' >s.toml
    SWAPC_SIGNER_STREAM=elsewhere SWAPC_CONFIG=s.toml SWAPC_SIGNER_TAMPER=1 run -0 "$SWAPC" run --json out.json
    json out.json 'd["messages"] == 32 and d["workers"] == 2 and d["valid"] == 32'
    nothing_left
}

@test "log lines are logfmt or JSON" {
    start="$SWAPC signer --redis redis://127.0.0.1:1 --ring test-$mark --keys keys --retry 0"
    run --separate-stderr timeout 300 $start --log-format json
    says "$stderr" '\{"level":"[a-z]+","source":"[a-z]+","msg":"'
    grep '^{' <<<"$stderr" | python3 -c 'import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert lines and all(set(line) == {"level", "source", "msg"} for line in lines), lines'
}
