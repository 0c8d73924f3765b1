# What ARCHITECTURE.md says of the tree, where a tool can see it.
bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return 1
}

files() { find src bench conformance guests examples tests include -name "$1" -not -path '*/build/*'; }

@test "each room has its line on the page" {
    local room page
    page=$(sed -n '/^## The tree/,/^## The law/p' ARCHITECTURE.md)
    for room in src/*/ */; do
        case $room in build/ | LICENSES/ | src/) continue ;; esac
        grep -qE "(^| )$room" <<<"$page" || { echo "ARCHITECTURE.md does not say what $room is"; return 1; }
    done
}

@test "no two headers have one name" {
    run -0 bash -c "find src bench conformance include -name '*.h' -exec basename {} \; | sort | uniq -d"
    [[ -z $output ]]
}

@test "no source file has more than 600 lines" {
    local long
    long=$({ files '*.[ch]' && find dev deps packaging fuzz tests bench docs -name dev -type f -o -name '*.sh' -o -name '*.bash' -o -name '*.py'; } |
        xargs wc -l | awk '$1 > 600 && $2 != "total"')
    [[ -z $long ]] || { echo "$long"; return 1; }
}

@test "signer and verifier know the transport's interface and no back end" {
    local users
    users=$(grep -lE '"(ring|transport_ring)\.h"' src/pipeline/*.[ch] | grep -vE '_test\.c|_fixture\.h' | sort | tr '\n' ' ')
    [[ $users == "src/pipeline/transport_ring.c " ]] || { echo "$users"; return 1; }
    users=$(grep -lE '"(ring|transport_ring)\.h"' src/cli/*.[ch] | tr '\n' ' ')
    [[ $users == "src/cli/via.c " ]] || { echo "$users"; return 1; }
}

@test "methods are named by their rows alone" {
    local named
    named=$(grep -nE '"(schnorr|ecdsa)"' src/pipeline/*.[ch] src/cli/*.[ch] |
        grep -vE '_test\.c|/method_(schnorr|ecdsa)\.c' || true)
    [[ -z $named ]] || { echo "$named"; return 1; }
}

@test "a file with an atomic or a thread opens with what is shared" {
    local silent
    silent=$(grep -lE 'pthread_|atomic_|_Atomic' src/*/*.c src/engines/*/*.c bench/*.c |
        grep -v '_test' | while read -r file; do
        head -n 6 "$file" | grep -qi 'what is shared' || echo "$file"
    done)
    [[ -z $silent ]] || { echo "$silent"; return 1; }
}
