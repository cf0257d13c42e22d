#!/usr/bin/env python3
"""The examples of docs/query.md: each query is good and without a warning, and takes the posts that the manual says it takes."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import ROOT, WORK, hark, main, test


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def examples():
    """(query, source, [(post, whether it is taken)]) of each ```query block."""
    manual = (ROOT / "docs/query.md").read_text(encoding="utf-8")
    for block in re.findall(r"```query\n(.*?)```", manual, re.S):
        lines = [re.fullmatch(r"(query|source|hits|not): *(.*)", line).groups() for line in block.splitlines()]
        query = [text for key, text in lines if key == "query"]
        source = [text for key, text in lines if key == "source"] or ["bluesky"]
        assert len(query) == 1, block
        yield query[0], source[0], [(text, key == "hits") for key, text in lines if key in ("hits", "not")]


def rule_file():
    documents = []
    for n, (query, source, posts) in enumerate(examples()):
        tests = [
            f"  - {{post: {{text: {quoted(text)}, source: {source}}}, hits: {'[]' if taken else 'none'}}}\n" for text, taken in posts
        ]
        documents.append(
            f"brand: example-{n}\nteam: manual\nlisten:\n  query: {quoted(query)}\n" + ("tests:\n" + "".join(tests) if tests else "")
        )
    assert len(documents) > 25, len(documents)
    path = WORK / "manual.yaml"
    path.write_text("---\n".join(documents), encoding="utf-8")
    return path


@test
def queries_of_the_manual_are_good():
    done = hark("check", rule_file())
    assert "warning" not in done.stderr, done.stderr


@test
def queries_of_the_manual_take_what_it_says():
    done = hark("test", rule_file())
    assert done.stdout.endswith(" 0 failed\n"), done.stdout
    assert int(done.stdout.split()[-4]) > 40, done.stdout


@test
def every_operator_takes_and_leaves_posts():
    path = ROOT / "tests/data/rules/operators.yaml"
    rules, grammar = path.read_text(encoding="utf-8"), (ROOT / "docs/query.ebnf").read_text(encoding="utf-8")
    terms = re.search(r"^operator .*?;", grammar, re.S | re.M)[0]
    queries = " ".join(re.findall(r"^  query: '(.*)'$", rules, re.M))
    names = re.findall(r'"([a-z_]+:)"', terms)
    assert len(names) > 15, names
    for name in names:
        assert name in queries, f"no test of {name}"
    for name, words in re.findall(r'"(is:|has:)", \(([^)]*)\)', terms):
        for word in re.findall(r'"(\w+)"', words):
            assert name + word in queries, f"no test of {name}{word}"
    for document in rules.split("---\n"):
        assert document.count("hits: []") >= 2 and "hits: none" in document, document
    assert "warning" not in hark("check", path).stderr
    hark("test", path)


main()
