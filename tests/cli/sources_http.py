#!/usr/bin/python3
"""The source http: what others push is answered when it is kept, all of a request or nothing, and counted once however often it
comes."""

import gzip
import json
import pathlib
import signal
import sys
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import Redis, WORK, equal, free_port, hark, main, start, test, wait_for  # noqa: E402
from replay import Pusher  # noqa: E402

LIMIT = 8 << 20


def post(n, text="I want it"):
    return {"schema": "hark.post/1", "id": f"shop:{n}", "source": "shop", "op": "create", "time": "2026-11-22T01:00:00.000Z", "text": f"{text} {n}"}


def rules():
    folder = WORK / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "everything.yaml").write_text("brand: everything\nteam: all\nlisten: {all: true}\nintents: []\n")
    return folder


def total(redis):
    return int(redis("HGET", "hark:total:everything", "mention") or 0)


def run(redis, port, *more, address="127.0.0.1", env=None):
    process = start("run", "--rules", rules(), "--redis", redis.url, "--batch-ms", 20, *more, f"http:{address}:{port}", env=env)
    wait_for(lambda: listens(port) or not process.running(), "the endpoint")
    return process


def ingest(port):
    process = start("ingest", "--stdout", f"http:127.0.0.1:{port}")
    wait_for(lambda: listens(port), "the endpoint")
    return process


def listens(port):
    try:
        return Pusher(port).send(None, "GET", "/")[0]
    except OSError:
        return None


def ends_well(process):
    equal(process.stop(), 0, f"exit status; {process.err.read_text()[-2000:]}")


@test
def every_post_once_through_50_lost_connections():
    redis, port = Redis(), free_port()
    process = run(redis, port)
    pusher = Pusher(port, ["cut", "deaf"] * 25)
    for first in range(0, 1200, 20):
        equal(pusher.push([post(n) for n in range(first, first + 20)]), 20, "accepted")
        assert total(redis) >= first + 20, "accepted before it was counted"
    equal(pusher.faults, [], "faults that did not happen")
    ends_well(process)
    equal(total(redis), 1200, "counted")
    equal(set(pusher.answers), {202}, "answers")
    shown = json.loads(hark("sources", "--json", "--redis", redis.url).stdout)
    equal([source["source"] for source in shown["sources"]], [f"http:127.0.0.1:{port}"], "sources")
    equal(shown["gaps"], [], "gaps")


@test
def it_goes_on_after_a_restart():
    redis, port = Redis(), free_port()
    for first in (0, 5):
        process = run(redis, port)
        Pusher(port).push([post(n) for n in range(first, first + 10)])
        ends_well(process)
    equal(total(redis), 15, "counted")
    equal(json.loads(hark("sources", "--json", "--redis", redis.url).stdout)["sources"][0]["position"], "1 2", "position")


@test
def forms_of_a_request():
    port = free_port()
    process, pusher = ingest(port), Pusher(port)
    line = json.dumps(post(1)).encode()
    pretty = json.dumps([post(2), post(3)], indent=2).encode()
    lines = b"\r\n\n" + json.dumps(post(4)).encode() + b"\r\n[" + json.dumps(post(5)).encode() + b"]\n\n"
    for body, more, accepted in ((line, {"Content_Type": "application/json; charset=utf-8"}, 1), (pretty, {"Content_Type": "application/json"}, 2),
                                 (lines, {}, 2), (gzip.compress(json.dumps(post(6)).encode()), {"Content_Encoding": "gzip"}, 1),
                                 (b"[]", {"Content_Type": "application/json"}, 0), (b"\n \n", {}, 0)):
        status, headers, answer = pusher.send(body, **more)
        equal((status, headers["Content-Type"], answer), (202, "application/json", {"accepted": accepted}), f"answer to {body[:40]}")
    ends_well(process)
    equal([json.loads(out)["id"] for out in process.out.read_text().splitlines()], [f"shop:{n}" for n in range(1, 7)], "posts")


