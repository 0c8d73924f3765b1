#!/usr/bin/env python3
"""filter.py FILE: a public header or a page as Doxygen takes it, on stdout. A page's links to what the site does not
hold (sources, folders) become plain text, those to a heading lead to its page. The headers' own form needs no marks: a comment
before a declaration is about it, one behind a member is about that, the first one is about the file. The enum
that an X-macro makes is written out from its rows."""
import re
import sys

# What a header's first comment says under these words is a paragraph of its own.
WORD = re.compile(r"^ \* (Threads|Ownership|NULL|Cost|Units|Limits|Memory|Errors|Misuse|After failure): *", re.M)
ROWS = re.compile(r'^    X\((\w+), (\d+), ("[^"]*")\)', re.M)


def about_file(match):
    return "/** \\file %s\n * %s.%s" % (name, match[1].rstrip("."), WORD.sub(r" *\n * **\1.** ", match[2]))


def written_out(match):
    rows = ["    SWAPC_%s = %s, /**< %s */" % (word, code, said.strip('"')) for word, code, said in ROWS.findall(text)]
    return match[1] + "\n".join(rows) + "\n"


def plain(match):
    page = match[2].partition("#")[0]
    held = page.endswith(".md") and not page.startswith(("bench/", "../bench/", "bindings/", "../bindings/", "examples/", "../examples/"))
    return "[%s](%s)" % (match[1], page) if held else match[1]


with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
if sys.argv[1].endswith(".md"):
    text = re.sub(r"(?<![`\w!])\[([^][]+)\]\((?!https?:|#)([^)]*)\)", plain, text)
    text = re.sub(r"^```(?:console|sh|text|ts|rust|cmake|toml|yaml)\b.*$", "```", text, flags=re.M)
    text = re.sub(r"^<!--.*-->\n", "\n", text, flags=re.M)
    sys.stdout.write(re.sub(r"(?<!`)@(?=[a-z])", r"\\@", text))
    sys.exit()
name = "swapc/" + sys.argv[1].rpartition("/")[2]
text = re.sub(r"\A/\* \S+ - (.*?)(\n \*\n.*?\*/|\n \* .*?\*/| ?\*/)", about_file, text, count=1, flags=re.S)
text = re.sub(r"^(enum swapc_status \{\n)#define.*?#undef[^\n]*\n", written_out, text, flags=re.S | re.M)
text = re.sub(r"^( *)/\* ", r"\1/** ", text, flags=re.M)
text = re.sub(r"(\S[ \t]+)/\* ", r"\1/**< ", text)
sys.stdout.write(text)
