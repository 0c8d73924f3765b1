"""The books of a chaos run, kept apart from the pipeline: which messages were added, as their producer was
told, as a tail on the stream sees them and as Redis counts them; which of them a flush or a deletion took
away; and which verdicts are in the stream of verdicts."""
import collections
import threading

PAGE = 5000


def as_map(reply):
    """{} for an error answer."""
    return dict(zip(reply[::2], reply[1::2])) if isinstance(reply, list) else {}


class Ledger:
    def __init__(self, prefix):
        self.messages = prefix + ":messages"
        self.verdicts = prefix + ":verdicts"
        self.lock = threading.Lock()
        self.ids = set()  # of messages that are known to have been there
        self.last = b"0-0"  # where the tail is
        self.ended = 0  # entries of streams that are no more, as Redis counted them
        self.taken = set()  # ids of messages that went with them, unanswered
        self.read_to = b"-"  # verdicts up to there are in the next two
        self.count = collections.Counter()  # verdicts by message
        self.reasons = collections.Counter()  # of those that are wrong

    def added(self, ids):
        with self.lock:
            self.ids.update(ids)

    def tail(self, redis):
        """Messages of other producers, as far as they are still there."""
        reply = redis.call("XREAD", "COUNT", PAGE, "BLOCK", 200, "STREAMS", self.messages, self.last)
        for _, entries in reply or []:
            self.added([entry[0] for entry in entries])
            self.last = entries[-1][0]

    # ---- verdicts -------------------------------------------------------------------------------

    def book(self, page):
        """Every message of a run is right, so any status but Valid is wrong."""
        for at, fields in page:
            row = as_map(fields)
            status, reason = row.get(b"status", b"none"), row.get(b"reason", b"")
            self.count[row.get(b"id")] += 1
            if status != b"Valid":
                self.reasons[b" ".join([status, reason]).decode(errors="replace")] += 1
            self.read_to = b"(" + at

    def read_verdicts(self, redis):
        page = [None] * PAGE
        while len(page) == PAGE:
            page = redis.call("XRANGE", self.verdicts, self.read_to, "+", "COUNT", PAGE)
            self.book(page)

    # ---- what the harness itself takes away ------------------------------------------------------

    def take(self, redis, streams, *commands, look=True):
        """Runs commands that delete, move or overwrite `streams` (of messages; the stream of verdicts too,
        when they do), in one step with a look at what goes: its messages are taken, not lost. look: verdicts
        are where they belong. Returns False when it was refused, and nothing was done."""
        if look:
            self.read_verdicts(redis)
        looks = [["XRANGE", self.verdicts, self.read_to, "+"]] if look else []
        for stream in streams:
            looks += [["XINFO", "STREAM", stream], ["XRANGE", stream, "-", "+"]]
        replies = redis.many([["MULTI"]] + looks + [list(words) for words in commands] + [["EXEC"]])
        answers = replies[-1]
        if not isinstance(answers, list):  # a command was refused, so none was run
            return False
        if look:
            self.book(answers.pop(0) or [])
        for i in range(len(streams)):
            self.ended += as_map(answers[2 * i]).get(b"entries-added", 0)
            entries = answers[2 * i + 1]
            self.taken.update(entry[0] for entry in entries)
        return True

    # ---- the end ---------------------------------------------------------------------------------

    def added_in_all(self, redis):
        """As Redis counts them: also those of a generator that was killed, and those whose producer never
        got the answer. (From Redis 7 on; before, the messages that are known.)"""
        info = as_map(redis.many([["XINFO", "STREAM", self.messages]])[0])
        if info and b"entries-added" not in info:
            return len(self.ids)
        return self.ended + info.get(b"entries-added", 0)

    def close(self, redis):
        """What came of it: {"generated", "verdicts", "lost", "duplicates", "wrong", "taken"}, the reasons
        of what is wrong, counted, and ids of what is lost. "generated" are the messages that were added and
        not taken away by the harness's own FLUSHALL, DEL or RENAME, which are "taken". Verdicts on more
        messages than were added are wrong too."""
        self.read_verdicts(redis)
        generated = self.added_in_all(redis) - len(self.taken)
        if len(self.count) > generated:
            self.reasons["on messages that nobody added"] = len(self.count) - generated
        lost = sorted(self.ids - self.count.keys() - self.taken)
        result = {
            "generated": generated,
            "verdicts": sum(self.count.values()),
            "lost": max(len(lost), generated - len(self.count)),
            "duplicates": sum(n - 1 for n in self.count.values()),
            "wrong": sum(self.reasons.values()),
            "taken": len(self.taken),
        }
        return result, self.reasons, lost
