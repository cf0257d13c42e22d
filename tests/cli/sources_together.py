#!/usr/bin/python3
"""One process holds several live sources; a post that two Mastodon servers know is counted once; one that fails ends all, cleanly."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import Feed, Jetstream, Mastodon, X  # noqa: E402

NOW_MS = int(time.time() * 1000)
ENV = {"HARK_MASTODON_TOKEN": "t", "HARK_X_TOKEN": "x-token"}


def status(n):
    at = NOW_MS - 3_600_000 + n * 500
    return {"id": str(at << 16), "uri": f"https://one.example/{n}", "url": None, "created_at": "2026-11-22T01:00:00.000Z", "visibility": "public",
            "content": f"<p>number {n}</p>", "spoiler_text": "", "tags": [], "mentions": [], "media_attachments": [], "reblog": None,
            "account": {"id": "1", "acct": "a", "uri": "https://one.example/a"}}


def skeet(n):
    return {"did": f"did:plc:a{n}", "time_us": (NOW_MS - 100_000 + n) * 1000, "kind": "commit",
            "commit": {"rev": f"r{n}", "operation": "create", "collection": "app.bsky.feed.post", "rkey": f"3k{n:011d}",
                       "record": {"$type": "app.bsky.feed.post", "createdAt": "2026-01-01T00:00:00Z", "text": f"number {n}"}}}


def tweet(n):
    return {"data": {"id": str(1_900_000_000_000_000_000 + n), "text": f"number {n}", "author_id": "7", "edit_history_tweet_ids": [str(n)],
                     "created_at": "2026-11-22T01:00:00.000Z"}}


FEED = "<rss version='2.0'><channel>" + "".join(f"<item><guid>g{n}</guid><title>number {n}</title></item>" for n in range(20)) + "</channel></rss>"


def rules():
    folder = WORK / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    return folder


@test
def five_sources_in_one_process():
    redis = Redis()
    total = lambda: int(redis("HGET", "hark:total:everything", "mention") or 0)  # noqa: E731
    statuses = [status(n) for n in range(200)]
    with Jetstream([skeet(n) for n in range(300)], [{"after": 100, "how": "abort"}]) as bluesky, \
            Mastodon(statuses, [{"after": 50, "how": "cut"}], token="t") as one, Mastodon(statuses, token="t") as two, \
            X([tweet(n) for n in range(100)]) as x, Feed(FEED) as feed:
        process = start("run", "--rules", rules(), "--redis", redis.url, f"bluesky:{bluesky.url}", f"mastodon:{one.url}", f"mastodon:{two.url}",
                        f"x:{x.url}", f"rss:{feed.url}", env=ENV)
        wait_for(lambda: total() >= 620 or not process.running(), "all posts")
        time.sleep(0.5)
        equal(process.stop(), 0, f"exit status {process.err.read_text()[-1000:]}")
    equal(total(), 300 + 200 + 100 + 20, "counted")
    shown = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)
    equal(sorted(source["source"].split(":")[0] for source in shown["sources"]), ["bluesky", "mastodon", "mastodon", "rss", "x"], "sources")


@test
def one_that_cannot_go_on_ends_all():
    redis = Redis()
    with Jetstream([skeet(n) for n in range(10)]) as bluesky, X([], token="other") as x:
        done = hark("run", "--rules", rules(), "--redis", redis.url, f"bluesky:{bluesky.url}", f"x:{x.url}", env=ENV, status=1)
        assert "HARK_X_TOKEN" in done.stderr, done.stderr


main()
