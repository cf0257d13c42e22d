#!/usr/bin/python3
"""The source hn: the walk through numbered items, from where it was left, with items that come late or never."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import HackerNews  # noqa: E402

ITEMS = {n: {"id": n, "type": "comment", "by": "pg", "time": 1790000000 + n, "text": f"<p>I want &quot;{n}&quot;", "parent": 1} for n in range(1, 400)}
ITEMS[101] = {"id": 101, "type": "story", "by": "pg", "time": 1790000101, "title": "Show HN: a &amp; b", "url": "https://a.example/", "score": 5,
              "descendants": 2}
ITEMS[102]["deleted"] = True
ITEMS[103]["dead"] = True


@test
def it_goes_on_where_it_was_left():
    redis, rules = Redis(), WORK / "rules"
    rules.mkdir()
    (rules / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    total = lambda: int(redis("HGET", "hark:total:everything", "mention") or 0)  # noqa: E731
    with HackerNews(ITEMS, 100, slow={110: 1}, failures=1) as server:
        hark("run", "--for", "6s", "--rules", rules, "--redis", redis.url, f"hn:{server.url}")
        equal(server.requests, [], "what was there before is not asked for")
        server.max = 120
        process = start("run", "--poll", 1, "--rules", rules, "--redis", redis.url, f"hn:{server.url}")
        wait_for(lambda: total() == 18, "18 of 20")
        equal(process.stop(), 0, "exit status")
        equal(sorted(set(server.requests)), list(range(101, 121)), "items")
    equal(json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["sources"][0]["position"], "1 120", "position")


@test
def what_a_post_says():
    with HackerNews(ITEMS, 100) as server:
        process = start("ingest", "--stdout", f"hn:{server.url}")
        wait_for(lambda: server.looks, "a look at the highest number")
        server.max = 104
        wait_for(lambda: len(process.out.read_json()) == 2, "posts")
        equal(process.stop(), 0, "exit status")
    story, comment = process.out.read_json()
    equal((story["id"], story["text"], story["links"], story["engagement"], story["url"]),
          ("hn:101", "Show HN: a & b", ["https://a.example/"], {"likes": 5, "replies": 2}, "https://news.ycombinator.com/item?id=101"), "story")
    equal((comment["id"], comment["text"], comment["reply_to"], comment["author"]["handle"]), ("hn:104", 'I want "104"', "hn:1", "pg"), "comment")


main()
