#!/usr/bin/python3
"""Measures hark serve beside a running matcher: series of 90 days at a steady rate (wrk), and what 1,000 event streams take.

usage: tests/bench/serve.py [--brands N] [--rate N] [--seconds N] [--posts N] [--clients N]
  --brands N    brands with 90 days of hours and days for each of 11 series (20); requests take turns among them
  --rate N      requests a second (200)
  --seconds N   of each measurement (20)
  --posts N     posts a second that the matcher counts meanwhile, each naming a brand (500)
  --clients N   event streams (1000)

A redis-server, `hark run` and `hark serve` of its own, gone afterwards; build/release is built where it is old. The first line is the
server without Redis: what is above it is the work. Each line is measured after three seconds of the same. wrk sends a connection's next request only after its answer: a rate that is
not reached says that answers were late.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ["HARK_TEST_BUILD"] = str(ROOT / "build/release")
sys.path.insert(0, str(ROOT / "tests/support"))
from harklib import WORK, Redis, start, wait_for

INTENTS = ["want", "need", "complaint", "question", "praise", "buy", "thanks", "battery", "sold-out", "suggestion"]
DAYS, LATE_MS, LISTENERS_BYTES = 90, 20, 50e6
CONNECTIONS, WARM_S = 20, 3


def brand(i):
    return f"bench-{i}"


def write_rules(folder, brands):
    (folder / "intents").mkdir(parents=True)
    for intent in INTENTS:
        (folder / f"intents/{intent}.yaml").write_text(f"intent: {intent}\nabout: Measured.\nphrases: {{en: [so {intent}]}}\n")
    (folder / "brands.yaml").write_text("".join(
        f"---\nbrand: {brand(i)}\nteam: bench\nlisten: {{hashtags: [{brand(i).replace('-', '')}]}}\nintents: [{', '.join(INTENTS)}]\n" for i in range(brands)))


def command(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in (str(word).encode() for word in words))


def history(brands, now):
    """Ninety full days of every hour and day, as commands."""
    hours = [now - datetime.timedelta(hours=h) for h in range(24 * (DAYS + 1))]
    for b in range(brands):
        yield command("SADD", "hark:brands", brand(b))
        for intent in ["mention", *INTENTS]:
            yield command("HSET", f"hark:total:{brand(b)}", intent, 10 * len(hours))
            months, years = {}, {}
            for at in hours:
                n = 3 + (at.hour * 7 + at.day + b) % 90
                months.setdefault(f"{at:%Y-%m}", []).extend((f"{at:%dT%H}", n))
                years.setdefault(f"{at:%Y}", {}).setdefault(f"{at:%m-%d}", 0)
                years[f"{at:%Y}"][f"{at:%m-%d}"] += n
            for month, fields in months.items():
                yield command("HSET", f"hark:count:{brand(b)}:{intent}:hour:{month}", *fields)
            for year, days in years.items():
                yield command("HSET", f"hark:count:{brand(b)}:{intent}:day:{year}", *[word for pair in days.items() for word in pair])


def load(redis, brands):
    done = subprocess.run(["redis-cli", "-s", redis.socket, "--pipe"], input=b"".join(history(brands, datetime.datetime.now(datetime.timezone.utc))), capture_output=True, check=True)
    if b"errors: 0" not in done.stdout:
        sys.exit(done.stdout.decode())


def feed(pipe, brands, rate, ending):
    """Posts of now, each naming a brand and one of its intents, until it is told to end."""
    number = 0
    with open(pipe, "wb", buffering=0) as out:
        while not ending.wait(0.05):
            now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            lines = []
            for _ in range(max(1, rate // 20)):
                number += 1
                lines.append(json.dumps({"schema": "hark.post/1", "id": f"bench:{number}", "source": "bluesky", "op": "create", "time": now, "lang": ["en"],
                                         "text": f"so {INTENTS[number % len(INTENTS)]} #{brand(number % brands).replace('-', '')}"}))
            out.write(("\n".join(lines) + "\n").encode())


def wrk(port, paths, rate, seconds):
    """Requests a second that were answered, milliseconds in the middle and at 99 of 100, answers that were no 200."""
    script = WORK / "paths.lua"
    pause = 1000 * CONNECTIONS // rate
    script.write_text("local paths = {" + ", ".join(json.dumps(path) for path in paths) + "}\n"
                      f"function delay() return math.random(0, {2 * pause}) end\n"
                      "function request() return wrk.format('GET', paths[math.random(#paths)]) end\n"
                      "function done(summary, latency) io.write(string.format('RESULT %f %f %f %d\\n', summary.requests * 1e6 / summary.duration, latency:percentile(50) / 1000,"
                      " latency:percentile(99) / 1000, summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect)) end\n")
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True)
    return [float(word) for word in re.search(r"RESULT (.*)", done.stdout)[1].split()]


def used(process):
    """CPU seconds of a process so far."""
    fields = pathlib.Path(f"/proc/{process.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.popen.pid}/status").read_text())[1]) * 1024


def listen(port):
    one = socket.create_connection(("127.0.0.1", port), timeout=30)
    one.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    while b"event: state" not in (got := one.recv(65536)):
        if not got:
            sys.exit("an event stream ended")
    return one


def serve(redis, rules):
    server = start("serve", "--redis", redis.url, "--rules", rules, "--listen", "127.0.0.1:0")
    address = wait_for(lambda: re.search(r":(\d+)/", server.out.read_text()), "the address of hark serve")
    return server, int(address[1])


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    for name, default in (("brands", 20), ("rate", 200), ("seconds", 20), ("posts", 500), ("clients", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    for tool in ("wrk", "redis-server", "redis-cli"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing")
    subprocess.run(["bash", "-c", ". deploy/lib.sh && build_hark release"], cwd=ROOT, check=True)
    redis, rules, pipe, ending = Redis(), WORK / "rules", WORK / "posts", threading.Event()
    write_rules(rules, args.brands)
    load(redis, args.brands)
    os.mkfifo(pipe)
    matcher = start("run", "--rules", rules, "--redis", redis.url, "--format", "hark", f"file:{pipe}")
    feeder = threading.Thread(target=feed, args=(pipe, args.brands, args.posts, ending))
    feeder.start()
    try:
        wait_for(lambda: redis("HGET", "hark:meta", "latest"), "the matcher's first posts")
        server, port = serve(redis, rules)
        now = datetime.datetime.now(datetime.timezone.utc)
        since, to = (f"{now - datetime.timedelta(days=DAYS):%Y-%m-%d}", f"{now:%Y-%m-%dT%H:%M:%SZ}")
        series = lambda more: [f"/api/v1/series?brand={brand(b)}&from={since}&to={to}&{more}" for b in range(args.brands)]
        print(f"{'':34}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'p99 at most':>13}{'CPU ms':>9}{'Redis':>9}  a request")
        for name, paths, most in (("/healthz, no Redis", ["/healthz"], ""), ("90 days, a day a point, all", series("step=day"), LATE_MS), ("90 days, an hour a point, one", series("step=hour&intent=want"), LATE_MS),
                                  ("90 days, an hour a point, all", series("step=hour"), LATE_MS), ("overview", ["/api/v1/overview"], "")):
            wrk(port, paths, args.rate, WARM_S)
            before = used(server), used(redis.process)
            rate, p50, p99, bad = wrk(port, paths, args.rate, args.seconds)
            cpu = [1000 * (after - then) / (rate * args.seconds) for after, then in zip((used(server), used(redis.process)), before)]
            print(f"{name:34}{rate:11.0f}{p50:9.2f}{p99:9.2f}{most:>13}{cpu[0]:9.2f}{cpu[1]:9.2f}" + (f"  {bad:.0f} were no answer" if bad else ""), flush=True)
        server, port = serve(redis, rules)
        before = resident(server)
        clients = [listen(port) for _ in range(args.clients)]
        got = resident(server)
        print(f"{len(clients)} event streams: {got / 1e6:.1f} MB resident, at most {LISTENERS_BYTES / 1e6:.0f} MB; {before / 1e6:.1f} MB without them")
        counted = int(redis("HGET", "hark:pos:run", f"file:{pipe}").split()[0]) if redis("HEXISTS", "hark:pos:run", f"file:{pipe}") else 0
        print(f"{args.brands} brands, a matcher that counted meanwhile: {matcher.running()}, {os.cpu_count()} processors")
    finally:
        ending.set()
        feeder.join()


main()
