#!/usr/bin/python3
"""Alert rules and dashboards: promtool accepts and tests the rules, and what they and the dashboards ask for is told by hark."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import ROOT, Skip, main, test

RULES = ROOT / "deploy/prometheus"


def promtool(*args):
    if not shutil.which("promtool"):
        raise Skip("promtool is not installed (package prometheus)")
    done = subprocess.run(["promtool", *args], capture_output=True, text=True, cwd=RULES)
    assert done.returncode == 0, done.stdout + done.stderr


def told():
    """Names of metrics in the source, with those that a histogram adds."""
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.c"))
    names = set(re.findall(r'"((?:hark|process)_[a-z_]+)"', source)) | {"up"}
    names |= {f"hark_{name}_total" for name in re.findall(r"\bCOUNT\((\w+),", source)}
    return names | {name + end for name in names for end in ("_bucket", "_count", "_sum")}


def asked(text):
    return set(re.findall(r"\b(?:hark|process)_[a-z_]+\b", text))


@test
def alert_rules_are_well_formed():
    promtool("check", "rules", "hark.rules.yml")


@test
def alert_rules_fire_when_they_should():
    promtool("test", "rules", "hark.test.yml")


@test
def every_alert_has_a_test():
    names = set(re.findall(r"- alert: (\w+)", (RULES / "hark.rules.yml").read_text()))
    tested = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts", (RULES / "hark.test.yml").read_text()))
    assert names == tested, names ^ tested


@test
def rules_and_dashboards_ask_for_what_hark_tells():
    expressions = re.findall(r"expr: (.*)", (RULES / "hark.rules.yml").read_text())
    dashboards = [json.loads(path.read_text()) for path in (ROOT / "deploy/grafana").glob("*.json")]
    assert len(dashboards) == 2
    expressions += [target["expr"] for board in dashboards for panel in board["panels"] for target in panel["targets"] if "expr" in target]
    unknown = asked(" ".join(expressions)) - told()
    assert expressions and not unknown, unknown


@test
def the_redis_dashboard_reads_documented_keys():
    board = json.loads((ROOT / "deploy/grafana/hark-redis.json").read_text())
    documented = (ROOT / "docs/redis.md").read_text()
    for panel in board["panels"]:
        for target in panel["targets"]:
            key = re.sub(r"\$\{__from:date:([^}]+)\}", r"<\1>", target["keyName"]).replace("$brand", "<b>").replace(":mention:", ":<i>:")
            assert f"`{key}`" in documented, key


main()
