"""For tests of hark serve: a server to ask, and a client of its event stream."""

import http.client
import json
import pathlib
import re
import select
import socket
import time
import urllib.parse

from harklib import start, wait_for


class Server:
    def __init__(self, *redis, env=None, rules="rules", args=()):
        more = ["--rules", str(rules)] if rules else []
        self.process = start("serve", "--redis", ",".join(one.url for one in redis), "--listen", "127.0.0.1:0", *more, *args, env=env)
        address = wait_for(self._address, "the address of hark serve")
        self.port = int(re.search(r":(\d+)/", address)[1])

    def _address(self):
        if not self.process.running():
            raise AssertionError(f"hark serve has ended: {self.process.err.read_text()}")
        return self.process.out.read_text().strip()

    def ask(self, path, method="GET", headers=None, body=None):
        """status, headers, body"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def get(self, path, status=200, **params):
        got, headers, body = self.ask("/api/v1/" + path + ("?" + urllib.parse.urlencode(params) if params else ""))
        if got != status:
            raise AssertionError(f"{path} {params}: status {got}, not {status}: {body[:300]}")
        return json.loads(body)

    def memory(self):
        text = pathlib.Path(f"/proc/{self.process.popen.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) * 1024


class Events:
    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.socket.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.text = ""

    def until(self, pattern, limit=120):
        """Reads until the pattern is found; returns the match, or None when the server has ended the stream."""
        end = time.monotonic() + limit
        while not (found := re.search(pattern, self.text)):
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"no {pattern} within {limit} s in {self.text[-500:]}")
            if not select.select([self.socket], [], [], left)[0]:
                continue
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self.text += piece.decode("utf-8", "replace")
        return found
