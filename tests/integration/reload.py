#!/usr/bin/env python3
"""Rules that change while posts come in: each post is evaluated once, by one rule set, which its match names."""

import hashlib
import json
import os
import pathlib
import re
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import WORK, Kafka, Redis, equal, hark, main, start, test, wait_for

SETS = 100
BY_CHANGE = 5  # of them are noticed by the change of the folder alone, the others by SIGHUP


def rules_text(k, broken=""):
    """The set whose posts hit the intent v<k> and no other, so that a match shows which set made it."""
    return (f"brand: acorn\nteam: team{k % 3}\nlisten: {{hashtags: [acorn]}}\n"
            f"intents: [{{name: v{k}, phrases: {{en: [want]}}}}]\nalerts: [{{on: v{k}}}]\n"
            f"tests: [{{post: 'I want #acorn', hits: [v{k}]}}]\n{broken}")


def version(text):
    body = text.encode()
    return hashlib.sha256(b"acorn.yaml\0" + str(len(body)).encode() + b"\0" + body).hexdigest()[:12]


class Folder:
    def __init__(self, name):
        self.path = WORK / name
        self.path.mkdir()
        self.put(rules_text(0))

    def put(self, text):
        """In one step, as editors and deployments do it."""
        new = self.path / ".acorn.yaml.new"
        new.write_text(text)
        new.rename(self.path / "acorn.yaml")


