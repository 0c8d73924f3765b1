"""Ctrl-C and SIGTERM: seen where nothing is half done, such as a process that was started and is in no list
yet. The second one is seen at once."""
import signal

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """By a signal."""


class Flag:
    asked = False


def on_signal(number, frame):
    if Flag.asked:
        raise Interrupted
    Flag.asked = True


def listen():
    for number in NUMBERS:
        signal.signal(number, on_signal)


def ignore():
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def check():
    """To be called in every wait."""
    if Flag.asked:
        raise Interrupted
