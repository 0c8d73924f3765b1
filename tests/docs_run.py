#!/usr/bin/env python3
"""docs_run.py PAGE.md: follows a page as its reader would, in the current folder, and compares.
docs_run.py --list PAGE.md…: what of these pages is run and what is not, and why; fails where that is not said.
docs_run.py --with-commands PAGE.md…: those of these pages of which something is run.

A fenced block whose info string is
  LANGUAGE FILE   is written to FILE;
  sh              holds commands: each must succeed;
  console         holds commands (`$ …`), each followed by what it prints, stdout and stderr: `…` stands for any
                  text; nothing there: not compared. A second word: `gdb` (left out where gdb is not there),
                  `libswapc` (what is built links the library: $LIBSWAPC_CFLAGS).
All commands of a page run in one shell of bash, in order. Comments on the lines before the block, which no reader
of the page sees, may say
  <!-- not run: WHY -->                      it cannot be run by a test, and why
  <!-- stays -->                             its last command is a service, in a terminal of its own; it is ended at
                                             the page's end, in the order of its start, and must end well
  <!-- after: PAGE.md#heading -->            what stands under that heading (down to the next) is run before
A block of shell commands that is none of these (indented, or without a language) is an error of --list."""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

END = "docs_run.py: end of command"
READY_S, END_S = 300, 120
# The leak checker does not run in a process that is traced.
TRACED = "ASAN_OPTIONS=detect_leaks=0 timeout -k1 300 "
BLOCK = re.compile(r"((?:^<!-- (?:not run|after|stays)\b[^\n]*? -->\n)*)"
                   r"^```(\S*)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
SHELL = ("sh", "console")


class Block:
    def __init__(self, match):
        marks = dict(re.findall(r"^<!-- (not run|after|stays)(?:: )?(.*?) -->$", match[1], re.M))
        self.not_run, self.after, self.stays = marks.get("not run"), marks.get("after"), "stays" in marks
        self.language, self.word, self.body = match[2], match[3], match[4]

    def commands(self):
        if self.language == "console":
            for part in re.split(r"^\$ ", self.body, flags=re.M)[1:]:
                command, _, output = part.partition("\n")
                yield command, output.strip()
            return
        for command in re.split(r"(?<!\\)\n", self.body):
            if command.strip() and not command.lstrip().startswith("#"):
                yield command, ""


def blocks(page):
    return [Block(match) for match in BLOCK.finditer(page)]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def anchor(heading):
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).strip().replace(" ", "-")


def section(path, name):
    parts = re.split(r"^#+ (.*)$", read(path), flags=re.M)
    for heading, text in zip(parts[1::2], parts[2::2]):
        if anchor(heading) == name:
            return text
    sys.exit("%s has no heading #%s" % (path, name))


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


