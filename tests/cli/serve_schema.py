#!/usr/bin/python3
"""schemathesis on hark serve: requests made from the OpenAPI file, good ones and bad ones, always the same. No answer is a 5xx, each is as
the file says, and what the file does not allow is refused.

Skips, saying so, where schemathesis cannot be had. It is installed into the user's cache, in the versions of serve_schema.txt, by
tests/run.sh without --quick.
"""

import fcntl
import hashlib
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import ROOT, WORK, Redis, Skip, hark, main, test
from serving import Server

WANTED = pathlib.Path(__file__).with_suffix(".txt")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "hark/python"
# What cannot be told by a schema: that from is before to, that a range is not too long for its step, that a cursor is one we gave.
UNTOLD = "positive_data_acceptance"
# Refusals, among them those of a request that is too long.
SETTINGS = """[checks]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "414", "431"]
"""


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=WORK)


def install(folder):
    made = run("/usr/bin/python3", "-m", "venv", "--clear", folder)
    if made.returncode:
        raise Skip("no folder for Python packages can be made: " + (made.stdout + made.stderr).strip().splitlines()[-1])
    got = run(folder / "bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--retries", "2", "--timeout", "20", "--only-binary", ":all:", "-r", WANTED)
    if got.returncode:
        raise Skip("schemathesis cannot be installed: " + (got.stderr.strip().splitlines() or ["?"])[-1])
    (folder / "done").touch()


def schemathesis():
    """The program, installed once for these versions and this Python."""
    version = run("/usr/bin/python3", "-V").stdout
    folder = CACHE / hashlib.sha256(WANTED.read_bytes() + version.encode()).hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            if not os.environ.get("HARK_TEST_INSTALL"):
                raise Skip("schemathesis is not installed; tests/run.sh without --quick does it")
            install(folder)
    return folder / "bin/schemathesis"


@test
def requests_made_from_the_openapi_file_are_answered_as_it_says():
    program = schemathesis()
    redis = Redis()
    hark("run", "--rules", "rules", "--redis", redis.url, f"file:{ROOT}/deploy/sample/posts.ndjson")
    server = Server(redis)
    (WORK / "schemathesis.toml").write_text(SETTINGS)
    done = run(program, "run", f"http://127.0.0.1:{server.port}/api/v1/openapi.json", "--exclude-path", "/api/v1/live", "--phases", "examples,coverage,fuzzing", "--max-examples", 30,
               "--generation-deterministic", "--suppress-health-check", "all", "--exclude-checks", UNTOLD, "--request-timeout", 60,
               "--continue-on-failure", "--warnings", "off", "--no-color")
    if done.returncode:
        print("\n".join(line[:300] for line in (done.stdout + done.stderr).splitlines()))
        raise AssertionError("schemathesis found what is not as the file says")
    assert server.process.running(), server.process.err.read_text()
    cases = int(re.search(r"(\d+) generated", done.stdout)[1])
    assert cases > 500, f"only {cases} requests were made: {done.stdout[-2000:]}"


main()
