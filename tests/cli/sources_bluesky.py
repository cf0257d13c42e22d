#!/usr/bin/python3
"""The source bluesky against a Jetstream server on loopback: every post once through lost connections of every kind, in both
protocols; gaps are those that the server left."""

import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import WORK, Redis, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import Authority, Jetstream  # noqa: E402

NOW_US = int(time.time() * 1e6)
TEXTS = ["I really want that #RiverIsland coat", "이 코트 #갖고싶다", "želim ovaj kaput", "मुझे यह चाहिए", "¿dónde lo compro?"]


def key(n):
    return f"3k{n:011d}"


def post(n, time_us, op="create", did=None):
    text = TEXTS[n % len(TEXTS)] + f" {n}"
    commit = {"rev": f"r{n}{op}", "operation": op, "collection": "app.bsky.feed.post", "rkey": key(n)}
    if op != "delete":
        commit.update(record={"$type": "app.bsky.feed.post", "createdAt": "2001-01-01T00:00:00Z", "text": text, "langs": ["en"]},
                      cid=f"c{n}")
    return {"did": did or f"did:plc:author{n % 7}", "time_us": time_us, "kind": "commit", "commit": commit}


def like(n, time_us):
    record = {"$type": "app.bsky.feed.like", "createdAt": "2026-01-01T00:00:00Z",
              "subject": {"cid": "c", "uri": f"at://did:plc:author1/app.bsky.feed.post/{key(n)}"}}
    return {"did": "did:plc:fan", "time_us": time_us, "kind": "commit",
            "commit": {"rev": f"l{n}", "operation": "create", "collection": "app.bsky.feed.like", "rkey": key(n), "record": record}}


def account(did, time_us, status):
    return {"did": did, "time_us": time_us, "kind": "account",
            "account": {"active": False, "did": did, "seq": 1, "status": status, "time": "2026-01-01T00:00:00Z"}}


def stream(n, step_us=100_000, before_us=3600 * 10**6, seed=1):
    """n posts with likes between them; neighbours may be in the wrong order, as they are in a real stream."""
    events, time_us = [], NOW_US - before_us
    for i in range(n):
        time_us += step_us
        events.append(post(i, time_us))
        if i % 3 == 0:
            events.append(like(i, time_us + 10))
    chance = random.Random(seed)
    for i in range(len(events) - 1):
        if chance.random() < 0.2:
            events[i], events[i + 1] = events[i + 1], events[i]
    return events


def ids(events):
    return [f"at://{event['did']}/app.bsky.feed.post/{event['commit']['rkey']}" for event in events
            if event["kind"] == "commit" and event["commit"]["collection"] == "app.bsky.feed.post"]


def listen(server, count, *more, url=None, env=None):
    """hark ingest --stdout until `count` posts are there; then it is stopped and must end well."""
    process = start("ingest", "--stdout", f"bluesky:{url or server.url}", *more, env=env)
    wait_for(lambda: len(process.out.read_json()) >= count or not process.running(), f"{count} posts")
    time.sleep(0.3)  # for posts that must not come
    equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")
    return process.out.read_json(), process.err.read_text()


def through_faults(v2):
    events = stream(2500, step_us=10**6)
    chance = random.Random(7)
    hows = ["close", "cut", "abort", "error" if v2 else "close"]
    faults = [{"after": chance.randrange(1, 80), "how": 503 if i % 20 == 10 else hows[i % len(hows)]} for i in range(50)]
    with Jetstream(events, faults, v2=v2) as server:
        posts, log = listen(server, 2500)
        equal(server.faults, [], "faults that did not happen")
        equal(server.data_frames, 0, "frames sent to the server")
    equal(sorted(post["id"] for post in posts), sorted(ids(events)), "ids")
    assert "posts were missed" not in log, log
    return posts


@test
def version_1_through_50_lost_connections():
    posts = through_faults(v2=False)
    assert not any(post["time"].startswith("2001") for post in posts), "the time is the author's"


@test
def version_2_through_50_lost_connections():
    through_faults(v2=True)


@test
def it_asks_for_what_it_needs():
    for v2, want in ((False, {"wantedCollections": "app.bsky.feed.post"}), (True, {"collections": "app.bsky.feed.post"})):
        with Jetstream(stream(10), [{"after": 5, "how": "abort"}], v2=v2) as server:
            listen(server, 10)
            for name, value in want.items():
                equal([request.get(name) for request in server.requests], [value] * 2, name)
            assert "cursor" not in server.requests[0] and "cursor" in server.requests[1], server.requests


@test
def edits_deletes_and_take_downs():
    at = NOW_US - 10**8
    events = [post(1, at), post(2, at + 1), post(3, at + 2, did="did:plc:gone"), post(4, at + 3, did="did:plc:gone"),
              post(1, at + 4, "update"), post(2, at + 5, "delete"), account("did:plc:author5", at + 6, "throttled"),
              account("did:plc:gone", at + 7, "takendown"), account("did:plc:gone", at + 8, "takendown")]
    for v2 in (False, True):
        with Jetstream(events, v2=v2) as server:
            posts, _ = listen(server, 8)
        equal([(p["op"], p["id"].rsplit("/", 1)[1]) for p in posts[:6]],
              [("create", key(1)), ("create", key(2)), ("create", key(3)), ("create", key(4)), ("update", key(1)), ("delete", key(2))],
              "what happened")
        equal(sorted(p["id"] for p in posts[6:]), [f"at://did:plc:gone/app.bsky.feed.post/{key(n)}" for n in (3, 4)], "taken down")
        equal({p["op"] for p in posts[6:]}, {"delete"}, "op")


