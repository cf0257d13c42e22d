#!/usr/bin/python3
"""The source mastodon against a server on loopback: every public post once, through lost streams (the timeline fills what fell
between two), rate limits, and without a token from the timeline alone."""

import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import Mastodon  # noqa: E402

NOW_MS = int(time.time() * 1000)
TOKEN = {"HARK_MASTODON_TOKEN": "secret-token"}


def status(n, visibility="public", host="one.example", **more):
    at = NOW_MS - 3_600_000 + n * 500
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03d}Z"
    return {"id": str(at << 16), "uri": f"https://{host}/users/a/statuses/{n}", "url": f"https://{host}/@a/{n}", "created_at": stamp,
            "visibility": visibility, "content": f"<p>I want one, number {n}</p>", "spoiler_text": "", "sensitive": False,
            "language": "en", "tags": [{"name": "want"}], "mentions": [], "media_attachments": [], "reblog": None,
            "in_reply_to_id": None, "favourites_count": 0, "reblogs_count": 0, "replies_count": 0,
            "account": {"id": "1", "acct": "a", "uri": f"https://{host}/users/a", "display_name": "A", "noindex": False}, **more}


def uris(statuses):
    return sorted(status["uri"] for status in statuses)


def listen(server, count, *more, path="", env=None):
    process = start("ingest", "--stdout", f"mastodon:{server.url}{path}", *more, env=env)
    wait_for(lambda: len(process.out.read_json()) >= count or not process.running(), f"{count} posts")
    time.sleep(0.3)
    equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")
    return process.out.read_json(), process.err.read_text()


@test
def streamed_through_50_lost_connections():
    statuses = [status(n) for n in range(4000)]
    chance = random.Random(3)
    hows = ["close", "cut", "abort", "abort"]
    faults = [{"after": chance.randrange(0, 25), "how": 502 if i % 25 == 5 else hows[i % 4]} for i in range(50)]
    with Mastodon(statuses, faults, before=[status(-5), status(-4)], token="secret-token") as server:
        posts, log = listen(server, 4000, env=TOKEN)
        equal(server.faults, [], "faults that did not happen")
    equal(sorted(post["id"] for post in posts), uris(statuses), "ids")
    assert "posts were missed" not in log and "secret-token" not in log, log


@test
def without_a_token_the_timeline_is_paged():
    with Mastodon([status(n) for n in range(300, 310)], before=[status(n) for n in range(200)]) as server:
        posts, _ = listen(server, 50)
        equal(server.requests[0], ("/api/v1/timelines/public", {"limit": "40"}), "first request")
        assert "min_id" in server.requests[1][1], server.requests
    equal([p["id"] for p in posts], [status(n)["uri"] for n in [*range(160, 200), *range(300, 310)]], "ids in order")


@test
def a_rate_limit_is_obeyed():
    statuses = [status(n) for n in range(400)]
    with Mastodon(statuses, [{"after": 10, "how": "abort"}], token="secret-token", pace=0.001, limits=[1]) as server:
        posts, log = listen(server, 400, env=TOKEN)
    equal(sorted(post["id"] for post in posts), uris(statuses), "ids")
    assert "status 429" in log, log


@test
def what_is_not_public_or_not_to_be_indexed_is_refused():
    shy = dict(status(3)["account"], noindex=True)
    statuses = [status(1), status(2, "unlisted"), status(3, account=shy), status(4, "private"), status(5, "direct"), status(6)]
    with Mastodon(statuses, token="secret-token") as server:
        posts, log = listen(server, 2, env=TOKEN)
    equal([p["id"] for p in posts], uris([statuses[0], statuses[5]]), "ids")
    assert "refused=5" in log, log  # and the page that says where the stream begins


@test
def edits_and_deletes():
    edited = status(1, edited_at="2026-11-22T00:00:00Z", content="<p>changed</p>")
    events = {status(2)["id"]: [("status.update", edited), ("delete", status(1)["id"]), ("delete", "12345"), ("filters_changed", "")]}
    with Mastodon([status(1), status(2), status(3)], token="secret-token", events=events) as server:
        posts, _ = listen(server, 5, env=TOKEN)
    equal([(p["op"], p["id"].rsplit("/", 1)[1]) for p in posts],
          [("create", "1"), ("create", "2"), ("update", "1"), ("delete", "1"), ("create", "3")], "what happened")


