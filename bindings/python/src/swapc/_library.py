"""Finds and loads libswapc, once."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any, List

from . import _abi

SONAME = "libswapc.so.1"
_HERE = Path(__file__).resolve().parent


def _candidates() -> List[str]:
    named = os.environ.get("SWAPC_LIBRARY")
    if named:
        return [named]
    carried = _HERE / "lib" / SONAME
    return [str(carried)] if carried.exists() else [SONAME]


def _load() -> Any:
    if not sys.platform.startswith("linux"):
        raise ImportError(f"swapc: libswapc runs on Linux, and this is {sys.platform}")
    path = _candidates()[0]
    try:
        library = ctypes.CDLL(path)
        _abi.bind(library)
    except (OSError, AttributeError) as reason:
        raise ImportError(
            f"swapc: cannot load libswapc: {reason}. Install the package with the library in it "
            "(in swapc's tree: ./dev build release, then pip install ./bindings/python), or name the "
            f"library's file ({SONAME}, of swapc 0.2 or later) in SWAPC_LIBRARY"
        ) from reason
    return library


lib = _load()


def version() -> str:
    """The version of the library that is loaded, ``"0.2.0"``."""
    text: bytes = lib.swapc_version()
    return text.decode()


def shipped(name: str) -> Path:
    """The folder of a bundle that came with swapc: the package carries ``echo``; ``$SWAPC_MODULES``
    names a folder with others. Raises FileNotFoundError."""
    folders = [_HERE / "modules"]
    if os.environ.get("SWAPC_MODULES"):
        folders.insert(0, Path(os.environ["SWAPC_MODULES"]))
    for folder in folders:
        if (folder / name / "module.toml").is_file():
            return folder / name
    places = " or ".join(str(folder) for folder in folders)
    raise FileNotFoundError(f"no bundle {name!r} in {places}; SWAPC_MODULES names another folder")
