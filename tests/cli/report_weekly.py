#!/usr/bin/python3
"""hark report of a brand and some days: its numbers are those in Redis, and days that a gap overlaps are marked in every form."""

import csv
import io
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import ROOT, Redis, equal, hark, main, test

_redis = []


def counted():
    if not _redis:
        _redis.append(Redis())
        hark("run", "--rules", "rules", "--redis", _redis[0].url, f"file:{ROOT}/deploy/sample/posts.ndjson")
    return _redis[0]


def report(redis, *args):
    return hark("report", "--redis", redis.url, "--brand", "kettlewick", "--from", "2026-11-19", "--to", "2026-11-21", *args).stdout


def day_totals(redis):
    return {intent: int(redis("HGET", f"hark:count:kettlewick:{intent}:day:2026", "11-20") or 0) for intent in redis("HKEYS", "hark:total:kettlewick")}


@test
def numbers_are_those_in_redis():
    redis = counted()
    want = day_totals(redis)
    rows = list(csv.DictReader(io.StringIO(report(redis, "--format", "csv"))))
    equal({row["intent"]: int(row["posts"]) for row in rows if row["day"] == "2026-11-20"}, want, "CSV")
    equal({row["intent"]: 0 for row in rows if row["day"] != "2026-11-20"}, dict.fromkeys(want, 0), "CSV of days without posts")
    got = json.loads(report(redis, "--format", "json"))
    equal({one["intent"]: one["days"] for one in got["intents"]}, {intent: [0, n, 0] for intent, n in want.items()}, "JSON")
    text = report(redis)
    for intent, n in want.items():
        assert re.search(rf"^\| {intent} \| {n} \| 0 \|", text, re.M), (intent, n)


@test
def without_gaps_nothing_is_marked():
    redis = counted()
    redis("DEL", "hark:gaps")
    equal({row["gap"] for row in csv.DictReader(io.StringIO(report(redis, "--format", "csv")))}, {"no"}, "CSV")
    got = json.loads(report(redis, "--format", "json"))
    equal((got["gap_days"], got["gaps"], got["gaps_before"]), ([], [], []), "JSON")
    assert "gap" not in report(redis).lower()


@test
def days_that_a_gap_overlaps_are_marked():
    redis = counted()
    redis("DEL", "hark:gaps")
    for source, start, end in (("bluesky", "2026-11-20T23:30:00Z", "2026-11-21T00:00:00Z"), ("mas|todon", "2026-11-18T23:00:00Z", "2026-11-19T00:10:00Z"),
                               ("x", "2026-11-10T00:00:00Z", "2026-11-11T00:00:00Z"), ("x", "2026-11-22T00:00:00Z", "2026-11-22T01:00:00Z")):
        redis("XADD", "hark:gaps", "*", "source", source, "from", start, "to", end, "reason", "not connected")
    rows = csv.DictReader(io.StringIO(report(redis, "--format", "csv")))
    equal({row["day"]: row["gap"] for row in rows}, {"2026-11-19": "yes", "2026-11-20": "yes", "2026-11-21": "no"}, "CSV")
    got = json.loads(report(redis, "--format", "json"))
    equal(got["gap_days"], ["2026-11-19", "2026-11-20"], "days in JSON")
    equal([(gap["source"], gap["from"]) for gap in got["gaps"]], [("bluesky", "2026-11-20T23:30:00.000Z"), ("mas|todon", "2026-11-18T23:00:00.000Z")], "gaps in JSON")
    equal([gap["source"] for gap in got["gaps_before"]], ["mas|todon"], "gaps of the days before in JSON")
    text = report(redis)
    equal(re.findall(r"^\| (2026-\S+)( \(gap\))? \|", text, re.M), [("2026-11-19", " (gap)"), ("2026-11-20", " (gap)"), ("2026-11-21", "")], "days in Markdown")
    assert "| intent | posts (gap) | before (gap) |" in text, text
    equal(re.findall(r"^- (.*)$", text, re.M), ["2026-11-20 23:30 to 2026-11-21 00:00, bluesky: not connected", "2026-11-18 23:00 to 2026-11-19 00:10, mas\\|todon: not connected"], "the list")


main()