@test
def a_silent_connection_is_given_up():
    events = stream(40)
    with Jetstream(events, [{"after": 20, "how": "silent"}]) as server:
        posts, log = listen(server, 40, "--stale", 1)
    equal(sorted(p["id"] for p in posts), sorted(ids(events)), "ids")
    assert "nothing came for" in log, log


@test
def bad_events_are_dead_letters():
    events = stream(6)
    events.insert(2, {"time_us": events[2]["time_us"], "kind": "raw", "did": "", "raw": '{"did":"did:plc:x","time_us":'})
    events.insert(4, {"time_us": events[4]["time_us"], "kind": "raw", "did": "", "raw": "<html><body>busy</body></html>"})
    events.insert(5, {"time_us": events[5]["time_us"], "kind": "raw", "did": "", "raw": '{"hello":[1,2]}'})
    events.insert(6, {"time_us": events[6]["time_us"], "kind": "raw", "did": "", "raw": "x" * 10_000_000})
    dead = WORK / "bluesky.dead"
    with Jetstream(events) as server:
        posts, _ = listen(server, 6, "--dead-letters", dead)
    equal(len({p["id"] for p in posts}), 6, "posts")
    letters = [json.loads(line) for line in dead.read_text().splitlines()]
    equal([letter["bytes"] for letter in letters], [29, 30, 15, 10_000_000], "bytes of dead letters")
    assert letters[1]["raw"].startswith("<html>") and len(letters[3]["raw"]) <= 1 << 16


def run_for(server, redis, rules, seconds=None, until=None):
    process = start("run", "--rules", rules, "--redis", redis.url, f"bluesky:{server.url}", "--stale", 5)
    wait_for(lambda: until() or not process.running(), "what is waited for")
    equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")
    return process.err.read_text()


def total(redis):
    return int((redis("HGET", "hark:total:everything", "mention")) or 0)


def make_rules():
    rules = WORK / "rules"
    rules.mkdir(exist_ok=True)
    (rules / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    return rules


def gaps_after_a_pause(v2, floor_of, want):
    """Counts 100 posts, stops; meanwhile the server forgets what is older than a floor and gets 100 more."""
    rules, redis = make_rules(), Redis()
    old = stream(99, before_us=40 * 3600 * 10**6)
    old.append(post(99, max(event["time_us"] for event in old) + 100_000))  # when the last post is counted, all was read
    new = [dict(event, commit=dict(event["commit"], rkey=key(1000 + i), rev=f"n{i}")) for i, event in
           enumerate(e for e in stream(100) if e["commit"]["collection"] == "app.bsky.feed.post")]
    with Jetstream(old, v2=v2) as server:
        run_for(server, redis, rules, until=lambda: total(redis) == 100)
        server.add(new)
        server.floor = floor_of(old, new)
        kept = [event for event in new if event["time_us"] >= server.floor]
        log = run_for(server, redis, rules, until=lambda: total(redis) == 100 + len(kept))
    equal(total(redis), 100 + len(kept), "counted")
    shown = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)
    equal(len(shown["sources"]), 1, "sources")
    equal(len(shown["gaps"]), want, "gaps")
    equal(log.count("posts were missed"), want, "gaps in the log")
    return old, kept, shown["gaps"]


def ms(text):
    import datetime
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


@test
def what_the_server_no_longer_had_is_in_the_ledger():
    for v2 in (False, True):
        old, kept, gaps = gaps_after_a_pause(v2, lambda old, new: new[30]["time_us"], 1)
        gap = gaps[0]
        equal((gap["schema"], gap["reason"]), ("hark.gap/1", "cursor too old"), "gap")
        equal(ms(gap["from"]), max(event["time_us"] for event in old) // 1000, "from")
        equal(ms(gap["to"]), kept[0]["time_us"] // 1000, "to")


@test
def what_the_server_still_had_is_no_gap():
    rules, redis = make_rules(), Redis()
    events = stream(200, before_us=600 * 10**6)
    with Jetstream(events[:150]) as server:
        part = len(ids(events[:150]))
        run_for(server, redis, rules, until=lambda: total(redis) == part)
        server.add(events[150:])
        log = run_for(server, redis, rules, until=lambda: total(redis) == 200)
    assert "posts were missed" not in log, log
    equal(json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"], [], "gaps")


@test
def tls_is_checked():
    authority = Authority(WORK)
    with Jetstream(stream(5), tls=authority) as server:
        posts, _ = listen(server, 5, "--ca-file", authority.cert)
        equal(len(posts), 5, "posts")
        done = hark("ingest", "--stdout", f"bluesky:{server.url}", status=2)
        assert "certificate" in done.stderr.lower(), done.stderr


@test
def out_of_reach_ends_within_ten_seconds():
    began = time.monotonic()
    done = hark("ingest", "--stdout", "bluesky:ws://127.0.0.1:9/subscribe", status=2)
    assert time.monotonic() - began < 10, "too slow"
    assert "127.0.0.1:9" in done.stderr, done.stderr


@test
def wrong_arguments():
    for argument, words in (("ws://example.org/subscribe", "localhost only"), ("wss://example.org/elsewhere", "/subscribe"),
                            ("https://example.org/subscribe", "wss")):
        done = hark("ingest", "--stdout", f"bluesky:{argument}", status=1)
        assert words in done.stderr, done.stderr


@test
def for_ends_it():
    with Jetstream(stream(5)) as server:
        done = hark("ingest", "--stdout", "--for", "4s", f"bluesky:{server.url}")
    equal(len(done.stdout.splitlines()), 5, "posts")


main()
