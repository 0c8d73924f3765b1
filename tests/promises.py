"""promises.py TREE BUILD: whether docs/PROMISES.md of the tree is true: each sentence of its tables is in the file that the row names, and
each test in `backticks` is one of the build's (ctest -N). Prints what is not; exit status 1 then."""
import pathlib
import re
import subprocess
import sys

tree, build = pathlib.Path(sys.argv[1]), sys.argv[2]
listing = subprocess.run(["ctest", "-N", "--test-dir", build], check=True, capture_output=True, text=True).stdout
tests = {re.sub(r"^.*?(?=swapc\.)", "", name) for name in re.findall(r"Test +#\d+: (\S+)", listing)}


def words(text):
    """Without what lines of comments and of Markdown have between words."""
    return " ".join(re.sub(r"(?m)^\s*(/\*|\*)(?!\*)|\*\*|\*/", " ", text).split())


wrong, rows = [], 0
for line in (tree / "docs/PROMISES.md").read_text().splitlines():
    cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    if not line.startswith("|") or set(line) <= set("|- ") or cells[0] == "where":
        continue
    rows += 1
    where, sentence, held = cells
    if words(sentence) not in words((tree / where).read_text()):
        wrong.append("%s does not say (any more): %s" % (where, sentence))
    named = re.findall(r"`(swapc\.[^`]+)`", held)
    if not named:
        wrong.append("names no test: %s" % sentence)
    wrong += ["no test is called %s, which holds: %s" % (name, sentence) for name in named if name not in tests]
if not rows or not tests:
    wrong.append("no rows, or no tests in the build")
print("\n".join(wrong) if wrong else "%d promises" % rows)
sys.exit(bool(wrong))
