#!/usr/bin/python3
"""hark ingest of a live source over real Kafka: kill -9 at any time loses no post and counts none twice; one that stays through lost
connections writes every post once; gaps are in their topic."""

import json
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import HARK, Kafka, ROOT, Redis, WORK, environment, equal, free_port, hark, main, start, test, wait_for  # noqa: E402
from replay import Jetstream, Pusher  # noqa: E402

NOW_US = int(time.time() * 1e6)
POSTS = 20_000


def post(n, time_us):
    return {"did": f"did:plc:author{n % 50}", "time_us": time_us, "kind": "commit",
            "commit": {"rev": f"r{n}", "operation": "create", "collection": "app.bsky.feed.post", "rkey": f"3k{n:011d}", "cid": f"c{n}",
                       "record": {"$type": "app.bsky.feed.post", "createdAt": "2026-01-01T00:00:00Z", "text": f"I want it {n}"}}}


def rules():
    folder = WORK / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    return folder


def count(kafka, redis):
    hark("match", "--rules", rules(), "--redis", redis.url, "--until-end", *kafka.args, *kafka.group)
    return int(redis("HGET", "hark:total:everything", "mention"))


@test
def fifty_lost_connections_and_every_post_once():
    kafka = Kafka()
    hark("setup", *kafka.args)
    chance = random.Random(5)
    events = [post(n, NOW_US - 3600 * 10**6 + n * 10**6) for n in range(3000)]
    faults = [{"after": chance.randrange(1, 100), "how": ["close", "cut", "abort"][i % 3]} for i in range(50)]
    with Jetstream(events, faults) as server:
        process = start("ingest", *kafka.args, "--state", WORK / "once", f"bluesky:{server.url}")
        wait_for(lambda: any((WORK / "once/sources").glob("*")) and f" {events[-1]['time_us']}\n" in
                 next((WORK / "once/sources").glob("bluesky*")).read_text(), "the last position", 40)
        equal(process.stop(), 0, "exit status")
        equal(server.faults, [], "faults that did not happen")
    keys = [message["key"] for message in kafka.consume("posts")]
    equal(len(keys), 3000, "messages")
    equal(len(set(keys)), 3000, "posts")


def killed_often(kafka, server, state, kills):
    """Starts hark ingest, again and again, and kills it each time; returns when it has been through all."""
    chance = random.Random(11)
    for _ in range(kills):
        with open(WORK / "killed.err", "ab") as err:
            process = subprocess.Popen([HARK, "ingest", *kafka.args, *state, f"bluesky:{server.url}"], stdout=err, stderr=err,
                                       env=environment())
        time.sleep(chance.uniform(0.02, 0.8))
        process.kill()
        process.wait()


def survives_kills(state_args, position):
    kafka, redis = Kafka(), Redis()
    hark("setup", *kafka.args)
    state = state_args(redis)
    events = [post(n, NOW_US - 3600 * 10**6 + n * 10**5) for n in range(POSTS)]
    with Jetstream(events, [{"slow": 0.0002}] * 50) as server:
        killed_often(kafka, server, state, 50)
        process = start("ingest", *kafka.args, *state, f"bluesky:{server.url}")
        wait_for(lambda: position(redis, events[-1]["time_us"]), "the last position")
        equal(process.stop(signal.SIGTERM), 0, f"exit status: {process.err.read_text()[-500:]}")
        resumed = sum("cursor" in request for request in server.requests)
    assert resumed > 10, f"only {resumed} starts went on where the one before had been"
    equal(count(kafka, redis), POSTS, "posts counted")


@test
def fifty_kills_with_positions_in_redis():
    survives_kills(lambda redis: ["--redis", redis.url],
                   lambda redis, last: any(str(last) in (redis("HGET", key, "position") or "") for key in redis("KEYS", "hark:source:*")))


@test
def what_was_accepted_survives_kills():
    """Every answer 202 is a promise: the process is killed at any moment while posts are pushed, and right after the last answer."""
    kafka, redis, port, chance = Kafka(), Redis(), free_port(), random.Random(13)
    hark("setup", *kafka.args)
    command = ["ingest", *kafka.args, "--redis", redis.url, f"http:127.0.0.1:{port}"]
    pusher, process = Pusher(port), start(*command)
    for first in range(0, 600, 40):
        posts = [{"schema": "hark.post/1", "id": f"shop:{n}", "source": "shop", "op": "create", "time": "2026-11-22T01:00:00Z",
                  "text": f"I want it {n}"} for n in range(first, first + 40)]
        pushing = threading.Thread(target=pusher.push, args=(posts,), daemon=True)
        pushing.start()
        time.sleep(chance.uniform(0, 0.15))
        process.stop(signal.SIGKILL)
        process = start(*command)
        pushing.join(60)
        assert not pushing.is_alive(), f"no answer in a minute; {process.err.read_text()[-500:]}"
    process.stop(signal.SIGKILL)
    equal(pusher.answers.count(202), 15, "requests accepted")
    equal(count(kafka, redis), 600, "posts counted")


@test
def what_was_missed_is_in_the_topic_and_shown():
    kafka, state = Kafka(), WORK / "gaps"
    hark("setup", *kafka.args)
    old = [post(n, NOW_US - 50 * 3600 * 10**6 + n * 10**6) for n in range(20)]
    new = [post(100 + n, NOW_US - 3600 * 10**6 + n * 10**6) for n in range(20)]
    with Jetstream(old) as server:
        for events, done in (([], old), (new, new)):
            server.add(events)
            server.floor = done[0]["time_us"]
            process = start("ingest", *kafka.args, "--state", state, f"bluesky:{server.url}")
            wait_for(lambda: any(str(done[-1]["time_us"]) in file.read_text() for file in (state / "sources").glob("bluesky*")), "the end")
            equal(process.stop(), 0, "exit status")
    gaps = [json.loads(message["payload"]) for message in kafka.consume("gaps")]
    equal(len(gaps), 1, "gaps")
    equal(gaps[0]["reason"], "cursor too old", "reason")
    jsonschema.Draft202012Validator(json.loads((ROOT / "deploy/schema/hark.gap.schema.json").read_text())).validate(gaps[0])
    shown = json.loads(hark("sources", "--json", "--state", state).stdout)
    equal(shown["gaps"], gaps, "gaps shown")
    equal(len(shown["sources"]), 1, "sources shown")


main()