def after_a_pause(server, count, change):
    """Reads 25 posts from a stream that then fails; `change` happens before the next one."""
    process = start("ingest", "--stdout", f"mastodon:{server.url}", env=TOKEN)
    wait_for(lambda: len(process.out.read_json()) == 25, "posts")
    server.faults.append({"how": 502})
    change()
    server.cut_off()
    wait_for(lambda: len(process.out.read_json()) >= count, f"{count} posts")
    return process


@test
def edits_and_deletes_while_the_stream_was_down():
    statuses = [status(n) for n in range(25)]
    edited = [status(n, edited_at="2026-11-22T00:00:00Z", content=f"<p>changed {n}</p>") for n in (3, 24)]
    with Mastodon(statuses, token="secret-token") as server:
        server.hidden = (statuses[10]["id"],)
        process = after_a_pause(server, 28, lambda: server.change(*edited, gone=[statuses[n]["id"] for n in (5,)]))
        looks = lambda: [query["id[]"] for path, query in server.requests if path == "/api/v1/statuses"]  # noqa: E731
        wait_for(lambda: len(looks()) == 2, "all to be looked at")
        equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")
        equal([one for look in looks() for one in look], [s["id"] for s in statuses], "looked at")
    happened = [(p["op"], p["id"].rsplit("/", 1)[1], p.get("text")) for p in process.out.read_json()[25:]]
    equal(sorted(happened), [("delete", "5", None), ("update", "24", "changed 24"), ("update", "3", "changed 3")], "what happened")


@test
def a_server_that_cannot_be_asked_for_several_is_left_alone():
    statuses = [status(n) for n in range(25)]
    with Mastodon(statuses, token="secret-token") as server:
        server.old = True
        process = after_a_pause(server, 25, lambda: server.change(gone=[statuses[5]["id"]]))
        wait_for(lambda: "cannot be asked for" in process.err.read_text(), "the note")
        equal(process.stop(), 0, "exit status")
        equal(len([path for path, _ in server.requests if path.startswith("/api/v1/statuses")]), 1, "requests")
    equal(len(process.out.read_json()), 25, "posts")


@test
def hashtags_and_local_posts():
    for path, stream in (("/tags/nike", "/api/v1/streaming/hashtag"), ("/public/local", "/api/v1/streaming/public/local")):
        with Mastodon([status(1)], token="secret-token") as server:
            listen(server, 1, path=path, env=TOKEN)
            assert stream in [request[0] for request in server.requests], server.requests


@test
def a_wrong_token_says_which_variable():
    with Mastodon([status(1)], token="other") as server:
        done = hark("ingest", "--stdout", f"mastodon:{server.url}", env=TOKEN, status=1)
        assert "401" in done.stderr and "HARK_MASTODON_TOKEN" in done.stderr and "secret-token" not in done.stderr, done.stderr
        assert len(server.requests) <= 1, "it hammers"


@test
def a_token_is_for_its_host():
    with Mastodon([status(1)], token="right") as server:
        env = {"HARK_MASTODON_TOKEN": "elsewhere.example=wrong,127.0.0.1=right"}
        posts, _ = listen(server, 1, env=env)
        equal(len(posts), 1, "posts")


@test
def a_page_of_html_is_not_read():
    with Mastodon([status(n) for n in range(5)], [{"how": "html"}], token="secret-token") as server:
        posts, log = listen(server, 5, env=TOKEN)
    equal(len(posts), 5, "posts")
    assert 'text/html' in log, log


@test
def what_cannot_be_paged_is_in_the_ledger():
    redis, rules = Redis(), WORK / "rules"
    rules.mkdir()
    (rules / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    with Mastodon([status(n) for n in range(40)], [{"after": 10, "how": "abort"}], token="secret-token", private_rest=True) as server:
        process = start("run", "--rules", rules, "--redis", redis.url, f"mastodon:{server.url}", env=TOKEN)
        wait_for(lambda: "posts were missed" in process.err.read_text(), "the gap")
        equal(process.stop(), 0, "exit status")
    gaps = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"]
    equal([gap["reason"] for gap in gaps], ["the server does not let its timeline be paged"], "gaps")


main()
