#!/usr/bin/env python3
"""The workload whose truth an independent plain matcher wrote: hark finds that and nothing more. Skips where it is absent."""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import SHARED, WORK, Skip, equal, hark, main, test

POSTS = 40_000
made = WORK / "workload"


def workload():
    script = SHARED / "bench/workload.py"
    if not script.exists():
        raise Skip(f"{script} is not here")
    if not made.exists():
        subprocess.run([sys.executable, script, made, str(POSTS), "0.05"], check=True, stdout=subprocess.DEVNULL)
    return made


def truth():
    return sorted(set((workload() / "expect.txt").read_text().split("\n")) - {""})


def hits(stdout):
    found = []
    for line in stdout.splitlines():
        match = json.loads(line)
        found += [f"{match['id']} {match['brand']} {name}" for name in ["mention", *(hit["intent"] for hit in match["hits"])]]
    return sorted(found)


def totals():
    want = {}
    for line in truth():
        _, brand, intent = line.split(" ")
        count = want.setdefault(brand, {"total": {}})["total"]
        count[intent] = count.get(intent, 0) + 1
    return want


def same_hits(got):
    want = truth()
    for line in list(set(want) - set(got))[:10]:
        print("missed", line)
    for line in list(set(got) - set(want))[:10]:
        print("extra ", line)
    assert got == want, f"{len(set(want) - set(got))} missed, {len(set(got) - set(want))} too many of {len(want)}"


@test
def scan_finds_the_truth():
    same_hits(hits(hark("scan", "--rules", workload() / "rules-1000", f"file:{made}/posts.ndjson").stdout))


@test
def scan_without_prefilter_finds_the_same():
    few = WORK / "few.ndjson"
    few.write_text("".join(line + "\n" for line in (workload() / "posts.ndjson").read_text().split("\n")[:4000]))
    rules = workload() / "rules-100"
    equal(hark("scan", "--no-prefilter", "--rules", rules, f"file:{few}").stdout, hark("scan", "--rules", rules, f"file:{few}").stdout,
          "matches")


@test
def run_counts_the_truth():
    hark("run", "--rules", workload() / "rules-1000", "--state", WORK / "state", f"file:{made}/posts.ndjson")
    equal(json.loads(hark("report", "--json", "--state", WORK / "state").stdout)["brands"], totals(), "totals")


main()
