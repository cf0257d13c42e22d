#!/usr/bin/env python3
"""Redis or Kafka away at the start, gone in the middle, and hark stopped in the middle: it says so, and no post is lost or doubled."""

import json
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import BROKER, ROOT, WORK, Kafka, Redis, equal, free_port, hark, main, start, test, wait_for

RULES = ROOT / "rules"
SAMPLE = ROOT / "deploy/sample/posts.ndjson"
NOWHERE = "127.0.0.1:1"  # nothing listens on port 1


def totals(redis):
    return json.loads(hark("report", "--json", "--redis", redis.url).stdout)["brands"]


def want():
    redis = Redis()
    hark("run", "--rules", RULES, "--redis", redis.url, f"file:{SAMPLE}")
    return totals(redis)


def parts():
    """The sample in two files."""
    lines = SAMPLE.read_bytes().split(b"\n")
    first, second = WORK / "first.ndjson", WORK / "second.ndjson"
    first.write_bytes(b"\n".join(lines[:1200]) + b"\n")
    second.write_bytes(b"\n".join(lines[1200:]))
    return first, second


def fails_soon(*args):
    began = time.monotonic()
    done = hark(*args, status=2)
    assert time.monotonic() - began < 10, f"took {time.monotonic() - began:.1f} s"
    return done.stderr


@test
def redis_away_at_the_start():
    for url, shown in ((f"redis://{NOWHERE}", NOWHERE), (f"unix://{WORK}/none.sock", f"{WORK}/none.sock")):
        assert shown in fails_soon("run", "--rules", RULES, "--redis", url, f"file:{SAMPLE}")
        assert shown in fails_soon("report", "--redis", url)


@test
def kafka_away_at_the_start():
    assert NOWHERE in fails_soon("setup", "--kafka", NOWHERE)
    assert NOWHERE in fails_soon("ingest", "--kafka", NOWHERE, f"file:{SAMPLE}")
    assert NOWHERE in fails_soon("match", "--rules", RULES, "--kafka", NOWHERE)


@test
def topics_that_are_not_there():
    kafka = Kafka()
    assert "hark setup" in hark("ingest", *kafka.args, f"file:{SAMPLE}", status=1).stderr
    assert "hark setup" in hark("match", "--rules", RULES, *kafka.args, status=1).stderr


@test
def redis_gone_in_the_middle():
    kafka, redis, (first, second) = Kafka(), Redis(), parts()
    hark("setup", *kafka.args)
    hark("ingest", *kafka.args, f"file:{first}")
    match = start("match", "--rules", RULES, *kafka.args, *kafka.group, "--redis", redis.url)
    wait_for(lambda: totals(redis), "the first counts")
    redis.stop()
    hark("ingest", *kafka.args, f"file:{second}")
    wait_for(lambda: "waiting for Redis" in match.err.read_text(), "a word about Redis")
    assert match.running()
    redis.up()
    wait_for(lambda: "Redis is back" in match.err.read_text(), "a word that it is back")
    wait_for(lambda: totals(redis) == want_once(), "all counts")
    equal(match.stop(), 0, "exit status")


@test
def kafka_gone_in_the_middle():
    redis, (first, second) = Redis(), parts()
    port, controller, folder = free_port(), free_port(), WORK / "own-broker"
    broker = lambda: subprocess.run([BROKER, "up", folder, str(port), str(controller)], check=True, capture_output=True)
    args = ["--kafka", f"127.0.0.1:{port}"]
    Kafka()  # skips where there is none to be had
    broker()
    try:
        hark("setup", *args)
        hark("ingest", *args, f"file:{first}")
        match = start("match", "--rules", RULES, *args, "--redis", redis.url)
        wait_for(lambda: totals(redis), "the first counts")
        pid = next(int(path.read_text().split()[0]) for path in folder.glob("*.pid"))
        subprocess.run(["kill", "-9", str(pid)], check=True)
        wait_for(lambda: "waiting for Kafka" in match.err.read_text(), "a word about Kafka")
        assert match.running()
        broker()
        hark("ingest", *args, f"file:{second}")
        wait_for(lambda: totals(redis) == want_once(), "all counts")
        equal(match.stop(), 0, "exit status")
    finally:
        subprocess.run([BROKER, "down", folder], check=True, capture_output=True)


@test
def run_stopped_in_the_middle():
    for signum, status in ((signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -9)):
        redis = Redis()
        run = start("run", "--rules", RULES, "--redis", redis.url, "--speed", "20000x", "--batch-ms", "10", f"file:{SAMPLE}")
        wait_for(lambda: totals(redis), "the first counts")
        equal(run.stop(signum), status, "exit status")
        assert totals(redis) != want_once(), "it was too fast to be stopped in the middle"
        hark("run", "--rules", RULES, "--redis", redis.url, f"file:{SAMPLE}")
        equal(totals(redis), want_once(), "totals")


@test
def ingest_stopped_has_sent_what_it_took():
    kafka = Kafka()
    hark("setup", *kafka.args)
    ingest = start("ingest", *kafka.args, "--speed", "2000x", f"file:{SAMPLE}")
    wait_for(lambda: len(kafka.consume("posts")) > 20, "some posts")
    equal(ingest.stop(signal.SIGINT), 0, "exit status")
    posts = int(re.search(r"posts=(\d+)", ingest.err.read_text()).group(1))
    equal(len(kafka.consume("posts")), posts, "posts in the topic")


_want = None


def want_once():
    global _want
    _want = _want or want()
    return _want


main()
