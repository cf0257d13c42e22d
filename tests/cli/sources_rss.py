#!/usr/bin/python3
"""The source rss: feeds of the three kinds, what is new, changed and missed, and answers that are no feed."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import Feed  # noqa: E402


def rss(*numbers, words="I want it"):
    items = "".join(f"<item><title>Post {n}</title><link>https://blog.example/{n}</link><guid isPermaLink='false'>g{n}</guid>"
                    f"<pubDate>Sat, 21 Nov 2026 10:{n:02d}:00 GMT</pubDate><description>&lt;p&gt;{words} &amp;amp; {n} #nike&lt;/p&gt;"
                    f"</description></item>" for n in sorted(numbers, reverse=True))
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>B</title><language>en</language>{items}</channel></rss>"


ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="hr"><title>T</title>
<entry><id>tag:a.example,2026:1</id><title type="html">Želim &lt;b&gt;to&lt;/b&gt;</title><link rel="self" href="https://a.example/self"/>
<link rel="alternate" href="https://a.example/1"/><updated>2026-11-21T10:00:00+01:00</updated><author><name>Ana</name></author>
<content type="html"><![CDATA[<p>kaput</p>]]></content></entry></feed>"""
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>T</title></channel><item rdf:about="https://r.example/1">
<title>One</title><link>https://r.example/1</link><dc:date>2026-11-21T09:00:00Z</dc:date><dc:creator>Bo</dc:creator></item></rdf:RDF>"""
BOMB = """<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
<rss version="2.0"><channel><item><title>&e;&e;&e;&e; &f;</title><guid>b</guid></item></channel></rss>"""


def read(server, *more):
    done = hark("ingest", "--stdout", "--for", "4s", *more, f"rss:{server.url}")
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@test
def three_kinds():
    with Feed(rss(1, 2), compress=True) as server:
        posts, _ = read(server)
        equal([(p["id"], p["text"], p["url"], p["time"], p["lang"], p["hashtags"]) for p in posts],
              [(f"rss:{server.url}#g{n}", f"Post {n}\n\nI want it & {n} #nike", f"https://blog.example/{n}", f"2026-11-21T10:{n:02d}:00.000Z",
                ["en"], ["nike"]) for n in (1, 2)], "posts")
    with Feed(ATOM) as server:
        posts, _ = read(server)
        equal([(p["id"], p["text"], p["url"], p["time"], p["author"]["name"], p["lang"]) for p in posts],
              [("tag:a.example,2026:1", "Želim to\n\nkaput", "https://a.example/1", "2026-11-21T09:00:00.000Z", "Ana", ["hr"])], "posts")
    with Feed(RDF) as server:
        posts, _ = read(server)
        equal([(p["id"], p["text"], p["author"]["name"]) for p in posts], [("https://r.example/1", "One", "Bo")], "posts")


def rules():
    folder = WORK / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    return folder


def run(server, redis):
    return hark("run", "--for", "4s", "--rules", rules(), "--redis", redis.url, f"rss:{server.url}").stderr


def total(redis):
    return int(redis("HGET", "hark:total:everything", "mention"))


@test
def what_is_new_counts_and_what_was_missed_is_a_gap():
    redis = Redis()
    with Feed(rss(1, 2, 3)) as server:
        run(server, redis)
        equal(total(redis), 3, "counted")
        log = run(server, redis)
        assert "posts=0" in log, log
        server.body = rss(2, 3, 4, words="now I need it")
        log = run(server, redis)
        equal(total(redis), 4, "counted")
        assert "edits=2" in log and "posts were missed" not in log, log
        server.body = rss(10, 11)
        run(server, redis)
        equal(total(redis), 6, "counted")
    equal(len(json.loads(hark("report", "--json", "--redis", redis.url).stdout)["gaps"]), 1, "gaps in the report")
    assert "1 gap:" in hark("report", "--redis", redis.url).stdout
    gaps = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["gaps"]
    equal([(gap["from"], gap["to"], gap["reason"]) for gap in gaps],
          [("2026-11-21T10:04:00.000Z", "2026-11-21T10:10:00.000Z", "the feed moved on")], "gaps")


@test
def no_feed():
    dead = WORK / "rss.dead"
    for body in ('{"a":1}', "<html><body>hello</body></html>", rss(1)[:200]):
        with Feed(body, content_type="application/xml") as server:
            posts, _ = read(server, "--dead-letters", dead)
            equal(posts, [], "posts")
    letters = [json.loads(line) for line in dead.read_text().splitlines()]
    equal([letter["reason"] for letter in letters], ["not XML", "XML that is no feed of RSS or Atom", "not XML"], "reasons")
    assert letters[1]["raw"].startswith("<html>"), letters[1]
    with Feed("<html>busy</html>", content_type="text/html") as server:
        done = hark("ingest", "--stdout", f"rss:{server.url}", status=2)
        assert "text/html" in done.stderr, done.stderr
    with Feed("gone", status=404) as server:
        done = hark("ingest", "--stdout", f"rss:{server.url}", status=1)
        assert "404" in done.stderr, done.stderr


@test
def an_xml_bomb_stays_small():
    with Feed(BOMB) as server:
        posts, _ = read(server)
        assert all("root:" not in post["text"] for post in posts), posts


@test
def plain_http_is_for_this_machine():
    done = hark("ingest", "--stdout", "rss:http://blog.example/feed", status=1)
    assert "localhost only" in done.stderr, done.stderr


main()
