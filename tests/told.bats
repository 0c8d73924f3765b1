# What `swapc run` tells people, and how it fits where it is shown.
load helpers

# shown COMMAND…: what a terminal of 80 columns gets, in ./shown.
shown() {
    script -qec "stty cols 80; $*" /dev/null </dev/null | tr -d '\r' >shown
}

plain_ascii() {
    LC_ALL=C grep -n '[^ -~]' "$1" && return 1
    return 0
}

fits() {
    python3 -c 'import sys
wide = [line for line in open(sys.argv[1], encoding="utf-8") if len(line.rstrip("\n")) > 79]
sys.exit("too wide:\n" + "".join(wide) if wide else 0)' "$1"
}

@test "told in words a picture and figures" {
    LC_ALL=C.UTF-8 "$SWAPC" run --messages 1200 --tamper 0.05 --seed 7 --swap warm --json result >out
    json result 'd["tampered"] > 0'
    says out '1200 messages sent, signed and judged in [0-9.]+ s: [0-9]+ a second'
    says out "genuine +$(python3 -c 'import json; print(json.load(open("result"))["valid"])')  the signature fits"
    says out 'forged +[0-9]+  it does not fit \(NotValid\); [0-9]+ were altered on purpose'
    says out 'lost 0, duplicates 0, wrong 0: each message that was sent has one stored'
    for box in generator Redis signer ring verifier module verdicts; do says out "┌─ $box ─"; done
    says out '│ 1200 +│.*│ 1200 +│.*│ 1200 +│' # added, kept, signed
    says out '│ [0-9.]+ µs each +│ +│ [0-9.]+ µs each' # Redis and signer
    says out '│ 1200 (calls|messages)'
    says out "$(python3 -c 'import json; print(json.load(open("result"))["swaps"])') swaps"
    says out 'waPC is the way to call one'
    says out 'waiting in line'
    says out 'native +[0-9.]+ µs +1.00 × native code'
    not grep -q 'ledger\|saturated\|the original\|wide' out
    fits out
}

@test "told in ASCII where the locale has no more" {
    LC_ALL=C "$SWAPC" run --messages 20 --no-bound >out
    plain_ascii out
    says out '[+]- generator -+[+]'
    says out '[0-9]+ us each'
    LC_ALL=C "$SWAPC" run --messages 20 --no-bound --details >out
    plain_ascii out
    fits out
}

@test "told without colours where they are not wanted" {
    local escape
    escape=$(printf '\033')
    shown "LC_ALL=C.UTF-8 NO_COLOR= TERM=xterm '$SWAPC' run --messages 20 --no-bound --progress off"
    says shown "$escape\[1m20 messages sent"
    says shown "$escape\[32m"
    shown "LC_ALL=C.UTF-8 NO_COLOR=1 TERM=xterm '$SWAPC' run --messages 20 --no-bound --progress off"
    not grep -q "$escape" shown
    says shown '┌─ generator'
    shown "TERM=dumb '$SWAPC' run --messages 20 --no-bound --progress off"
    not grep -q "$escape" shown
    "$SWAPC" run --messages 20 --no-bound >out
    not grep -q "$escape" out
}

@test "told of what went wrong and what to do" {
    printf 'a\n%*s\n' 3000000 b >lines
    run -1 --separate-stderr env LC_ALL=C "$SWAPC" run --input lines --no-bound
    says "$output" 'The input was not read to its end'
    says "$output" '1 message sent, signed and judged'
    says "$output" 'A message is a text, which'
}

@test "told details are the figures of the document" {
    LC_ALL=C.UTF-8 "$SWAPC" run --messages 1100 --details --json result >out
    says out 'verdicts +1100 Valid, 0 NotValid, 0 Error'
    says out 'ledger +lost 0, duplicates 0, wrong 0 \(sent against stored\)'
    says out 'of the bound: [0-9]+/s if all cores did'
    says out 'latency +p50'
    says out 'The original is the Rust system'
    says out 'schnorr 1[.0-9]+, wide, sha256'
    fits out
}

@test "told what the words mean on one screen" {
    "$SWAPC" help words >out
    fits out
    [[ $(wc -l <out) -le 23 ]]
    cmp out "$here/../docs/WORDS.txt"
    for word in message module waPC bundle flavour engine slot verdict ledger latency bound; do
        grep -q "^$word" out
    done
    run -0 "$SWAPC" help module swap
    [[ $output == "$("$SWAPC" module swap --help)" ]]
    run --separate-stderr "$SWAPC" help module swpa
    refused 2 'did you mean "swap"'
    run --separate-stderr "$SWAPC" help run away now
    refused 2 "now"
}
