#!/usr/bin/python3
"""The page in a real browser: starts Redis and hark serve and runs page.mjs (playwright-core) on them with Debian's Chromium.

Screenshots are kept in build/browser/. Skips, saying so, where Chromium, Node or the two packages cannot be had.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import HARK, ROOT, WORK, Redis, environment, hark, sample_of_yesterday, start, wait_for

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "hark/browser"


def skip(why):
    print(f"skip page: {why}")
    sys.exit(0)


def packages():
    """Where playwright-core and axe-core are installed."""
    wanted = (HERE / "package.json").read_bytes()
    folder = CACHE / hashlib.sha256(wanted).hexdigest()[:12]
    if not (folder / "done").exists():
        if not shutil.which("npm"):
            skip("npm is not installed (deploy/packages.sh --browser)")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(wanted)
        done = subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            skip("npm cannot install playwright-core and axe-core: " + (done.stderr.strip().splitlines() or ["?"])[-1])
        (folder / "done").touch()
    return folder


def main():
    chromium = shutil.which("chromium")
    if not chromium or not shutil.which("node"):
        skip("Chromium or Node is not installed (deploy/packages.sh --browser)")
    if not shutil.which("redis-server"):
        skip("no Redis: there is no redis-server here")
    folder = packages()
    shutil.copy(HERE / "page.mjs", WORK / "page.mjs")
    (WORK / "node_modules").symlink_to(folder / "node_modules")
    redis = Redis()
    posts, day = sample_of_yesterday()
    hark("run", "--rules", "rules", "--redis", redis.url, f"file:{posts}")
    server = start("serve", "--redis", redis.url, "--rules", "rules", "--listen", "127.0.0.1:0")
    url = wait_for(lambda: server.out.read_text().strip(), "hark serve")
    shots = ROOT / "build/browser"
    shots.mkdir(parents=True, exist_ok=True)
    env = environment(HARK_DAY=str(day), HARK_BINARY=str(HARK), HARK_URL=url, HARK_REDIS_URL=redis.url, HARK_REDIS_SOCKET=str(redis.socket), HARK_CHROMIUM=chromium,
                      HARK_SHOTS=str(shots), HARK_WORK=str(WORK), HARK_SERVER=str(server.popen.pid), HARK_AXE=str(folder / "node_modules/axe-core/axe.min.js"))
    sys.exit(subprocess.run(["node", str(WORK / "page.mjs"), *sys.argv[1:]], cwd=ROOT, env=env).returncode)


main()