class Shell:
    def __init__(self):
        self.process = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.services = []  # (command, pid, log)
        self.followed = 0

    def run(self, command):
        """Whatever the shell says of a command that it does not understand ends the run."""
        self.process.stdin.write("{ %s\n} </dev/null 2>&1; status=$?; echo; echo '%s' $status\n" % (command, END))
        self.process.stdin.flush()
        output = ""
        for line in self.process.stdout:
            if line.startswith(END):
                return int(line[len(END):]), output.strip()
            output += line
        sys.exit("the shell ended in: %s\n%s" % (command, output))

    def follow(self, command, expected="", flags="", before=""):
        status, output = self.run("export CFLAGS='%s'; %s%s" % (flags, before, command))
        print("$ %s\n%s" % (command, output), flush=True)
        if status != 0:
            sys.exit("exit status %d of: %s" % (status, command))
        if expected and not same(expected, output):
            sys.exit("the page shows other output:\n%s" % expected)
        self.followed += 1

    def start(self, command):
        """A service is there when it says so, and must be there still."""
        log = os.path.abspath("service-%d.log" % len(self.services))
        open(log, "w").close()
        # exec: the process is the service, and not a shell around it.
        status, output = self.run("(exec %s) >%s 2>&1 & echo $!" % (command.split("#")[0].strip(), log))
        pid = int(output.split()[-1])
        self.services.append((command, pid, log))
        end = time.monotonic() + READY_S
        while not re.search(r"ready|http", read(log), re.I):
            if not alive(pid) or time.monotonic() > end:
                sys.exit("it %s: %s\n%s" % ("does not get ready" if alive(pid) else "ended", command, read(log)))
            time.sleep(0.05)
        print("$ %s &" % command, flush=True)
        self.followed += 1

    def end_services(self):
        """Each is ended as a user would; what started them is there to the last."""
        bad = []
        for command, pid, log in reversed(self.services):
            if not alive(pid):
                bad.append("it was not there any more at the end: %s\n%s" % (command, read(log)))
                continue
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + END_S
            while alive(pid) and time.monotonic() < end:
                time.sleep(0.05)
            status = 99 if alive(pid) else self.run("wait %d" % pid)[0]
            if status not in (0, 130):  # 130: an interrupted run
                bad.append("status %d at the end of: %s\n%s" % (status, command, read(log)))
        self.services = []
        if bad:
            sys.exit("\n".join(bad))

    def kill_services(self):
        for _, pid, _ in self.services:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def follow_block(shell, block, page):
    if block.after:
        path, _, name = block.after.partition("#")
        where = os.path.join(os.path.dirname(page), path)
        for other in blocks(section(where, name)):
            follow_block(shell, other, where)
    if block.not_run:
        print("not run: %s" % block.not_run)
        return
    if block.language not in SHELL:
        if block.word:
            os.makedirs(os.path.dirname(block.word) or ".", exist_ok=True)
            with open(block.word, "w", encoding="utf-8") as file:
                file.write(block.body)
        return
    if block.word == "gdb" and not gdb_works():
        print("no gdb, or none that works here: its block is left out")
        return
    commands = list(block.commands())
    for command, expected in commands[:-1] if block.stays else commands:
        shell.follow(command, expected, os.environ.get("LIBSWAPC_CFLAGS", "") if block.word == "libswapc" else "",
                     TRACED if block.word == "gdb" else "")
    if block.stays:
        shell.start(commands[-1][0])


def follow(page):
    shell = Shell()
    try:
        for block in blocks(read(page)):
            follow_block(shell, block, page)
        shell.end_services()
    finally:
        shell.kill_services()
    print("%d commands" % shell.followed)


def list_pages(pages):
    """Every block of every page is something; what is run stands first."""
    bad, run = [], 0
    for page in pages:
        text = read(page)
        rest = BLOCK.sub(lambda match: "\n" * match[0].count("\n"), text)
        for number, line in enumerate(rest.split("\n"), 1):
            if line.startswith("```"):
                bad.append("%s:%d: a fence that is not closed" % (page, number))
            if re.match(r"    \s*(\./|\$ |[a-z][a-z0-9_.-]*( |$))", line):
                bad.append("%s:%d: an indented block is not run: fence it as sh, console or text: %s" % (page, number, line))
        for block in blocks(text):
            first = next(iter(block.body.split("\n")), "")
            if not block.language:
                bad.append("%s: a block without a language: %s" % (page, first))
            elif block.not_run is not None and (block.language not in SHELL or len(block.not_run) < 20):
                bad.append("%s: not run, and why? %s" % (page, first))
            elif block.language in SHELL:
                run += block.not_run is None
    if bad:
        sys.exit("\n".join(bad))
    print("%d blocks of commands are run" % run)


if sys.argv[1] == "--list":
    list_pages(sys.argv[2:])
elif sys.argv[1] == "--with-commands":
    for name in sys.argv[2:]:
        if any(block.language in SHELL and block.not_run is None for block in blocks(read(name))):
            print(name)
else:
    follow(os.path.abspath(sys.argv[1]))