@test
def mistakes_are_told_and_nothing_is_taken():
    port = free_port()
    process, pusher = ingest(port), Pusher(port)
    good, js = json.dumps(post(1)).encode(), {"Content_Type": "application/json"}
    long = b" " * LIMIT + good
    for body, more, status, words, where in (
            (good + b"\n\n{bad\n" + good, {}, 400, "line 3: not JSON", {"line": 3}),
            (good + b'\n{"schema":"hark.post/1","id":"x"}', {}, 400, "line 2: op is missing", {"line": 2}),
            (b"[" + good + b',{"id":1}]', js, 400, "post 2:", {"post": 2}),
            (good + b"\n" + good, js, 400, "not JSON", {}),
            (b'{"hello":1}', js, 400, '"schema":"hark.post/1"', {"post": 1}),
            (json.dumps(post(1, "x" * (1 << 20))).encode(), {}, 400, "more than 1048576", {"line": 1}),
            (b"", js, 400, "empty", {}),
            (b"no gzip", {"Content_Encoding": "gzip"}, 400, "gzip", {}),
            (gzip.compress(good)[:-9], {"Content_Encoding": "gzip"}, 400, "gzip", {}),
            (good, {"Content_Encoding": "br"}, 415, "gzip", {}),
            (good, {"Content_Type": "application/x-www-form-urlencoded"}, 415, "application/x-ndjson", {}),
            (good, {"drop": ["Content-Type"]}, 415, "application/x-ndjson", {}),
            (long, js, 413, "8 MiB", {}),
            (gzip.compress(long), {**js, "Content_Encoding": "gzip"}, 413, "8 MiB", {}),
            (good, {"path": "/"}, 404, "/posts", {}),
            (None, {"method": "GET"}, 405, "POST", {}),
            (good, {"Host": "evil.example"}, 421, "HARK_PUSH_TOKEN", {})):
        got, headers, answer = pusher.send(body, **more)
        equal((got, headers["Content-Type"]), (status, "application/problem+json"), f"answer to {(body or b'')[:60]} {more}: {answer}")
        assert words in answer["detail"], answer
        equal({key: answer[key] for key in ("line", "post") if key in answer}, where, "where")
        if got == 400:
            assert "nothing of this request was taken" in answer["detail"] or "gzip" in answer["detail"], answer
    ends_well(process)
    equal(process.out.read_text(), "", "posts")


@test
def tokens():
    redis, port, file = Redis(), free_port(), WORK / "token"
    file.write_text("s3cret-token\n")
    for env in ({"HARK_PUSH_TOKEN": "s3cret-token"}, {"HARK_PUSH_TOKEN_FILE": str(file)}):
        process = run(redis, port, address="0.0.0.0", env=env)
        body = json.dumps(post(1)).encode()
        for token in (None, "s3cret-toke", "s3cret-tokens", ""):
            status, headers, answer = Pusher(port, token=token).send(body)
            equal((status, headers["WWW-Authenticate"]), (401, "Bearer"), "status")
            assert "HARK_PUSH_TOKEN" in answer["detail"], answer
        equal(Pusher(port, token="s3cret-token").send(body, Host="hark.example")[0], 202, "status")
        ends_well(process)
        assert "s3cret" not in process.err.read_text(), "the token is in the log"
    equal(total(redis), 1, "counted")


@test
def wrong_addresses():
    for argument, words in (("0.0.0.0:8080", "HARK_PUSH_TOKEN"), ("[::]:8080", "HARK_PUSH_TOKEN"), ("8080", "ADDR:PORT"), ("127.0.0.1:0", "port"),
                            ("127.0.0.1:http", "127.0.0.1:http"), ("", "ADDR:PORT")):
        done = hark("ingest", "--stdout", f"http:{argument}", status=1)
        assert words in done.stderr, done.stderr


class Waiting(threading.Thread):
    """A request whose answer takes its time."""

    def __init__(self, port, body):
        super().__init__(daemon=True)
        self.port, self.body, self.answer = port, body, None
        self.start()

    def run(self):
        self.answer = Pusher(self.port).send(self.body)


@test
def where_nothing_is_counted_more_is_turned_away():
    redis, port = Redis(), free_port()
    process = run(redis, port)
    Pusher(port).push([post(0)])  # it is at work
    redis.process.popen.send_signal(signal.SIGSTOP)
    body = "\n".join(json.dumps(post(n, "x" * 1_000_000)) for n in range(8)).encode()
    waiting = [Waiting(port, body) for _ in range(10)]
    wait_for(lambda: any(one.answer and (one.answer[0], one.answer[1]["Retry-After"]) == (503, "1") for one in waiting), "an answer")
    redis.process.popen.send_signal(signal.SIGCONT)
    wait_for(lambda: all(one.answer for one in waiting), "all answers")
    assert {one.answer[0] for one in waiting} <= {202, 503}, [one.answer for one in waiting]
    equal(Pusher(port).push([post(n) for n in range(20)]), 20, "accepted")
    ends_well(process)
    equal(total(redis), 20, "counted")


def taken(metrics):
    """Posts that left the endpoint, as /metrics has it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=10) as answer:
        return any(line == "hark_posts_total 2" for line in answer.read().decode().splitlines())


@test
def who_waits_at_the_end_is_told():
    redis, port, metrics = Redis(), free_port(), free_port()
    process = run(redis, port, "--listen", f"127.0.0.1:{metrics}")
    Pusher(port).push([post(0)])  # it is at work
    redis.process.popen.send_signal(signal.SIGSTOP)
    waiting = Waiting(port, json.dumps(post(1)).encode())
    wait_for(lambda: taken(metrics), "the post")
    process.popen.send_signal(signal.SIGTERM)
    wait_for(lambda: waiting.answer, "the answer")
    redis.process.popen.send_signal(signal.SIGCONT)
    equal((waiting.answer[0], waiting.answer[1]["Retry-After"]), (503, "5"), "answer")
    process.stop()


main()
