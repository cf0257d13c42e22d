#!/usr/bin/env python3
"""Posts files that are broken in every way: what can be read is counted, what cannot is told with its place, reading goes on."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import WORK, equal, hark, main, test


def post(n, text="I want #acorn", **more):
    return json.dumps({"schema": "hark.post/1", "id": f"p{n}", "source": "bluesky", "op": "create",
                       "time": "2026-11-20T10:00:00Z", "text": text, **more}).encode()


rules = WORK / "rules"
(rules / "intents").mkdir(parents=True)
(rules / "intents/want.yaml").write_text("intent: want\nabout: They want it.\nphrases: {en: [want]}\n")
(rules / "acorn.yaml").write_text("brand: acorn\nteam: shop\nlisten: {hashtags: [acorn]}\nintents: [want]\n")

BAD = {
    2: b"\x00\x00\x00",
    4: b'{"schema":"hark.post/1","id":"p\xff","text":"a"}',
    6: b"x" * 10_000_000,
    8: b"[" * 100_000,
    10: b'{"schema":"hark.post/1","id":"p10","source":"bluesky","op":"create","time":"2026-11-20T10:00:00Z"}',
    12: post(12).replace(b"hark.post/1", b"hark.post/9"),
    14: post(14).replace(b"2026-11-20T10:00:00Z", b"yesterday"),
    16: post(16).replace(b'"create"', b'"destroy"'),
}
LINES = [BAD.get(n, post(n)) for n in range(1, 17)] + [post(17)[:60]]  # the last one is cut and has no line end
GOOD = [f"p{n}" for n in range(1, 16, 2)]
broken = WORK / "broken.ndjson"
broken.write_bytes(b"\n".join(LINES))


def dead_letters(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def check_dead(letters):
    equal([int(letter["where"].rsplit(":", 1)[1]) for letter in letters], sorted(BAD) + [17], "lines of dead letters")
    for letter in letters:
        assert letter["schema"] == "hark.deadletter/1" and letter["source"].startswith("file:/"), letter
        assert len(letter["reason"]) > 5, letter
    assert letters[2]["bytes"] == 10_000_000 and len(letters[2].get("raw", "")) <= 1 << 16, letters[2]["bytes"]


@test
def scan_reads_on():
    dead = WORK / "scan.dead"
    done = hark("scan", "--rules", rules, "--dead-letters", dead, f"file:{broken}")
    equal([json.loads(line)["id"] for line in done.stdout.splitlines()], GOOD, "matches")
    check_dead(dead_letters(dead))


@test
def ingest_to_stdout_reads_on():
    dead = WORK / "ingest.dead"
    done = hark("ingest", "--stdout", "--dead-letters", dead, f"file:{broken}")
    equal([json.loads(line)["id"] for line in done.stdout.splitlines()], GOOD, "posts")
    check_dead(dead_letters(dead))


@test
def run_reads_on_and_counts_once():
    for dead in (WORK / "run.dead", WORK / "run2.dead"):
        hark("run", "--rules", rules, "--state", WORK / "state", "--dead-letters", dead, f"file:{broken}")
        report = json.loads(hark("report", "--json", "--state", WORK / "state").stdout)
        equal(report["brands"], {"acorn": {"total": {"mention": len(GOOD), "want": len(GOOD)}}}, "totals")
    check_dead(dead_letters(WORK / "run.dead"))


@test
def without_a_file_the_log_says_it():
    done = hark("scan", "--rules", rules, f"file:{broken}")
    equal(done.stderr.count('msg="cannot be read"'), len(BAD) + 1, "log lines")
    assert "broken.ndjson:6" in done.stderr


@test
def standard_input_and_gzip_are_the_same():
    import gzip

    packed = WORK / "broken.ndjson.gz"
    packed.write_bytes(gzip.compress(b"\n".join(LINES)))
    want = hark("ingest", "--stdout", f"file:{broken}").stdout
    equal(hark("ingest", "--stdout", f"file:{packed}").stdout, want, "from gzip")
    good = b"\n".join(line for n, line in enumerate(LINES, 1) if n not in BAD and n != 17)
    equal(hark("ingest", "--stdout", "file:-", stdin=good.decode()).stdout, want, "from standard input")


@test
def a_file_that_is_not_there():
    done = hark("scan", "--rules", rules, "file:/nowhere/posts.ndjson", status=1)
    assert "/nowhere/posts.ndjson" in done.stderr and "No such file" in done.stderr, done.stderr


main()
