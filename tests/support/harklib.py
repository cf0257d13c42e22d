"""For tests written in Python. A test file marks functions with @test and ends with `main()`, which runs them in order and
prints for each one line, `ok NAME`, `not ok NAME: why` or `skip NAME: why`; arguments choose tests by name.

    from harklib import hark, main, test, Redis, Kafka

    @test
    def report_is_empty():
        redis = Redis()
        assert hark("report", "--json", "--redis", redis.url).stdout ...

What Redis(), Kafka() and start() start is stopped at the end, also where a test fails.
"""

import atexit
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
HARK = pathlib.Path(os.environ.get("HARK_TEST_BUILD", ROOT / "build/test")) / "hark"
SHARED = ROOT.parent / "shared"  # data that is not ours to hand on; tests that read it skip where it is absent
BROKER = ROOT / "deploy/kafka/broker.sh"

_tests = []
_processes = []
_cleanups = []


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


def test(function):
    _tests.append(function)
    return function


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    failed = False
    for function in _tests:
        name = function.__name__
        if len(sys.argv) > 1 and not any(word in name for word in sys.argv[1:]):
            continue
        try:
            function()
            print(f"ok {name}", flush=True)
        except Skip as why:
            print(f"skip {name}: {why}", flush=True)
        except Exception as error:  # an assert, or whatever the test ran into
            traceback.print_exc(file=sys.stdout)
            lines = str(error).splitlines() or [type(error).__name__]
            print(f"not ok {name}: {lines[0]}", flush=True)
            failed = True
    sys.exit(failed)


def equal(got, want, what="value"):
    if got != want:
        print(f"{what}:\n  got  {got!r}\n  want {want!r}")
        raise AssertionError(f"{what} differs")


def _make_work():
    path = pathlib.Path(tempfile.mkdtemp(prefix="hark-test."))
    _cleanups.append(lambda: shutil.rmtree(path, ignore_errors=True))
    return path


@atexit.register
def _clean_up():
    for process in reversed(_processes):
        process.stop()
    for cleanup in reversed(_cleanups):
        cleanup()


WORK = _make_work()


def environment(**more):
    """This process's environment without the user's own settings of hark, and with folders of this test's own."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith("HARK_")}
    return {**keep, "XDG_STATE_HOME": str(WORK / "xdg-state"), "LC_ALL": "C.UTF-8", "NO_COLOR": "1", **more}


def hark(*args, stdin="", status=0, env=None, timeout=120):
    """Runs hark to its end and returns it with stdout and stderr as text; any other exit status fails the test."""
    done = subprocess.run([str(HARK), *map(str, args)], input=stdin, capture_output=True, text=True, cwd=ROOT,
                          env=environment(**(env or {})), timeout=timeout)
    if done.returncode != status:
        print(f"$ hark {' '.join(map(str, args))}\n{done.stdout}{done.stderr}")
        raise AssertionError(f"hark {args[0]} ended with {done.returncode}, not {status}")
    return done


class Output(type(WORK)):
    """A file that is being written while it is read: half a character or half a line may be at its end."""

    def read_text(self):
        return self.read_bytes().decode(errors="replace")

    def read_json(self):
        """The values of the lines that are whole."""
        return [json.loads(line) for line in self.read_bytes().split(b"\n")[:-1]]


class Process:
    """A command in the background; its output is in the files `out` and `err`."""

    def __init__(self, name, command, env=None):
        self.out, self.err = Output(WORK / f"{name}.out"), Output(WORK / f"{name}.err")
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.popen = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                          cwd=ROOT, env=environment(**(env or {})))
        _processes.append(self)

    def running(self):
        return self.popen.poll() is None

    def stop(self, signum=signal.SIGTERM, limit=30):
        """Ends it and returns its exit status; kills it where it does not end."""
        if self.running():
            self.popen.send_signal(signum)
        try:
            return self.popen.wait(limit)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            return "killed"


def start(*args, env=None):
    """Starts hark in the background."""
    return Process(f"hark-{args[0]}-{len(_processes)}", [HARK, *args], env)


def wait_for(condition, what, limit=120):
    """Waits until condition() is true and returns what it returned."""
    end = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit} s in vain for {what}")
        time.sleep(0.05)
    return value


class Redis:
    """A redis-server of the test's own, on a unix socket, with an append-only file."""

    def __init__(self):
        if not shutil.which("redis-server"):
            raise Skip("no Redis: there is no redis-server here")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="redis.", dir=WORK))
        self.socket = self.dir / "sock"
        self.url = f"unix://{self.socket}"
        self.up()

    def up(self):
        self.process = Process(self.dir.name, ["redis-server", "--port", 0, "--unixsocket", self.socket, "--dir", self.dir,
                                               "--appendonly", "yes", "--save", "", "--daemonize", "no"])
        wait_for(self._answers, "redis-server")

    def _answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(self.socket))
                sock.sendall(b"PING\r\n")
                return sock.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def stop(self, signum=signal.SIGTERM):
        return self.process.stop(signum)

    def __call__(self, *words):
        """A command's reply: numbers, strings, lists, and hashes as dict."""
        done = subprocess.run(["redis-cli", "-3", "--json", "-s", str(self.socket), *map(str, words)], capture_output=True,
                              text=True, check=True)
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            raise AssertionError(f"redis: {' '.join(map(str, words))}: {done.stdout.strip()}") from None


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Kafka:
    """The broker that tests/run.sh started, or one of this file's own, and a prefix of topics that nobody else uses."""

    _own = None
    _count = 0

    def __init__(self):
        Kafka._count += 1
        self.brokers = os.environ.get("HARK_TEST_KAFKA") or Kafka._start()
        self.topics = f"t{os.getpid()}-{Kafka._count}."

    @staticmethod
    def _start():
        if why := os.environ.get("HARK_TEST_NO_KAFKA"):
            raise Skip(f"no Kafka: {why}")
        if not Kafka._own:
            port, folder = free_port(), WORK / "broker"
            fetch = subprocess.run([BROKER, "fetch"], capture_output=True, text=True)
            if fetch.returncode:
                raise Skip(f"no Kafka: {fetch.stderr.strip().splitlines()[-1]}")
            subprocess.run([BROKER, "up", folder, str(port), str(free_port())], check=True)
            _cleanups.append(lambda: subprocess.run([BROKER, "down", folder], check=True))
            Kafka._own = f"127.0.0.1:{port}"
        return Kafka._own

    @property
    def args(self):
        """What hark's commands need to use this broker and these topics, with a consumer group of their own."""
        return ["--kafka", self.brokers, "--topics", self.topics]

    @property
    def group(self):
        return ["--group", f"{self.topics}match"]

    def consume(self, topic):
        """All messages of topic (without the prefix): dicts with partition, offset, key, payload, headers as a dict."""
        done = subprocess.run(["kcat", "-b", self.brokers, "-C", "-t", self.topics + topic, "-e", "-q", "-J"],
                              capture_output=True, text=True, check=True)
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        for message in messages:
            flat = message.get("headers") or []
            message["headers"] = dict(zip(flat[::2], flat[1::2]))
        return messages

    def produce(self, topic, key, value, **headers):
        """One message to topic (without the prefix)."""
        extra = [word for name, text in headers.items() for word in ("-H", f"{name}={text}")]
        with tempfile.NamedTemporaryFile(dir=WORK) as file:
            file.write(value.encode() if isinstance(value, str) else value)
            file.flush()
            subprocess.run(["kcat", "-b", self.brokers, "-P", "-t", self.topics + topic, "-k", key, *extra, file.name], check=True)
