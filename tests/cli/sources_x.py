#!/usr/bin/python3
"""The source x against a filtered stream on loopback: every post once where X gives again what was missed, gaps where it does not."""

import json
import pathlib
import random
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import X  # noqa: E402

TOKEN = {"HARK_X_TOKEN": "x-token"}


def post(n, **more):
    return {"data": {"id": str(1_900_000_000_000_000_000 + n), "text": f"I want #nike {n}", "author_id": "7", "lang": "en",
                     "created_at": "2026-11-22T01:00:00.000Z", "edit_history_tweet_ids": [str(n)],
                     "entities": {"hashtags": [{"start": 7, "end": 12, "tag": "nike"}]}, **more},
            "includes": {"users": [{"id": "7", "name": "A", "username": "a"}]}, "matching_rules": [{"id": "1", "tag": "hark/nike/1"}]}


def listen(server, count, *more, query="", env=TOKEN):
    process = start("ingest", "--stdout", f"x:{server.url}{query}", *more, env=env)
    wait_for(lambda: len(process.out.read_json()) >= count or not process.running(), f"{count} posts")
    time.sleep(0.3)
    equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")
    return process.out.read_json(), process.err.read_text()


@test
def through_50_lost_connections_with_backfill():
    posts = [post(n) for n in range(1200)]
    chance = random.Random(9)
    faults = [{"after": 20 * i + chance.randrange(1, 20), "how": ["close", "cut", "abort", "operational"][i % 4]} for i in range(50)]
    with X(posts, faults, pace=0.001) as server:
        got, log = listen(server, 1200, query="?backfill_minutes=5")
        equal(server.faults, [], "faults that did not happen")
        equal([q.get("backfill_minutes") for _, q in server.requests][-1], "5", "backfill")
    equal(sorted(p["id"] for p in got), sorted(f"x:{p['data']['id']}" for p in posts), "ids")
    assert "posts were missed" not in log and "x-token" not in log, log


@test
def a_stream_without_backfill_has_gaps():
    redis, rules = Redis(), WORK / "rules"
    rules.mkdir()
    (rules / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    with X([post(n) for n in range(60)], [{"after": 10, "how": "abort"}, {"after": 10, "how": "operational"}]) as server:
        process = start("run", "--rules", rules, "--redis", redis.url, f"x:{server.url}", env=TOKEN)
        wait_for(lambda: server.connections == 3 and int(redis("HGET", "hark:total:everything", "mention") or 0) > 25, "posts")
        equal(process.stop(), 0, "exit status")
        shown = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)
        equal([gap["reason"] for gap in shown["gaps"]], ["not connected"] * 2, "gaps")
        process = start("run", "--rules", rules, "--redis", redis.url, f"x:{server.url}", env=TOKEN)
        wait_for(lambda: server.connections == 4 and "posts were missed" in process.err.read_text(), "the gap of the pause")
        equal(process.stop(), 0, "exit status")


@test
def a_silent_stream_is_given_up_and_keep_alives_keep_it():
    with X([post(n) for n in range(10)], [{"after": 5, "how": "silent"}], pace=0.3) as server:
        got, log = listen(server, 7, "--stale", 1, query="?backfill_minutes=5")
    equal(len(got), len({p["id"] for p in got}), "repeats")
    assert "nothing came for" in log, log


@test
def it_waits_as_x_asks():
    reset = int(time.time()) + 70
    with X([post(0)], [{"how": 503}]) as server:
        process = start("ingest", "--stdout", f"x:{server.url}", env=TOKEN)
        wait_for(lambda: "trying again in 5.0 s" in process.err.read_text(), "the wait after 503")
        equal(process.stop(), 0, "exit status")
    for fault, waits in (({"how": 429}, range(60, 61)), ({"how": 429, "reset": reset}, range(61, 71))):
        with X([post(0)], [fault]) as server:
            process = start("ingest", "--stdout", f"x:{server.url}", env=TOKEN)
            found = wait_for(lambda: re.search(r"429.*trying again in (\d+)", process.err.read_text()), "the wait after 429")
            equal(process.stop(), 0, "exit status")
            assert int(found[1]) in waits, found[1]
            equal(server.connections, 1, "tries")


