#!/usr/bin/python3
"""The source reddit: every thing once through lost connections, gaps where the lists end, tokens, limits, and what is deleted later."""

import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import Reddit  # noqa: E402

NOW = int(time.time())
ENV = {"HARK_REDDIT_APP": "id:secret", "HARK_REDDIT_USER": "ana"}


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def thing(kind, n, **more):
    """The n-th one; ten seconds lie between two, the 5,000th is an hour old."""
    words = {"t3": {"title": f"Post {n}", "selftext": f"I want it, {n} &amp; more", "is_self": True, "num_comments": 3},
             "t1": {"body": f"I need it, {n}", "link_id": "t3_1", "parent_id": "t3_1"}}[kind]
    return {"name": f"{kind}_{n:x}", "id": f"{n:x}", "subreddit": "fashion", "subreddit_type": "public", "author": "bo", "author_fullname": "t2_1",
            "created_utc": float(NOW - 3600 - (5000 - n) * 10), "edited": False, "permalink": f"/r/fashion/comments/{n:x}/", "score": 1,
            "over_18": False, **words, **more}


def posts_of(numbers):
    return [thing("t3", n) for n in numbers]


def comments_of(numbers):
    return [thing("t1", n) for n in numbers]


def listen(server, names="fashion"):
    return start("ingest", "--stdout", "--poll", 1, f"reddit:{server.url(names)}", env=ENV)


def wait_for_posts(process, count):
    wait_for(lambda: len(process.out.read_json()) >= count or not process.running(), f"{count} posts")


def rules():
    folder = WORK / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    return folder


def count(server, redis, total):
    """Counts into Redis until there are so many, and both lists were asked for."""
    asked = len(server.requests)
    process = start("run", "--rules", rules(), "--redis", redis.url, "--poll", 1, f"reddit:{server.url()}", env=ENV)
    have = lambda: int(redis("HGET", "hark:total:everything", "mention") or 0)  # noqa: E731
    wait_for(lambda: have() >= total and len(server.requests) >= asked + 3 or not process.running(), f"{total} counted")
    equal(process.stop(), 0, f"exit status {process.err.read_text()[-1000:]}")
    equal(have(), total, "counted")


@test
def each_once_through_50_failures():
    with Reddit(posts_of([1]), comments_of([1]), page=25) as server:
        process = listen(server, "fashion+streetwear")
        wait_for_posts(process, 2)
        hows = ["abort", "cut", 502, "html", 503]
        server.faults = [fault for n in range(50) for fault in ({"how": hows[n % 5]}, {})]
        server.things["comments"] += comments_of(range(2, 802))
        server.things["new"] += posts_of(range(2, 802))
        wait_for_posts(process, 1602)
        equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")
        equal([fault for fault in server.faults if fault], [], "faults that did not happen")
        agents = {request[2] for request in server.requests}
    equal(len(agents), 1, "user agents")
    assert re.fullmatch(r"linux:hark:v[0-9.]+ \(by /u/ana\)", agents.pop())
    equal(sorted(post["id"] for post in process.out.read_json()), sorted(f"reddit:t{kind}_{n:x}" for kind in (1, 3) for n in range(1, 802)), "ids")
    log = process.err.read_text()
    assert "posts were missed" not in log and "secret" not in log and "token-0" not in log, log


@test
def what_a_post_says():
    with Reddit([thing("t3", 1), thing("t3", 2, edited=float(NOW - 60)), thing("t3", 3, over_18=True)],
                [thing("t1", 1), thing("t1", 2, body="[removed]"), thing("t1", 3, subreddit_type="private")]) as server:
        process = listen(server)
        wait_for_posts(process, 5)
        equal(process.stop(), 0, "exit status")
    posts = {post["id"]: post for post in process.out.read_json()}
    post, comment = posts["reddit:t3_1"], posts["reddit:t1_1"]
    equal((post["text"], post["time"], post["url"], post["engagement"]), ("Post 1\n\nI want it, 1 & more", stamp(NOW - 3600 - 49990),
          "https://www.reddit.com/r/fashion/comments/1/", {"likes": 1, "replies": 3}), "post")
    equal((comment["text"], comment["reply_to"], comment["author"]["handle"]), ("I need it, 1", "reddit:t3_1", "bo"), "comment")
    equal(sorted((name, post["op"]) for name, post in posts.items()), [("reddit:t1_1", "create"), ("reddit:t1_2", "delete"),
          ("reddit:t3_1", "create"), ("reddit:t3_2", "update"), ("reddit:t3_3", "create")], "what happened")


@test
def beyond_a_thousand_is_a_gap():
    redis = Redis()
    with Reddit(posts_of([1]), comments_of([1])) as server:
        count(server, redis, 2)
        server.things["new"] += posts_of(range(2, 1502))
        server.things["comments"] += comments_of(range(2, 402))
        count(server, redis, 2 + 1000 + 400)
        count(server, redis, 2 + 1000 + 400)
    gaps = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"]
    at = lambda n: stamp(thing("t3", n)["created_utc"])  # noqa: E731
    # 2 to 501 were withheld: the latest that was known is the 1st, the oldest that was listed the 502nd.
    equal([(gap["from"], gap["to"], gap["reason"]) for gap in gaps], [(at(1), at(502), "Reddit lists the latest 1,000 only")], "gaps")


