#!/usr/bin/env python3
"""Real payloads of platforms, where they are at hand: every public post comes out once, by its id, with the platform's own hashtags;
no line that is good is a dead letter."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import SHARED, WORK, Skip, equal, hark, main, test

payloads = SHARED / "data/payloads"


def read(name):
    path = payloads / name
    if not path.exists():
        raise Skip(f"{path} is not here")
    dead = WORK / (path.name + ".dead")
    done = hark("ingest", "--stdout", "--dead-letters", dead, f"file:{path}")
    posts = [json.loads(line) for line in done.stdout.split("\n") if line]
    letters = [json.loads(line) for line in dead.read_text().split("\n") if line] if dead.exists() else []
    return path, posts, letters


def good(name):
    path, posts, letters = read(name)
    equal(letters, [], "dead letters")
    ids = [post["id"] for post in posts]
    return path, posts, ids


def lines(path):
    return [json.loads(line) for line in path.read_text().split("\n") if line.strip()]


def facet_tags(record):
    tags = [feature["tag"] for facet in record.get("facets") or [] for feature in facet["features"] if feature["$type"].endswith("#tag")]
    return tags + (record.get("tags") or [])


@test
def bluesky_jetstream():
    for name in ("bluesky/jetstream_v1.ndjson", "bluesky/jetstream_v1_golden.ndjson"):
        path, posts, ids = good(name)
        want = {}
        for event in lines(path):
            commit = event.get("commit") or {}
            if commit.get("collection") == "app.bsky.feed.post":
                want[f"at://{event['did']}/app.bsky.feed.post/{commit['rkey']}"] = (commit["operation"], commit.get("record"))
        equal(sorted(ids), sorted(want), "ids")
        for post in posts:
            op, record = want[post["id"]]
            equal(post["op"], op, "op")
            assert op == "delete" or set(facet_tags(record)) <= set(post["hashtags"]), post


@test
def bluesky_records():
    path, posts, ids = good("bluesky/post_records.ndjson")
    records = lines(path)
    equal(len(posts), len(records), "posts")
    equal(len(set(ids)), len({json.dumps(record, sort_keys=True) for record in records}), "different ids")
    for post, record in zip(posts, records):
        assert set(facet_tags(record)) <= set(post["hashtags"]), (post, record)


def check_mastodon(posts, statuses):
    public = {}
    for status in statuses:
        if status["visibility"] == "public":
            public[status["uri"]] = (status.get("reblog") or status)["tags"]
    equal(sorted({post["id"] for post in posts}), sorted(public), "ids")
    for post in posts:
        equal(sorted({tag.lower() for tag in post["hashtags"]}), sorted({tag["name"].lower() for tag in public[post["id"]]}), post["id"])


@test
def mastodon_statuses():
    path, posts, _ = good("mastodon/statuses.ndjson")
    check_mastodon(posts, lines(path))


@test
def mastodon_pages():
    for name in ("mastodon/timeline_hashtag.json", "mastodon/timeline_public.json"):
        path, posts, _ = good(name)
        check_mastodon(posts, json.loads(path.read_text()))


@test
def mastodon_stream():
    path, posts, ids = good("mastodon/stream_local.sse")
    want = []
    for block in path.read_text().split("event: ")[1:]:
        name, data = block.split("\n")[0], "".join(line[5:].strip() for line in block.split("\n") if line.startswith("data:"))
        if name in ("update", "status.update"):
            want.append(json.loads(data)["uri"])
    equal([i for i, post in zip(ids, posts) if post["op"] != "delete"], want, "ids")


@test
def x_flat():
    path, posts, ids = good("x/v2_flat.ndjson")
    tweets = {f"x:{tweet['id']}": tweet for tweet in lines(path)}
    equal(sorted(ids), sorted(tweets), "ids")
    for post in posts:
        own = [tag["tag"] for tag in (tweets[post["id"]].get("entities") or {}).get("hashtags") or []]
        equal(sorted({tag.lower() for tag in post["hashtags"]}), sorted({tag.lower() for tag in own}), post["id"])


@test
def x_stream_with_a_bad_line():
    path, posts, letters = read("x/v2_stream_with_bad_line.ndjson")
    want, bad = [], 0
    for line in path.read_text().splitlines():
        if not line.strip():
            continue
        try:
            want.append(f"x:{json.loads(line)['data']['id']}")
        except json.JSONDecodeError:
            bad += 1
    equal([post["id"] for post in posts], want, "ids")
    equal(len(letters), bad, "dead letters")
    assert bad == 1, bad


@test
def reddit_things():
    path, posts, ids = good("reddit/things.ndjson")
    want = []
    for thing in lines(path):
        data = thing["data"]
        if data.get("subreddit_type", "public") == "public":
            want.append("reddit:" + data["name"])
    gone = {"reddit:" + thing["data"]["name"] for thing in lines(path)
            if (thing["data"].get("body") or thing["data"].get("selftext")) in ("[deleted]", "[removed]")}
    equal(sorted(ids), sorted(set(want) - gone), "ids")


main()
