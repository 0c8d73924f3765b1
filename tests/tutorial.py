#!/usr/bin/env python3
"""tutorial.py PAGE.md: follows a page as its reader would, in the current folder, and compares.

A fenced block whose info string is `LANGUAGE FILE` is written to FILE. One of `console` holds commands
(`$ …`), each followed by what it prints, stdout and stderr: `…` stands for any text; nothing there: not
compared. Every command must succeed. All commands of a page run in one shell. A second word of `console`:
`gdb` (left out where gdb is not there), `libswapc` (what is built links the library: $LIBSWAPC_CFLAGS)."""
import os
import re
import shutil
import subprocess
import sys

END = "tutorial.py: end of command"
# The leak checker does not run in a process that is traced.
TRACED = "ASAN_OPTIONS=detect_leaks=0 timeout -k1 60 "


def blocks(page):
    for info, body in re.findall(r"^```(\S+(?: \S+)?)\n(.*?)^```$", page, re.M | re.S):
        language, _, word = info.partition(" ")
        yield language, word, body


def commands(body):
    for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield command, output.strip()


def run(shell, command):
    shell.stdin.write("{ %s\n} </dev/null 2>&1; status=$?; echo; echo '%s' $status\n" % (command, END))
    shell.stdin.flush()
    output = ""
    for line in shell.stdout:
        if line.startswith(END):
            return int(line[len(END):]), output.strip()
        output += line
    sys.exit("the shell ended in: %s\n%s" % (command, output))


def same(expected, output):
    pattern = ".*".join(re.escape(part.strip(" ")) for part in expected.split("…"))
    return re.fullmatch(pattern, output, re.S)


def gdb_works():
    """Not where processes may not be traced, and not where threads of a traced one hang."""
    if not shutil.which("gdb"):
        return False
    call = TRACED + "gdb -q -batch -ex run --args swapc call echo echo"
    done = subprocess.run(["bash", "-c", call], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode == 0 and "exited normally" in done.stdout


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        page = file.read()
    shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    followed = 0
    for language, word, body in blocks(page):
        if language != "console":
            if word:
                os.makedirs(os.path.dirname(word) or ".", exist_ok=True)
                with open(word, "w", encoding="utf-8") as file:
                    file.write(body)
            continue
        if word == "gdb" and not gdb_works():
            print("no gdb, or none that works here: its block is left out")
            continue
        for command, expected in commands(body):
            flags = os.environ.get("LIBSWAPC_CFLAGS", "") if word == "libswapc" else ""
            before = TRACED if word == "gdb" else ""
            status, output = run(shell, "export CFLAGS='%s'; %s%s" % (flags, before, command))
            print("$ %s\n%s" % (command, output), flush=True)
            if status != 0:
                sys.exit("exit status %d of: %s" % (status, command))
            if expected and not same(expected, output):
                sys.exit("the page shows other output:\n%s" % expected)
            followed += 1
    shell.stdin.close()
    shell.wait()
    print("%d commands" % followed)


main()
