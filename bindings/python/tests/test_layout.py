"""A C compiler holds swapc/_abi.py against the headers: structs, enumerators, prototypes, defaults."""

from __future__ import annotations

import ctypes
import enum
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Dict, List, Tuple, Type

import swapc
from swapc import _abi
from swapc._errors import _CLASSES, error_class

INCLUDE = Path(os.environ["SWAPC_INCLUDE"])
ENUMS: Dict[str, Tuple[Type[enum.IntEnum], str]] = {
    "SWAPC_LOG_": (swapc.LogLevel, "log.h"),
    "SWAPC_SWAP_": (swapc.SwapStage, "slot.h"),
    "SWAPC_SELF_TEST_": (swapc.SelfTest, "slot.h"),
    "SWAPC_CAP_": (swapc.EngineCaps, "host.h"),
}


def run_c(body: str, declarations: str = "") -> str:
    text = f"#include <stdio.h>\n#include <swapc/swapc.h>\n{declarations}\nint main(void) {{\n{body}\n}}\n"
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "t.c"), Path(folder, "t")
        source.write_text(text)
        command = [os.environ.get("CC", "cc"), "-std=c11", "-Werror=incompatible-pointer-types"]
        done = subprocess.run(
            [*command, f"-I{INCLUDE}", "-o", str(program), str(source)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            raise AssertionError(done.stdout)
        # The libraries that a sanitizer wants are Python's, not this program's.
        env = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        return subprocess.run([str(program)], stdout=subprocess.PIPE, text=True, check=True, env=env).stdout


def struct_fields(struct: type) -> List[Tuple[str, int, int]]:
    """Name, offset and size of each field, those of anonymous unions too. Size 0: it may grow."""
    found = []
    for name, kind, *_ in struct._fields_:  # type: ignore[attr-defined]
        if name in getattr(struct, "_anonymous_", ()):
            base = getattr(struct, name).offset
            found += [(n, base + offset, size) for n, offset, size in struct_fields(kind)]
        else:
            place = getattr(struct, name)
            grows = isinstance(kind, type) and issubclass(kind, ctypes.Structure) and sized(kind)
            found.append((name, place.offset, 0 if grows else place.size))
    return found


def sized(struct: type) -> bool:
    """Whether the struct begins with its size: then later versions append fields, and ours is a beginning."""
    return struct._fields_[0][0] == "size"  # type: ignore[attr-defined,no-any-return]


class Layout(unittest.TestCase):
    def test_structs(self) -> None:
        body, expected = [], []
        for name, struct in _abi.STRUCTS.items():
            relation = ">=" if sized(struct) else "=="
            body.append(f'printf("{name} %d\\n", sizeof({name}) {relation} {ctypes.sizeof(struct)}u);')
            expected.append(f"{name} 1")
            for field, offset, size in struct_fields(struct):
                taken = f"sizeof((({name} *)0)->{field})" if size else "(size_t)0"
                body.append(f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), {taken});')
                expected.append(f"{name}.{field} {offset} {size}")
        self.assertEqual(run_c("\n".join(body)).splitlines(), expected)

    def test_no_field_of_the_headers_is_missing_among_ours(self) -> None:
        """Padding could hide one from sizeof, and from offsets."""
        text = "".join(path.read_text() for path in sorted(INCLUDE.glob("swapc/*.h")))
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        for name, struct in _abi.STRUCTS.items():
            found = re.search(r"struct %s \{(.*?)\n\} ?(%s)?;" % (name, name), text, re.S)
            assert found, name
            lines = [line for line in found.group(1).split(";") if line.strip(" \n}")]
            names = [re.findall(r"\w+", re.sub(r"\[.*?\]", "", line))[-1] for line in lines]
            ours = [field for field, _, _ in struct_fields(struct)]
            self.assertEqual(names[: len(ours)] if sized(struct) else names, ours, name)

    def test_prototypes_and_callbacks(self) -> None:
        """A declaration that differs from the header's does not compile."""
        typedefs = "".join(f"typedef {line}\n" for line in _abi.CALLBACKS.strip().splitlines())
        run_c("return 0;", _abi.PROTOTYPES + typedefs)
        with self.assertRaises(AssertionError):
            run_c("return 0;", _abi.PROTOTYPES.replace("uint64_t, uint32_t", "uint32_t, uint32_t"))

    def test_statuses(self) -> None:
        out = run_c(
            "#define ROW(name, code, text) printf(#name \" %d\\n\", SWAPC_##name);\nSWAPC_STATUS_MAP(ROW)"
        )
        self.assertEqual(out.splitlines(), [f"{s.name} {s.value}" for s in swapc.Status])

    def test_enumerators(self) -> None:
        for prefix, (kind, header) in ENUMS.items():
            text = (INCLUDE / "swapc" / header).read_text()
            known = [m.name for m in kind.__members__.values()]
            shown = {n for n in re.findall(r"^    %s(\w+)" % prefix, text, re.M)}
            self.assertEqual(shown, set(known), prefix)
            out = run_c("\n".join(f'printf("%d\\n", (int){prefix}{name});' for name in known))
            self.assertEqual([int(n) for n in out.split()], [kind[name].value for name in known])

    def test_default_limits(self) -> None:
        names = [field for field, _, _ in struct_fields(_abi.CLimits)[1:]]
        out = run_c(
            "swapc_limits l = SWAPC_LIMITS_INIT;\n"
            + "\n".join(f'printf("%llu\\n", (unsigned long long)l.{name});' for name in names)
        )
        limits = swapc.Limits()._c()
        self.assertEqual([int(n) for n in out.split()], [getattr(limits, name) for name in names])

    def test_each_status_has_a_class_of_its_range(self) -> None:
        ranges = {1: swapc.UsageError, 2: swapc.LoadError, 3: swapc.CallError, 4: swapc.SystemFailure}
        for status in swapc.Status:
            if status != swapc.Status.OK:
                self.assertTrue(issubclass(error_class(status), ranges[status // 100]), status.name)
        for number, kind in ((199, swapc.UsageError), (399, swapc.CallError), (777, swapc.Error)):
            self.assertIs(type(error_class(number)("x", number)), kind)
        self.assertEqual(len({s for s in _CLASSES}), len(_CLASSES))


if __name__ == "__main__":
    unittest.main()
