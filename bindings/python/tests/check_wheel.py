"""Builds the wheel without a network into a new environment, and calls from there. Status 77: not here."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CODE = """
import swapc, sys
assert swapc.__file__.startswith(sys.prefix), swapc.__file__
with swapc.Host(cache="") as host, host.load(swapc.shipped("echo")) as module:
    print(module.call("echo", b"from the wheel").decode())
loaded = {line.split()[-1] for line in open("/proc/self/maps") if "libswapc" in line or "libwasmtime" in line}
assert loaded and all(path.startswith(sys.prefix) for path in loaded), loaded
"""


def run(*command, **env):
    # What a sanitizer wants is for the library's user alone.
    keep = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "PYTHONPATH", "SWAPC_LIBRARY", "SWAPC_MODULES")}
    done = subprocess.run(command, env={**keep, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def main():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as missing:
        print(f"skipped: no {missing.name} in this Python (Debian: python3-venv)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        inside = str(Path(folder, "venv", "bin", "python"))
        status, text = run(sys.executable, "-m", "venv", str(Path(folder, "venv")))
        if status != 0:
            print(f"skipped: python3 -m venv does not work here (Debian: python3-venv):\n{text}")
            return 77
        install = [inside, "-m", "pip", "install", "--no-index", "--no-cache-dir", str(HERE)]
        status, text = run(*install, SWAPC_BUILD_DIR=folder)
        assert status != 0 and "./dev build release" in text and "Traceback" not in text, text
        status, text = run(*install, PIP_CONFIG_FILE=os.devnull)
        assert status == 0, text
        status, text = run(inside, "-I", "-c", CODE, LD_PRELOAD=os.environ.get("LD_PRELOAD", ""))
        assert status == 0 and "from the wheel" in text, text
    print("a wheel with the library in it, installed and called")
    return 0


if __name__ == "__main__":
    sys.exit(main())
