#!/usr/bin/python3
"""The schemas of messages stand each for itself: what a match holds of a post, and an alert of a match, is said again there. They
must say the same, and what hark writes must be as they say."""

import json
import pathlib
import sys

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import ROOT, WORK, equal, hark, main, start, test, wait_for  # noqa: E402
from replay import Mastodon  # noqa: E402

SAMPLE = ROOT / "deploy/sample/posts.ndjson"


def schema(name):
    return json.loads((ROOT / f"deploy/schema/hark.{name}.schema.json").read_text())


def body(name):
    return {key: value for key, value in schema(name).items() if key not in ("$schema", "$id", "$defs")}


def check(name, messages, least):
    validator = jsonschema.Draft202012Validator(schema(name))
    for message in messages:
        validator.validate(message)
    assert len(messages) >= least, f"only {len(messages)} messages"


def objects(stdout):
    return [json.loads(line) for line in stdout.split("\n") if line]


@test
def parts_are_the_same():
    equal(schema("match")["$defs"]["post"], body("post"), "post in match")
    equal(schema("alert")["$defs"]["match"], body("match"), "match in alert")
    equal(schema("alert")["$defs"]["post"], body("post"), "post in alert")


@test
def posts_and_matches_are_as_they_say():
    check("post", objects(hark("ingest", "--stdout", f"file:{SAMPLE}").stdout), 2000)
    check("match", objects(hark("scan", "--rules", "rules", f"file:{SAMPLE}").stdout), 1000)


@test
def gaps_are_as_they_say():
    """A file of the state folder has what the topic has: both are made by one function."""
    state = WORK / "gaps"
    (WORK / "no-rules").mkdir()
    (WORK / "no-rules/a.yaml").write_text("brand: a\nteam: a\nlisten: {all: true}\nintents: []\n")
    status = {"id": "1", "uri": "https://one.example/1", "created_at": "2026-11-22T01:00:00.000Z", "visibility": "public", "content": "<p>one</p>",
              "account": {"id": "1", "acct": "a"}}
    with Mastodon([status], [{"after": 1, "how": "abort"}], token="t", private_rest=True, events={"1": [("filters_changed", "")]}) as server:
        process = start("run", "--rules", WORK / "no-rules", "--state", state, f"mastodon:{server.url}", env={"HARK_MASTODON_TOKEN": "t"})
        wait_for(lambda: "posts were missed" in process.err.read_text(), "a gap")
        equal(process.stop(), 0, "exit status")
    gaps = json.loads(hark("sources", "--json", "--state", state).stdout)["gaps"]
    check("gap", gaps, 1)
    for key in gaps[0]:
        bad = {name: value for name, value in gaps[0].items() if name != key}
        assert list(jsonschema.Draft202012Validator(schema("gap")).iter_errors(bad)), f"{key} is not asked for"


@test
def alerts_are_as_they_say():
    state = ["--state", WORK / "state"]
    alerts = objects(hark("run", "--rules", "rules", *state, "--emit", "alerts", f"file:{SAMPLE}").stdout)
    check("alert", alerts, 400)
    assert {"once", "close"} <= {alert["state"] for alert in alerts}
    for message in ("match", "alert"):
        bad = dict(alerts[0], schema=f"hark.{message}/2")
        assert list(jsonschema.Draft202012Validator(schema("alert")).iter_errors(bad)), "anything goes"


main()
