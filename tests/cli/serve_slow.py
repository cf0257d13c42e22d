#!/usr/bin/python3
"""Clients of hark serve that take too long: each is let go, and nobody else waits for them."""

import pathlib
import re
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import ROOT, Redis, equal, hark, main, test, wait_for
from serving import Events, Server

LONG = 300  # seconds, far beyond what the server grants


def connect(server):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    one.settimeout(LONG)
    one.connect(("127.0.0.1", server.port))
    return one


def is_held(server, client):
    """Whether the server still has its end of the client's connection open: one that no process has is of inode 0."""
    here, there = f"0100007F:{server.port:04X}", f"0100007F:{client.getsockname()[1]:04X}"
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1] == here and row[2] == there and row[9] != "0" for row in rows)


class Trickle(threading.Thread):
    """Does a small thing each second until the connection ends or it is told to."""

    def __init__(self, client, step):
        super().__init__(daemon=True)
        self.client, self.step, self.ending = client, step, threading.Event()
        self.start()

    def run(self):
        try:
            while self.step(self.client) and not self.ending.wait(1):
                pass
        except OSError:
            pass


@test
def who_is_slow_is_let_go_and_nobody_waits():
    redis = Redis()
    hark("run", "--rules", "rules", "--redis", redis.url, f"file:{ROOT}/deploy/sample/posts.ndjson")
    server = Server(redis)
    large = b"GET /api/v1/posts?limit=1000&from=2026-11-20&to=2026-11-21 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    silent, quiet, reader, sipper, header = (connect(server) for _ in range(5))
    listener = Events(server)
    quiet.sendall(b"GET /api/v1/brands HTTP/1.1\r\nHost: ")
    reader.sendall(large * 50)  # more than the sockets' buffers take
    sipper.sendall(large * 50)
    sips = Trickle(sipper, lambda client: client.recv(4096))
    letters = iter(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 10000)
    writes = Trickle(header, lambda client: client.send(bytes([next(letters)])))
    for client in (silent, quiet, reader, sipper, header):
        wait_for(lambda: is_held(server, client), "the connection")
    for name, client in (("one that says nothing", silent), ("half a request", quiet), ("one that reads nothing", reader), ("one that sips", sipper), ("a header by the letter", header)):
        wait_for(lambda: not is_held(server, client), f"the end of {name}", LONG)
        server.get("brands")
    cut = int(re.search(r"hark_http_cut_off_total (\d+)", server.ask("/metrics")[2].decode())[1])
    assert cut >= 1, f"{cut} were cut off: one on which something moved all the time, but too little"
    for slow in (sips, writes):
        slow.ending.set()
    listener.text = ""
    listener.until("event: state")  # an event stream is no slow client
    equal(server.get("status")["listeners"], 1, "listeners")


main()
