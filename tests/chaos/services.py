"""The broker, two Redis servers behind a proxy, and the matchers of a chaos run."""

import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HARK = pathlib.Path(os.environ.get("HARK_TEST_BUILD", ROOT / "build/test")) / "hark"
BROKER = ROOT / "deploy/kafka/broker.sh"
SESSION_MS = 2000


def environment(**more):
    keep = {k: v for k, v in os.environ.items() if not k.startswith("HARK_")}
    return {**keep, "LC_ALL": "C.UTF-8", "NO_COLOR": "1", **more}


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(condition, what, limit=30):
    end = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit} s in vain for {what}")
        time.sleep(0.05)
    return value


class Resp:
    """A connection to Redis that is made anew for each use after an error."""

    def __init__(self, port):
        self.port, self.sock = port, None

    def _line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("Redis closed the connection")
        return line[:-2]

    def _reply(self):
        line = self._line()
        kind, rest = line[:1], line[1:].decode()
        if kind == b"+":
            return rest
        if kind == b"-":
            return RuntimeError(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode()
        return None if rest == "-1" else [self._reply() for _ in range(int(rest))]

    def many(self, commands, chunk=500):
        replies = []
        try:
            if not self.sock:
                self.sock = socket.create_connection(("127.0.0.1", self.port), 60)
                self.file = self.sock.makefile("rb")
            for at in range(0, len(commands), chunk):
                part = commands[at:at + chunk]
                self.sock.sendall(b"".join(b"*%d\r\n" % len(c) + b"".join(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in c)
                                           for c in part))
                replies += [self._reply() for _ in part]
        except OSError:
            self.close()
            raise
        for reply in replies:
            if isinstance(reply, RuntimeError):
                raise reply
        return replies

    def call(self, *words):
        return self.many([tuple(map(str, words))])[0]

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None


class Node:
    """One redis-server with an append-only file."""

    def __init__(self, work, name):
        self.dir, self.port, self.process = work / name, free_port(), None
        self.dir.mkdir()
        self.log = work / f"{name}.log"
        self.redis = Resp(self.port)

    def up(self, *more):
        self._start(*more)
        if not wait_for(lambda: self._answers() or self.process.poll() is not None, f"redis-server on port {self.port}", 60) or \
                self.process.poll() is not None:
            # Killed in the middle of a rewrite of a file that was broken: it does not start, and its own tool mends that.
            for path in sorted((self.dir / "appendonlydir").glob("*.incr.aof")):
                subprocess.run(["redis-check-aof", "--fix", path], input=b"y\n", stdout=subprocess.DEVNULL, check=False)
            self._start(*more)
            wait_for(self._answers, f"redis-server on port {self.port}", 60)

    def _start(self, *more):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.dir),
                                             "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--repl-diskless-sync-delay",
                                             "0", *more], stdout=log, stderr=log)

    def _answers(self):
        try:
            return self.redis.call("PING") == "PONG"
        except (OSError, RuntimeError):
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.redis.close()

    def aof(self):
        """The file that is appended to now."""
        names = [line.split()[1] for line in (self.dir / "appendonlydir/appendonly.aof.manifest").read_text().splitlines()
                 if " type i" in line]  # Redis 8 writes more behind it
        return self.dir / "appendonlydir" / names[-1]

    def empty(self):
        shutil.rmtree(self.dir)
        self.dir.mkdir()


class Proxy:
    """Between the matchers and Redis: what it forwards to can be exchanged, cut and held up."""

    def __init__(self, target):
        self.target, self.pairs, self.lock = target, set(), threading.Lock()
        self.cut_after = None  # bytes of replies until the next connection is cut in the middle
        self.flows = threading.Event()
        self.flows.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
                server.settimeout(None)
            except OSError:
                self._reset(client)
                continue
            pair = (client, server)
            with self.lock:
                self.pairs.add(pair)
            for source, sink, replies in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._forward, args=(pair, source, sink, replies), daemon=True).start()

    def _forward(self, pair, source, sink, replies):
        try:
            while data := source.recv(65536):
                self.flows.wait()
                if replies and self.cut_after is not None:
                    self.cut_after -= len(data)
                    if self.cut_after < 0:
                        sink.sendall(data[:max(1, len(data) // 2)])
                        self.cut_after = None
                        break
                sink.sendall(data)
        except OSError:
            pass
        self._end(pair)

    @staticmethod
    def _reset(sock):
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sock.close()

    def _end(self, pair):
        with self.lock:
            if pair not in self.pairs:
                return
            self.pairs.discard(pair)
        for sock in pair:
            self._reset(sock)

    def cut(self):
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self._end(pair)


class Broker:
    def __init__(self, work):
        self.dir, self.port, self.controller = work / "broker", free_port(), free_port()
        self.dir.mkdir()
        # Whoever dies must be missed soon, or a run waits more than it tests.
        (self.dir / "kafka.more.properties").write_text("group.min.session.timeout.ms=500\n")
        self.brokers = f"127.0.0.1:{self.port}"
        self.up()

    def up(self):
        subprocess.run([BROKER, "up", self.dir, str(self.port), str(self.controller)], check=True, stdout=subprocess.DEVNULL)
        self.pid = int((self.dir / "kafka.pid").read_text().split()[0])

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        wait_for(lambda: not pathlib.Path(f"/proc/{self.pid}").exists() or "Z" in
                 pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1][:3], "the broker's end")

    def down(self):
        subprocess.run([BROKER, "down", self.dir], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Matcher:
    """`hark match`, started again and again."""

    def __init__(self, work, number, args):
        self.number, self.args, self.log = number, args, work / f"match{number}.log"
        self.process, self.crash, self.read_to, self.stopped = None, None, 0, False

    def start(self, *more, crash=None):
        self.crash, self.stopped = crash, False
        self.read_to = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([HARK, "match", *map(str, self.args), *more], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=environment(**({"HARK_CRASH": crash} if crash else {})))

    def running(self):
        return self.process is not None and self.process.poll() is None

    def said(self):
        """What this start has written."""
        with open(self.log, "rb") as log:
            log.seek(self.read_to)
            return log.read().decode(errors="replace")

    def signal(self, signum):
        if self.running():
            self.process.send_signal(signum)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()


def cut_file(path, floor, rnd: random.Random):
    """Cuts a file at a random byte behind `floor`; returns how many bytes are gone."""
    size = path.stat().st_size
    if size <= floor:
        return 0
    # Most cuts near the end, as a crash makes them; some deep.
    reach = size - floor
    gone = rnd.randint(1, reach) if rnd.random() < 0.3 else rnd.randint(1, min(reach, 20000))
    os.truncate(path, size - gone)
    return gone
