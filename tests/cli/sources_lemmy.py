#!/usr/bin/python3
"""The source lemmy: every post and comment once through lost connections, edits and deletes, pinned posts, and pages that are refused."""

import json
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import Lemmy  # noqa: E402

NOW = int(time.time())
CREATOR = {"id": 7, "name": "ana", "display_name": "Ana", "actor_id": "https://one.example/u/ana", "bot_account": False}
COMMUNITY = {"id": 3, "name": "fashion", "actor_id": "https://one.example/c/fashion", "visibility": "Public"}


def stamp(n, zone="Z"):
    """Of the n-th thing: ten minutes lie between two, the 1,300th is an hour old."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.250000", time.gmtime(NOW - 3600 - (1300 - n) * 600)) + zone


def post(n, zone="Z", **more):
    return {"post": {"id": n, "name": f"Post {n}", "body": f"I want it, {n} #nike", "ap_id": f"https://one.example/post/{n}", "local": n % 2 == 0,
                     "published": stamp(n, zone), "removed": False, "deleted": False, "featured_local": False, "featured_community": False, **more},
            "creator": CREATOR, "community": COMMUNITY, "counts": {"upvotes": 4, "downvotes": 1, "score": 3, "comments": 2}}


def comment(n, path=None, **more):
    return {"comment": {"id": n, "content": f"I need it, {n}", "ap_id": f"https://one.example/comment/{n}", "local": True, "published": stamp(n),
                        "path": path or f"0.{n}", "removed": False, "deleted": False, **more},
            "creator": CREATOR, "community": COMMUNITY, "post": {"id": 1, "ap_id": "https://one.example/post/1"},
            "counts": {"upvotes": 1, "score": 1, "child_count": 0}}


def listen(server, path="", *more):
    return start("ingest", "--stdout", "--poll", 1, *more, f"lemmy:{server.origin()}{path}")


def wait_for_posts(process, count):
    wait_for(lambda: len(process.out.read_json()) >= count or not process.running(), f"{count} posts")


def end(process):
    equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")
    return process.out.read_json()


def rules():
    folder = WORK / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    return folder


def count(servers, redis, total, log=""):
    """Counts into Redis until there are so many, each list was asked for, and this is in the log."""
    asked = [len(server.requests) for server in servers]
    process = start("run", "--rules", rules(), "--redis", redis.url, "--poll", 1, *[f"lemmy:{server.origin()}" for server in servers])
    have = lambda: int(redis("HGET", "hark:total:everything", "mention") or 0)  # noqa: E731
    done = lambda: have() >= total and all(len(server.requests) >= before + 4 for server, before in zip(servers, asked))  # noqa: E731
    wait_for(lambda: done() and log in process.err.read_text() or not process.running(), f"{total} counted")
    equal(process.stop(), 0, f"exit status {process.err.read_text()[-1000:]}")
    equal(have(), total, "counted")


@test
def each_once_through_50_failures():
    with Lemmy([post(1)], [comment(1)]) as server:
        process = listen(server)
        wait_for_posts(process, 2)
        hows = ["abort", "cut", 502, "html", 503]
        server.faults = [fault for n in range(50) for fault in ({"how": hows[n % 5]}, {})]
        server.views["comment"] += [comment(n) for n in range(2, 1301)]
        server.views["post"] += [post(n) for n in range(2, 1301)]
        wait_for_posts(process, 2600)
        wait_for(lambda: not any(server.faults), "the last failure")
        posts = end(process)
    equal(sorted(post["id"] for post in posts), sorted(f"https://one.example/{kind}/{n}" for kind in ("post", "comment") for n in range(1, 1301)), "ids")
    assert "posts were missed" not in process.err.read_text(), process.err.read_text()


@test
def what_a_post_says():
    answer = comment(3, path="0.2.3")
    with Lemmy([post(1, url="https://shop.example/coat"), post(2, zone="")], [comment(2), answer]) as server:
        process = listen(server)
        wait_for_posts(process, 4)
        posts = {post["id"].split("example/")[1]: post for post in end(process)}
    first, second = posts["post/1"], posts["comment/3"]
    equal((first["text"], first["time"], first["hashtags"], first["links"], first["engagement"], first["author"]),
          ("Post 1\n\nI want it, 1 #nike", stamp(1)[:-4] + "Z", ["nike"], ["https://shop.example/coat"], {"likes": 4, "replies": 2},
           {"id": "https://one.example/u/ana", "handle": "ana@one.example", "name": "Ana", "bot": False}), "post")
    equal((second["text"], second["reply_to"], posts["comment/2"]["reply_to"]),
          ("I need it, 3", "https://one.example/comment/2", "https://one.example/post/1"), "comments")
    equal(posts["post/2"]["time"], stamp(2)[:-4] + "Z", "time without a zone")


@test
def edits_deletes_and_pinned_posts():
    pinned = post(1, featured_local=True)
    with Lemmy([pinned, post(99), post(100)], [comment(100)]) as server:
        process = listen(server)
        wait_for_posts(process, 4)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        server.views["comment"][0]["comment"].update(content="I hate it", updated=now)
        server.views["post"] += [post(n) for n in range(101, 221)]
        wait_for_posts(process, 4 + 120 + 1)
        server.views["comment"][0]["comment"].update(content="", deleted=True, updated=now)
        wait_for_posts(process, 4 + 120 + 2)
        posts = end(process)
        equal(max(int(query["page"]) for path, query in server.requests if "post" in path), 3, "pages")
    equal([(post["op"], post.get("text")) for post in posts if post["id"].endswith("comment/100")],
          [("create", "I need it, 100"), ("update", "I hate it"), ("delete", None)], "comment")
    assert "posts were missed" not in process.err.read_text(), process.err.read_text()


@test
def two_servers_one_post_and_what_is_not_given_is_a_gap():
    redis = Redis()
    with Lemmy([post(1)], [comment(1)], pages=4) as one, Lemmy([post(1)], [comment(1)]) as two:
        count([one, two], redis, 2)
        one.views["post"] += [post(n) for n in range(2, 602)]
        count([one], redis, 2 + 200, log="posts were missed")
        two.views["post"] += [post(n) for n in range(2, 602)]
        count([one, two], redis, 2 + 600)
    gaps = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"]
    # 2 to 401 were withheld: the latest that was known is the 1st, the oldest of 200 that were given the 402nd.
    equal([(gap["source"], gap["from"], gap["to"], gap["reason"]) for gap in gaps],
          [(f"lemmy:{one.origin()}", stamp(1)[:-4] + "Z", stamp(402)[:-4] + "Z", "the server gives no more pages")], "gaps")


@test
def killed_in_the_middle_of_a_walk():
    redis = Redis()
    with Lemmy([post(1)], [comment(1)]) as server:
        count([server], redis, 2)
        server.slow = 0.1
        server.views["post"] += [post(n) for n in range(2, 302)]
        server.views["comment"] += [comment(n) for n in range(2, 302)]
        for least in (52, 202, 402):
            process = start("run", "--rules", rules(), "--redis", redis.url, f"lemmy:{server.origin()}")
            wait_for(lambda: int(redis("HGET", "hark:total:everything", "mention")) >= least, f"{least} counted")  # noqa: B023
            process.stop(signal.SIGKILL)
        server.slow = 0
        count([server], redis, 602)
    equal(json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"], [], "gaps")


@test
def own_posts_only_or_a_community():
    with Lemmy([post(1), post(2)], []) as server:
        process = listen(server, "/local")
        wait_for_posts(process, 1)
        equal([post["id"] for post in end(process)], ["https://one.example/post/2"], "ids")
        process = listen(server, "/c/fashion@one.example")
        wait_for_posts(process, 2)
        end(process)
        equal(server.requests[-1][1]["community_name"], "fashion@one.example", "community")


@test
def a_limit_is_obeyed():
    with Lemmy([post(1)], [comment(1)], [{}, {}, {"how": 429, "headers": {"Retry-After": "1"}}]) as server:
        process = listen(server)
        wait_for(lambda: not server.faults, "the limit")
        server.views["post"].append(post(2))
        wait_for_posts(process, 3)
        end(process)
    assert "status 429: asked too often; trying again in 1.0 s" in process.err.read_text(), process.err.read_text()


@test
def mistakes_say_what_would_be_right():
    dead = WORK / "lemmy.dead"
    with Lemmy([post(1), post(2, ap_id="")], [comment(1)], [{"how": "shape"}]) as server:
        process = listen(server, "", "--dead-letters", dead)
        wait_for_posts(process, 2)
        end(process)
        reasons = [json.loads(line)["reason"] for line in dead.read_text().splitlines()]
        equal(reasons[0], "JSON that is no list of Lemmy", "reason")
        assert len(reasons) == 2 and "id" in reasons[1], reasons
        for source, words in ((f"lemmy:{server.origin()}/x", "neither /local nor /c/COMMUNITY"), ("lemmy:", "lemmy:lemmy.world"),
                              ("lemmy:http://lemmy.example", "localhost only")):
            done = hark("ingest", "--stdout", source, status=1)
            assert words in done.stderr, done.stderr
        server.faults = [{"how": 400, "body": {"error": "instance_is_private"}}]
        done = hark("ingest", "--stdout", f"lemmy:{server.origin()}", status=1)
        assert "instance_is_private" in done.stderr, done.stderr


main()
