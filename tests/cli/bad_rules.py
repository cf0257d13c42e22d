#!/usr/bin/env python3
"""What a social team is told about mistakes in rule files: file, line, column and what would be right, all in one run."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import ROOT, WORK, hark, main, test

GOOD = """brand: acorn
team: shop
listen: {hashtags: [acorn]}
intents: [want]
"""
WANT = "intent: want\nabout: They want it.\nphrases: {en: [want]}\n"


def folder(name, **files):
    path = WORK / name
    (path / "intents").mkdir(parents=True)
    (path / "intents/want.yaml").write_text(WANT)
    for file, text in files.items():
        (path / f"{file}.yaml").write_text(text)
    return path


def errors(path):
    """(file:line:column, text) of each error that `hark check` prints."""
    done = hark("check", path, status=1)
    found = []
    for line in done.stderr.splitlines():
        if ": error: " in line:
            place, text = line.split(": error: ", 1)
            found.append((place.replace(str(path) + "/", ""), text))
    return found


@test
def good_rules_are_good():
    done = hark("check", folder("good", acorn=GOOD))
    assert "1 brand" in done.stdout and "version" in done.stdout, done.stdout


@test
def every_mistake_in_one_run():
    path = folder(
        "mistakes",
        a=GOOD.replace("team:", "taem:"),
        b=GOOD.replace("acorn", "beech") + "alerts:\n  - on: wnat\n",
        c=GOOD.replace("acorn\n", "cedar\n", 1).replace("[want]", "[wants]"),
        d=GOOD.replace("acorn\n", "beech\n", 1),
        e=GOOD.replace("acorn\n", "elm\n", 1).replace("{hashtags: [acorn]}", "{keywords: ['/(a/']}"),
        f="brand: fir\n team: shop\n",
        g="brand: gum\nteam: shop\nlisten: {}\n",
    )
    found = errors(path)
    places = [place for place, _ in found]
    texts = dict(found)
    assert "a.yaml:2:1" in places, found  # unknown key
    assert "team" in texts["a.yaml:2:1"], found
    assert any(p.startswith("b.yaml:6:") and "want" in t for p, t in found), found  # nearest intent
    assert any(p.startswith("c.yaml:4:") and "want" in t for p, t in found), found
    assert any("beech" in t and ("b.yaml" in t or "d.yaml" in t) for _, t in found), found  # where the other stands
    assert any(p.startswith("e.yaml:3:") for p in places), found  # a bad pattern, at its place
    assert any(p.startswith("f.yaml:2:") for p in places), found  # indentation
    assert any(p.startswith("g.yaml:3:") for p in places), found  # empty listen
    assert all(len(text) > 10 for _, text in found), found


@test
def a_missing_folder_is_said():
    done = hark("check", WORK / "nowhere", status=1)
    assert "nowhere" in done.stderr, done.stderr
    done = hark("scan", "--rules", WORK / "nowhere", "file:-", status=1)
    assert "nowhere" in done.stderr, done.stderr


@test
def rules_are_not_optional():
    done = hark("scan", "file:-", status=1)
    assert "--rules" in done.stderr, done.stderr


@test
def a_failing_rule_test_is_shown():
    path = folder("failing", acorn=GOOD + 'tests:\n  - post: "I need #acorn"\n    hits: [want]\n  - post: "I want #acorn"\n    hits: [want]\n')
    done = hark("test", path, status=1)
    assert "1 passed, 1 failed" in done.stdout, done.stdout
    assert "acorn.yaml:6:" in done.stdout, done.stdout
    assert "I need #acorn" in done.stdout and "I want #acorn" not in done.stdout, done.stdout
    assert done.stderr == "", done.stderr


@test
def shipped_rules_pass_their_tests():
    hark("check", ROOT / "rules")
    assert hark("test", ROOT / "rules").stdout.endswith(" 0 failed\n")


@test
def unknown_words_get_the_nearest():
    assert "did you mean 'scan'" in hark("scam", status=1).stderr
    assert "did you mean --rules" in hark("scan", "--rule", "x", "file:-", status=1).stderr
    assert "file" in hark("scan", "--rules", ROOT / "rules", "fiel:x", status=1).stderr
    assert "1 to 256" in hark("match", "--rules", "x", "--workers", "12abc", status=1).stderr


@test
def secrets_are_no_flags():
    done = hark("report", "--redis-password", "hush", status=1)
    assert "HARK_REDIS_PASSWORD" in done.stderr and "hush" not in done.stderr, done.stderr


@test
def a_settings_file_is_checked():
    path = WORK / "hark.yaml"
    path.write_text("kafka: 127.0.0.1:1\nrediss: x\n")
    done = hark("report", "--config", path, status=1)
    assert f"{path}:2:1: error: unknown setting 'rediss'; did you mean 'redis'?" in done.stderr, done.stderr


main()
