#!/usr/bin/env python3
"""hot_swap.py - replaces a module while threads call it, and loses no call: hot_swap.c in Python.

    hot_swap.py [BUNDLE]     the echo bundle, on each sandbox of the build in turn

Needs the package of bindings/python: pip install ./bindings/python
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from typing import Counter as Count

import swapc

CALLERS, GENERATIONS = 4, 24


class Caller(threading.Thread):
    """Pins the current generation for each call, and counts the answers by generation."""

    def __init__(self, slot: swapc.Slot) -> None:
        super().__init__()
        self.slot, self.stop, self.wrong = slot, False, 0
        self.answers: Count[int] = Counter()

    def run(self) -> None:
        number = 0
        while not self.stop:
            number += 1
            payload = f"{self.name} {number}".encode()
            try:
                with self.slot.pin() as pin:
                    right = pin.call("echo", payload) == payload
                    self.answers[pin.generation] += right
            except swapc.Error as error:
                print(f"hot_swap: {error}", file=sys.stderr)
                right = False
            self.wrong += not right


def load_all(host: swapc.Host, bundle: str) -> list[swapc.Module]:
    """The bundle on every sandbox that runs it. Native code runs only in a host that lists its engine."""
    sandboxes = [e.name for e in swapc.engines() if e.built and e.caps & swapc.EngineCaps.SANDBOX]
    return [host.load(bundle, engine=name) for name in sandboxes]


def main() -> int:
    bundle = sys.argv[1] if len(sys.argv) > 1 else str(swapc.shipped("echo"))
    with swapc.Host() as host, swapc.Slot("echo") as slot:
        modules = load_all(host, bundle)
        slot.publish(modules[0])
        callers = [Caller(slot) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            for i in range(1, GENERATIONS + 1):
                # Each generation answers before the next is published.
                while not any(caller.answers[i] or caller.wrong for caller in callers):
                    threading.Event().wait(0.0005)
                if i < GENERATIONS:
                    slot.publish(modules[i % len(modules)])
        finally:
            for caller in callers:
                caller.stop = True
            for caller in callers:
                caller.join()
        assert slot.drain(), "every call has left the old modules"
        answers = sum((caller.answers for caller in callers), Counter())
        wrong = sum(caller.wrong for caller in callers)
        for i in range(1, GENERATIONS + 1):
            engine = modules[(i - 1) % len(modules)].info.engine
            print(f"generation {i:2} on {engine:8} {answers[i]:8} answers")
    total = sum(answers.values())
    print(f"{len(+answers)} generations gave {total} answers, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