class Feeder(threading.Thread):
    """Writes posts into a pipe until it is told to end."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.path, self.posts, self.ending = WORK / name, 0, False
        os.mkfifo(self.path)

    def run(self):
        with open(self.path, "w") as pipe:
            while not self.ending:
                for _ in range(20):
                    print(json.dumps({"schema": "hark.post/1", "id": f"p{self.posts}", "source": "bluesky", "op": "create",
                                      "time": "2026-11-20T10:00:00.000Z", "text": f"I want #acorn {self.posts}",
                                      "hashtags": ["acorn"], "mentions": [], "links": []}, separators=(",", ":")), file=pipe)
                    self.posts += 1
                pipe.flush()
                time.sleep(0.005)  # a steady load, not a race for the disk

    def end(self):
        self.ending = True
        self.join()


def taken(process):
    return re.findall(r'msg="rules taken" version=(\w+)', process.err.read_text())


def reload_many(folder, process):
    versions = {version(rules_text(0)): 0}
    for k in range(1, SETS + 1):
        text = rules_text(k)
        versions[version(text)] = k
        folder.put(text)
        if k % (SETS // BY_CHANGE):
            process.popen.send_signal(signal.SIGHUP)
        wait_for(lambda: version(text) in taken(process), f"set {k} to be taken")
    equal(len(taken(process)), SETS, "sets that were taken")
    return versions


def check(matches, posts, versions):
    equal(sorted(match["id"] for match in matches), sorted(f"p{i}" for i in range(posts)), "posts that matched, each once")
    for match in matches:
        equal([hit["intent"] for hit in match["hits"]], [f"v{versions[match['ruleset']]}"], f"hits by {match['ruleset']}")
    used = {match["ruleset"] for match in matches}
    # How many sets saw a post is up to the scheduler; that posts came while sets changed is what makes this a test.
    assert len(used) >= 5, f"only {len(used)} sets saw a post"


@test
def run_changes_its_rules_a_hundred_times():
    redis, folder, feeder = Redis(), Folder("rules-run"), Feeder("run.pipe")
    feeder.start()
    run = start("run", "--rules", folder.path, "--redis", redis.url, "--emit", "matches", f"file:{feeder.path}")
    wait_for(lambda: run.out.stat().st_size, "the first match")
    versions = reload_many(folder, run)
    feeder.end()
    equal(run.popen.wait(60), 0, "exit status")
    matches = [json.loads(line) for line in run.out.read_text().splitlines()]
    check(matches, feeder.posts, versions)
    order = [versions[match["ruleset"]] for match in matches]
    equal(order, sorted(order), "sets in the order of the posts")
    equal(redis("HGET", "hark:meta", "ruleset"), version(rules_text(SETS)), "ruleset in hark:meta")
    total = redis("HGETALL", "hark:total:acorn")
    equal(int(total.pop("mention")), feeder.posts, "mentions")
    equal(sum(map(int, total.values())), feeder.posts, "counts by set")


@test
def match_changes_its_rules_a_hundred_times():
    kafka, redis, folder, feeder = Kafka(), Redis(), Folder("rules-match"), Feeder("match.pipe")
    hark("setup", *kafka.args)
    feeder.start()
    match = start("match", "--rules", folder.path, *kafka.args, *kafka.group, "--redis", redis.url, "--workers", 2)
    ingest = start("ingest", *kafka.args, f"file:{feeder.path}")
    wait_for(lambda: redis("HGET", "hark:total:acorn", "mention"), "the first count")
    versions = reload_many(folder, match)
    feeder.end()
    equal(ingest.popen.wait(60), 0, "exit status of ingest")
    wait_for(lambda: int(redis("HGET", "hark:total:acorn", "mention")) == feeder.posts, "all posts to be counted")
    equal(match.stop(), 0, "exit status of match")
    check([json.loads(message["payload"]) for message in kafka.consume("matches")], feeder.posts, versions)
    equal(redis("HGET", "hark:meta", "ruleset"), version(rules_text(SETS)), "ruleset in hark:meta")
    alerts = [json.loads(m["payload"])["rule"] for team in range(3) for m in kafka.consume(f"alerts.team{team}")]
    equal(len(alerts), feeder.posts, "alerts, in topics of teams that came with a reload")


@test
def a_set_that_does_not_pass_is_not_taken():
    redis, folder, feeder = Redis(), Folder("rules-bad"), Feeder("bad.pipe")
    feeder.start()
    run = start("run", "--rules", folder.path, "--redis", redis.url, "--emit", "matches", f"file:{feeder.path}")
    wait_for(lambda: run.out.stat().st_size, "the first match")
    for text, said in ((rules_text(1, "colour: green\n"), "colour"),
                       (rules_text(1, "").replace("phrases: {en: [want]}", "phrases: {en: ['/(/']}"), "line=4"),
                       (rules_text(1).replace("hits: [v1]", "hits: []"), "tests failed")):
        before = run.err.read_text().count("rules not taken")
        folder.put(text)
        wait_for(lambda: run.err.read_text().count("rules not taken") > before, f"a word about {said}")
        log = run.err.read_text()
        assert said in log and f"in_force={version(rules_text(0))}" in log, log
    folder.put(rules_text(2))
    wait_for(lambda: taken(run), "a good set to be taken")
    seen = feeder.posts
    wait_for(lambda: feeder.posts > seen + 100, "more posts")
    feeder.end()
    equal(run.popen.wait(60), 0, "exit status")
    versions = {version(rules_text(k)): k for k in (0, 2)}
    matches = [json.loads(line) for line in run.out.read_text().splitlines()]
    equal(len(matches), feeder.posts, "matches")
    equal({match["ruleset"] for match in matches}, set(versions), "sets that were used")
    equal(redis("HGET", "hark:meta", "ruleset"), version(rules_text(2)), "ruleset in hark:meta")


@test
def the_same_rules_are_told_to_be_the_same():
    redis, folder, feeder = Redis(), Folder("rules-same"), Feeder("same.pipe")
    feeder.start()
    run = start("run", "--rules", folder.path, "--redis", redis.url, f"file:{feeder.path}")
    wait_for(lambda: redis("HGET", "hark:meta", "ruleset"), "the start")
    run.popen.send_signal(signal.SIGHUP)
    wait_for(lambda: "rules unchanged" in run.err.read_text(), "a word that they are unchanged")
    feeder.end()
    equal(run.popen.wait(60), 0, "exit status")
    equal(taken(run), [], "sets taken")


main()
