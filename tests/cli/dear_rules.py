#!/usr/bin/env python3
"""Rules that are too many, broken or too dear: the others go on, and the log says which."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import WORK, equal, hark, main, test

BRANDS = 100_000


def post(n, text):
    return json.dumps({"schema": "hark.post/1", "id": f"p{n}", "source": "bluesky", "op": "create", "time": "2026-11-20T10:00:00.000Z",
                       "text": text, "hashtags": ["acorn"], "mentions": [], "links": []}, separators=(",", ":")) + "\n"


@test
def one_broken_rule_among_a_hundred_thousand_is_named():
    folder = WORK / "many"
    folder.mkdir()
    for part in range(10):
        rules = "".join(f"---\nbrand: b{n}\nteam: t\nlisten: {{hashtags: [tag{n}]}}\nintents: []\n"
                        for n in range(part * BRANDS // 10, (part + 1) * BRANDS // 10))
        (folder / f"brands-{part}.yaml").write_text(rules)
    whole = (folder / "brands-7.yaml").read_text()
    hark("check", folder)
    (folder / "brands-7.yaml").write_text(whole.replace("brand: b71234\nteam: t", "brand: b71234\nteem: t"))
    done = hark("check", folder, status=1)
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    line = 5 * 1234 + 3
    assert any(f"brands-7.yaml:{line}:" in error for error in errors), errors
    assert len(errors) <= 2, errors  # the unknown key, and the team that is missing for it


@test
def a_dear_pattern_goes_into_quarantine_and_the_others_go_on():
    rules, posts = WORK / "dear", WORK / "dear.ndjson"
    rules.mkdir()
    (rules / "dear.yaml").write_text("brand: dear\nteam: t\nlisten: {hashtags: [acorn]}\n"
                                     "intents: [{name: dear, phrases: {en: ['/(a+)+$/', '/(.*)*x/']}}]\n")
    (rules / "good.yaml").write_text("".join(
        f"---\nbrand: good{n}\nteam: t\nlisten: {{hashtags: [acorn]}}\nintents: [{{name: want, phrases: {{en: [want]}}}}]\n"
        for n in range(100)))
    posts.write_text("".join(post(n, "#acorn x I want " + "a" * 200 + "!") for n in range(200)) + post(200, "#acorn want " + "a " * 450_000))
    done = hark("scan", "--rules", rules, f"file:{posts}")
    matches = [json.loads(line) for line in done.stdout.splitlines()]
    good = [match for match in matches if match["brand"] != "dear"]
    equal(len(good), 201 * 100, "matches of good rules")
    equal({tuple(hit["intent"] for hit in match["hits"]) for match in good}, {("want",)}, "hits of good rules")
    told = re.findall(r'msg="pattern in quarantine" pattern="?(\S+?)"? file=\S*dear.yaml line=4 over=5 of=1000', done.stderr)
    equal(sorted(told), ["/(.*)*x/", "/(a+)+$/"], "patterns told, each once")
    equal(re.findall(r"over_limit=(\d+) skipped=(\d+) seconds", done.stderr), [("10", "392")], "counts in the log")


@test
def explain_shows_what_was_stopped():
    rules = WORK / "dear-one"
    rules.mkdir()
    (rules / "dear.yaml").write_text("brand: dear\nteam: t\nlisten: {hashtags: [acorn]}\n"
                                     "intents: [{name: dear, phrases: {en: ['/(a+)+$/']}}]\n")
    done = hark("explain", "--rules", rules, "--text", "#acorn " + "a" * 200 + "!")
    assert "/(a+)+$/ has no hit: it reached its match limit on this post" in done.stdout, done.stdout


main()
