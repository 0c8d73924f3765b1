"""mypy --strict over the package and the example, where mypy is: of this Python, or of ./dev setup --validators. Status
77: it is not."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
FILES = [HERE / "src" / "swapc", HERE.parent.parent / "examples" / "hot_swap" / "hot_swap.py"]

OURS = HERE.parent.parent / "build" / "deps" / "validators" / "tools" / "mypy"

if importlib.util.find_spec("mypy"):
    mypy = [sys.executable, "-m", "mypy"]
elif OURS.exists():
    mypy = [str(OURS)]
else:
    print("skipped: no mypy in this Python (./dev setup --validators, or pip install mypy)")
    sys.exit(77)
os.environ.pop("LD_PRELOAD", None)  # sanitizers, of the library that nobody loads here
with tempfile.TemporaryDirectory() as cache:
    sys.exit(subprocess.run([*mypy, "--strict", "--cache-dir", cache, *map(str, FILES)]).returncode)
