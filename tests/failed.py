#!/usr/bin/env python3
"""Passes ctest's output on, and puts before its summary what the failed tests have said: the last lines of each, then
one line each with the place and the reason. So a log of which only the end is kept still tells why."""

import re
import sys

START = re.compile(r" *\d+/\d+ +Test +#\d+: | +Start +\d+: |\d+% tests passed")
SUMMARY = re.compile(r"\d+% tests passed")
FAILED = re.compile(r" *\d+/\d+ +Test +#\d+: +([^ ]+) .*\*\*\*(?!Skipped|Not Run|.*Disabled)")
TELLING = re.compile(
    r"in test file|^# *`.*' failed|waited in vain|expected /|exit status \d+, not|not so:|succeeded:|"
    r"--- \S+:\d+: error|^ERROR:|^\[  ERROR   \] --- |SUMMARY:|runtime error:|Error: ")
LAST, SHORT = 60, 400


def reason(lines):
    told = [re.sub(r"^# *|\(?in test file \S*/", "", line).strip() for line in lines if TELLING.search(line)]
    return " ".join(line[:200] for line in told or lines[-1:])[:SHORT]


def main():
    failed, current = [], None
    for line in sys.stdin:
        if START.match(line):
            current = None
        if SUMMARY.match(line):
            for name, lines in failed:
                print(name, "said at last:")
                for said in lines[-LAST:]:
                    print("   ", said)
            for name, lines in failed:
                print("FAILED %s: %s" % (name, reason(lines)))
        print(line, end="", flush=True)
        if current is not None and line.strip():
            current.append(line.rstrip("\n"))
        match = FAILED.match(line)
        if match:
            current = []
            failed.append((match.group(1), current))


sys.stdin.reconfigure(errors="replace")
main()