@test
def what_is_deleted_later_is_deleted_here():
    with Reddit(posts_of([1, 2]), comments_of([1])) as server:
        process = listen(server)
        wait_for_posts(process, 3)
        server.gone = {"t3_1": {"author": "[deleted]", "selftext": "[deleted]"}, "t1_1": {"body": "[removed]"}}
        wait_for_posts(process, 5)
        equal(process.stop(), 0, "exit status")
        assert any(path == "/api/info" for path, *_ in server.requests), server.requests
    equal(sorted((post["op"], post["id"]) for post in process.out.read_json()[3:]), [("delete", "reddit:t1_1"), ("delete", "reddit:t3_1")], "deletes")


@test
def a_limit_is_obeyed():
    with Reddit(posts_of([1]), comments_of([1]), page=25, budget=6) as server:
        process = listen(server)
        wait_for_posts(process, 2)
        server.things["new"] += posts_of(range(2, 402))
        wait_for_posts(process, 402)
        equal(process.stop(), 0, "exit status")
        equal(server.beyond, 0, "requests beyond the limit")
    assert "as often as Reddit allows" in process.err.read_text(), process.err.read_text()


@test
def asked_too_often_it_waits():
    faults = [{}, {}, {"how": 429, "headers": {"X-Ratelimit-Reset": "1"}}]
    with Reddit(posts_of([1]), comments_of([1]), faults) as server:
        process = listen(server)
        wait_for(lambda: not server.faults, "the limit")
        server.things["new"] += posts_of([2])
        wait_for_posts(process, 3)
        equal(process.stop(), 0, "exit status")
    assert "status 429: asked too often; trying again in 1.0 s" in process.err.read_text(), process.err.read_text()


@test
def a_token_is_renewed():
    with Reddit(posts_of([1]), comments_of([1]), page=25, uses=5) as server:
        process = listen(server)
        wait_for_posts(process, 2)
        server.things["new"] += posts_of(range(2, 402))
        wait_for_posts(process, 402)
        equal(process.stop(), 0, "exit status")
        assert len(server.tokens) >= 3, server.tokens
    equal(len({post["id"] for post in process.out.read_json()}), 402, "posts")


@test
def what_cannot_be_read_is_a_dead_letter():
    dead = WORK / "reddit.dead"
    with Reddit(posts_of([1]), comments_of([1]), [{"how": "shape"}]) as server:
        process = start("ingest", "--stdout", "--poll", 1, "--dead-letters", dead, f"reddit:{server.url()}", env=ENV)
        wait_for_posts(process, 2)
        equal(process.stop(), 0, "exit status")
    letters = [json.loads(line) for line in dead.read_text().splitlines()]
    equal([(letter["reason"], letter["raw"]) for letter in letters], [("JSON that is no listing of Reddit", '{"hello": "world"}')], "dead letters")


def fails(server, env, *words, path=None):
    source = path or f"reddit:{server.url()}"
    done = hark("ingest", "--stdout", source, env=env, status=1)
    for word in words:
        assert word in done.stderr, (word, done.stderr)
    assert "hidden" not in done.stderr, done.stderr


@test
def mistakes_say_what_would_be_right():
    with Reddit(posts_of([1]), comments_of([1]), login="bo:right") as server:
        fails(server, {}, "HARK_REDDIT_APP", "ID:SECRET")
        fails(server, {"HARK_REDDIT_APP": "id:secret"}, "--reddit-user")
        fails(server, {**ENV, "HARK_REDDIT_APP": "id:hidden"}, "401", "HARK_REDDIT_APP")
        fails(server, {**ENV, "HARK_REDDIT_LOGIN": "bo:hidden"}, "HARK_REDDIT_LOGIN")
        fails(server, {**ENV, "HARK_REDDIT_LOGIN": "bo"}, "USER:PASSWORD")
        for path in ("reddit:", "reddit:fashion", "reddit:r/", "reddit:r/a b", "reddit:r/a+", f"reddit:{server.origin()}/u/bo"):
            fails(server, ENV, "r/NAME", path=path)
        fails(server, ENV, "localhost only", path="reddit:http://reddit.example/r/a")
        before = len(server.requests)
        server.uses = 0
        fails(server, ENV, "401", "HARK_REDDIT_APP")
        assert len(server.requests) - before <= 4, "it hammers"
        server.uses, server.reason = None, "quarantined"
        fails(server, ENV, "403", "quarantined", "HARK_REDDIT_LOGIN")
        server.reason, server.faults = None, [{"how": 404, "body": {"reason": "banned"}}]
        fails(server, ENV, "no such subreddit", "banned")


@test
def a_script_app_reads_as_its_owner():
    with Reddit(posts_of([1]), comments_of([1]), login="bo:p&ss=1:2") as server:
        process = start("ingest", "--stdout", "--poll", 1, f"reddit:{server.url()}", env={"HARK_REDDIT_APP": "id:secret", "HARK_REDDIT_LOGIN": "bo:p&ss=1:2"})
        wait_for_posts(process, 2)
        equal(process.stop(), 0, "exit status")
        equal(server.requests[0][1]["grant_type"], "password", "how it signs in")
        assert server.requests[0][2].endswith("(by /u/bo)"), server.requests[0]


main()
