"""What happens in a chaos run. A kill ends a process by SIGKILL; everything else is a fault. Each function
gets the chaos and random numbers of its own, and returns False when it could not take place just now (what
it is about is down): it is tried again a little later, with the same numbers."""
import collections
import random
import signal
import threading
import time

from resp import Refused

DENIED = ["xadd", "xack", "xdel", "xreadgroup", "xclaim", "xpending", "evalsha", "eval", "script", "set",
          "get", "xlen", "xgroup", "xinfo", "exists", "hgetall", "time"]
SIGNER_POINTS = ["after_xreadgroup", "after_signing", "mid_record"]
VERIFIER_POINTS = ["in_call", "after_verify", "before_script", "after_script"]
LEASE = 10  # seconds


# ---- kills ------------------------------------------------------------------------------------------

def kill(of):
    def happen(chaos, r):
        victim = r.choice(of(chaos.scene))
        if not victim.running():
            return False
        victim.kill()
        victim.not_before = time.monotonic() + r.choice([0, 0, 0, r.random()])
        return victim.name

    return happen


def point_of(chaos, r, end=""):
    """A service is killed, and comes back with a fail point."""
    signer = r.random() < 0.45
    victim = r.choice(chaos.scene.signers if signer else chaos.scene.verifiers)
    point = "%s:%d%s" % (r.choice(SIGNER_POINTS if signer else VERIFIER_POINTS), r.randint(1, 40), end)
    return victim, point


def kill_at_point(chaos, r):
    victim, point = point_of(chaos, r)
    if not victim.running():
        return False
    victim.kill()
    victim.start(point)
    return "%s, again at %s" % (victim.name, point)


KILLS = {
    "signer": (5, kill(lambda scene: scene.signers)),
    "verifier": (5, kill(lambda scene: scene.verifiers)),
    "generator": (3, kill(lambda scene: [scene.generator])),
    "redis": (2, kill(lambda scene: [scene.servers[scene.primary]])),
    "replica": (1, kill(lambda scene: [scene.servers[1 - scene.primary]])),
    "at a point": (8, kill_at_point),
}


# ---- processes --------------------------------------------------------------------------------------

def stop(of, seconds):
    def happen(chaos, r):
        victim = r.choice(of(chaos.scene))
        if not victim.running() or victim.stopped():
            return False
        length = r.uniform(*seconds)
        victim.stop(length)
        return "%s for %.1f s" % (victim.name, length)

    return happen


def stop_at_point(chaos, r):
    """A service is killed, comes back, and stops itself at a point, for longer than its lease or not."""
    victim, point = point_of(chaos, r, ":stop")
    if not victim.running():
        return False
    victim.kill()
    length = r.uniform(0.5, LEASE + 4)
    victim.start(point, hold=length)
    return "%s at %s for %.1f s" % (victim.name, point, length)


def restart(of):
    def happen(chaos, r):
        victim = r.choice(of(chaos.scene))
        if not victim.running():
            return False
        victim.terminate()
        return victim.name

    return happen


def restart_often(chaos, r):
    """What is delivered often is not thereby poison."""
    victim, number = r.choice(services(chaos.scene)), r.choice([signal.SIGTERM, signal.SIGKILL])
    for i in range(8):
        chaos.later(0.25 * i, lambda: victim.send(number))
    return victim.name


def services(scene):
    return scene.signers + scene.verifiers


def primary(scene):
    return [scene.servers[scene.primary]]


# ---- the way to Redis -------------------------------------------------------------------------------

def cut(chaos, r):
    chaos.scene.proxy.cut()
    return True


def stall(chaos, r):
    length = r.uniform(0.3, 2.5)
    chaos.scene.proxy.stall(length)
    return "for %.1f s" % length


def fail_over(chaos, r):
    return chaos.scene.fail_over()


# ---- what Redis refuses, for a while ----------------------------------------------------------------

