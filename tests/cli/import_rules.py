#!/usr/bin/env python3
"""hark rules import: ten rules of each dialect become brand files that are good and take the posts that they should."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import ROOT, WORK, equal, hark, main, test

DATA = ROOT / "tests/data/rules/import"
FILES = {"x": "x.txt", "powertrack": "powertrack.json", "brandwatch": "brandwatch.txt"}
# line of the file → what is said of it
REMARKS = {
    "x": {7: "has:images: pictures", 8: "place_country:GB has no equal.*takes more posts", 9: "is:nullcast has no equal",
          10: "context:.*takes fewer posts"},
    "powertrack": {6: "sample:10.*more posts", 8: "bio:bot.*more posts", 9: "bio_location:.*fewer posts", 11: "retweets_of:.*fewer posts"},
    "brandwatch": {7: "country:gbr.*more posts", 8: "no titles", 10: "a phrase beside NEAR"},
}


def run(dialect, text, status=0, name="rules.txt"):
    path = WORK / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path, hark("rules", "import", "--from", dialect, "--team", "migration", path, status=status)


def query_of(dialect, rule):
    """What one rule becomes, and what is said of it."""
    _, done = run(dialect, rule)
    return re.search(r"^  query: '(.*)'$", done.stdout, re.M)[1].replace("''", "'"), done.stderr


def dialect_test(dialect, file):
    def go():
        done = hark("rules", "import", "--from", dialect, DATA / file)
        folder = WORK / dialect
        folder.mkdir()
        (folder / "imported.yaml").write_text(done.stdout)
        assert done.stderr.endswith(f"10 of 10 rules written, {len(REMARKS[dialect])} remarks\n"), done.stderr
        said = dict(re.findall(rf"^{re.escape(str(DATA / file))}:(\d+):\d+: warning: (.*)$", done.stderr, re.M))
        equal(sorted(map(int, said)), sorted(REMARKS[dialect]), "lines with a remark")
        for line, text in REMARKS[dialect].items():
            assert re.search(text, said[str(line)]), (line, said)
        assert ": error: " not in hark("check", folder).stderr

        cases = json.loads((DATA / "posts.json").read_text())[dialect]
        equal(len(cases), 10, "rules with posts")
        posts, want = [], {}
        for case in cases:
            for taken, texts in [(True, case["hits"]), (False, case["not"])]:
                assert texts, case
                for post in texts:
                    fields = post if isinstance(post, dict) else {"text": post}
                    name = f"x:{len(posts)}"
                    posts.append(json.dumps({"schema": "hark.post/1", "id": name, "source": "x", "op": "create",
                                             "time": "2026-11-21T10:00:00Z", **fields}))
                    want[name] = (case["brand"], taken, fields["text"])
        matches = map(json.loads, hark("scan", "--rules", folder, "file:-", stdin="\n".join(posts) + "\n").stdout.splitlines())
        found = {(match["id"], match["brand"]) for match in matches}
        wrong = [(brand, text, "taken" if taken else "not taken") for name, (brand, taken, text) in want.items()
                 if ((name, brand) in found) != taken]
        equal(wrong, [], "posts that should be")

    go.__name__ = f"ten rules of {dialect}"
    return test(go)


@test
def words_keep_their_meaning():
    for dialect, rule, want in [
        ("x", "a b OR c", "a b OR c"),
        ("x", "(a OR b) -(c OR d e)", "(a OR b) -(c OR d e)"),
        ("x", "it's or isn't", """it's "or" isn't"""),
        ("x", "nike*", "nike"),  # no operator of X
        ("x", "url:\"http://a.example/b\"", "url:http://a.example/b"),
        ("x", "from:12 from:@ann", "from:12 from:ann"),
        ("powertrack", "contains:\"red co\"", '"*red co*"'),
        ("brandwatch", "nike*", "nike*"),
        ("brandwatch", "nike AND NOT (shoe OR bag)", "nike -(shoe OR bag)"),
        ("brandwatch", "(a OR b) NEAR/2 (c OR d) AND e", '("a c"~2 OR "a d"~2 OR "b c"~2 OR "b d"~2) e'),
        ("brandwatch", "{BT} <<<the telephone company>>> broadband", "{BT} broadband"),
        ("brandwatch", "colo*r", r"/(?<![\pL\pN])colo[\pL\pN]*r(?![\pL\pN])/"),
        ("brandwatch", "\"late delivery\"~5", '"late delivery"~5'),
        ("brandwatch", "nike engagementType:REPLY", "nike is:reply"),
    ]:
        equal(query_of(dialect, rule)[0], want, f"{dialect}: {rule}")


@test
def leaving_out_says_what_it_does():
    for rule, want, effect in [
        ("acorn bio:x", "acorn", "more"),
        ("acorn -bio:x", "acorn", "more"),
        ("acorn OR bio:x", "acorn", "fewer"),
        ("acorn -(coat OR bio:x)", "acorn -coat", "more"),
        ("acorn -(coat bio:x)", "acorn -coat", "fewer"),
        ("acorn OR (coat bio:x)", "acorn OR coat", "more"),
    ]:
        query, said = query_of("x", rule)
        equal(query, want, rule)
        assert f"the rule takes {effect} posts" in said, (rule, said)


@test
def mistakes_are_told_with_their_place():
    for dialect, rule, place, says in [
        ("x", "acorn\n(coat", ":2:1: ", "not closed"),
        ("x", "acorn)", ":1:6: ", "closes nothing"),
        ("x", 'a "b', ":1:3: ", "quote that begins here"),
        ("x", "a\na OR", ":2:5: ", "OR stands between two things"),
        ("x", "bio:x", ":1:1: ", "nothing is left"),
        ("x", "-acorn", ":1:1: ", "every post"),
        ("x", "acorn OR -coat", ":1:1: ", "every post"),
        ("x", "point_radius:[1 2", ":1:14: ", "not closed"),
        ("x", "()", ":1:1: ", "nothing between"),
        ("brandwatch", "a NEAR/x b", ":1:3: ", "NEAR/5"),
        ("brandwatch", "a NEAR/5", ":1:3: ", "right side"),
        ("brandwatch", "(" * 100 + "a" + ")" * 100, ":1:65: ", "inside each other"),
        ("powertrack", '{"rules":[{"value":"a"},{"value":}]}', ":1:", "no JSON"),
        ("x", "", ": ", "no rules"),
        ("x", b"caf\xe9", ":1:4: ", "UTF-8"),
    ]:
        path, done = run(dialect, rule, status=1)
        assert re.search(rf"^{re.escape(str(path) + place)}.*error: .*{re.escape(says)}", done.stderr, re.M) or \
            re.search(rf"^{re.escape(str(path) + place)}error: .*{re.escape(says)}", done.stderr, re.M), (rule, done.stderr)


@test
def one_bad_rule_does_not_spoil_the_others():
    _, done = run("x", "acorn\n(coat\nbeech\n", status=1)
    equal(re.findall(r"^brand: (.*)$", done.stdout, re.M), ["rule-1", "rule-3"], "brands")
    assert done.stderr.endswith("2 of 3 rules written, 0 remarks\n") and "    ^" not in done.stdout, done.stderr
    assert "team: migration" in done.stdout, done.stdout


@test
def shapes_of_json():
    for text in ['{"add":[{"value":"a","tag":"T"},{"value":"b"}]}', '[{"tag":"T","value":"a"},{"value":"b"}]', '["a","b"]',
                 '{"data":[{"id":"1","value":"a","tag":"T"},{"value":"b","id":"2"}],"meta":{"sent":"x"}}',
                 '{"value":"a","tag":"T"}\n{"value":"b"}\n']:
        _, done = run("x", text)
        equal(re.findall(r"^  query: '(.*)'$", done.stdout, re.M), ["a", "b"], text)


for dialect, file in FILES.items():
    dialect_test(dialect, file)
main()
