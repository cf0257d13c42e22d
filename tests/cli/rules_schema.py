#!/usr/bin/env python3
"""deploy/schema/hark.rules.schema.json agrees with `hark check` on whole documents: what is good there is good here, and the other way round.

The schema cannot know what phrases and queries mean or which intents there are; the cases are about keys and kinds of values.
"""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import ROOT, WORK, hark, main, test

import jsonschema
import yaml

SCHEMA = json.loads((ROOT / "deploy/schema/hark.rules.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


class Loader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: only true and false are booleans, and times are texts."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))

BRAND = "brand: a\nteam: t\nlisten: {hashtags: [a]}\n"
INTENT = "intent: i\nphrases: [x]\n"
# What is added to a good document, or stands instead of it, and whether that is good.
CASES = [
    (BRAND, "", True),
    (INTENT, "", True),
    (BRAND, "only: {langs: [en, pt-BR], sources: [x], reposts: true, min_followers: 3}\n", True),
    (BRAND, "only: {langs: en}\n", False),
    (BRAND, "only: {langs: [english]}\n", False),
    (BRAND, "only: {sources: []}\n", False),
    (BRAND, "only: {min_followers: -1}\n", False),
    (BRAND, "ignore: {phrases: [no, 20, off], handles: ['@b']}\n", True),
    (BRAND, "ignore: {handels: [b]}\n", False),
    (BRAND, "fold: true\n", True),
    (BRAND, "fold: maybe\n", False),
    (BRAND, "alerts: [{on: mention, severity: high}]\n", True),
    (BRAND, "alerts: [{on: mention, severity: hihg}]\n", False),
    (BRAND, "alerts: [{severity: high}]\n", False),
    (BRAND, "intents: [{name: i, phrases: [x]}]\n", True),
    (BRAND, "intents: [{name: i, phrases: {en: [x, {y: 3}]}, threshold: 5, fold: true}]\n", True),
    (BRAND, "intents: [{intent: i, phrases: [x]}]\n", False),
    (BRAND, "intents: [{name: i}]\n", False),
    (BRAND, "intents: i\n", False),
    (BRAND, "tests: [{post: '#a', hits: []}, {post: b, hits: none}]\n", True),
    (BRAND, "tests: [{post: {text: '#a', lang: en, reply_to: null, author: {followers: 3, bot: true}, media: 1}, hits: []}]\n", True),
    (BRAND, "tests: [{post: {lang: en}, hits: []}]\n", False),
    (BRAND, "tests: [{post: {text: '#a', likes: 3}, hits: []}]\n", False),
    (BRAND, "tests: [{post: '#a'}]\n", False),
    (BRAND, "tests: [{post: '#a', hits: all}]\n", False),
    (BRAND, "colour: red\n", False),
    ("brand: a\nteam: t\n", "listen: {query: '#a'}\n", True),
    ("brand: a\nteam: t\n", "listen: {all: true}\n", True),
    ("brand: a\nteam: t\n", "listen: {all: true, hashtags: [a]}\n", False),
    ("brand: a\nteam: t\n", "listen: {query: '#a', hashtags: [a]}\n", False),
    ("brand: a\nteam: t\n", "listen: {}\n", False),
    ("brand: a\nteam: t\n", "listen: {handles: [a, a@b.example], domains: [a.example], keywords: [a b, '*c']}\n", True),
    ("brand: a\nteam: t\n", "listen: {handles: [a b]}\n", False),
    ("brand: a\nteam: t\n", "listen: {domains: ['https://a.example']}\n", False),
    ("brand: a\nteam: t\n", "listen: {hashtags: ['a*']}\n", False),
    ("brand: A\nteam: t\n", "listen: {hashtags: [a]}\n", False),
    ("brand: a\n", "listen: {hashtags: [a]}\n", False),
    ("team: t\n", "listen: {hashtags: [a]}\n", False),
    (INTENT, "threshold: 12\nabout: It fires.\nsignals: {mention: 4, question_end: -1}\nnot: {en: [y]}\n", True),
    (INTENT, "threshold: 0\n", False),
    (INTENT, "signals: {mentoin: 4}\n", False),
    (INTENT, "signals: {mention: 1001}\n", False),
    (INTENT, "groups: {g: {weight: 6, second: 4, en: [y], pt-BR: [z]}}\n", True),
    (INTENT, "groups: {g: {en: [y]}}\n", False),
    (INTENT, "groups: {g: {weight: 6, wieght: 3, en: [y]}}\n", False),
    (INTENT, "groups: {g: {weight: 6, en: [{y: 3}]}}\n", False),
    (INTENT, "name: j\n", False),
    (INTENT, "not: [[y]]\n", False),
    ("intent: mention\n", "phrases: [x]\n", False),
    ("intent: i\n", "phrases: {en: [want, no, 20], ko: ['*x*']}\n", True),
    ("intent: i\n", "phrases: {english: [want]}\n", False),
    ("intent: i\n", "phrases: {en: [{want: 1001}]}\n", False),
    ("intent: i\n", "about: Nothing.\n", False),
]


def schema_errors(path):
    with open(path, encoding="utf-8") as file:
        documents = [document for document in yaml.load_all(file, Loader) if document is not None]
    assert documents, path
    return [error.message for document in documents for error in VALIDATOR.iter_errors(document)]


@test
def the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@test
def shipped_rules_follow_the_schema():
    files = sorted((ROOT / "rules").rglob("*.yaml"))
    assert len(files) > 8, files
    for path in files:
        assert schema_errors(path) == [], (path, schema_errors(path))


@test
def schema_and_check_agree():
    for n, (start, more, good) in enumerate(CASES):
        path = WORK / f"case-{n}.yaml"
        path.write_text(start + more)
        hark("check", path, status=0 if good else 1)
        errors = schema_errors(path)
        assert (not errors) == good, (start + more, errors)


main()
