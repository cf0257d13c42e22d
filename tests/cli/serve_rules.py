#!/usr/bin/python3
"""The rules as hark serve shows them: read anew when their files change, and with what matchers say of their health."""

import datetime
import json
import os
import pathlib
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import WORK, Redis, equal, main, start, test, wait_for
from serving import Server

DEAR = "/(a+)+$/"  # on a text of many a that ends otherwise


def rules_text(phrases, tests="[]"):
    return (f"brand: acorn\nteam: shop\nlisten: {{hashtags: [acorn]}}\n"
            f"intents: [{{name: dear, phrases: {{en: {json.dumps(phrases)}}}}}, {{name: want, phrases: {{en: [want]}}}}]\ntests: {tests}\n")


class Folder:
    def __init__(self, name, text):
        self.path = WORK / name
        self.path.mkdir()
        self.put(text)

    def put(self, text):
        """In one step, as editors and deployments do it."""
        new = self.path / ".acorn.yaml.new"
        new.write_text(text)
        new.rename(self.path / "acorn.yaml")


class Feeder(threading.Thread):
    """Writes posts into a pipe until it is told to end; a matcher reads it."""

    def __init__(self, redis, rules):
        super().__init__(daemon=True)
        self.pipe, self.ending = WORK / f"{rules.path.name}.pipe", threading.Event()
        os.mkfifo(self.pipe)
        self.matcher = start("run", "--rules", rules.path, "--redis", redis.url, "--format", "hark", f"file:{self.pipe}")
        self.start()

    def run(self):
        number = 0
        try:
            with open(self.pipe, "w") as out:
                while not self.ending.wait(0.02):
                    for _ in range(20):
                        number += 1
                        print(json.dumps({"schema": "hark.post/1", "id": f"p{number}", "source": "bluesky", "op": "create", "time": "2026-11-20T10:00:00.000Z",
                                          "text": "#acorn I want " + "a" * 200 + "!", "lang": ["en"]}), file=out)
                    out.flush()
        except BrokenPipeError:
            pass  # the matcher was killed

    def end(self):
        self.ending.set()
        self.join(60)


@test
def files_that_change_are_read_anew():
    rules = Folder("changing", rules_text(["oak"], "[{post: 'an #acorn oak', hits: [dear]}]"))
    server = Server(Redis(), rules=rules.path)
    first = server.get("rules")
    equal((first["problem"], first["failures"], first["brands"][0]["tests"]), (None, [], {"count": 1, "failed": 0}), "at first")
    rules.put(rules_text(["elm"], "[{post: 'an #acorn oak', hits: [dear]}]"))
    second = wait_for(lambda: (got := server.get("rules"))["version"] != first["version"] and got, "the rules that changed")
    equal((second["brands"][0]["tests"], second["failures"][0]["post"]), ({"count": 1, "failed": 1}, "an #acorn oak"), "a test that fails now")
    rules.put(rules_text(["elm"]) + "nonsense: 1\n")
    broken = wait_for(lambda: (got := server.get("rules"))["problem"] and got, "the problem")
    assert "1 error" in broken["problem"] and "hark check" in broken["problem"], broken["problem"]
    equal(broken["version"], second["version"], "the set that is shown meanwhile")
    rules.put(rules_text(["ash"]))
    mended = wait_for(lambda: (got := server.get("rules"))["version"] != second["version"] and got, "the rules that were mended")
    equal(mended["problem"], None, "problem")
    (rules.path / "more").mkdir()
    (rules.path / "more/oak.yaml").write_text("brand: oak\nteam: shop\nlisten: {hashtags: [oak]}\nintents: []\n")
    server.process.popen.send_signal(signal.SIGHUP)  # whether or not the new folder was watched in time
    wait_for(lambda: [brand["name"] for brand in server.get("rules")["brands"]] == ["acorn", "oak"], "the brand in a new folder")
    equal(server.process.stop(), 0, "exit status")


@test
def a_file_that_is_the_same_again_changes_nothing():
    rules = Folder("same", rules_text(["oak"]))
    server = Server(Redis(), rules=rules.path)
    wait_for(lambda: "rules unchanged" in server.process.err.read_text(), "the second look at the start")
    before = server.get("rules", at="2026-11-20")
    rules.put(rules_text(["oak"]) + "nonsense: 1\n")
    wait_for(lambda: server.get("rules")["problem"], "the problem")
    rules.put(rules_text(["oak"]))
    wait_for(lambda: not server.get("rules")["problem"], "the end of the problem")
    equal(server.get("rules", at="2026-11-20"), before, "rules")
    assert "rules taken" not in server.process.err.read_text()


