"""Calls on each engine: answers, errors, deadlines, cancel, limits, handlers, lines."""

from __future__ import annotations

import json
import pickle
import random
import sys
import threading
import time
import unittest
from typing import Any, List, Optional

import swapc
from support import ECHO, ENGINES, LONG_MS, SANDBOXES, host


class Calls(unittest.TestCase):
    def test_echo_on_each_engine(self) -> None:
        draw = random.Random(12)
        with host() as home:
            for engine in ENGINES:
                with self.subTest(engine=engine), home.load(ECHO, engine=engine) as module:
                    self.assertEqual(module.info.engine, engine)
                    for size in (0, 1, 255, 4096, 70_000, *(draw.randrange(9000) for _ in range(20))):
                        payload = draw.getrandbits(8 * size + 1).to_bytes(size + 1, "little")
                        self.assertEqual(module.call("echo", payload), payload)
                    self.assertEqual(module.call("echo"), b"")
                    self.assertEqual(module.call(b"echo", bytearray(b"ab")), b"ab")
                    self.assertEqual(module.call("echo", memoryview(b"abcd")[::2]), b"ac")
                    self.assertEqual(module.call("echo", "grün").decode(), "grün")
                    module.self_test()

    def test_guest_error_on_each_engine(self) -> None:
        with host() as home:
            for engine in ENGINES:
                with self.subTest(engine=engine), home.load(ECHO, engine=engine) as module:
                    with self.assertRaises(swapc.GuestError) as caught:
                        module.call("fail", b"no \x1b[31m\xff")
                    self.assertEqual(caught.exception.status, swapc.Status.GUEST_ERROR)
                    self.assertEqual(caught.exception.body, b"no \x1b[31m\xff")
                    self.assertNotIn("\x1b", str(caught.exception))
                    with self.assertRaises(swapc.GuestError):
                        module.call("no such operation")

    def test_trap_deadline_and_cancel_on_each_sandbox(self) -> None:
        with host() as home:
            for engine in SANDBOXES:
                with self.subTest(engine=engine), home.load(ECHO, engine=engine) as module:
                    with self.assertRaises(swapc.Trap) as trap:
                        module.call("trap")
                    self.assertEqual(trap.exception.engine, engine)
                    self.assertIn("echo", trap.exception.text)
                    with self.assertRaises(swapc.DeadlineExceeded) as late:
                        module.call("loop", deadline_ms=50)
                    self.assertIsInstance(late.exception, TimeoutError)
                    cancel = swapc.Cancel()
                    timer = threading.Timer(0.05, cancel.request)
                    timer.start()
                    with self.assertRaises(swapc.Cancelled):
                        module.call("loop", deadline_ms=LONG_MS, cancel=cancel)
                    timer.join()
                    with self.assertRaises(swapc.Cancelled):
                        module.call("echo", cancel=cancel)
                    self.assertEqual(module.call("echo", b"still"), b"still")

    def test_limits(self) -> None:
        with host(limits=swapc.Limits(memory_max=1 << 21, response_max=1000)) as home:
            for engine in SANDBOXES:
                with self.subTest(engine=engine), home.load(ECHO, engine=engine) as module:
                    self.assertLessEqual(int(module.call("grow")), 32)
                    with self.assertRaises(swapc.LimitError):
                        module.call("echo", bytes(1001))
            with self.assertRaises(swapc.UsageError):
                home.load(ECHO, limits=swapc.Limits(memory_max=1 << 22))
            module = home.load(ECHO, limits=swapc.Limits(memory_max=1 << 21, deadline_ms=50))
            with self.assertRaises(swapc.DeadlineExceeded):
                module.call("loop")

    def test_too_large_an_operation(self) -> None:
        with host() as home, home.load(ECHO) as module:
            with self.assertRaises(swapc.TooLarge):
                module.call("x" * 70_000)

    def test_other_threads_run_during_a_call(self) -> None:
        """Two calls that loop end together, and a thread of Python goes on meanwhile."""
        with host() as home, home.load(ECHO, engine=SANDBOXES[0]) as module:
            ended: List[type] = []
            cancel = swapc.Cancel()

            def loop() -> None:
                try:
                    module.call("loop", deadline_ms=LONG_MS, cancel=cancel)
                except swapc.Error as error:
                    ended.append(type(error))

            threads = [threading.Thread(target=loop) for _ in range(2)]
            for thread in threads:
                thread.start()
            time.sleep(0.05)
            self.assertEqual(ended, [])
            cancel.request()
            for thread in threads:
                thread.join()
            self.assertEqual(ended, [swapc.Cancelled] * 2)

    def test_errors_are_values(self) -> None:
        with host() as home, self.assertRaises(swapc.NotFound) as caught:
            home.load("/no/such/module")
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((type(again), again.status, again.text), (swapc.NotFound, 101, caught.exception.text))
        self.assertIn("/no/such/module", str(again))

    def test_native_only_where_listed(self) -> None:
        with swapc.Host(cache="") as home, self.assertRaises(swapc.NotAllowed):
            home.load(ECHO, engine="native")
        with self.assertRaises(swapc.NoEngine):
            host(engines=["quantum"])

    def test_info_and_bytes(self) -> None:
        with host() as home:
            with home.load(ECHO, engine=SANDBOXES[0]) as module:
                info = module.info
            self.assertEqual((info.name, len(info.digest_hex)), ("echo", 64))
            self.assertIn("fail", info.operations)
            self.assertFalse(info.unoptimised)
            with open(info.path, "rb") as file:
                again = home.load_bytes("mine", file.read(), engine=SANDBOXES[0])
            self.assertEqual((again.info.name, again.info.digest_hex), ("mine", info.digest_hex))
            with self.assertRaises(swapc.CallError) as heavy:
                home.load(ECHO, engine="wasmtime", flavour="wide", limits=swapc.Limits(compile_ms=1))
            self.assertEqual(heavy.exception.status, swapc.Status.LIMIT)
            with self.assertRaises(swapc.LoadError):
                home.load_bytes("junk", b"\0asm junk")


