#!/usr/bin/python3
"""The source youtube: every comment once through lost connections, answers beyond those that come along, edits, and the quota of a day."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, Skip, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import YouTube  # noqa: E402

NOW = int(time.time())
ENV = {"HARK_YOUTUBE_KEY": "api-key"}
CHANNEL = "UC" + "x" * 22


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def at(n):
    """Of the n-th thread: fifteen minutes lie between two, the 1,000th is an hour old."""
    return NOW - 3600 - (1000 - n) * 900


def comment(name, seconds, parent=None, **more):
    snippet = {"channelId": CHANNEL, "videoId": "video-1", "textDisplay": f"I want {name}", "textOriginal": f"I want {name}",
               "authorDisplayName": "@ana", "authorChannelId": {"value": "UCana"}, "likeCount": 2, "publishedAt": stamp(seconds),
               "updatedAt": stamp(seconds), **({"parentId": parent} if parent else {}), **more}
    return {"kind": "youtube#comment", "id": name, "snippet": snippet}


def thread(n, answers=0, **more):
    return {"kind": "youtube#commentThread", "id": f"t{n}", "answers": [answer(n, i) for i in range(answers)],
            "snippet": {"channelId": CHANNEL, "videoId": "video-1", "isPublic": True, "canReply": True, "topLevelComment": comment(f"t{n}", at(n), **more)}}


def answer(n, i, seconds=None):
    return comment(f"t{n}.{i}", seconds or at(n) + i, f"t{n}")


def listen(server, *more):
    return start("ingest", "--stdout", "--poll", 1, *more, f"youtube:{server.url(CHANNEL)}", env=ENV)


def wait_for_posts(process, count):
    wait_for(lambda: len(process.out.read_json()) >= count or not process.running(), f"{count} posts")


def end(process):
    equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")
    assert "api-key" not in process.err.read_text(), process.err.read_text()
    return process.out.read_json()


def rules():
    folder = WORK / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    return folder


def run(server, redis, *more):
    return start("run", "--rules", rules(), "--redis", redis.url, "--poll", 1, *more, f"youtube:{server.url(CHANNEL)}", env=ENV)


def counted(redis):
    return int(redis("HGET", "hark:total:everything", "mention") or 0)


def count(server, redis, total):
    asked = len(server.requests)
    process = run(server, redis)
    wait_for(lambda: counted(redis) >= total and len(server.requests) > asked or not process.running(), f"{total} counted")
    equal(process.stop(), 0, f"exit status {process.err.read_text()[-1000:]}")
    equal(counted(redis), total, "counted")


def not_at_midnight():
    """The day of the quota begins at 7 or 8 in UTC."""
    if time.gmtime(time.time() + 300).tm_hour != time.gmtime().tm_hour and time.gmtime().tm_hour in (6, 7):
        raise Skip("it is midnight in California")


@test
def each_once_through_50_failures():
    with YouTube([thread(1, answers=2)], page=20) as server:
        process = listen(server)
        wait_for_posts(process, 3)
        hows = ["abort", "cut", 502, "html", 503]
        server.faults = [fault for n in range(50) for fault in ({"how": hows[n % 5]}, {})]
        server.threads += [thread(n, answers=23 if n % 10 == 0 else n % 4) for n in range(2, 402)]
        names = sorted(name for thread in server.threads for name in [thread["id"], *[answer["id"] for answer in thread["answers"]]])
        wait_for_posts(process, len(names))
        wait_for(lambda: not any(server.faults), "the last failure")
        posts = end(process)
    equal(sorted(post["id"] for post in posts), [f"youtube:{name}" for name in names], "ids")
    assert "posts were missed" not in process.err.read_text(), process.err.read_text()


@test
def what_a_post_says():
    with YouTube([thread(1, answers=1), thread(2, updatedAt=stamp(NOW - 60))]) as server:
        server.threads.append({**thread(3), "snippet": {**thread(3)["snippet"], "isPublic": False}})
        process = listen(server)
        wait_for_posts(process, 3)
        posts = {post["id"]: post for post in end(process)}
        query = server.requests[0][1]
    equal((query["part"], query["order"], query["maxResults"], query["textFormat"]), ("snippet,replies", "time", "100", "plainText"), "request")
    post, reply = posts["youtube:t1"], posts["youtube:t1.0"]
    equal((post["text"], post["time"], post["url"], post["reply_to"], post["engagement"], post["author"]),
          ("I want t1", stamp(at(1))[:-1] + ".000Z", "https://www.youtube.com/watch?v=video-1&lc=t1", "youtube:video-1", {"likes": 2, "replies": 1},
           {"id": "UCana", "handle": "ana"}), "comment")
    equal((reply["reply_to"], reply["engagement"], posts["youtube:t2"]["op"]), ("youtube:t1", {"likes": 2}, "update"), "answer and edit")


@test
def new_answers_and_edits_of_older_threads():
    with YouTube([thread(n, answers=7) for n in range(900, 1000)], page=20) as server:
        process = listen(server)
        wait_for_posts(process, 20 * 8)
        now = int(time.time())
        server.threads[75]["answers"].append(answer(975, 7, now))  # on a later page than the first
        server.threads[74]["snippet"]["topLevelComment"]["snippet"].update(textDisplay="I hate it", updatedAt=stamp(now))
        wait_for_posts(process, 20 * 8 + 2)
        posts = end(process)
    equal(sorted((post["op"], post["id"]) for post in posts[160:]), [("create", "youtube:t975.7"), ("update", "youtube:t974")], "what is new")


@test
def it_goes_on_where_it_was_left_and_what_is_not_listed_is_a_gap():
    redis = Redis()
    with YouTube([thread(1)], page=20) as server:
        count(server, redis, 1)
        server.threads += [thread(n) for n in range(2, 102)]
        count(server, redis, 101)
        equal(json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"], [], "gaps")
        server.reach = 50
        server.threads += [thread(n) for n in range(102, 302)]
        count(server, redis, 151)
    gaps = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"]
    full = lambda n: stamp(at(n))[:-1] + ".000Z"  # noqa: E731
    # 102 to 251 were withheld.
    equal([(gap["from"], gap["to"], gap["reason"]) for gap in gaps], [(full(101), full(252), "the list ends before what was known")], "gaps")


@test
def the_quota_of_a_day_is_kept_across_restarts():
    not_at_midnight()
    redis = Redis()
    with YouTube([thread(1)], page=20) as server:
        process = run(server, redis, "--youtube-quota", 5)
        wait_for(lambda: counted(redis) == 1, "the first thread")
        server.threads += [thread(n) for n in range(2, 202)]
        wait_for(lambda: "quota of 5 units is spent" in process.err.read_text(), "the end of the quota")
        equal(process.stop(), 0, "exit status")
        equal(server.units, 5, "units")
        some = counted(redis)
        process = run(server, redis, "--youtube-quota", 5)
        wait_for(lambda: "going on at midnight in California" in process.err.read_text(), "the quota of before")
        equal(process.stop(), 0, "exit status")
        equal((server.units, counted(redis)), (5, some), "units and posts")
        count(server, redis, 201)  # with what is left of 10,000
    equal(json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"], [], "gaps")


@test
def a_quota_that_others_spent():
    not_at_midnight()
    with YouTube([thread(1)], quota=2) as server:
        process = listen(server)
        wait_for(lambda: "is spent" in process.err.read_text(), "the end of the quota")
        equal(len(end(process)), 1, "posts")
        equal(server.units, 3, "requests")


@test
def names_of_pages_may_grow_old():
    with YouTube([thread(1)], page=20) as server:
        process = listen(server)
        wait_for_posts(process, 1)
        server.faults = [{}, {}, {"how": 503, "headers": {"Retry-After": "1"}}]
        server.threads += [thread(n) for n in range(2, 202)]
        wait_for(lambda: not server.faults, "the failure")
        server.generation += 1
        wait_for_posts(process, 201)
        equal(len({post["id"] for post in end(process)}), 201, "posts")


@test
def mistakes_say_what_would_be_right():
    dead = WORK / "youtube.dead"
    with YouTube([thread(1)], [{"how": "shape"}]) as server:
        process = listen(server, "--dead-letters", dead)
        wait_for_posts(process, 1)
        end(process)
        equal([json.loads(line)["reason"] for line in dead.read_text().splitlines()], ["JSON that is no list of YouTube"], "dead letters")
        nobody = f"youtube:{server.url('UC' + 'y' * 22)}"
        for source, env, words in ((f"youtube:{CHANNEL}", {}, "HARK_YOUTUBE_KEY"), ("youtube:@brand", ENV, "UC and 22"), ("youtube:", ENV, "UC and 22"),
                                   (f"youtube:{server.url(CHANNEL)}", {"HARK_YOUTUBE_KEY": "hidden"}, "HARK_YOUTUBE_KEY"),
                                   (f"youtube:{server.url(CHANNEL)}", {"HARK_YOUTUBE_KEY": "a b"}, "is no key"), (nobody, ENV, "could not be found")):
            done = hark("ingest", "--stdout", source, env=env, status=1)
            assert words in done.stderr and "hidden" not in done.stderr, (words, done.stderr)


main()
