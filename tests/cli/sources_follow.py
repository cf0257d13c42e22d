#!/usr/bin/python3
"""file: with --follow goes on with what is added, through log rotation, and after a restart where it was."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, hark, main, start, test, wait_for  # noqa: E402


def line(n):
    return json.dumps({"schema": "hark.post/1", "id": f"p{n}", "source": "bluesky", "op": "create", "time": "2026-11-20T10:00:00Z",
                       "text": f"number {n} " + "x" * 200}) + "\n"


@test
def what_is_added_comes_and_half_a_line_waits():
    path, redis, rules = WORK / "log.ndjson", Redis(), WORK / "rules"
    rules.mkdir()
    (rules / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    total = lambda: int(redis("HGET", "hark:total:everything", "mention") or 0)  # noqa: E731
    args = ["run", "--follow", "--rules", rules, "--redis", redis.url, f"file:{path}"]
    path.write_text("".join(map(line, range(50))))
    process = start(*args)
    wait_for(lambda: total() == 50, "what was there")
    with open(path, "a") as file:
        file.write(line(50) + line(51)[:40])
        file.flush()
        wait_for(lambda: total() == 51, "what was added")
        file.write(line(51)[40:])
    wait_for(lambda: total() == 52, "the rest of the line")
    path.rename(WORK / "log.1")
    path.write_text(line(52) + line(53))
    wait_for(lambda: total() == 54, "the file in its place")
    equal(process.stop(), 0, f"exit status {process.err.read_text()[-500:]}")
    with open(path, "a") as file:
        file.write(line(54))
    process = start(*args)
    wait_for(lambda: total() == 55, "what was added meanwhile")
    equal(process.stop(), 0, "exit status")
    log = process.err.read_text()
    assert "posts=1 " in log and "dead=0" in log, log


@test
def gzip_cannot_be_followed():
    import gzip
    path = WORK / "log.gz"
    path.write_bytes(gzip.compress(line(1).encode()))
    done = hark("ingest", "--stdout", "--follow", f"file:{path}", status=1)
    assert "gzip" in done.stderr, done.stderr


main()
