#!/usr/bin/env python3
"""The loop of someone who writes rules: new, check, test, explain, what they print and what they do with bad input."""

import json
import os
import pathlib
import pty
import re
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import HARK, ROOT, WORK, Skip, environment, equal, hark, main, start, test, wait_for

RULES = ROOT / "rules"
ACORN = """brand: acorn
team: shop
listen: {hashtags: [Acorn]}
only: {sources: [bluesky], langs: [en], min_followers: 100}
intents:
  - name: want
    groups:
      wish: {weight: 6, second: 2, en: [wish, hope]}
    phrases: {en: [want, {need: 4}], ko: ['갖고 싶*']}
    signals: {question: 1}
    not: {en: [don't want]}
"""


def folder(name, text, file="acorn.yaml"):
    path = WORK / name
    path.mkdir(exist_ok=True)
    (path / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def explain(name, *args, rules=ACORN, **more):
    return hark("explain", "--rules", folder(name, rules), "--log-level", "error", *args, **more).stdout


# --- new ---


@test
def new_writes_a_file_that_is_good():
    for name, intents in [("bare", 1), ("shipped", 10)]:
        path = WORK / f"new-{name}"
        if name == "shipped":
            shutil.copytree(RULES / "intents", path / "intents")
        done = hark("new", "acorn-coats", "--team", "shop", "--dir", path)
        assert f"{path}/acorn-coats.yaml is written" in done.stdout, done.stdout
        done = hark("check", path)
        assert done.stderr == "" and done.stdout.startswith(f"1 brand, {intents} intent"), (done.stdout, done.stderr)
        assert re.search(r"^[3-9]\d* passed, 0 failed$|^\d\d+ passed, 0 failed$", hark("test", path).stdout, re.M)
        text = (path / "acorn-coats.yaml").read_text()
        assert text.count("#") > 10 and "team: shop" in text and ("- complaint" in text) == (name == "shipped"), text


@test
def new_overwrites_nothing():
    path = folder("kept", "mine\n", "acorn.yaml")
    assert "acorn.yaml is there already" in hark("new", "acorn", "--dir", path, status=1).stderr
    equal((path / "acorn.yaml").read_text(), "mine\n", "the file")
    for name in ("Acorn", "../acorn", "a b", "-", "x" * 65):
        assert "a name is small letters" in hark("new", "--dir", path, "--", name, status=1).stderr or name == "-", name
    equal(os.listdir(path), ["acorn.yaml"], "files")


# --- check ---


@test
def mistakes_have_a_caret_each():
    path = ROOT / "tests/data/rules/wrong/twelve.yaml"
    lines = hark("check", path, status=1).stderr.splitlines()
    heads = [i for i, line in enumerate(lines) if ": error: " in line]
    assert len(heads) == 12, lines
    source = path.read_text().splitlines()
    for i in heads:
        line, column = map(int, re.match(rf"{re.escape(str(path))}:(\d+):(\d+): error: .{{20,}}", lines[i]).groups())
        equal(lines[i + 1], "  " + source[line - 1], "the line shown")
        equal(lines[i + 2], "  " + " " * (column - 1) + "^", f"the caret of {lines[i]}")


@test
def patterns_that_could_do_harm_are_refused():
    for pattern, says in [
        ("/" + "a" * (1 << 20) + "/", "1048578 bytes: at most 16384"),
        ("/" + "|".join(f"w{n}" for n in range(10000)) + "/", "at most 16384"),
        (r"/a\Cb/", "half a character"),
        ("/a(?C1)b/", "callouts"),
        ("/(a(?R)?b)/", "may not call itself"),
        ("/(a(?1)?b)/", "may not call itself"),
        ("/(?(DEFINE)(?<x>a))(?&x)/", "may not call itself"),
    ]:
        path = folder("patterns", f"brand: b\nteam: t\nlisten:\n  keywords:\n    - '{pattern}'\n")
        assert re.search(rf"acorn.yaml:5:\d+: error: .*{re.escape(says)}", hark("check", path, status=1).stderr), pattern[:40]
    good = "/" + "|".join(f"w{n}" for n in range(2000)) + "/"
    hark("check", folder("patterns", f"brand: b\nteam: t\nlisten:\n  keywords:\n    - '{good}'\n"))


@test
def queries_are_told_what_is_nearest():
    for query, column, says in [("(#beech OR beech", 11, "not closed"), ("#beech)", 17, "closes nothing"), ("beech form:nike", 17, 'did you mean "from"'),
                                ("beech is:retwet", 20, 'did you mean "retweet"')]:
        done = hark("check", folder("queries", f"brand: b\nteam: t\nlisten:\n  query: '{query}'\n"), status=1)
        assert f":4:{column}: error: " in done.stderr and says in done.stderr, (query, done.stderr)
        assert done.stderr.splitlines()[2] == " " * (column + 1) + "^", done.stderr
    done = hark("check", folder("utf8", b"brand: b\nteam: t\nlisten:\n  keywords: [caf\xe9]\n"), status=1)
    assert ":4:17: error: the byte 0xE9" in done.stderr and done.stderr.splitlines()[1] == "    keywords: [caf?]", done.stderr


@test
def cost_names_what_the_prefilter_cannot_help_with():
    path = folder("cost", "brand: a\nteam: t\nlisten: {all: true}\n---\nbrand: b\nteam: t\nlisten:\n  query: 'lang:en -is:reply'\n---\n"
                          "brand: c\nteam: t\nlisten: {keywords: [cedar, '/ce+dar/']}\nintents: [{name: x, phrases: {en: ['\"a b\"~3', c]}}]\n")
    out = hark("check", "--cost", path).stdout
    assert "every post is decoded" in out and "brand a: listen: {all: true} takes every post (" in out and "acorn.yaml:3:" in out, out
    assert "brand b: no text is sure to be in every post that has lang:en" in out and "brand c:" in out, out
    assert "brand c: 2 phrases, of these 1 in slashes" in out and "intent x: 2 phrases, of these 0 in slashes and 1 with a distance; for 1 brand (" in out, out
    assert re.search(r"compiled in \d+\.\d+ s, \d+\.\d MiB in memory", out), out
    assert "a takes every post" in hark("check", path).stdout
    assert "found by the prefilter: posts that name none" in hark("check", "--cost", RULES).stdout


# --- test ---


@test
def a_failing_test_says_why():
    text = ACORN.replace("only:", "#") + "tests:\n"
    for post, hits in [("I wish I had an #acorn?", "[]"), ("I need an #acorn", "[want]"), ("I want an oak", "[want]"), ("I want #acorn", "none")]:
        text += f'  - {{post: "{post}", hits: {hits}}}\n'
    out = hark("test", folder("diff", text.replace("want, {need", "{want: 10}, {need").replace("wish: {weight: 6", "wish: {weight: 9")), status=1).stdout
    for line in ["acorn.yaml:13:5: acorn", "expected []", "actual   [want]", "+ want: 10 of 10 points: +9 wish, +1 question", "- want: 4 of 10 points",
                 "actual   the brand is not named", "- mention: it does not name the brand: it has no #Acorn", "expected the brand is not named",
                 "+ mention: the brand is named by #Acorn", "0 passed, 4 failed"]:
        assert line in out, (line, out)
    intent = "intent: want\nabout: They want it.\nphrases: {en: [want]}\ntests:\n  - {post: I want it, hits: []}\n"
    path = folder("diff2", intent)
    (path / "b.yaml").write_text("brand: b\nteam: t\nlisten: {keywords: [b]}\nintents: [want]\n")
    assert "+ want: 10 of 10 points: +10 want" in hark("test", path, status=1).stdout


# --- explain ---


@test
def explain_shows_what_counted():
    out = explain("explain", "--text", "I wish, I hope: 나 갖고 싶어 #Acorn?")
    equal(out.splitlines(), [
        "text",
        "  I wish, I hope: 나 갖고 싶어 #Acorn?",
        "    ^^^^    ^^^^     ^^^^^^^   ======",
        "  ✓ acorn is named by #Acorn at 34-40",
        "  ✓ acorn/want: 19 of 10 points",
        f"       +10  갖고 싶* ko  “갖고 싶” at 20-30  ({WORK}/explain/acorn.yaml:9)",
        f"        +6  wish en  “wish” at 2-6  (group wish, {WORK}/explain/acorn.yaml:8)",
        f"        +2  hope en  “hope” at 10-14  (group wish, {WORK}/explain/acorn.yaml:8)",
        "        +1  signal question",
    ], "explain")


@test
def explain_says_the_first_condition_that_failed():
    cases = [
        ("I don't want another #Acorn", "  · acorn/want: 0 of 10 points; not: `don't want` at 2-12 took back `want`"),
        ("I wish I had an #Acorn", "  · acorn/want: 6 of 10 points"),
        ("I want an acorn", "  · acorn: it does not name the brand: it has no #Acorn"),
    ]
    for text, line in cases:
        assert line in explain("failed", "--brand", "acorn", "--intent", "want", "--text", text).splitlines(), text
    assert "did you mean 'want'" in hark("explain", "--rules", WORK / "failed", "--brand", "acorn", "--intent", "wnat", "--text", "x", status=1).stderr
    assert "there is no such brand" in hark("explain", "--rules", WORK / "failed", "--brand", "oak", "--text", "x", status=1).stderr


@test
def a_text_alone_passes_what_only_asks_for():
    assert "✓ acorn/want" in explain("only", "--text", "I want #Acorn")
    assert "only.sources: the post is from x" in explain("only", "--text", "I want #Acorn", "--source", "x")
    assert "✓ acorn/want" in explain("only", "--text", "I want #Acorn", "--source", "bluesky")
    assert "--source goes with --text" in hark("explain", "--rules", WORK / "only", "--source", "x", "file:-", status=1).stderr


@test
def explain_reads_sources_and_writes_json():
    post = {"schema": "hark.post/1", "id": "x:1", "source": "bluesky", "op": "create", "time": "2026-11-21T10:00:00Z", "lang": ["de"],
            "text": "I want #Acorn", "author": {"followers": 500}}
    lines = explain("json", "--json", "file:-", stdin=json.dumps(post) + "\n" + json.dumps({**post, "lang": ["en"], "id": "x:2"}) + "\n", rules=ACORN)
    first, second = map(json.loads, lines.splitlines())
    equal([first["rules"][0]["why"], first["rules"][1]["hit"]], ["only.langs: the post is in de", False], "the first")
    rule = second["rules"][1]
    equal([second["id"], rule["brand"], rule["intent"], rule["hit"], rule["score"], rule["threshold"], rule["named_span"]],
          ["x:2", "acorn", "want", True, 10, 10, [7, 13]], "the second")
    equal(rule["evidence"], [{"points": 10, "phrase": "want", "lang": "en", "span": [2, 6], "text": "want",
                              "file": f"{WORK}/json/acorn.yaml", "line": 9, "column": 20}], "evidence")


def in_terminal(*args, term="xterm"):
    """What a command prints to a terminal."""
    output = b""
    try:
        pid, fd = pty.fork()
    except OSError as error:  # such as a chroot without /dev/pts
        raise Skip(f"no terminal: {error}") from None
    if pid == 0:
        os.execve(HARK, [str(HARK), *map(str, args)], environment(TERM=term))
    try:
        while piece := os.read(fd, 4096):
            output += piece
    except OSError:  # the other end is closed
        pass
    os.close(fd)
    equal(os.waitpid(pid, 0)[1], 0, "exit status")
    return output.decode().replace("\r\n", "\n")


@test
def a_terminal_underlines_what_counted():
    args = ("explain", "--rules", folder("tty", ACORN), "--log-level", "error", "--text", "I want\x1b[31m #Acorn")
    out = in_terminal(*args)
    assert "I \x1b[4mwant\x1b[24m [31m \x1b[4m#Acorn\x1b[24m\n" in out and "^^^^" not in out, repr(out)
    assert "\x1b" not in in_terminal(*args, term="dumb")


# --- watch ---


def watch(name, command, first, good, bad, says):
    path = folder(name, good)
    process = start(command, "--watch", path)
    text = lambda: process.out.read_text() + process.err.read_text()  # noqa: E731
    wait_for(lambda: text().count(first) == 1, "the first result")
    (path / "acorn.yaml").write_text(bad)
    wait_for(lambda: says in text(), "the mistake")
    assert "\nacorn.yaml changed\n" in text(), text()
    (path / "new.tmp").write_text(good)  # as editors save: a new file in the old one's place
    (path / "new.tmp").rename(path / "acorn.yaml")
    wait_for(lambda: text().count(first) == 2, "a good result")
    (path / "below").mkdir()
    wait_for(lambda: text().count(first) == 3, "a new folder")
    (path / "below/oak.yaml").write_text("brand: oak\n")
    wait_for(lambda: "oak.yaml:1:8: error: " in text(), "a file in a new folder")
    equal(process.stop(signal.SIGINT), 0, "exit status")


@test
def check_watches():
    watch("watch", "check", "1 brand, 1 intent in 1 file: good", ACORN, ACORN.replace("team", "taem"), 'acorn.yaml:2:1: error: unknown key "taem"')


@test
def test_watches():
    good = ACORN + '    tests: [{post: "I want it", hits: [want]}]\n'
    watch("watch2", "test", "1 passed, 0 failed", good, good.replace("hits: [want]", "hits: []"), "0 passed, 1 failed")


@test
def a_single_file_is_watched():
    path = folder("single", ACORN)
    process = start("check", "--watch", path / "acorn.yaml")
    wait_for(lambda: "1 brand" in process.out.read_text(), "the first result")
    (path / "acorn.yaml").write_text(ACORN + "---\n" + ACORN.replace("brand: acorn", "brand: oak"))
    wait_for(lambda: "2 brands" in process.out.read_text(), "the second result")
    equal(process.stop(signal.SIGTERM), 0, "exit status")


main()
