"""mypy --strict over the package and the example, where mypy is. Status 77: it is not."""

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
FILES = [HERE / "src" / "swapc", HERE.parent.parent / "examples" / "hot_swap" / "hot_swap.py"]

if importlib.util.find_spec("mypy") is None:
    print("skipped: no mypy in this Python (pip install mypy)")
    sys.exit(77)
with tempfile.TemporaryDirectory() as cache:
    sys.exit(subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache, *map(str, FILES)]).returncode)
