#!/usr/bin/env python3
"""See run.sh."""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from posts import PARTITIONS, RULES, Partition
from services import HARK, SESSION_MS, Broker, Matcher, Node, Proxy, Resp, cut_file, environment, wait_for
from truth import Truth

POINTS = ["after-poll", "after-match", "after-produce", "after-acknowledgement", "before-script", "before-reply", "after-script",
          "in-assignment", "in-revocation"]
TOPICS = "chaos."


class Failed(Exception):
    pass


class Chaos:
    def __init__(self, args):
        self.args, self.rnd = args, random.Random(f"{args.seed}/faults")
        self.work = pathlib.Path(args.keep or tempfile.mkdtemp(prefix="hark-chaos."))
        self.work.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        self.journal = open(self.work / "faults.log", "w")
        self.fired, self.faults = collections.Counter(), collections.Counter()
        self.failures, self.polls, self.stops = [], 0, collections.Counter()
        self.ending = False
        self.lock = threading.RLock()  # of the matchers
        self.held = False  # the supervisor starts nobody
        self.torn = False
        self.calm = time.monotonic()  # since when no service has been touched
        self.truth = Truth()
        self.truth_lock = threading.Lock()
        self.kcats = {}
        self.sending = threading.Event()
        self.zombies = []

    def say(self, text):
        line = f"{time.monotonic() - self.started:8.2f}  {text}"
        print(line, file=self.journal, flush=True)
        if self.args.verbose:
            print(line, flush=True)

    def fail(self, text):
        self.say("FAILED " + text)
        self.failures.append(text)

    # --- what runs

    def set_up(self):
        self.broker = Broker(self.work)
        self.primary, self.replica = Node(self.work, "redis-a"), Node(self.work, "redis-b")
        self.primary.up()
        self.proxy = Proxy(self.primary.port)
        self.follow()
        rules = self.work / "rules"
        for name, text in RULES.items():
            path = rules / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        config = self.work / "hark.yaml"
        config.write_text(f"kafka.session.timeout.ms: {SESSION_MS}\nkafka.heartbeat.interval.ms: 300\n"
                          "kafka.reconnect.backoff.max.ms: 1000\n")
        self.common = ["--config", config, "--kafka", self.broker.brokers, "--topics", TOPICS]
        self.match = [*self.common, "--rules", rules, "--group", "chaos", "--state", self.work / "state"]
        subprocess.run([HARK, "setup", *map(str, self.common), "--partitions", str(PARTITIONS)], check=True, env=environment(),
                       stdout=subprocess.DEVNULL)
        redis = ["--redis", f"redis://127.0.0.1:{self.proxy.port}", "--batch-ms", "40"]
        self.matchers = [Matcher(self.work, n, [*self.match, *redis]) for n in range(3)]
        for matcher in self.matchers[:2]:
            matcher.start()
        self.threads = [threading.Thread(target=body, daemon=True) for body in
                        (self.produce, self.supervise, self.poll)]
        self.threads += [threading.Thread(target=self.follow_log, args=(p,), daemon=True) for p in range(PARTITIONS)]
        self.sending.set()
        for thread in self.threads:
            thread.start()

    def follow(self):
        """The replica, empty, follows the primary."""
        self.replica.up("--replicaof", "127.0.0.1", str(self.primary.port))
        wait_for(lambda: "master_link_status:up" in self.replica.redis.call("INFO", "replication"), "the replica", 60)

    def kcat(self, name, *args, **pipes):
        with open(self.work / f"{name}.log", "ab") as log:
            process = subprocess.Popen(["kcat", "-b", self.broker.brokers, "-t", TOPICS + "posts", *args], stderr=log, **pipes)
        self.kcats[name] = process
        return process

    def produce(self):
        """Sends; kcat ends when the broker is away and is started again. What gets lost or comes twice on this way is no matter: the
        truth is the log."""
        partitions = [Partition(self.args.seed, p) for p in range(PARTITIONS)]
        producers = [None] * PARTITIONS
        while not self.ending:
            self.sending.wait()
            for p, source in enumerate(partitions):
                lines = [source.next() for _ in range(max(1, self.args.rate // 20 // PARTITIONS))]
                try:
                    if producers[p] is None or producers[p].poll() is not None:
                        producers[p] = self.kcat(f"produce{p}", "-P", "-p", str(p), "-K", "\t", "-X", "linger.ms=5",
                                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
                    producers[p].stdin.write("".join(f"{key}\t{value}\n" for key, value in lines).encode())
                    producers[p].stdin.flush()
                except OSError:
                    pass
            time.sleep(0.05)

    def follow_log(self, partition):
        """Reads one partition as it grows."""
        offset = 0
        while not self.ending:
            tail = self.kcat(f"tail{partition}", "-C", "-u", "-q", "-p", str(partition), "-o", str(offset), "-J", stdout=subprocess.PIPE)
            try:
                for line in tail.stdout:
                    m = json.loads(line)
                    with self.truth_lock:
                        self.truth.take(m["partition"], m["offset"], m["ts"], m["payload"])
                    offset = m["offset"] + 1
            except Exception as error:  # a thread's error must not be lost
                self.fail(f"the log cannot be followed: {error!r}")
                return
            tail.wait()
            time.sleep(0.3)

    def log_ends(self):
        """Next offset of each partition; empty while the broker is away."""
        words = [word for p in range(PARTITIONS) for word in ("-t", f"{TOPICS}posts:{p}:-1")]
        done = subprocess.run(["kcat", "-Q", "-b", self.broker.brokers, *words], capture_output=True, text=True)
        return {int(line.split("[")[1].split("]")[0]): int(line.split()[-1]) for line in done.stdout.splitlines() if "offset" in line}

    # --- watching

    def supervise(self):
        """Starts matchers that ended, and says why they did."""
        while not self.ending:
            time.sleep(0.05)
            with self.lock:
                for matcher in self.matchers[:2]:
                    if not self.held and not matcher.running():
                        self.ended(matcher)
                        said = matcher.said()
                        broken_off = "being removed, or that was broken off" in said and not any(m.running() for m in self.matchers)
                        if ("a part of a batch" in said and not self.torn) or broken_off:
                            self.touch()
                            self.torn = True  # as an operator would: all stop, one starts over
                            for other in self.matchers[:2]:
                                if other.running():
                                    other.kill()
                            matcher.start("--rebuild")
                            self.faults["(rebuild broken off)" if broken_off else "(torn file found)"] += 1
                        else:
                            self.torn = False
                            matcher.start()

    def ended(self, matcher):
        status, said = matcher.process.returncode, matcher.said()
        if status == -signal.SIGKILL and "crash point " in said:
            self.fired[said.rsplit("crash point ", 1)[1].split()[0]] += 1
        last = said.strip().splitlines()[-1:] or [""]
        self.say(f"match{matcher.number} ended with {status}: {last[0][-200:]}")
        if status not in (0, 2, -signal.SIGKILL, 143) and not self.unborn(matcher, status):
            self.fail(f"match{matcher.number} ended with {status}: {last[0]}")
        if status == 2 and time.monotonic() - self.calm > 15:
            self.fail(f"match{matcher.number} gave up while all services answered: {last[0]}")
        if status == 2:
            time.sleep(0.3)

    def snapshot(self, redis):
        """Positions and each partition's own count, of one moment."""
        replies = redis.many([("MULTI",), ("HGETALL", f"hark:pos:{TOPICS}posts"), ("HEXISTS", "hark:meta", "wiping"),
                              ("HVALS", f"hark:open:{TOPICS}posts"),
                              *[("HGET", f"hark:total:part{p}", "mention") for p in range(PARTITIONS)], ("EXEC",)])[-1]
        positions = dict(zip(replies[0][::2], replies[0][1::2]))
        if replies[1]:
            raise RuntimeError("it is being wiped")  # positions go first, then numbers
        if any(value != "0" for value in replies[2]):
            raise RuntimeError("Redis has applied a part of a batch")  # which the next commit finds
        return [(int(positions.get(str(p)) or 0), int(replies[3 + p] or 0)) for p in range(PARTITIONS)]

    def poll(self):
        """The invariant: a partition's count is what its posts up to the stored offset come to."""
        waiting = []
        while not self.ending:
            time.sleep(0.02)
            try:
                redis = Resp(self.primary.port)
                waiting.append(self.snapshot(redis))
            except (OSError, RuntimeError):
                pass
            finally:
                redis.close()
            while waiting and all(offset < len(self.truth.parts[p]) for p, (offset, _) in enumerate(waiting[0])):
                for p, (offset, count) in enumerate(waiting.pop(0)):
                    self.polls += 1
                    if count != self.truth.parts[p][offset]:
                        return self.fail(f"partition {p} at offset {offset}: {count} counted, {self.truth.parts[p][offset]} in the log")

    def positions(self):
        try:
            return [offset for offset, _ in self.snapshot(self.primary.redis)]
        except (OSError, RuntimeError):
            return [0] * PARTITIONS

    def moving(self, limit=40):
        """Waits until every partition is counted on."""
        before = self.positions()
        wait_for(lambda: all(b < a for b, a in zip(before, self.positions())), "counting to go on", limit)

    def settled(self):
        """Waits until both matchers have partitions and stand in nobody's way."""
        for thread in self.zombies:
            thread.join()
        self.zombies = []
        self.moving()
        self.moving()

    # --- faults

    def touch(self, ends=True):
        """A service is being disturbed; with `ends` it is over."""
        self.calm = time.monotonic() if ends else float("inf")

    def arm(self, point):
        with self.lock:
            matcher = self.rnd.choice(self.matchers[:2])
            matcher.kill()
            matcher.start(crash=f"{point}:{self.rnd.choice([1, 1, 2, 3, 7]) if not point.startswith('in-') else 1}")
        if point == "in-revocation":
            self.moving()
            self.fault_join()

    def victim(self):
        return self.rnd.choice(self.matchers[:2])

    def fault_kill(self):
        with self.lock:
            self.victim().kill()

    @staticmethod
    def unborn(matcher, status):
        """Whether a SIGTERM came before hark could ask for signals."""
        return status == -signal.SIGTERM and not matcher.said()

    def drain(self, matcher, signals):
        """Asks to end; returns status and seconds."""
        began = time.monotonic()
        matcher.signal(signal.SIGTERM)
        if signals == 2:
            time.sleep(self.rnd.uniform(0, 0.05))
            matcher.signal(signal.SIGTERM)
        try:
            status = matcher.process.wait(20)
        except subprocess.TimeoutExpired:
            matcher.kill()
            self.fail(f"match{matcher.number} does not end on SIGTERM")
            return
        took = time.monotonic() - began
        self.say(f"match{matcher.number}: {signals} SIGTERM, status {status} after {took:.2f} s")
        quiet = began - self.calm > 8 and matcher.crash is None and not self.unborn(matcher, status)
        if quiet and signals == 1 and (status != 0 or took > 5):
            self.fail(f"match{matcher.number}: SIGTERM ended it with {status} after {took:.2f} s")
        if signals == 2 and took > 5:
            self.fail(f"match{matcher.number}: a second SIGTERM ended it after {took:.2f} s")

    def fault_sigterm(self):
        with self.lock:
            matcher = self.victim()
            if matcher.running():
                self.drain(matcher, 1)

    def fault_sigterm_twice(self):
        with self.lock:
            matcher = self.victim()
            if matcher.running():
                self.drain(matcher, 2)

    def fault_zombie(self):
        matcher, pause = self.victim(), SESSION_MS / 1000 + self.rnd.uniform(0.5, 2)
        process = matcher.process

        def rest():
            time.sleep(pause)
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)

        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            self.zombies.append(threading.Thread(target=rest))
            self.zombies[-1].start()

    def fault_join(self):
        """A third matcher for some seconds: partitions go to it and back."""
        extra = self.matchers[2]
        if extra.running():
            return
        extra.start()
        time.sleep(self.rnd.uniform(1, 2.5))
        self.drain(extra, 1) if extra.running() else self.ended(extra)

    def fault_redis_kill(self):
        self.touch(ends=False)
        self.primary.kill()
        time.sleep(self.rnd.uniform(0, 1))
        self.primary.up()
        self.touch()

    def fault_aof_cut(self):
        self.touch(ends=False)
        self.primary.kill()
        path = self.primary.aof()
        floor = self.floor[1] if self.floor[0] == path else 0
        self.say(f"{cut_file(path, floor, self.rnd)} bytes cut off {path.name}")
        self.primary.up()
        self.touch()

    def note_floor(self):
        """Counting has begun in this Redis: what comes before in its file is not cut, for then it would be an empty one."""
        wait_for(lambda: self.primary.redis.call("HGET", f"hark:pos:{TOPICS}posts", "incarnation"), "counting to begin", 60)
        self.floor = (self.primary.aof(), self.primary.aof().stat().st_size)

    def fault_rewrite(self):
        if "aof_rewrite_in_progress:0" in self.primary.redis.call("INFO", "persistence"):
            self.primary.redis.call("BGREWRITEAOF")

    def fault_fail_over(self):
        self.touch(ends=False)
        link = self.replica.redis.call("INFO", "replication")
        wait_for(lambda: "master_link_status:up" in self.replica.redis.call("INFO", "replication"), "the replica", 60)
        self.replica.redis.call("REPLICAOF", "NO", "ONE")  # from here on it lags
        time.sleep(self.rnd.uniform(0.2, 1.2))
        behind = sum(self.positions())
        old, self.primary = self.primary, self.replica
        self.proxy.target = self.primary.port
        self.proxy.cut()
        old.kill()
        self.say(f"fail-over loses {behind - sum(self.positions())} posts" if link else "")
        self.floor = (None, 0)  # its file begins with all that it got as a replica
        old.empty()
        self.replica = old
        self.follow()
        self.touch()

    def fault_flushall(self):
        self.settled()
        with self.lock:
            self.held = True
        running = [m for m in self.matchers[:2] if m.running() and m.crash is None]
        began = time.monotonic()
        self.primary.redis.call("FLUSHALL")
        try:
            for matcher in running:
                matcher.process.wait(max(0.1, 5 - (time.monotonic() - began)))
                if matcher.process.returncode != 2 or "--rebuild" not in matcher.said():
                    self.fail(f"FLUSHALL: match{matcher.number} ended with {matcher.process.returncode}: {matcher.said()[-300:]}")
            self.say(f"FLUSHALL: {len(running)} stopped after {time.monotonic() - began:.2f} s")
        except subprocess.TimeoutExpired:
            self.fail(f"FLUSHALL: match{matcher.number} still runs after 5 s")
        left = [key for key in self.primary.redis.call("KEYS", "*") if key.startswith(("hark:total", "hark:count"))]
        if left:
            self.fail(f"FLUSHALL: counted on from the middle: {left[:3]}")
        for matcher in self.matchers[:2]:
            if matcher.running():
                matcher.kill()
        # Whoever starts without being told to start over says no, too.
        self.matchers[1].start()
        if self.matchers[1].process.wait(30) != 2 or "--rebuild" not in self.matchers[1].said():
            self.fail(f"FLUSHALL: match1 started again: {self.matchers[1].said()[-300:]}")
        self.rebuild()

    def fault_rebuild(self):
        """Started over on purpose, under the others' feet."""
        self.settled()
        with self.lock:
            self.held = True
            self.matchers[0].kill()
        self.rebuild()

    def rebuild(self):
        with self.lock:
            if self.matchers[0].running():
                self.matchers[0].kill()
            self.touch()
            self.matchers[0].start("--rebuild")
            wait_for(lambda: self.primary.redis.call("HEXISTS", "hark:meta", "rebuilt") or not self.matchers[0].running(), "the rebuild", 60)
            self.note_floor()
            self.held = False
        self.moving(120)
        self.touch()

    def fault_script_flush(self):
        self.primary.redis.call("SCRIPT", "FLUSH")

    def fault_client_kill(self):
        self.touch()
        self.primary.redis.call("CLIENT", "KILL", "TYPE", "normal")

    def fault_full(self):
        self.touch(ends=False)
        used = int(self.primary.redis.call("INFO", "memory").split("used_memory:")[1].split()[0])
        self.primary.redis.call("CONFIG", "SET", "maxmemory", str(used * 9 // 10))
        time.sleep(self.rnd.uniform(0.3, 2))
        self.primary.redis.call("CONFIG", "SET", "maxmemory", "0")
        self.touch()

    def fault_cut(self):
        self.touch()
        self.proxy.cut()

    def fault_cut_in_reply(self):
        self.touch()
        self.proxy.cut_after = self.rnd.randint(0, 3000)

    def fault_stall(self):
        self.touch(ends=False)
        self.proxy.flows.clear()
        time.sleep(self.rnd.uniform(0.5, 4))
        self.proxy.flows.set()
        self.touch()

    def fault_broker_kill(self):
        self.touch(ends=False)
        self.broker.kill()
        time.sleep(self.rnd.uniform(0, 1))
        self.broker.up()
        self.touch()

    def fault_broker_stop(self):
        self.touch(ends=False)
        os.kill(self.broker.pid, signal.SIGSTOP)
        time.sleep(self.rnd.uniform(0.5, 4))
        os.kill(self.broker.pid, signal.SIGCONT)
        self.touch()

    # --- a run

    def checkpoint(self, name):
        self.sending.clear()
        for thread in self.zombies:
            thread.join()
        time.sleep(1)
        ends = wait_for(self.log_ends, "the broker to say where the log ends", 60)
        wait_for(lambda: all(self.truth.offsets[p] >= ends[p] for p in range(PARTITIONS)), "the log to be read here", 90)
        ends = dict(self.truth.offsets)
        wait_for(lambda: self.positions() == [ends[p] for p in range(PARTITIONS)], "all to be counted", 120)
        done = subprocess.run([HARK, "verify", *map(str, self.match), "--redis", f"redis://127.0.0.1:{self.primary.port}"],
                              capture_output=True, text=True, env=environment(), timeout=300)
        if done.returncode:
            self.fail(f"hark verify at {name}: status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
        lines = self.truth.differences(self.primary.redis)
        if lines:
            self.fail(f"the recount at {name}: {len(lines)} differ\n" + "\n".join(lines[:20]))
        verdict = done.stdout.strip().splitlines()[-1:] or ["?"]
        self.say(f"{name}: {verdict[0]}; recount: {len(lines)} differ; invariant held at {self.polls} polls" if not self.failures else name)

    def plan(self):
        kinds = [name[6:] for name in dir(self) if name.startswith("fault_")]
        weights = [{"flushall": 1, "rebuild": 1, "broker_kill": 2, "fail_over": 3, "rewrite": 2}.get(kind, 4) for kind in kinds]
        first = [("crash", point) for point in POINTS] + [(kind, None) for kind in kinds]
        self.rnd.shuffle(first)
        for number in range(self.args.faults):
            if number < len(first):
                yield first[number]
            elif self.rnd.random() < 0.35:
                yield "crash", self.rnd.choice(POINTS)
            else:
                yield self.rnd.choices(kinds, weights)[0], None

    def show(self, number):
        if sys.stderr.isatty():
            seconds = time.monotonic() - self.started
            left = seconds / max(1, number) * (self.args.faults - number)
            print(f"\r\033[K{number} of {self.args.faults} faults  {sum(self.truth.offsets.values())} posts  {left:.0f} s left", end="",
                  file=sys.stderr, flush=True)

    def run(self):
        self.set_up()
        self.note_floor()
        self.moving()
        for number, (kind, point) in enumerate(self.plan(), 1):
            self.show(number)
            self.say(f"fault {number}: {kind} {point or ''}")
            self.faults[kind] += 1
            if kind == "crash":
                self.arm(point)
            else:
                getattr(self, "fault_" + kind)()
            time.sleep(self.rnd.uniform(0.1, self.args.pause))
            if number % 50 == 0:
                self.checkpoint(f"checkpoint after {number}")
                self.sending.set()
            if self.failures:
                break
        for point in POINTS:  # those whose matcher was killed by another fault before it came so far
            for _ in range(5):
                if self.fired[point] or self.failures:
                    break
                self.settled()
                self.arm(point)
                time.sleep(2)
        self.checkpoint("end")
        self.topics()

    def consume(self, topic):
        done = subprocess.run(["kcat", "-C", "-q", "-e", "-b", self.broker.brokers, "-t", TOPICS + topic, "-o", "beginning"],
                              capture_output=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines() if line]

    def topics(self):
        matches = self.consume("matches")
        alerts = self.consume("alerts.alpha") + self.consume("alerts.beta")
        lines = self.truth.outgoing(matches, alerts)
        if lines:
            self.fail(f"topics: {len(lines)} differ\n" + "\n".join(lines[:20]))
        self.say(f"{len(matches)} matches for {len(self.truth.sent)}, {len(alerts)} alerts for {sum(self.truth.alerts.values())}")

    def tear_down(self):
        self.ending = True
        self.sending.set()
        time.sleep(0.3)
        for process in [*self.kcats.values(), *[m.process for m in getattr(self, "matchers", [])],
                        *[node.process for node in (getattr(self, "primary", None), getattr(self, "replica", None)) if node]]:
            if process and process.poll() is None:
                process.kill()
                process.wait()
        if hasattr(self, "broker"):
            self.broker.down()

    def report(self):
        print(f"seed {self.args.seed}: {sum(self.faults.values())} faults, {sum(self.truth.offsets.values())} posts, "
              f"{time.monotonic() - self.started:.0f} s; invariant held at {self.polls} polls")
        print("faults: " + ", ".join(f"{kind} {n}" for kind, n in sorted(self.faults.items())))
        print("crash points fired: " + ", ".join(f"{point} {self.fired[point]}" for point in POINTS))
        print("posts: " + ", ".join(f"{kind} {n}" for kind, n in sorted(self.truth.counts.items())))
        missed = [point for point in POINTS if not self.fired[point]]
        if missed and not self.failures:
            self.failures.append("crash points never fired: " + ", ".join(missed))
        for failure in self.failures[:10]:
            print("FAILED: " + failure)
        print("0 lost, 0 doubled" if not self.failures else f"logs are in {self.work}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=40)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rate", type=int, default=400)
    parser.add_argument("--pause", type=float, default=1.5)
    parser.add_argument("--keep")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chaos = Chaos(args)
    try:
        chaos.run()
    except (Exception, KeyboardInterrupt) as error:
        chaos.fail(f"{type(error).__name__}: {error}")
        if args.verbose:
            import traceback
            traceback.print_exc()
    finally:
        chaos.tear_down()
    chaos.report()
    if not chaos.failures and not args.keep:
        shutil.rmtree(chaos.work, ignore_errors=True)
    sys.exit(1 if chaos.failures else 0)


if __name__ == "__main__":
    main()
