#!/usr/bin/env python3
"""Sends events of Jetstream over WebSocket to `hark ingest --stdout bluesky:…` and prints what each costs hark, beside the same
events read from a file.

usage: jetstream.py HARK [EVENTS=200000]

Every event is a post of some 700 bytes. CPU is user and system time of hark's whole process, start included.
"""
import base64
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading

WORDS = ("the and to of in is it you that was for on are with as they be at one have this from had by hot word but what some we "
         "coffee morning weather train garden football music album ticket window 오늘 정말 좋은 날씨 café it’s “so” 日本").split()
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def events(n):
    rnd = random.Random(1)
    ref = '{"cid":"bafyreicdm7phlgq2kkzmcl3qwmi2b5lwzmkyh6m5wtddalfljx4bigzryi","uri":"at://did:plc:%024x/app.bsky.feed.post/%013x"}'
    for i in range(n):
        text = " ".join(rnd.choices(WORDS, k=rnd.randint(4, 40)))
        reply = f'"reply":{{"parent":{ref % (rnd.getrandbits(60), i)},"root":{ref % (rnd.getrandbits(60), i)}}},' if rnd.random() < 0.5 else ""
        yield (f'{{"did":"did:plc:{rnd.randrange(40000):024x}","time_us":{1783175888000000 + i * 100},"kind":"commit","commit":{{'
               f'"rev":"3mptb{i:08d}","operation":"create","collection":"app.bsky.feed.post","rkey":"{i:013d}","record":{{'
               f'"$type":"app.bsky.feed.post","createdAt":"2026-11-20T10:00:00.000Z","langs":["en"],{reply}"text":"{text}"}},'
               f'"cid":"bafyreiapzyf65cmq55jklpnrihiygze2jmmdqvvkwqeiomd72pbp2iazuu"}}}}').encode()


def frame(data):
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
    return b"\x81" + size + data


def serve(listener, frames):
    connection, _ = listener.accept()
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(4096)
    key = next(line.split(b":", 1)[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
    accept = base64.b64encode(hashlib.sha1(key + GUID.encode()).digest())
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
                       accept + b"\r\n\r\n")
    connection.sendall(frames)
    connection.recv(4096)  # until hark is gone
    connection.close()


def run(hark, spec, n):
    """Until n posts came; seconds of CPU."""
    process = subprocess.Popen([hark, "ingest", "--config", "/dev/null", "--log-level", "error", "--stdout", spec],
                               stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    posts = 0
    while posts < n and (data := os.read(process.stdout.fileno(), 1 << 20)):
        posts += data.count(b"\n")
    process.send_signal(signal.SIGTERM)
    _, status, usage = os.wait4(process.pid, 0)
    if posts != n:
        sys.exit(f"{posts} posts of {n} events, exit status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def main():
    hark, n = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200000
    made = list(events(n))
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        file.write(b"\n".join(made) + b"\n")
        file.flush()
        from_file = run(hark, f"file:{file.name}", n)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener, b"".join(map(frame, made))), daemon=True)
        server.start()
        live = run(hark, f"bluesky:ws://127.0.0.1:{listener.getsockname()[1]}/subscribe", n)
    print(f"events={n} bytes_an_event={sum(map(len, made)) // n} websocket_per_cpu_s={n / live:.0f} file_per_cpu_s={n / from_file:.0f}")


main()