def for_a_while(chaos, r, words, back):
    """Asks it of the primary, and takes it back from the same server, be it primary then or not; one that
    was started again meanwhile has forgotten it. Over one connection, as there may be no room for another."""
    which = chaos.scene.primary
    server = chaos.scene.servers[which]
    if not chaos.scene.serving():
        return False
    popen, link = server.popen, None
    try:
        link = chaos.scene.open(which)
        link.call(*words)
    except (OSError, Refused):
        if link:
            link.close()
        return False

    def undo():
        if server.popen is not popen or not server.running():
            return link.close()
        if not chaos.scene.serving(which) and not server.expected_to_end:
            return chaos.later(0.2, undo)
        try:
            link.call(*back)
        except Refused:
            return chaos.later(0.2, undo)
        except OSError:
            if not server.expected_to_end and not chaos.scene.once(which, *back):
                return chaos.later(0.2, undo)
        link.close()

    chaos.later(r.uniform(0.3, 1.3), undo)
    return " ".join(words[1:])


def deny(chaos, r):
    return for_a_while(chaos, r, ["ACL", "SETUSER", "default", "-" + r.choice(DENIED)],
                       ["ACL", "SETUSER", "default", "on", "nopass", "~*", "&*", "+@all"])


def setting(name, value, normal):
    def happen(chaos, r):
        return for_a_while(chaos, r, ["CONFIG", "SET", name, value], ["CONFIG", "SET", name, normal])

    return happen


def few_clients(chaos, r):
    done = for_a_while(chaos, r, ["CONFIG", "SET", "maxclients", "4"], ["CONFIG", "SET", "maxclients", "10000"])
    if done:
        chaos.scene.proxy.cut()
    return done


def busy_script(chaos, r):
    """A script that runs for long: BUSY."""
    which = chaos.scene.primary
    if not chaos.scene.serving():
        return False
    try:
        link = chaos.scene.open(which, timeout=None)
    except (OSError, Refused):
        return False

    def run():
        try:
            link.call("EVAL", "while true do end", "0")
        except (OSError, Refused):
            pass
        link.close()

    thread = threading.Thread(target=run, daemon=True)

    def undo():
        if thread.is_alive():
            chaos.scene.kill_script(which)
            chaos.later(0.1, undo)

    thread.start()
    chaos.later(r.uniform(0.3, 1.3), undo)
    return True


# ---- what somebody does to the keys -----------------------------------------------------------------

def take(chaos, ledger, streams, *commands, key):
    """One that deletes or moves `key`: by way of the ledger."""
    return not chaos.moved and chaos.take(ledger, streams, *commands, key=key)


def flush(chaos, r):
    ledger, = chaos.ledgers
    return take(chaos, ledger, [ledger.messages], ["FLUSHALL"], key=ledger.messages)


def delete(chaos, r):
    ledger = r.choice(chaos.ledgers)
    return take(chaos, ledger, [ledger.messages], ["DEL", ledger.messages], key=ledger.messages)


def destroy_group(chaos, r):
    return chaos.scene.once(chaos.scene.primary, "XGROUP", "DESTROY", r.choice(chaos.ledgers).messages, "swapc")


def move_back(chaos, r, ledger, key, streams):
    """Later; what it overwrites is taken."""
    def undo():
        if chaos.take(ledger, streams, ["RENAME", "elsewhere", key], key="elsewhere", look=bool(streams)):
            chaos.moved = False
        else:
            chaos.later(0.1, undo)

    chaos.moved = True
    chaos.later(r.uniform(0.05, 1.5), undo)
    return True


def rename(chaos, r):
    """Messages that are added meanwhile are overwritten by those that come back."""
    ledger = r.choice(chaos.ledgers)
    key = ledger.messages
    return take(chaos, ledger, [], ["RENAME", key, "elsewhere"], key=key) and \
        move_back(chaos, r, ledger, key, [key])


def wrong_type(chaos, r):
    """The verdicts' key holds something else for a while."""
    ledger = r.choice(chaos.ledgers)
    key = ledger.verdicts
    return take(chaos, ledger, [], ["RENAME", key, "elsewhere"], ["SET", key, "word"], key=key) and \
        move_back(chaos, r, ledger, key, [])


# ---- modules ----------------------------------------------------------------------------------------

def offer(chaos, r, slot, bundle, bad):
    lane = r.randrange(len(chaos.scene.verifiers))
    verifier = chaos.scene.verifiers[lane]
    if not verifier.running() or verifier.stopped():
        return False
    chaos.scene.swap(lane, slot, bundle, bad)
    return "%s offered to %s of %s" % (bundle.rsplit("/", 1)[1], slot, verifier.name)


def swap(chaos, r):
    slot = r.choice(["schnorr", "ecdsa"])
    return offer(chaos, r, slot, r.choice(chaos.scene.good[slot]), bad=False)