@test
def tokens():
    done = hark("ingest", "--stdout", "x:", status=1)
    assert "HARK_X_TOKEN" in done.stderr, done.stderr
    with X([post(0)], token="other") as server:
        done = hark("ingest", "--stdout", f"x:{server.url}", env=TOKEN, status=1)
        assert "401" in done.stderr and "HARK_X_TOKEN" in done.stderr and "x-token" not in done.stderr, done.stderr
        equal(len(server.requests), 1, "tries")


@test
def rules_are_kept_in_step():
    rules = WORK / "brands"
    rules.mkdir()
    (rules / "a.yaml").write_text("brand: acorn\nteam: t\nlisten: {hashtags: [AcornCoats], handles: [acorncoats], keywords: [acorn coats],"
                                  " domains: [acorn.example]}\nintents: []\n---\nbrand: birch\nteam: t\nlisten:\n  query: '(#birch "
                                  "-is:reply) OR \"birch shoes\"'\nonly: {reposts: true}\nintents: []\n---\nbrand: many\nteam: t\nlisten: {hashtags: ["
                                  + ", ".join(f"tag{n}" for n in range(100)) + "]}\nintents: []\n")
    with X([]) as server:
        server.rules = [{"id": "1", "value": "cats", "tag": "somebody else's"}, {"id": "2", "value": "old", "tag": "hark/gone/1"}]
        shown = hark("x-rules", "--rules", rules, server.url, env=TOKEN).stdout
        equal(len(server.rules), 2, "a dry run changes nothing")
        equal([request[1] for request in server.requests], [{"dry_run": "true"}], "X checks it")
        assert "- hark/gone/1  old" in shown and "--apply" in shown, shown
        hark("x-rules", "--apply", "--rules", rules, server.url, env=TOKEN)
        held = {rule["tag"]: rule["value"] for rule in server.rules}
        again = hark("x-rules", "--apply", "--rules", rules, server.url, env=TOKEN).stdout
    equal(held["somebody else's"], "cats", "rules of others")
    assert "hark/gone/1" not in held, held
    equal(held["hark/acorn/1"], '(#acorncoats OR @acorncoats OR "acorn coats" OR url:"acorn.example") -is:retweet', "rule")
    equal(held["hark/birch/1"], '(#birch OR "birch shoes")', "rule")
    assert len([tag for tag in held if tag.startswith("hark/many/")]) > 1 and max(map(len, held.values())) <= 512, held
    assert not [line for line in again.splitlines() if line[0] in "+-"], again


@test
def a_compliance_file_takes_posts_back():
    rules, redis = WORK / "compliance", Redis()
    rules.mkdir()
    (rules / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    posts, results = WORK / "x.ndjson", WORK / "results.ndjson"
    posts.write_text("".join(json.dumps(post(n)) + "\n" for n in range(5)))
    results.write_text("".join(json.dumps({"id": post(n)["data"]["id"], "action": "delete", "created_at": "2026-11-22T01:00:00.000Z",
                                           "redacted_at": "2026-11-22T02:00:00.000Z", "reason": why}) + "\n"
                               for n, why in ((1, "deleted"), (2, "scrub_geo"), (3, "suspended"), (77, "deleted"))))
    total = lambda: int(redis("HGET", "hark:total:everything", "mention"))  # noqa: E731
    hark("run", "--rules", rules, "--redis", redis.url, f"file:{posts}")
    equal(total(), 5, "counted")
    hark("run", "--rules", rules, "--redis", redis.url, "--format", "x-compliance", f"file:{results}")
    equal(total(), 3, "left")


@test
def bad_lines_are_dead_letters():
    dead = WORK / "x.dead"
    with X([post(1), '{"data":{"id":"1",', '{"hello":1}', post(2)]) as server:
        got, _ = listen(server, 2, "--dead-letters", dead)
    equal([p["id"] for p in got], [f"x:{post(n)['data']['id']}" for n in (1, 2)], "ids")
    equal(len(dead.read_text().splitlines()), 2, "dead letters")
    equal(got[0]["hashtags"], ["nike"], "hashtags")


main()