class Handlers(unittest.TestCase):
    def run_with(self, handler: Any, payload: bytes = b"p", user: Any = None) -> bytes:
        with host(on_host_call=handler) as home, home.load(ECHO) as module:
            return module.call("host", payload, user=user)

    def test_answers(self) -> None:
        seen: List[swapc.HostCall] = []

        def handler(call: swapc.HostCall) -> bytes:
            seen.append(call)
            return call.payload[::-1]

        mark = object()
        self.assertEqual(self.run_with(handler, b"abc", mark), b"cba")
        self.assertEqual(seen, [swapc.HostCall("default", "echo", "call", b"abc", mark)])
        self.assertIs(seen[0].user, mark)
        self.assertEqual(self.run_with(lambda call: None), b"")
        self.assertEqual(self.run_with(lambda call: "grün"), "grün".encode())
        self.assertEqual(swapc._calls._users, {})

    def test_exceptions_become_host_errors(self) -> None:
        def refuse(call: swapc.HostCall) -> bytes:
            raise swapc.HostCallError("not allowed")

        def broken(call: swapc.HostCall) -> bytes:
            raise KeyError("a secret of the host")

        for handler, body, cause in (
            (refuse, b"not allowed", swapc.HostCallError),
            (broken, b"the host's handler failed: KeyError", KeyError),
            (lambda call: 7, b"the host's handler failed: TypeError", TypeError),
        ):
            with self.assertRaises(swapc.GuestError) as caught:
                self.run_with(handler)
            self.assertEqual(caught.exception.body, body)
            self.assertIsInstance(caught.exception.__cause__, cause)

        class Mute(swapc.HostCallError):
            def __str__(self) -> str:
                raise RuntimeError

        def mute(call: swapc.HostCall) -> bytes:
            raise Mute

        with self.assertRaises(swapc.GuestError) as caught:
            self.run_with(mute)
        self.assertIsInstance(caught.exception.__cause__, Mute)

        def full(call: swapc.HostCall) -> bytes:
            raise MemoryError

        with self.assertRaises(swapc.OutOfMemory):
            self.run_with(full)

    def test_interrupts_are_raised(self) -> None:
        for kind in (KeyboardInterrupt, SystemExit):

            def handler(call: swapc.HostCall) -> Optional[bytes]:
                raise kind

            with self.assertRaises(kind):
                self.run_with(handler)

    def test_no_handler_is_a_host_error(self) -> None:
        with self.assertRaises(swapc.GuestError):
            self.run_with(None)

    def test_nested_calls_and_remaining_time(self) -> None:
        def handler(call: swapc.HostCall) -> bytes:
            left = swapc.call_remaining_ms()
            self.assertIsNotNone(left)
            if call.payload == b"2":
                return b"bottom of " + call.user.encode()
            return b"over " + module.call("host", b"2", user="inner")

        self.assertIsNone(swapc.call_remaining_ms())
        with host(on_host_call=handler) as home, home.load(ECHO) as module:
            self.assertEqual(module.call("host", b"1", user="outer"), b"over bottom of inner")

    def test_threads_of_small_stacks(self) -> None:
        """The library takes a stack of its own, on which the handler runs, too."""
        answers: List[Any] = []

        def handler(call: swapc.HostCall) -> str:
            return json.dumps([call.payload.decode()] * 3)

        def run() -> None:
            for engine in SANDBOXES:
                with home.load(ECHO, engine=engine) as module:
                    answers.append(json.loads(module.call("host", b"x")))

        with host(on_host_call=handler) as home:
            before = threading.stack_size(256 * 1024)
            try:
                thread = threading.Thread(target=run)
                thread.start()
            finally:
                threading.stack_size(before)
            thread.join()
        self.assertEqual(answers, [["x"] * 3] * len(SANDBOXES))

    def test_nested_failure_is_one_cause_of_the_other(self) -> None:
        def handler(call: swapc.HostCall) -> bytes:
            return module.call("trap")

        with host(on_host_call=handler) as home, home.load(ECHO, engine=SANDBOXES[0]) as module:
            with self.assertRaises(swapc.GuestError) as caught:
                module.call("host", b"1")
            self.assertIsInstance(caught.exception.__cause__, swapc.Trap)

    def test_a_late_handler_is_a_deadline(self) -> None:
        with host(on_host_call=lambda call: time.sleep(0.3)) as home, home.load(ECHO) as module:
            with self.assertRaises(swapc.DeadlineExceeded):
                module.call("host", deadline_ms=50)

    def test_console_and_log(self) -> None:
        lines: List[Any] = []
        logged: List[Any] = []
        with host(
            on_console=lambda *line: lines.append(line), on_log=lambda *line: logged.append(line)
        ) as home, home.load(ECHO) as module, swapc.Slot("s") as slot:
            module.call("log", b"out \xff")
            slot.publish(module)
            slot.call("log", b"in")
            with self.assertRaises(swapc.NotFound):
                slot.swap(home, "/none")
        self.assertEqual(lines, [("echo", 0, b"out \xff"), ("echo", 1, b"in")])
        self.assertIn("refused", logged[-1][2])
        self.assertIsInstance(logged[-1][0], swapc.LogLevel)

    def test_exceptions_of_lines_are_reported(self) -> None:
        def broken(*line: Any) -> None:
            raise ValueError("in a callback")

        seen: List[Any] = []
        before, sys.unraisablehook = sys.unraisablehook, seen.append
        try:
            with host(on_console=broken, on_log=broken) as home, home.load(ECHO) as module:
                module.call("log", b"line")
                with swapc.Slot("s") as slot, self.assertRaises(swapc.NotFound):
                    slot.swap(home, "/none")
        finally:
            sys.unraisablehook = before
        self.assertGreaterEqual(len(seen), 2)
        self.assertEqual({type(each.exc_value) for each in seen}, {ValueError})


if __name__ == "__main__":
    unittest.main()
