#!/usr/bin/env python3
"""update.py PROGRAM [--check]: writes what comes from the tables of PROGRAM into the manual pages (the parts
between "; generated: COMMAND" and "; end") and the completions of packaging/completions; with --check writes
nothing, and fails where something is stale, missing or too much."""
import json
import pathlib
import re
import subprocess
import sys

MAN = pathlib.Path(__file__).resolve().parent
COMPLETIONS = MAN.parent.parent / "packaging" / "completions"
SHELLS = {"bash": "swapc.bash", "zsh": "_swapc", "fish": "swapc.fish"}


def output(*arguments):
    return subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout.decode()


def escaped(text):
    return re.sub(r"([\\*_<])", r"\\\1", " ".join(text.split()))


def option(row):
    name = f"*--{row['name']}*"
    if row["kind"] == "optional":
        name = f"*--{row['name']}*[=_{escaped(row['meta'])}_]"
    elif row["meta"]:
        name += f" _{escaped(row['meta'])}_"
    text = escaped(row["help"])
    if row["choices"]:
        text += ": " + ", ".join(f"*{escaped(c)}*" for c in row["choices"])
    return f"{name}\n\t{text}\n"


def command_part(command, alone):
    text = "" if alone else f"*{command['name']}* [options] {escaped(command['arguments'])}\n\n{escaped(command['summary'])}\n\n"
    return "\n" + text + "".join(option(row) for row in command["options"]) + "*--help*\n\ta summary of this\n\n"


def summary(name):
    text = (MAN / f"{name}.scd").read_text()
    return re.search(r"^# NAME\n\n\S+ - (.*)$", text, re.M).group(1)


def pages():
    return sorted(path.name[: -len(".scd")] for path in MAN.glob("*.scd"))


def commands_part():
    text = "".join(
        f"*{name[:-2]}*(1)\n\t{summary(name)}\n" for name in pages() if name.startswith("swapc-") and name.endswith(".1")
    )
    return "\n" + text + "\n"


def pages_part():
    return "\n" + ", ".join(f"*{name[:-2]}*({name[-1]})" for name in pages() if name != "swapc.1") + "\n\n"


def generated(commands, text):
    """The page with its generated parts renewed."""

    def part(match):
        what = match.group(1)
        alone = text.count("; generated: ") == 1
        if what == "commands":
            new = commands_part()
        elif what == "pages":
            new = pages_part()
        else:
            new = command_part(commands[what], alone)
        return f"; generated: {what}\n{new}; end\n"

    return re.sub(r"^; generated: (.*)\n(?:.*\n)*?; end\n", part, text, flags=re.M)


def complaints(commands, path, text):
    """Options in the words of a page that no command has, and commands whose page lacks them."""
    known = {row["name"] for command in commands.values() for row in command["options"]} | {"help", "version"}
    for name in sorted(set(re.findall(r"--([a-z][a-z-]*)", text)) - known):
        yield f"{path.name}: no command has an option --{name}"


def main(program, check):
    commands = {c["name"]: c for c in json.loads(output(program, "help", "--json"))["commands"]}
    wanted, faults, seen = {}, [], set()
    for path in MAN.glob("*.scd"):
        seen |= set(re.findall(r"^; generated: (swapc.*)$", path.read_text(), re.M))
    faults += [f"no page has a part for {name}" for name in commands if name not in seen]
    faults += [f"a page has a part for {name}, which is no command" for name in seen if name not in commands]
    for path in sorted(MAN.glob("*.scd")):
        if faults:
            break
        wanted[path] = generated(commands, path.read_text())
        faults += complaints(commands, path, wanted[path])
    for shell, name in SHELLS.items():
        wanted[COMPLETIONS / name] = output(program, "completions", shell)
    for path, text in wanted.items():
        if path.exists() and path.read_text() == text:
            continue
        if check:
            faults.append(f"{path.name} is stale: ninja -C build/dev tables writes it anew")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    sys.exit("\n".join(faults) if faults else 0)


main(sys.argv[1], "--check" in sys.argv[2:])