def bad_swap(chaos, r):
    slot = r.choice(["schnorr", "ecdsa"])
    return offer(chaos, r, slot, r.choice(chaos.scene.bad[slot]), bad=True)


FAULTS = {
    "stop": (4, stop(lambda scene: services(scene) + [scene.generator], (0.2, 1.2))),
    "stop redis": (1, stop(primary, (0.2, 4))),
    "stop beyond the lease": (1, stop(services, (LEASE + 1, LEASE + 4))),
    "stop at a point": (2, stop_at_point),
    "restart": (3, restart(lambda scene: services(scene) + [scene.generator])),
    "restart redis": (1, restart(lambda scene: scene.servers)),
    "restart often": (1, restart_often),
    "cut": (3, cut),
    "stall": (2, stall),
    "fail over": (2, fail_over),
    "deny": (4, deny),
    "out of memory": (1, setting("maxmemory", "1mb", "0")),
    "few replicas": (1, setting("min-replicas-to-write", "3", "0")),
    "few clients": (1, few_clients),
    "busy script": (1, busy_script),
    "destroy group": (1, destroy_group),
    "rename messages": (1, rename),
    "wrong type": (1, wrong_type),
    "delete messages": (1, delete),
    "flush": (1, flush),
    "swap": (4, swap),
    "bad swap": (3, bad_swap),
}


def leave(chaos, r):
    """A verifier or signer leaves, and joins again a while later."""
    victim = r.choice(services(chaos.scene))
    if not victim.running() or victim.stopped():
        return False
    victim.terminate()
    length = r.uniform(1, 6)
    victim.not_before = time.monotonic() + length
    return "%s for %.1f s" % (victim.name, length)


def do(*commands):
    """Of each "P" is the prefix of one set of streams."""
    def happen(chaos, r):
        prefix = r.choice(chaos.scene.prefixes())
        return all([chaos.scene.once(chaos.scene.primary, *[word.replace("P:", prefix + ":") for word in words])
                    for words in commands])

    return happen


# Of --via redis, beside those above.
FAULTS_OVER_REDIS = {
    "leave and join": (5, leave),
    "delete signed": (1, do(["DEL", "P:signed"])),
    "delete all of signed": (1, do(["DEL", "P:signed", "P:signed:peers", "P:signed:losses", "P:signed:notes"])),
    "destroy signed group": (1, do(["XGROUP", "DESTROY", "P:signed", "swapc"])),
    "reset signed group": (1, do(["XGROUP", "SETID", "P:signed", "swapc", "0"])),
}

# Of --partitions, beside those. Who owns what is forgotten, or taken.
FAULTS_OF_PARTITIONS = {
    "forget the members": (2, lambda chaos, r: chaos.scene.once(
        chaos.scene.primary, "DEL", "swapc:members:" + r.choice(["signer", "verifier"]))),
    "forget an owner": (2, lambda chaos, r: chaos.scene.once(
        chaos.scene.primary, "DEL", "%s:owner:%s" % (r.choice(chaos.scene.prefixes()),
                                                     r.choice(["signer", "verifier"])))),
    "take an owner's place": (2, lambda chaos, r: chaos.scene.once(
        chaos.scene.primary, "SET", "%s:owner:%s" % (r.choice(chaos.scene.prefixes()),
                                                     r.choice(["signer", "verifier"])), "nobody", "PX", "3000")),
}


def faults_of(scene):
    table = {**FAULTS, **FAULTS_OVER_REDIS} if scene.via == "redis" else dict(FAULTS)
    if scene.partitions > 1:
        del table["flush"]  # it would take from all books at once
        table.update(FAULTS_OF_PARTITIONS)
    return table


Event = collections.namedtuple("Event", "what kind number gap")


def draw(r, table):
    return r.choices(list(table), [weight for weight, _ in table.values()])[0]


def schedule(seed, kills, faults, scene):
    """The same list for the same numbers. gap: how long before it, in mean gaps."""
    r = random.Random(seed)
    order = ["kill"] * kills + ["fault"] * faults
    r.shuffle(order)
    return [Event(what, draw(r, KILLS if what == "kill" else faults_of(scene)), r.randrange(1 << 32),
                  r.uniform(0.5, 1.5)) for what in order]


def happen(chaos, event):
    table = KILLS if event.what == "kill" else faults_of(chaos.scene)
    return table[event.kind][1](chaos, random.Random(event.number))
