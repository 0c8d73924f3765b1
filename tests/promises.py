"""promises.py TREE BUILD: whether docs/PROMISES.md of the tree is true: each sentence of its first table is in the file that the row names, and
each test in `backticks` is one of the build's (ctest -N); and whether it is whole: each promising word (PROMISING) of a page of PAGES stands in such a
sentence, or among the words that the second table says promise nothing. Prints what is not; exit status 1 then."""
import pathlib
import re
import subprocess
import sys

PAGES = ("README.md", "SECURITY.md", "docs/ABI.md", "docs/DEADLINES.md", "docs/DURABILITY.md", "docs/MODULES.md", "docs/OPERATING.md",
         "docs/PROCESS.md", "docs/SCALING.md", "docs/EMBED.md", "docs/INSTALL.md", "docs/TROUBLESHOOTING.md", "docs/TUTORIAL*.md", "docs/man/*.scd",
         "bindings/python/README.md", "include/swapc/*.h")
PROMISING = re.compile(r"\b(?:never|always|nothing|nobody)\b|\bwithin (?:\d|an?\b|one\b|two\b|half\b|some\b|seconds\b|total)", re.I)
NO_PROMISE = "## Words that promise nothing"

tree, build = pathlib.Path(sys.argv[1]), sys.argv[2]
listing = subprocess.run(["ctest", "-N", "--test-dir", build], check=True, capture_output=True, text=True).stdout
tests = {re.sub(r"^.*?(?=swapc\.)", "", name) for name in re.findall(r"Test +#\d+: (\S+)", listing)}


def words(text):
    """Without what lines of comments and of Markdown have between words."""
    return " ".join(re.sub(r"(?m)^\s*(/\*|\*)(?!\*)|\*\*|\*/", " ", text).split())


def rows(table):
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and not set(line) <= set("|- ") and cells[0] != "where":
            yield cells


wrong, promises, said = [], 0, {}
held_by_tests, _, promise_nothing = (tree / "docs/PROMISES.md").read_text().partition(NO_PROMISE)


def quote(where, sentence):
    sentence = words(sentence.replace("\\|", "|"))
    said.setdefault(where, []).append(sentence)
    if sentence not in words((tree / where).read_text()):
        wrong.append("%s does not say (any more): %s" % (where, sentence))


for where, sentence, held in rows(held_by_tests):
    promises += 1
    quote(where, sentence)
    named = re.findall(r"`(swapc\.[^`]+)`", held)
    if not named:
        wrong.append("names no test: %s" % sentence)
    wrong += ["no test is called %s, which holds: %s" % (name, sentence) for name in named if name not in tests]
for where, excused, _ in rows(promise_nothing):
    for part in excused.split(" · "):
        quote(where, part)
for page in sorted(path for pattern in PAGES for path in tree.glob(pattern)):
    where = str(page.relative_to(tree))
    text = words(re.sub(r"(?ms)^```.*?^```$", " ", page.read_text()))
    spans = [m.span() for quoted in said.get(where, []) for m in re.finditer(re.escape(quoted), text)]
    for word in PROMISING.finditer(text):
        if not any(start <= word.start() and word.end() <= end for start, end in spans):
            wrong.append("%s promises what docs/PROMISES.md has no row for: …%s…" % (where, text[max(0, word.start() - 60):word.end() + 60]))
if not promises or not tests:
    wrong.append("no rows, or no tests in the build")
print("\n".join(wrong) if wrong else "%d promises" % promises)
sys.exit(bool(wrong))
