"""What the tests share: the bundle that they call, and hosts without a cache."""

from __future__ import annotations

from typing import Any, List

import swapc

ECHO = swapc.shipped("echo")
#: Engines of this build that run the bundle, native code too.
ENGINES: List[str] = [engine.name for engine in swapc.engines() if engine.built]
SANDBOXES: List[str] = [
    engine.name
    for engine in swapc.engines()
    if engine.built and engine.caps & swapc.EngineCaps.SANDBOX
]
#: A call that ought to end by itself is a failure after this; far above what any takes.
LONG_MS = 120_000


def host(**options: Any) -> swapc.Host:
    options.setdefault("engines", ENGINES)
    return swapc.Host(cache="", **options)
