#!/usr/bin/python3
"""The source nostr against relays on loopback: every post once through lost connections, though a relay gives little at a time; what it
forgot is a gap; what is forged is dead."""

import datetime
import functools
import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import Author, Nostr  # noqa: E402

ANA, BO, EVA = Author(1111), Author(2222), Author(3333)


def note(n, author=ANA, lag=0, **more):
    """What makes an event when it is published; its author's clock may be behind."""
    created_at = int(time.time()) - lag
    return lambda: author.event(1, f"I want #Nike {n}", created_at=created_at, **more)


def listen(server, count, *more):
    process = start("ingest", "--stdout", f"nostr:{server.url}", *more)
    wait_for(lambda: len(process.out.read_json()) >= count or not process.running(), f"{count} posts")
    time.sleep(0.3)  # for posts that must not come
    equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")
    return process.out.read_json(), process.err.read_text()


@functools.cache
def rules():
    folder = WORK / "rules"
    folder.mkdir()
    (folder / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    return folder


def total(redis):
    return int(redis("HGET", "hark:total:everything", "mention") or 0)


def run(redis, *servers):
    return start("run", "--rules", rules(), "--redis", redis.url, *[f"nostr:{server.url}" for server in servers])


def ends_well(process):
    equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")


def ids(events):
    return sorted(f"nostr:{event['id']}" for event in events)


@test
def every_post_once_through_50_lost_connections():
    chance = random.Random(21)
    notes = [note(n, (ANA, BO, EVA)[n % 3], chance.randrange(0, 60)) for n in range(600)]
    faults = [{"after": chance.randrange(1, 60), "how": 503 if i % 20 == 10 else ("close", "cut", "abort")[i % 3]} for i in range(50)]
    with Nostr(notes, faults, cap=40) as server:
        posts, log = listen(server, 600)
        equal(server.faults, [], "faults that did not happen")
        equal(len(server.events), 600, "published")
        equal(sorted(post["id"] for post in posts), ids(server.events), "ids")
    assert "posts were missed" not in log, log


@test
def what_it_asks_for():
    with Nostr([note(n, lag=n) for n in range(20)], [{"after": 10, "how": "abort"}], cap=5) as server:
        before = int(time.time())
        listen(server, 20)
        requests = [request for request in server.requests if request[0] == "REQ"]
    equal([request[2]["kinds"] for request in requests], [[1, 5, 6, 16]] * len(requests), "kinds")
    equal([request[1] for request in requests[:3]], ["hark-live", "hark-live", "hark-page-1"], "subscriptions")
    for request in requests[:2]:
        assert before - 600 <= request[2]["since"] <= time.time() - 600, "it begins, and is taken up, ten minutes back"
    assert requests[2][2]["until"] <= time.time(), requests[2]


@test
def what_a_post_says():
    target, root, quoted = (BO.event(1, text) for text in ("target", "root", "quoted"))
    e = lambda event, *mark: ["e", event["id"], "wss://relay.example", *mark]  # noqa: E731
    events = [ANA.event(1, "say \"hi\"\n\t\\ #Other 갖고 싶다", [["t", "nike"], ["t", "coats"], ["p", BO.pubkey], ["l", "ko", "ISO-639-1"], ["l", "x", "y"]]),
              ANA.event(1, "no tags but #this https://a.example/"), ANA.event(1, "reply", [e(root, "root"), e(target, "reply")]),
              ANA.event(1, "reply to the root", [e(root, "root")]), ANA.event(1, "old reply", [e(root), e(target)]),
              ANA.event(1, "quote", [["q", quoted["id"]], ["e", "not an id"]]), ANA.event(6, json.dumps(target), [e(target)]),
              ANA.event(6, json.dumps({**target, "content": "forged"}), [e(target)]), ANA.event(16, "", [e(target)]), ANA.event(7, "+", [e(target)])]
    path = WORK / "events.ndjson"
    path.write_text("".join(json.dumps(event if n % 2 else ["EVENT", "s", event]) + "\n" for n, event in enumerate(events)))
    posts = [json.loads(line) for line in hark("ingest", "--stdout", f"file:{path}").stdout.splitlines()]
    equal([post["id"] for post in posts], [f"nostr:{event['id']}" for event in events[:-1]], "ids")
    equal({(post["source"], post["author"]["id"]) for post in posts}, {("nostr", ANA.pubkey)}, "author")
    first, tagless, *replies, quote, repost, forged, empty = posts
    equal((first["text"], first["hashtags"], first["mentions"], first["lang"]), (events[0]["content"], ["nike", "coats"], [BO.pubkey], ["ko"]), "post")
    equal((tagless["hashtags"], tagless["links"], tagless["reply_to"]), (["this"], ["https://a.example/"], None), "post without tags")
    equal([post["reply_to"] for post in replies], [f"nostr:{event['id']}" for event in (target, root, target)], "replies")
    equal((quote["quote_of"], quote["reply_to"]), (f"nostr:{quoted['id']}", None), "quote")
    equal([(post["repost_of"], post["text"]) for post in (repost, forged, empty)], [(f"nostr:{target['id']}", text) for text in ("target", "", "")], "reposts")
    at = datetime.datetime.fromtimestamp(events[0]["created_at"], datetime.timezone.utc)
    equal(first["time"], at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "time in a file")


@test
def what_is_forged_is_dead():
    good, dead = ANA.event(1, "true"), WORK / "nostr.dead"
    bad = [{**good, "content": "put into her mouth"}, {**good, "created_at": good["created_at"] - 1}, {**good, "tags": [["t", "x"]]},
           {**good, "pubkey": BO.pubkey}, {**BO.event(1, "his"), "sig": good["sig"]}, {**good, "tags": [[1]]}, {**good, "tags": "x"},
           {**good, "id": good["id"].upper()}, {**good, "sig": good["sig"][:-1]}]
    with Nostr([lambda event=event: event for event in [*bad, good]]) as server:
        posts, _ = listen(server, 1, "--dead-letters", dead)
    equal([post["id"] for post in posts], ids([good]), "posts")
    reasons = [json.loads(line)["reason"] for line in dead.read_text().splitlines()]
    equal(reasons, ["the id is not the hash of the event"] * 4 + ["the signature is not the author's"]
          + ["a part of the event is missing or of the wrong type"] * 2
          + ["the id is not the hash of the event", "id, pubkey or sig is not lower-case hex of its length"], "reasons")


@test
def deletes_are_the_authors_own():
    first, second, third = ANA.event(1, "one"), ANA.event(1, "two"), BO.event(1, "three")
    points = lambda *events: [["e", event["id"]] for event in events]  # noqa: E731
    events = [first, second, third, BO.event(5, "no", points(first)), ANA.event(5, "", points(first, third)), ANA.event(5, "", points(second)),
              BO.event(1, "four")]
    with Nostr([lambda event=event: event for event in events]) as server:
        posts, log = listen(server, 6)
    equal([(post["op"], post["id"]) for post in posts],
          [*[("create", f"nostr:{event['id']}") for event in events[:3]], ("delete", f"nostr:{first['id']}"), ("delete", f"nostr:{second['id']}"),
           ("create", f"nostr:{events[6]['id']}")], "what happened")


def ms(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


@test
def the_time_is_when_it_came():
    """Of what happens; of what a relay kept it is what the author claims, but never in the future."""
    began = int(time.time() * 1000)
    late, early, kept, ahead = (ANA.event(1, text, created_at=int(time.time()) + lag) for text, lag in
                                (("late", 20), ("early", 86400), ("kept", -300), ("ahead", 86400)))
    with Nostr([note(1), lambda: late, lambda: early], [{"after": 4, "how": "abort"}], pace=0.05) as server:
        redis = Redis()
        process = run(redis, server)
        wait_for(lambda: total(redis) == 3, "posts")
        ends_well(process)
        server.events += [kept, ahead]
        process = run(redis, server)
        wait_for(lambda: total(redis) == 5, "what was kept")
        ends_well(process)
    times = {event["content"]: ms(json.loads(redis("HGET", f"hark:post:nostr:{event['id']}", "match:everything"))["post"]["time"])
             for event in (late, early, kept, ahead)}
    equal(times["kept"], kept["created_at"] * 1000, "time of what was kept")
    for name in ("late", "early", "ahead"):
        assert began <= times[name] <= time.time() * 1000, f"{name}: {times[name] - began}"


@test
def what_the_relay_forgot_is_in_the_ledger():
    redis = Redis()
    with Nostr([note(n, lag=60 - n) for n in range(30)]) as server:
        process = run(redis, server)
        wait_for(lambda: total(redis) == 30, "posts")
        ends_well(process)
        latest = max(event["created_at"] for event in server.events)
        server.floor = latest + 2
        new = [BO.event(1, f"new {n}", created_at=latest + 1 + n // 5) for n in range(20)]
        server.events += new
        process = run(redis, server)
        wait_for(lambda: total(redis) == 45, "what it still had")
        server.notes.append(note(99))
        wait_for(lambda: total(redis) == 46, "what happens")
        ends_well(process)
    gaps = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"]
    equal([(gap["reason"], ms(gap["from"]), ms(gap["to"])) for gap in gaps],
          [("the relay has nothing as old", latest * 1000, (latest + 2) * 1000)], "gaps")


@test
def more_in_a_second_than_a_relay_gives_is_in_the_ledger():
    redis, at = Redis(), int(time.time()) - 100
    with Nostr(cap=5) as server:
        server.events += [ANA.event(1, f"old {n}", created_at=at - 10) for n in range(3)] + [BO.event(1, f"{n}", created_at=at) for n in range(20)]
        process = run(redis, server)
        wait_for(lambda: total(redis) == 8, "what it gave")
        wait_for(lambda: "posts were missed" in process.err.read_text(), "the gap")
        ends_well(process)
    gaps = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"]
    equal([(gap["reason"], ms(gap["from"]), ms(gap["to"])) for gap in gaps], [("too many in a second", at * 1000, at * 1000 + 999)], "gaps")


@test
def an_event_that_two_relays_have_counts_once():
    redis, events = Redis(), [ANA.event(1, f"I want it {n}", created_at=int(time.time()) - n) for n in range(200)]
    notes = [lambda event=event: event for event in events]
    with Nostr(list(notes)) as one, Nostr(list(reversed(notes)), [{"after": 50, "how": "cut"}], cap=30) as two:
        process = run(redis, one, two)
        wait_for(lambda: total(redis) == 200 and not one.notes and not two.notes, "posts")
        time.sleep(0.3)
        ends_well(process)
    equal(total(redis), 200, "counted")


@test
def relays_that_do_not_give():
    with Nostr(closed="auth-required: log in first") as server:
        done = hark("ingest", "--stdout", f"nostr:{server.url}", status=1)
        assert "auth-required: log in first" in done.stderr and "another" in done.stderr, done.stderr
        equal(server.connections, 1, "tries")
    with Nostr(closed="rate-limited: slow down") as server:
        process = start("ingest", "--stdout", f"nostr:{server.url}")
        wait_for(lambda: "trying again in 60.0 s" in process.err.read_text(), "the wait")
        ends_well(process)


@test
def a_silent_relay_is_given_up():
    with Nostr([note(n) for n in range(10)], [{"after": 5, "how": "silent"}]) as server:
        posts, log = listen(server, 10, "--stale", 2)
        equal(sorted(post["id"] for post in posts), ids(server.events), "ids")
    assert "nothing came for" in log, log


@test
def a_quiet_relay_is_not():
    with Nostr([note(1)]) as server:
        process = start("ingest", "--stdout", f"nostr:{server.url}", "--stale", 3)
        # It is asked every second, so that a connection on which no answer counted would end before.
        wait_for(lambda: server.most_pings >= 6, "the sixth sign of life")
        ends_well(process)


@test
def wrong_arguments():
    for argument, words in (("", "wss://relay.example"), ("relay.example", "wss"), ("ws://relay.example", "localhost only"), ("https://relay.example", "wss")):
        assert words in hark("ingest", "--stdout", f"nostr:{argument}", status=1).stderr, argument
    done = hark("ingest", "--stdout", "nostr:ws://127.0.0.1:9", status=2)
    assert "127.0.0.1:9" in done.stderr, done.stderr


main()
