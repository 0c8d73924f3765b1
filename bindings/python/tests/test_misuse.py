"""Misuse raises: what is closed, in whatever order, on any thread, in callbacks, after a fork."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
import threading
import unittest
from typing import Any, List

import swapc
from support import ECHO, SANDBOXES, host


class Closing(unittest.TestCase):
    def test_everything_after_close_raises(self) -> None:
        home, slot = host(), swapc.Slot("s")
        module = home.load(ECHO)
        slot.publish(module)
        pin = slot.pin()
        contract = swapc.Contract('[[self_test]]\noperation = "echo"\nresponse = ""\n')
        for handle in (pin, slot, module, home, contract):
            handle.close()
            handle.close()
            self.assertTrue(handle.closed)
            with self.assertRaises(swapc.Closed):
                handle.__enter__()
        for act in (
            lambda: home.load(ECHO),
            lambda: home.load_bytes("x", b""),
            lambda: module.call("echo"),
            module.self_test,
            lambda: slot.publish(module),
            lambda: slot.generation,
            slot.pin,
            slot.rollback,
            slot.drain,
            lambda: slot.call("echo"),
            lambda: slot.swap(home, ECHO),
            lambda: slot.ensure_pin(module),
            lambda: pin.call("echo"),
            lambda: pin.info,
            lambda: contract.check(module),
        ):
            with self.assertRaises(swapc.Closed) as caught:
                act()
            self.assertIn("closed", caught.exception.text)
        self.assertEqual(module.info.name, "echo")

    def test_any_order(self) -> None:
        """Host first, pin last: what is still held serves, and goes with the last of them."""
        home, slot = host(), swapc.Slot("s")
        module = home.load(ECHO)
        slot.publish(module)
        pin = slot.pin()
        home.close()
        module.close()
        slot.close()
        self.assertEqual(pin.call("echo", b"still"), b"still")
        self.assertIsNotNone(home._pointer)
        pin.close()
        self.assertIsNone(home._pointer)

    def test_nothing_is_closed_by_hand(self) -> None:
        for _ in range(5):
            home, slot = host(on_log=lambda *line: None), swapc.Slot("s")
            slot.publish(home.load(ECHO, engine=SANDBOXES[-1]))
            pin = slot.pin()
            del home, slot
            gc.collect()
            self.assertEqual(pin.call("echo", b"x"), b"x")

    def test_closing_in_a_callback_of_the_call(self) -> None:
        def handler(call: swapc.HostCall) -> bytes:
            for handle in (module, slot, home):
                handle.close()
            with self.assertRaises(swapc.Closed):
                module.call("echo")
            return b"done"

        home, slot = host(on_host_call=handler), swapc.Slot("s")
        module = home.load(ECHO)
        slot.publish(module)
        self.assertEqual(module.call("host"), b"done")
        self.assertIsNone(home._pointer)

    def test_a_signal_handler_that_raises_in_a_call(self) -> None:
        """It is seen when the call has returned, and nothing is left in use."""

        class Alarm(BaseException):
            pass

        def ring(*unused: Any) -> None:
            raise Alarm

        before = signal.signal(signal.SIGALRM, ring)
        try:
            with host() as home:
                module = home.load(ECHO, engine=SANDBOXES[0])
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                with self.assertRaises(Alarm):
                    module.call("loop", deadline_ms=300)
                self.assertEqual(module.call("echo", b"still"), b"still")
                module.close()
            self.assertIsNone(home._pointer)
        finally:
            signal.signal(signal.SIGALRM, before)

    def test_closing_under_calls_of_others(self) -> None:
        for _ in range(10):
            home = host()
            module = home.load(ECHO, engine=SANDBOXES[-1])
            other: List[Any] = []

            def caller() -> None:
                try:
                    while True:
                        if module.call("echo", b"x") != b"x":
                            other.append("a wrong answer")
                except swapc.Closed:
                    pass
                except BaseException as failure:
                    other.append(failure)

            threads = [threading.Thread(target=caller) for _ in range(3)]
            for thread in threads:
                thread.start()
            home.close()
            module.close()
            for thread in threads:
                thread.join()
            self.assertEqual(other, [])
            self.assertIsNone(home._pointer)

    def test_random_orders(self) -> None:
        """Seeded: whatever is done in whatever order answers or raises an Error."""
        for seed in range(30):
            draw = random.Random(seed)
            home = host()
            slots: List[Any] = [swapc.Slot("a"), swapc.Slot("b")]
            modules: List[Any] = [home.load(ECHO, engine=SANDBOXES[-1])]
            pins: List[Any] = []
            acts = {
                "load": lambda: modules.append(home.load(ECHO, engine=SANDBOXES[-1])),
                "publish": lambda: draw.choice(slots).publish(draw.choice(modules)),
                "pin": lambda: pins.append(draw.choice(slots).pin()),
                "ensure": lambda: pins.append(draw.choice(slots).ensure_pin(draw.choice(modules))),
                "call": lambda: draw.choice(modules + pins + slots).call("echo", b"x"),
                "rollback": lambda: draw.choice(slots).rollback(),
                "close": lambda: draw.choice(modules + pins + slots + [home] * (seed % 2)).close(),
                "forget": lambda: (pins or [0]).pop(),
            }
            for _ in range(60):
                try:
                    acts[draw.choice(sorted(acts))]()
                except (swapc.Closed, swapc.Empty):
                    pass


class Arguments(unittest.TestCase):
    def test_what_c_would_cut_is_refused(self) -> None:
        with host() as home, home.load(ECHO) as module, swapc.Slot("s") as slot:
            slot.publish(module)
            for kind, act in (
                (TypeError, lambda: module.call(7)),  # type: ignore[arg-type]
                (TypeError, lambda: module.call("echo", 7)),  # type: ignore[arg-type]
                (TypeError, lambda: module.call("echo", None)),  # type: ignore[arg-type]
                (ValueError, lambda: module.call("echo", deadline_ms=-1)),
                (ValueError, lambda: module.call("echo", deadline_ms=1 << 32)),
                (TypeError, lambda: module.call("echo", deadline_ms=0.5)),  # type: ignore[arg-type]
                (ValueError, lambda: home.load("a\0b")),
                (ValueError, lambda: swapc.Slot("a\0b")),
                (ValueError, lambda: home.load(ECHO, engine="wasm3\0")),
                (ValueError, lambda: slot.drain(-1)),
                (ValueError, lambda: slot.drain(1, timeout_ms=1 << 32)),
                (ValueError, lambda: host(limits=swapc.Limits(memory_max=1 << 64))),
                (TypeError, lambda: host(engines="native")),
                (ValueError, lambda: slot.swap(home, ECHO, self_test=9)),  # type: ignore[arg-type]
            ):
                with self.assertRaises(kind):
                    act()
            self.assertEqual(module.call("echo", b"fine"), b"fine")

    def test_handles_of_another_kind_are_refused(self) -> None:
        with host() as home, home.load(ECHO) as module, swapc.Slot("s") as slot:
            wrong: Any
            for wrong in (None, home, slot, "module", 7, object()):
                for act in (
                    lambda: slot.publish(wrong),
                    lambda: slot.admit(wrong),
                    lambda: slot.publish_pin(wrong),
                    lambda: slot.ensure_pin(wrong),
                ):
                    with self.assertRaisesRegex(TypeError, "module must be a swapc.Module"):
                        act()
            for wrong in (module, slot, "x", 7):
                for name in ("limits", "trust", "on_host_call", "on_log", "on_console"):
                    with self.assertRaisesRegex(TypeError, name):
                        host(**{name: wrong})
                for act in (
                    lambda: slot.swap(wrong, ECHO),
                    lambda: swapc.Slot("t", wrong),
                    lambda: module.call("echo", cancel=wrong),
                    lambda: home.load(ECHO, limits=wrong),
                ):
                    with self.assertRaises(TypeError):
                        act()

    def test_handles_are_not_copied(self) -> None:
        with host() as home, home.load(ECHO) as module, swapc.Slot("s") as slot:
            slot.publish(module)
            with slot.pin() as pin:
                for handle in (home, module, slot, pin):
                    for act in (copy.copy, copy.deepcopy, pickle.dumps):
                        with self.assertRaises(TypeError):
                            act(handle)

    def test_the_interpreter_ends_with_all_open_and_threads_calling(self) -> None:
        program = """
            import threading, swapc
            host = swapc.Host(on_host_call=lambda call: b"", on_log=print, on_console=lambda *line: None, cache="")
            module, slot = host.load(swapc.shipped("echo")), swapc.Slot("s")
            slot.publish(module)
            pin = slot.pin()
            begun = threading.Semaphore(0)
            def run():
                begun.release()
                while True:
                    slot.call("host"), slot.call("log")
            for _ in range(2):
                threading.Thread(target=run, daemon=True).start()
                begun.acquire()
            print("the end")
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual((done.returncode, done.stdout), (0, "the end\n"))

    def test_a_fork_has_no_handles(self) -> None:
        with host() as home, home.load(ECHO) as module:
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    module.call("echo")
                except swapc.Closed as error:
                    status = 0 if "fork" in error.text else 2
                module.close()
                home.close()
                os._exit(status)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
            self.assertEqual(module.call("echo", b"here"), b"here")


if __name__ == "__main__":
    unittest.main()
