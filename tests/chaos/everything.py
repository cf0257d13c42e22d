#!/usr/bin/env python3
"""Kills everything with -9 while many posts go through: the broker, Redis, two `hark match`, `hark ingest`. Then all is started again, the
rest is counted, `hark verify` must find every counter equal, and where the folder holds expect.txt the totals must be the truth.

usage: tests/chaos/everything.py FOLDER [BRANDS=100] [KILLS=30] [SEED=1]
FOLDER as tests/bench/workload.py makes it: posts.ndjson, rules-BRANDS/, expect.txt
"""

import collections
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from services import HARK, SESSION_MS, Broker, Matcher, Node, environment, wait_for


def main():
    folder, brands, kills, seed = (sys.argv[1:] + ["100", "30", "1"][len(sys.argv) - 2:])[:4]
    folder, rnd = pathlib.Path(folder), random.Random(seed)
    work = pathlib.Path(tempfile.mkdtemp(prefix="hark-everything."))
    broker, redis = Broker(work), Node(work, "redis")
    redis.up()
    config = work / "hark.yaml"
    config.write_text(f"kafka.session.timeout.ms: {SESSION_MS}\nkafka.heartbeat.interval.ms: 300\n")
    kafka = ["--config", str(config), "--kafka", broker.brokers]
    subprocess.run([HARK, "setup", *kafka], check=True, env=environment(), stdout=subprocess.DEVNULL)
    args = [*kafka, "--rules", folder / f"rules-{brands}", "--redis", f"redis://127.0.0.1:{redis.port}", "--state", work / "state"]
    matchers = [Matcher(work, n, args) for n in range(2)]
    ingest = None
    ingested = False
    counts = collections.Counter()
    began = time.monotonic()

    def keep_up():
        nonlocal ingest, ingested
        for matcher in matchers:
            if not matcher.running():
                matcher.start()
        if ingest and ingest.poll() == 0:
            ingested = True
        if not ingested and (not ingest or ingest.poll() is not None):
            with open(work / "ingest.log", "ab") as log:  # from the beginning: what came before comes again
                ingest = subprocess.Popen([HARK, "ingest", *kafka, f"file:{folder / 'posts.ndjson'}"], stdout=log, stderr=log,
                                          env=environment())

    def positions():
        return sum(int(n) for n in redis.redis.call("HVALS", "hark:pos:hark.posts") if n.isdigit())

    def log_end():
        words = [word for p in range(8) for word in ("-t", f"hark.posts:{p}:-1")]
        done = subprocess.run(["kcat", "-Q", "-b", broker.brokers, *words], capture_output=True, text=True)
        return sum(int(line.split()[-1]) for line in done.stdout.splitlines() if "offset" in line)

    for number in range(int(kills)):
        keep_up()
        time.sleep(rnd.uniform(0.5, 4))
        what = rnd.choice(["match0", "match1", "redis", "broker", "ingest" if number < int(kills) // 4 else "redis"])
        counts[what[:5] if what.startswith("match") else what] += 1
        if what.startswith("match"):
            matchers[int(what[-1])].kill()
        elif what == "redis":
            redis.kill()
            redis.up()
        elif what == "broker":
            broker.kill()
            broker.up()
        elif ingest and ingest.poll() is None:
            ingest.kill()
            ingest.wait()
    end = time.monotonic() + 900
    while not (ingested and positions() == log_end()):
        keep_up()
        if time.monotonic() > end:
            sys.exit(f"not all is counted: {positions()} of {log_end()}, logs are in {work}")
        time.sleep(0.5)
    print(f"{log_end()} messages through {sum(counts.values())} kills ({', '.join(f'{k} {n}' for k, n in sorted(counts.items()))}) in "
          f"{time.monotonic() - began:.0f} s", flush=True)
    done = subprocess.run([HARK, "verify", *map(str, args)], env=environment(), capture_output=True, text=True)
    print(done.stdout, end="", flush=True)
    failed = done.returncode != 0
    if (folder / "expect.txt").exists():
        report = json.loads(subprocess.run([HARK, "report", "--json", "--redis", f"redis://127.0.0.1:{redis.port}"], env=environment(),
                                           capture_output=True, text=True, check=True).stdout)
        held = {(b, i): n for b, x in report["brands"].items() for i, n in x["total"].items() if n}
        truth = collections.Counter(tuple(line.split()[1:3]) for line in open(folder / "expect.txt"))
        print("totals are the truth" if held == dict(truth) else "FAILED: totals are not the truth")
        failed |= held != dict(truth)
    for process in [*(m.process for m in matchers), redis.process, ingest]:
        if process and process.poll() is None:
            process.kill()
            process.wait()
    broker.down()
    if not failed:
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(failed)


main()
