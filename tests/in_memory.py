"""in_memory.py PID KEYS CONTROL: exit 1 when a line of hexadecimal digits of the file KEYS is in the process's writable memory; 2 when
the text CONTROL, which must be there, is not found, so that nothing was looked at."""
import re
import sys

LARGEST = 256 << 20  # what is larger is reserved, not used: a sanitizer's shadow

pid, keys, control = int(sys.argv[1]), open(sys.argv[2]).read(), sys.argv[3].encode()
secrets = [line.encode() for line in keys.splitlines() if re.fullmatch("[0-9a-f]{64}", line)]
assert secrets
found = known = 0
with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as memory:
    for line in maps:
        span, rights = line.split()[:2]
        begin, end = (int(at, 16) for at in span.split("-"))
        if "rw" not in rights or end - begin > LARGEST or "/dev" in line:
            continue
        try:
            memory.seek(begin)
            content = memory.read(end - begin)
        except (OSError, ValueError, OverflowError):
            continue
        known += control in content
        found += sum(secret in content for secret in secrets)
if found:
    sys.exit(1)
sys.exit(0 if known else 2)
