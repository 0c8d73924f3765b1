"""The books of a chaos run, kept apart from the pipeline: which messages were added, as their producer was
told, as a tail on the stream sees them and as Redis counts them, and which verdicts are in the stream of
verdicts."""
import collections
import threading

PAGE = 5000


class Ledger:
    def __init__(self, prefix):
        self.messages = prefix + ":messages"
        self.verdicts = prefix + ":verdicts"
        self.lock = threading.Lock()
        self.ids = set()  # of messages that are known to have been there
        self.last = b"0-0"  # where the tail is

    def added(self, ids):
        with self.lock:
            self.ids.update(ids)

    def tail(self, redis):
        """Messages of other producers, as far as they are still there."""
        reply = redis.call("XREAD", "COUNT", PAGE, "BLOCK", 200, "STREAMS", self.messages, self.last)
        for _, entries in reply or []:
            self.added([entry[0] for entry in entries])
            self.last = entries[-1][0]

    def added_in_all(self, redis):
        """As Redis counts them: also those of a generator that was killed, and those whose producer never
        got the answer. (From Redis 7 on; before, the messages that are known.)"""
        info = redis.call("XINFO", "STREAM", self.messages)
        return dict(zip(info[::2], info[1::2])).get(b"entries-added", len(self.ids))

    def read_verdicts(self, redis):
        """Yields (id of the message, status, reason) of each verdict."""
        start = b"-"
        while True:
            page = redis.call("XRANGE", self.verdicts, start, "+", "COUNT", PAGE)
            for _, fields in page:
                row = dict(zip(fields[::2], fields[1::2]))
                yield row.get(b"id"), row.get(b"status"), row.get(b"reason", b"")
            if len(page) < PAGE:
                return
            start = b"(" + page[-1][0]

    def close(self, redis):
        """What came of it: {"generated", "verdicts", "lost", "duplicates", "wrong"}, the reasons of what is
        wrong, counted, and ids of what is lost. Every message of a run is right, so any status but Valid is
        wrong, and so are verdicts on more messages than were added."""
        count = collections.Counter()
        reasons = collections.Counter()
        generated = self.added_in_all(redis)
        for message, status, reason in self.read_verdicts(redis):
            count[message] += 1
            if status != b"Valid":
                reasons[b" ".join([status or b"none", reason]).decode(errors="replace")] += 1
        if len(count) > generated:
            reasons["on messages that nobody added"] = len(count) - generated
        lost = sorted(self.ids - count.keys())
        result = {
            "generated": generated,
            "verdicts": sum(count.values()),
            "lost": max(len(lost), generated - len(count)),
            "duplicates": sum(n - 1 for n in count.values()),
            "wrong": sum(reasons.values()),
        }
        return result, reasons, lost
