# What shells complete, by the committed files, as the shells themselves see it.
load helpers

folder=$BATS_TEST_DIRNAME/../packaging/completions

# offers WORD… -- CANDIDATE…: bash completes the words (the last may be empty) to exactly the candidates.
offers() {
    local words=() wanted
    while [[ $1 != -- ]]; do
        words+=("$1")
        shift
    done
    shift
    wanted=$(printf '%s\n' "$@" | sort)
    bash -c '
        PATH=$1:$PATH
        source "$2/swapc.bash"
        complete -p swapc | grep -q -- "-F _swapc" || exit 3
        shift 2
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _swapc
        printf "%s\n" "${COMPREPLY[@]}"' - "$(dirname "$program")" "$folder" "${words[@]}" | sort >offered
    [[ $(<offered) == "$wanted" ]] || {
        echo "\"${words[*]}\" offers: $(<offered)"
        return 1
    }
}

@test "completions are what the program writes" {
    for pair in bash:swapc.bash zsh:_swapc fish:swapc.fish; do
        "$SWAPC" completions "${pair%%:*}" | diff "$folder/${pair##*:}" -
    done
    run --separate-stderr "$SWAPC" completions tcsh
    refused 2 "bash, zsh and fish"
}

@test "completions in bash" {
    bash -n "$folder/swapc.bash"
    offers swapc sta -- status
    offers swapc mod -- module
    offers swapc module s -- sign swap
    offers swapc run --en -- --engine
    offers swapc run --engine was -- wasmtime wasm3
    offers swapc run --engine = was -- wasmtime wasm3
    offers swapc run --swap '' -- none warm disk cold
    offers swapc status --wat -- --watch --watch=
    offers swapc call ech -- echo
    touch here.wasm
    offers swapc call her -- here.wasm
    offers swapc run --redis '' -- ''
    offers swapc dead '' -- list retry drop
    offers swapc bench engi -- engines
    offers swapc module swap --tar -- --target
    offers swapc check-config --log-format j -- json
    offers swapc help wor -- ''
}

@test "completions in zsh" {
    command -v zsh || skip "zsh is not here"
    zsh -n "$folder/_swapc"
    cat >rc <<END
PS1='> '
PATH=$(dirname "$program"):\$PATH
fpath=($folder \$fpath)
autoload -Uz compinit && compinit -u -d ./dump
zstyle ':completion:*' list-prompt ''
LISTMAX=10000
END
    cat >drive.py <<'END'
import os, pty, select, sys, time
pid, screen = pty.fork()
if pid == 0:
    os.environ.update(ZDOTDIR=os.getcwd(), TERM="dumb", COLUMNS="200")
    os.execvp("zsh", ["zsh", "-f", "-i"])
def until(text, seconds=300):
    seen, end = b"", time.monotonic() + seconds
    while text not in seen and time.monotonic() < end:
        if select.select([screen], [], [], 0.2)[0]:
            seen += os.read(screen, 4096)
    if text not in seen:
        sys.exit("no %r in %r" % (text, seen))
    return seen
os.write(screen, b"source ./rc; echo re''ady\n")
until(b"ready")
for typed, wanted in ((b"swapc modu", b"module "), (b"swapc module swa", b"swap "), (b"swapc run --eng", b"--engine"),
                      (b"swapc run --swap wa", b"warm "), (b"swapc call ec", b"echo "),
                      (b"swapc verifier --allow-na", b"--allow-native "), (b"swapc dead ret", b"retry ")):
    os.write(screen, typed + b"\t")
    until(wanted)
    os.write(screen, b"\x15")  # wipes the line
os.write(screen, b"exit\n")
END
    python3 drive.py
}

@test "completions in fish" {
    command -v fish || skip "fish is not here"
    export HOME=$work
    complete_in_fish() {
        fish --no-config -c "set PATH $(dirname "$program") \$PATH; source '$folder/swapc.fish'; complete -C '$1'" | cut -f 1 | sort
    }
    fish -n "$folder/swapc.fish"
    [[ $(complete_in_fish "swapc modu") == module ]]
    [[ $(complete_in_fish "swapc module sw") == swap ]]
    [[ $(complete_in_fish "swapc run --swap ") == "$(printf 'cold\ndisk\nnone\nwarm')" ]]
    [[ $(complete_in_fish "swapc run --engine was") == "$(printf 'wasm3\nwasmtime')" ]]
    [[ $(complete_in_fish "swapc status --wat") == *--watch* ]]
    [[ $(complete_in_fish "swapc call ech") == echo ]]
    [[ $(complete_in_fish "swapc dead re") == retry ]]
}

@test "manual pages are made and name each other" {
    command -v scdoc || skip "scdoc is not here"
    for page in "$here"/../docs/man/*.scd; do
        scdoc <"$page" >"$work/page"
        [[ -s $work/page ]]
    done
    grep -q 'swapc-run' "$here/../docs/man/swapc.1.scd"
    grep -q -- '--engine' "$here/../docs/man/swapc-run.1.scd"
}
