"""The README's programs and the example run, and the missing library is said clearly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any, List

HERE = Path(__file__).resolve().parent.parent
TREE = HERE.parent.parent


def python(*args: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *args],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class Docs(unittest.TestCase):
    def blocks(self) -> List[Any]:
        return re.findall(r"^```python\n(.*?)^```", (HERE / "README.md").read_text(), re.M | re.S)

    def shows(self, output: str, *lines: str) -> None:
        for line in lines:
            self.assertRegex(output, re.compile(f"^{line}$", re.M))

    def test_readme(self) -> None:
        swap, call = (python("-c", block) for block in self.blocks())
        self.assertEqual(swap.returncode, 0, swap.stdout)
        self.shows(swap.stdout, "PREPARE .*no module at /no/such/bundle.*", "generation 8 is.*", "0 wrong answers")
        self.assertEqual(call.returncode, 0, call.stdout)
        self.shows(call.stdout, "echo 1.0.0 wasmtime", "b'the host heard you'", "b'not allowed'", "cancelled")
        self.shows(call.stdout, "DEADLINE wasmtime")

    def test_example(self) -> None:
        done = python(str(TREE / "examples" / "hot_swap" / "hot_swap.py"))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.shows(done.stdout, "24 generations gave [0-9]+ answers, 0 wrong")

    def test_missing_library(self) -> None:
        done = python("-c", "import swapc", SWAPC_LIBRARY="/nowhere/libswapc.so.1")
        self.assertEqual(done.returncode, 1)
        self.shows(done.stdout, "ImportError: swapc: cannot load libswapc: /nowhere.*SWAPC_LIBRARY")

    def test_another_library(self) -> None:
        done = python("-c", "import swapc", SWAPC_LIBRARY="libc.so.6")
        self.shows(done.stdout, "ImportError: swapc: cannot load libswapc: .*undefined symbol: swapc_.*")


if __name__ == "__main__":
    unittest.main()