@test
def matchers_say_what_patterns_cost_and_which_are_in_quarantine():
    redis = Redis()
    rules = Folder("dear", rules_text([DEAR, "/wan./", "oak"]))
    server = Server(redis, rules=rules.path)
    none = server.get("rules")
    equal((none["matchers"], none["patterns"]), ([], []), "before anything is matched")
    equal([(intent["name"], intent["patterns"], intent["cost"], intent["quarantined"]) for intent in none["intents"]], [("dear", 2, None, 0), ("want", 0, None, 0)], "intents")
    feeder = Feeder(redis, rules)
    known = wait_for(lambda: (got := server.get("rules"))["patterns"] and got["patterns"][0]["quarantined"] and got["patterns"][0]["skipped"] and len(got["patterns"]) == 2 and got, "the quarantine")
    dear, cheap = known["patterns"]
    equal((dear["pattern"], dear["over"], dear["line"], cheap["pattern"], cheap["quarantined"], cheap["over"]), (DEAR, 5, 4, "/wan./", False, 0), "patterns")
    assert dear["file"].endswith("acorn.yaml") and 0 < dear["share"] + cheap["share"] <= 1, known["patterns"]
    one = known["intents"][0]
    equal((one["patterns"], one["quarantined"], known["intents"][1]["cost"]), (2, 1, None), "the intent that has them, one that has none")
    equal([(rule["intent"], rule["patterns"], rule["cost"], rule["quarantined"]) for rule in known["brands"][0]["rules"]],
          [("mention", 0, None, 0), ("dear", 2, one["cost"], 1), ("want", 0, None, 0)], "rules")
    assert abs(one["cost"] - dear["share"] - cheap["share"]) < 1e-9, one
    equal([(m["command"], m["ruleset"], m["stale"]) for m in known["matchers"]], [("run", known["version"], False)], "matchers")
    feeder.end()
    equal(feeder.matcher.popen.wait(30), 0, "exit status")
    equal(server.get("rules")["matchers"], [], "its word goes when it ends")


@test
def what_a_matcher_left_behind_is_stale_and_goes():
    redis = Redis()
    rules = Folder("left", rules_text(["oak"]))
    server = Server(redis, rules=rules.path)

    def word(seconds, **more):
        time = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
        return json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "command": "match", "ruleset": "abc", "measured_us": 1000,
                           "patterns": [{"pattern": "/x/", "file": "f", "line": 1, "share": 0.5, "over": 0, "skipped": 0, "quarantined": False}], **more}, separators=(",", ":"))

    redis("HSET", "hark:health", "here:1", word(0), "here:2", word(0, measured_us=3000, patterns=[]), "gone:1", word(60), "gone:2", word(2 * 86400),
          "odd:1", "not json", "odd:2", word(0, time=5), "odd:3", '{"patterns":[{"share":"much"}]}', "newer:1", word(0, more={"of": [1, "this"]}, measured_us=0, patterns=[]))
    got = server.get("rules")
    equal([(m["name"], m["stale"]) for m in got["matchers"]], [("gone:1", True), ("gone:2", True), ("here:1", False), ("here:2", False), ("newer:1", False)], "matchers")
    equal([(p["pattern"], p["share"]) for p in got["patterns"]], [("/x/", 0.125)], "a share, of what all that are there have measured")
    feeder = Feeder(redis, rules)
    wait_for(lambda: "gone:2" not in redis("HKEYS", "hark:health"), "the end of what is older than a day")
    kept = set(redis("HKEYS", "hark:health"))
    assert {"gone:1", "here:1", "newer:1"} <= kept and not {"odd:1", "odd:2", "odd:3"} & kept, kept
    own = wait_for(lambda: [m["name"] for m in server.get("rules")["matchers"] if m["command"] == "run"], "the matcher's own word")
    assert 0 < redis("TTL", "hark:health") <= 86400
    feeder.matcher.stop(signal.SIGKILL)
    feeder.end()
    assert own[0] in redis("HKEYS", "hark:health"), "a killed one says nothing more"
    equal(server.process.stop(), 0, "exit status")


main()
