#!/usr/bin/env python3
"""Counters stay exact, or hark says why they cannot: verify, rebuild, wiped servers, a log that lost posts, several Redis servers,
stopping."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import BROKER, WORK, Kafka, Redis, equal, hark, main, start, test, wait_for

RULES = WORK / "rules"
RULES.mkdir()
(RULES / "acme.yaml").write_text("brand: acme\nteam: alpha\nlisten:\n  keywords: [acme]\nalerts:\n  - on: mention\n")


def post(number, text="acme again", op="create", when=None, **more):
    when = when or time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return json.dumps({"schema": "hark.post/1", "id": f"p{number}", "source": "bluesky", "op": op, "time": when, "text": text,
                       "lang": ["en"], "hashtags": [], "mentions": [], "links": [], **more}, separators=(",", ":"))


class Setup:
    """Topics with so many partitions, one or more Redis servers, and the arguments that all commands share."""

    def __init__(self, partitions=1, servers=1):
        self.kafka = Kafka()
        self.redis = [Redis() for _ in range(servers)]
        hark("setup", *self.kafka.args, "--partitions", partitions)
        self.args = [*self.kafka.args, *self.kafka.group, "--rules", RULES, "--redis", ",".join(r.url for r in self.redis)]

    def ingest(self, first, n, **more):
        hark("ingest", *self.kafka.args, "file:-", stdin="".join(post(i, **more) + "\n" for i in range(first, first + n)))

    def match(self, *more, status=0):
        return hark("match", *self.args, "--until-end", *more, status=status)

    def verify(self, status=0):
        return hark("verify", *self.args, status=status).stdout

    def total(self):
        return sum(int(r("HGET", "hark:total:acme", "mention") or 0) for r in self.redis)

    def cut_log(self, before):
        """Deletes the first offsets of partition 0, as retention does."""
        plan = WORK / "delete.json"
        topic = self.kafka.topics + "posts"
        plan.write_text(json.dumps({"partitions": [{"topic": topic, "partition": 0, "offset": before}], "version": 1}))
        subprocess.run([BROKER, "tool", "org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server", self.kafka.brokers,
                        "--offset-json-file", plan], check=True, capture_output=True)


@test
def verify_finds_what_was_changed():
    s = Setup(partitions=3)
    s.ingest(0, 300)
    s.match()
    assert s.verify().startswith("equal"), s.verify()
    redis = s.redis[0]
    year, day = time.strftime("%Y %m-%d", time.gmtime()).split()
    for change, undo, shows in [
        (("HINCRBY", "hark:total:acme", "mention", 1), ("HINCRBY", "hark:total:acme", "mention", -1), "total:acme mention"),
        (("HINCRBY", f"hark:count:acme:mention:day:{year}", day, -1), ("HINCRBY", f"hark:count:acme:mention:day:{year}", day, 1), ":day:"),
        (("HSET", "hark:total:other", "want", 5), ("DEL", "hark:total:other"), "total:other want"),
        (("ZREM", f"hark:posts:acme:mention:{year}-{day}", "p7"), None, "posts:acme:mention"),
    ]:
        redis(*change)
        out = s.verify(status=1)
        assert shows in out and "NOT equal" in out, out
        if undo:
            redis(*undo)


@test
def verify_follows_a_running_match():
    s = Setup(partitions=2)
    process = start("match", *s.args)
    s.ingest(0, 500)
    wait_for(lambda: s.total() == 500, "500 posts")
    assert s.verify().startswith("equal")
    equal(process.stop(), 0, "status of match")


@test
def retention_that_was_faster_is_a_gap():
    s = Setup()
    s.ingest(0, 100)
    s.match()
    s.ingest(100, 100)
    s.cut_log(150)
    done = s.match()
    assert "posts were deleted from the log before they were counted" in done.stderr and "from=100 to=150 posts=50" in done.stderr, done.stderr
    equal(s.total(), 150, "total")
    [[_, fields]] = s.redis[0]("XRANGE", "hark:gaps", "-", "+")
    entry = dict(zip(fields[::2], fields[1::2]))
    equal((entry["first"], entry["next"], entry["posts"]), ("100", "150", "50"), "the gap in Redis")
    equal(entry["source"], f"{s.kafka.topics}posts/0", "source of the gap")
    out = s.verify()
    assert "50 posts in 1 gaps" in out and "left out" in out, out
    s.match()  # nothing new: it is not counted again
    equal(s.redis[0]("XLEN", "hark:gaps"), 1, "gaps")


@test
def a_wiped_redis_stops_matching():
    s = Setup(partitions=2)
    process = start("match", *s.args)
    s.ingest(0, 200)
    wait_for(lambda: s.total() == 200, "200 posts")
    s.redis[0]("FLUSHALL")
    s.ingest(200, 200)
    equal(process.popen.wait(5), 2, "status of match")
    assert "--rebuild" in process.err.read_text(), process.err.read_text()
    equal(s.total(), 0, "total")
    again = s.match(status=2)
    assert "--rebuild" in again.stderr, again.stderr
    equal(s.total(), 0, "total")
    s.match("--rebuild")
    equal(s.total(), 400, "total")
    s.match()  # without being told: it goes on
    assert s.verify().startswith("equal")


@test
def a_rebuild_that_was_broken_off_is_no_beginning():
    s = Setup()
    s.ingest(0, 50)
    s.match()
    s.redis[0]("HSET", "hark:meta", "wiping", "2026-01-01T00:00:00.000Z")
    s.redis[0]("DEL", f"hark:pos:{s.kafka.topics}posts")
    done = s.match(status=2)
    assert "--rebuild" in done.stderr, done.stderr
    s.match("--rebuild")
    equal(s.total(), 50, "total")


@test
def a_full_redis_at_an_assignment_is_waited_for():
    s = Setup()
    s.ingest(0, 20)
    s.match()
    s.redis[0]("CONFIG", "SET", "maxmemory", "1")
    process = start("match", *s.args)
    wait_for(lambda: not process.running() or "OOM" in process.err.read_text(), "a word of it")
    assert process.popen.poll() in (None, 2), process.err.read_text()
    s.redis[0]("CONFIG", "SET", "maxmemory", "0")
    process.stop()
    s.match()
    equal(s.total(), 20, "total")


CONFIG = WORK / "hark.yaml"
CONFIG.write_text("kafka.session.timeout.ms: 6000\nkafka.linger.ms: 500\n")  # what is sent stays a while in the process


@test
def a_crash_between_any_two_steps_loses_nothing():
    for point in ["after-poll", "after-match", "after-produce", "after-acknowledgement", "before-script", "before-reply", "after-script"]:
        s = Setup()
        s.ingest(0, 40)
        crashed = hark("match", *s.args, "--config", CONFIG, "--until-end", env={"HARK_CRASH": f"{point}:1"}, status=-signal.SIGKILL)
        assert f"crash point {point}" in crashed.stderr, crashed.stderr
        s.match("--config", CONFIG)
        equal(s.total(), 40, f"total after {point}")
        equal({m["key"] for m in s.kafka.consume("matches")}, {f"p{i}" for i in range(40)}, f"matches after {point}")
        alerts = [json.loads(m["payload"]) for m in s.kafka.consume("alerts.alpha")]
        equal(len({a["id"] for a in alerts}), 40, f"different alerts after {point}")
        equal({a["match"]["id"] for a in alerts}, {f"p{i}" for i in range(40)}, f"alerts after {point}")
        equal(int(s.redis[0]("HGET", f"hark:pos:{s.kafka.topics}posts", "0")), 40, "position")
        equal({i: n for i in range(40) if (n := s.redis[0]("HGET", f"hark:post:p{i}", "seen")) != "1"}, {}, "posts seen more often than they came")
        assert s.verify().startswith("equal")


@test
def several_redis_servers_share_the_partitions():
    s = Setup(partitions=4, servers=2)
    s.ingest(0, 400)
    s.match()
    parts = [int(r("HGET", "hark:total:acme", "mention") or 0) for r in s.redis]
    equal(sum(parts), 400, "total")
    assert all(parts), parts
    ends = {}
    for message in s.kafka.consume("posts"):
        ends[message["partition"]] = message["offset"] + 1
    for p, end in ends.items():
        equal(int(s.redis[p % 2]("HGET", f"hark:pos:{s.kafka.topics}posts", str(p))), end, f"position of partition {p}")
    assert s.verify().startswith("equal")
    report = json.loads(hark("report", "--json", "--redis", ",".join(r.url for r in s.redis)).stdout)
    equal(report["brands"]["acme"]["total"]["mention"], 400, "report")


@test
def sigterm_commits_what_was_taken():
    s = Setup(partitions=2)
    process = start("match", *s.args, "--batch-ms", 60000)
    s.ingest(0, 100)
    wait_for(lambda: s.total() > 0, "posts")
    s.ingest(100, 200)
    equal(process.stop(limit=5), 0, "status of match")
    counted = s.total()
    assert s.verify().startswith("equal")  # whatever it took is whole
    s.match()
    equal(s.total(), 300, f"total ({counted} at the stop)")


@test
def a_second_sigterm_ends_at_once_and_loses_nothing():
    s = Setup()
    s.ingest(0, 100)
    process = start("match", *s.args)
    wait_for(lambda: s.total() == 100, "100 posts")
    s.redis[0].process.popen.send_signal(signal.SIGSTOP)  # a commit that waits
    s.ingest(100, 100)
    time.sleep(0.5)
    process.popen.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    began = time.monotonic()
    process.popen.send_signal(signal.SIGTERM)
    equal(process.popen.wait(5), 143, "status of match")
    s.redis[0].process.popen.send_signal(signal.SIGCONT)
    s.match()
    equal(s.total(), 200, f"total ({time.monotonic() - began:.1f} s)")
    assert s.verify().startswith("equal")


@test
def an_edit_that_no_longer_matches_is_taken_back():
    s = Setup()
    s.ingest(0, 10)
    s.match()
    sent = len(s.kafka.consume("matches"))
    s.ingest(3, 1, op="update", text="nobody")
    s.match()
    equal(len(s.kafka.consume("matches")), sent, "matches")
    equal(s.total(), 9, "total")
    equal([m for m in map(json.loads, (x["payload"] for x in s.kafka.consume("alerts.alpha"))) if m["state"] == "close"][0]["rule"],
          "acme/mention", "retraction")
    assert s.verify().startswith("equal")


main()
