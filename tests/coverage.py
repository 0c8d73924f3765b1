#!/usr/bin/env python3
"""coverage.py BUILD SOURCE [ROOM]: what the tests of a build with --coverage have run, by room; with a room
(src/ring), its lines that they have not. Exit status: 0, or 1 below the goal."""
import collections
import concurrent.futures
import gzip
import json
import os
import subprocess
import sys

GOAL = 90.0  # per cent of the lines of src/
NOT_OURS = ("src/testing/",)  # doubles for tests


def gcov(path):
    """{source: {line: times}} of one object."""
    done = subprocess.run(["gcov", "--json-format", "--stdout", path], capture_output=True,
                          cwd=os.path.dirname(path))
    if done.returncode:
        raise SystemExit("coverage: gcov cannot read %s: %s" % (path, done.stderr.decode().strip()))
    text = gzip.decompress(done.stdout) if done.stdout[:2] == b"\x1f\x8b" else done.stdout
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def objects(build):
    for folder, _, names in os.walk(os.path.join(build, "src")):
        for name in names:
            if name.endswith(".gcno") and not name.endswith("_test.c.gcno"):
                yield os.path.join(folder, name)


def collect(build, source):
    """{file under the source's root: {line: times}}; a header's lines over all who include it."""
    lines = collections.defaultdict(dict)
    root = os.path.realpath(source) + "/"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for documents in pool.map(gcov, objects(build)):
            for document in documents:
                for file in document["files"]:
                    path = os.path.realpath(os.path.join(root, file["file"]))  # the build maps it there
                    name = path[len(root):] if path.startswith(root) else ""
                    if not name.startswith("src/") or name.startswith(NOT_OURS):
                        continue
                    for line in file["lines"]:
                        at = line["line_number"]
                        lines[name][at] = max(lines[name].get(at, 0), line["count"])
    return lines


def room_of(name):
    parts = name.split("/")
    return "/".join(parts[:3] if parts[1] == "engines" and len(parts) > 3 else parts[:2])


def table(lines):
    total = collections.Counter()
    ran = collections.Counter()
    for name, of_file in lines.items():
        for room in (room_of(name), "src"):
            total[room] += len(of_file)
            ran[room] += sum(1 for times in of_file.values() if times)
    print("%-24s %7s %7s %7s" % ("room", "lines", "run", "%"))
    for room in sorted(total):
        print("%-24s %7d %7d %7.1f" % (room, total[room], ran[room], 100 * ran[room] / total[room]))
    return 100 * ran["src"] / max(1, total["src"])


def spans(numbers):
    """[3, 4, 5, 9] is 3-5 9."""
    out = []
    for number in numbers:
        if out and number == out[-1][1] + 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return " ".join("%d" % a if a == b else "%d-%d" % (a, b) for a, b in out)


def missing(lines, room):
    for name in sorted(lines):
        if name == room or name.startswith(room.rstrip("/") + "/"):
            never = sorted(at for at, times in lines[name].items() if not times)
            if never:
                print("%s: %s" % (name, spans(never)))


def main(arguments):
    lines = collect(os.path.abspath(arguments[0]), arguments[1])
    if len(arguments) > 2:
        missing(lines, arguments[2])
        return 0
    share = table(lines)
    print("goal: %.0f %% of the lines of src/; ./dev coverage ROOM lists a room's lines that never ran" % GOAL)
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
