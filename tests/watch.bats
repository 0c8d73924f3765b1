# `swapc status --watch`: live in a terminal, block by block elsewhere.
load helpers
load services

blocks() {
    [[ $(grep -c "$1" "$2") -ge $3 ]]
}

@test "watch prints a block each time and ends well" {
    start_redis
    start_signer
    await "$SWAPC" status "unix:$work/signer.sock" --json status.json
    background watch "$SWAPC" status "unix:$work/signer.sock" --watch
    watch=$pid
    await blocks '^signer ' watch.out 3
    not grep -q "$(printf '\033')" watch.out
    kill -INT "$watch"
    finish "$watch"
    [[ $status == 0 ]]
    background lines "$SWAPC" status "unix:$work/signer.sock" --watch=1 --json -
    watch=$pid
    await blocks '"role": "signer"' lines.out 2
    stop "$watch"
    python3 -c 'import json
text, seen, decoder = open("lines.out").read().lstrip(), 0, json.JSONDecoder()
while text:
    document, end = decoder.raw_decode(text)
    assert document["role"] == "signer"
    text, seen = text[end:].lstrip(), seen + 1
assert seen >= 2, seen'
    stop "$signer"
}

@test "watch in a terminal redraws and leaves it as it was" {
    start_redis
    start_signer
    await "$SWAPC" status "unix:$work/signer.sock" --json status.json
    TERM=xterm timeout 300 python3 - "$SWAPC" status "unix:$work/signer.sock" --watch <<'END'
import os, pty, sys, termios
pid, screen = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
before = termios.tcgetattr(screen)
seen = b""
while seen.count(b"\x1b[Hs") + seen.count(b"\x1b[H") < 3:  # drawn three times
    seen += os.read(screen, 4096)
os.write(screen, b"\x03")
try:
    while True:  # until it ends
        seen += os.read(screen, 4096)
except OSError:
    pass
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert code == 0, (code, seen)
assert seen.index(b"\x1b[?1049h") < seen.index(b"signer ") < seen.index(b"\x1b[?1049l"), seen
assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l"), seen
assert termios.tcgetattr(screen)[:4] == before[:4]
END
    stop "$signer"
}

@test "watch says when a process is gone and when it is back" {
    start_redis
    start_signer
    await "$SWAPC" status "unix:$work/signer.sock" --json status.json
    background watch "$SWAPC" status "unix:$work/signer.sock" --watch
    watch=$pid
    await blocks '^signer ' watch.out 1
    stop "$signer"
    await blocks 'no answer (1 in turn)' watch.out 1
    before=$(grep -c '^signer ' watch.out)
    start_signer again
    await blocks '^signer ' watch.out "$((before + 2))"
    stop "$watch"
    stop "$signer"
}

@test "a signal that comes into a write takes nothing from what is written" {
    start_redis
    start_signer
    await "$SWAPC" status "unix:$work/signer.sock" --json status.json
    timeout 300 python3 - "$program" status "unix:$work/signer.sock" --watch <<'END'
import fcntl, os, signal, subprocess, sys, time
end, full = os.pipe()
fcntl.fcntl(full, fcntl.F_SETPIPE_SZ, 4096)
os.write(full, b"-" * 4090)  # the first block finds no room
watch = subprocess.Popen(sys.argv[1:], stdout=full)
os.close(full)


def in_write():  # the system call's number, then its first argument: stdout
    with open(f"/proc/{watch.pid}/syscall") as line:
        return line.read().split()[:2] in (["1", "0x1"], ["64", "0x1"])  # x86-64, arm64


def pending():
    with open(f"/proc/{watch.pid}/status") as lines:
        return any(int(line.split()[1], 16) for line in lines if "Pnd:" in line)


while not in_write():
    assert watch.poll() is None
    time.sleep(0.02)
watch.send_signal(signal.SIGINT)
while pending():
    time.sleep(0.02)
with open(end, "rb") as rest:
    text = rest.read().lstrip(b"-").decode()
assert watch.wait() == 0, watch.returncode
assert text.splitlines()[-1].startswith("  deleted "), text
END
    stop "$signer"
}

@test "watch takes a number of seconds and no drain" {
    run --separate-stderr "$SWAPC" status unix:none --watch=0
    refused 2 '--watch takes a whole number from 1 to 3600, not "0"'
    run --separate-stderr "$SWAPC" status unix:none --watch --drain
    refused 2 "give one of them"
}
