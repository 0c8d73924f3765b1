"""Builds the wheel: the package, and the library that the tree was built with.

A PEP 517 back end of its own, since a wheel of ctypes code is a zip file and needs neither setuptools nor
a network; setuptools would mark it as pure, or as made for one CPython. The library is installed from the
build folder into a temporary one by CMake, which makes it independent of where it was built; what it needs
beside the C library is laid beside it.
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
TREE = HERE.parent.parent
SONAME = "libswapc.so.1"
# Of the system that the wheel's platform tag stands for.
SYSTEM = re.compile(r"(ld-linux|lib(c|m|dl|rt|pthread|gcc_s)\.)")


class BuildError(SystemExit):
    """What pip shows of it is the sentence."""


def _config(settings, name, default):
    value = (settings or {}).get(name) or os.environ.get(f"SWAPC_{name.upper().replace('-', '_')}")
    return Path(value).resolve() if value else default


def _version():
    try:
        text = (TREE / "CMakeLists.txt").read_text()
    except OSError:
        raise BuildError(
            f"swapc: {HERE} is not in swapc's tree: run pip install ./bindings/python there (pip older than "
            "21.3 copies the folder away from its tree: pip install --upgrade pip)"
        ) from None
    return re.search(r"project\(swapc VERSION ([0-9.]+)", text).group(1)


def _install(settings, folder):
    build = _config(settings, "build-dir", TREE / "build" / "release")
    if not (build / "lib" / SONAME).exists():
        raise BuildError(
            f"swapc: no {SONAME} in {build / 'lib'}: build it with ./dev build release, or name another "
            "build folder in SWAPC_BUILD_DIR"
        )
    command = ["cmake", "--install", str(build), "--prefix", str(folder), "--component", "runtime"]
    env = {name: value for name, value in os.environ.items() if name != "DESTDIR"}
    try:
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        raise BuildError("swapc: cmake is not on the PATH, and installs the library") from None
    if done.returncode != 0:
        raise BuildError(f"swapc: {' '.join(command)} failed; is the build complete?\n{done.stdout}")


def _needed(library):
    """The files beside the C library that a library needs, as the loader finds them."""
    listing = subprocess.run(["ldd", str(library)], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in listing.splitlines():
        found = re.match(r"\s*(\S+) => (.+?)(?: \(0x[0-9a-f]+\))?$", line)
        if not found or SYSTEM.match(found.group(1)):
            continue
        if found.group(2) == "not found":
            raise BuildError(f"swapc: {library.name} needs {found.group(1)}, which is not there: install it")
        if not re.match(r"lib[at]san", found.group(1)):
            yield found.group(1), Path(found.group(2))


def _contents(folder):
    """Pairs of the name in the wheel and the file."""
    for path in sorted((HERE / "src" / "swapc").rglob("*")):
        if path.is_file() and path.suffix in {".py", ".typed"}:
            yield path.relative_to(HERE / "src").as_posix(), path
    library = next(folder.rglob(SONAME))
    yield f"swapc/lib/{SONAME}", library
    # $ORIGIN/swapc is where the installed library looks.
    for name, path in _needed(library):
        yield f"swapc/lib/swapc/{name}", path
    echo = folder / "share" / "swapc" / "modules" / "echo"
    for path in sorted(echo.iterdir()):
        yield f"swapc/modules/echo/{path.name}", path


def _metadata(version):
    lines = [
        "Metadata-Version: 2.1",
        "Name: swapc",
        f"Version: {version}",
        "Summary: Hot-swappable WebAssembly modules behind waPC: libswapc for Python",
        "License: Apache-2.0",
        "Requires-Python: >=3.9",
        "Classifier: Operating System :: POSIX :: Linux",
        "Classifier: Typing :: Typed",
        "Description-Content-Type: text/markdown",
        "",
        (HERE / "README.md").read_text(encoding="utf-8"),
    ]
    return "\n".join(lines)


def _tag():
    return "py3-none-" + re.sub(r"[-.]", "_", sysconfig.get_platform())


class _Wheel:
    """A zip file with a RECORD of what is in it."""

    def __init__(self, path):
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._record = []

    def add(self, name, data, mode=0o644):
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = (0o100000 | mode) << 16
        self._zip.writestr(info, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self._record.append(f"{name},sha256={digest},{len(data)}")

    def close(self, info):
        self._record.append(f"{info}/RECORD,,")
        self._zip.writestr(f"{info}/RECORD", "\n".join(self._record) + "\n")
        self._zip.close()


def _describe(version):
    """What the wheel says of itself, by file name."""
    tag = f"Wheel-Version: 1.0\nGenerator: swapc\nRoot-Is-Purelib: false\nTag: {_tag()}\n"
    return {"METADATA": _metadata(version), "WHEEL": tag}


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    version = _version()
    info = Path(metadata_directory) / f"swapc-{version}.dist-info"
    info.mkdir()
    for name, text in _describe(version).items():
        (info / name).write_text(text, encoding="utf-8")
    return info.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    version = _version()
    info = f"swapc-{version}.dist-info"
    name = f"swapc-{version}-{_tag()}.whl"
    folder = Path(tempfile.mkdtemp(prefix="swapc-wheel-"))
    try:
        _install(config_settings, folder)
        wheel = _Wheel(Path(wheel_directory) / name)
        for inside, path in _contents(folder):
            wheel.add(inside, path.read_bytes(), 0o755 if ".so" in path.name else 0o644)
        for inside, text in _describe(version).items():
            wheel.add(f"{info}/{inside}", text.encode())
        for text in ("LICENSE", "THIRD-PARTY.md"):
            wheel.add(f"{info}/licenses/{text}", (TREE / text).read_bytes())
        wheel.close(info)
    finally:
        shutil.rmtree(folder)
    return name


def build_sdist(sdist_directory, config_settings=None):
    raise BuildError("swapc: there is no source distribution of the package alone: build a wheel in swapc's tree")
