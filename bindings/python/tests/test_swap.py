"""Slots: publish, pin, rollback, drain, swap, contracts, and all of it under threads."""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import unittest
from pathlib import Path
from typing import List

import swapc
from support import ECHO, SANDBOXES, host

CONTRACT = """
name = "echoes"
operations = ["echo"]
[[self_test]]
operation = "echo"
request_text = "a"
response_text = "{}"
"""


class Slots(unittest.TestCase):
    def test_generations(self) -> None:
        with host() as home, swapc.Slot("s") as slot:
            self.assertEqual((slot.name, slot.generation), ("s", 0))
            with self.assertRaises(swapc.Empty) as empty:
                slot.pin()
            self.assertIn("'s'", empty.exception.text)
            first, second = (home.load(ECHO, engine=name) for name in (SANDBOXES[0], SANDBOXES[-1]))
            self.assertEqual(slot.publish(first), 1)
            with self.assertRaises(swapc.Empty):
                slot.rollback()
            old = slot.pin()
            self.assertEqual(slot.publish(second), 2)
            self.assertEqual((old.generation, old.info.engine), (1, SANDBOXES[0]))
            self.assertEqual(old.call("echo", b"old"), b"old")
            self.assertFalse(slot.drain())
            self.assertFalse(slot.drain(2, timeout_ms=20))
            old.close()
            self.assertTrue(slot.drain(2, timeout_ms=60_000))
            self.assertEqual(slot.rollback(), 3)
            with slot.pin() as pin:
                self.assertEqual(pin.info.engine, SANDBOXES[0])
            with self.assertRaises(swapc.UsageError):
                slot.drain(99)

    def test_publish_pin_and_ensure_pin(self) -> None:
        with host() as home, swapc.Slot("s") as slot, home.load(ECHO) as module:
            with slot.ensure_pin(module) as pin:
                self.assertEqual((pin.generation, pin.published), (1, True))
            with slot.ensure_pin(module) as pin:
                self.assertEqual((pin.generation, pin.published), (1, False))
            with slot.publish_pin(module) as pin:
                self.assertEqual((pin.generation, pin.published), (2, True))

    def test_swap_and_its_refusals(self) -> None:
        with host() as home, swapc.Slot("s") as slot, tempfile.TemporaryDirectory() as folder:
            report = slot.swap(home, ECHO, self_test=swapc.SelfTest.REQUIRED)
            self.assertEqual((report.stage, report.generation), (swapc.SwapStage.PUBLISH, 1))
            self.assertGreater(report.self_tests, 0)
            with self.assertRaises(swapc.NotFound) as none:
                slot.swap(home, "/no/such/bundle")
            self.assertEqual(none.exception.stage, swapc.SwapStage.PREPARE)
            broken = Path(folder, "broken.wasm")
            broken.write_bytes(b"\0asm\1\0\0\0junk")
            with self.assertRaises(swapc.LoadError) as bad:
                slot.swap(home, broken)
            self.assertEqual(bad.exception.stage, swapc.SwapStage.CHECK)
            wrong = Path(shutil.copytree(ECHO, Path(folder, "wrong")), "module.toml")
            wrong.write_text(wrong.read_text().replace('response = "00ff80"', 'response = "01"'))
            with self.assertRaises(swapc.SelfTestError) as failed:
                slot.swap(home, wrong.parent)
            self.assertEqual(failed.exception.stage, swapc.SwapStage.SELF_TEST)
            self.assertEqual(slot.generation, 1)
            self.assertEqual(slot.call("echo", b"as before"), b"as before")

    def test_contract(self) -> None:
        with host() as home, home.load(ECHO) as module:
            with swapc.Contract(CONTRACT.format("a")) as right:
                self.assertEqual((right.name, right.operations, right.vectors), ("echoes", ("echo",), 1))
                self.assertEqual(right.optional, ())
                slot = swapc.Slot("s", right)
            many = CONTRACT.format("a") + '[[self_test]]\noperation = "many"\nresponse = ""\n'
            with swapc.Contract('optional = ["many"]\n' + many) as maybe:
                self.assertEqual((maybe.operations, maybe.optional, maybe.vectors), (("echo",), ("many",), 2))
                maybe.check(module)
            with self.assertRaises(swapc.ContractError):
                slot.publish(module)
            slot.admit(module)
            self.assertEqual(slot.publish(module), 1)
            with swapc.Contract(CONTRACT.format("b")) as wrong:
                with self.assertRaises(swapc.ContractError):
                    wrong.check(module)
                with swapc.Slot("t", wrong) as other, self.assertRaises(swapc.ContractError) as caught:
                    other.swap(home, ECHO)
                self.assertEqual(caught.exception.stage, swapc.SwapStage.SELF_TEST)
            slot.close()
            with self.assertRaises(swapc.LoadError):
                swapc.Contract("[[nonsense")

    def test_trust(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(swapc.NotFound):
                swapc.Trust(folder)
            key = Path(folder, "a.pub")
            key.write_text("untrusted comment: no key\nnonsense\n")
            with self.assertRaises(swapc.SignatureError):
                swapc.Trust(folder)

    def test_hot_swap_under_four_threads(self) -> None:
        draw = random.Random(4)
        wrong: List[object] = []
        answers = [0] * 4
        done = threading.Event()

        def caller(index: int) -> None:
            while not done.is_set():
                payload = b"%d %d" % (index, answers[index])
                try:
                    if slot.call("echo", payload) != payload:
                        wrong.append(payload)
                except BaseException as failure:
                    wrong.append(failure)
                    return
                answers[index] += 1

        with host() as home, swapc.Slot("s") as slot:
            modules = [home.load(ECHO, engine=name) for name in SANDBOXES]
            slot.publish(modules[0])
            threads = [threading.Thread(target=caller, args=(i,)) for i in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(150):
                act = draw.randrange(10)
                if act == 0:
                    slot.swap(home, ECHO, engine=draw.choice(SANDBOXES))
                elif act == 1 and slot.generation > 1:
                    slot.rollback()
                elif act == 2:
                    self.assertTrue(slot.drain(timeout_ms=60_000))
                else:
                    slot.publish(draw.choice(modules))
                seen = sum(answers)  # each step is seen by calls
                while sum(answers) < seen + 4 and not wrong:
                    done.wait(0.001)
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])
        self.assertTrue(all(answers), answers)


if __name__ == "__main__":
    unittest.main()
