"""Servers that speak the protocols of platforms for real, on loopback, from bodies that a test gives them, with faults on order.

    with Jetstream(events) as server: hark("ingest", "--stdout", f"bluesky:{server.url}") ...

A fault is for one connection, in the order in which they come: a dict with `after` (so many events, then the fault) and `how`:
    close      the server says goodbye          cut        the connection ends in the middle of a frame
    abort      it ends between two frames        silent     it stays open and nothing comes any more
    (status)   a number: the connection is refused with this status
Built on aiohttp (python3-aiohttp).
"""

import asyncio
import hashlib
import http.client
import json
import logging
import socket
import ssl
import struct
import subprocess
import threading
import time

from aiohttp import WSCloseCode, WSMsgType, web

logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # of connections that a fault ended


class Server:
    """An aiohttp application in a thread of its own. Subclasses add routes in `routes(app)`."""

    def __init__(self, faults=(), tls=None):
        self.faults, self.connections, self.requests, self.tls = list(faults), 0, [], tls
        self.loop = asyncio.new_event_loop()
        self.port = None
        self._ready = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the replay server did not start")
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self._stop.set)
        self.thread.join(10)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.set_exception_handler(lambda *_: None)  # of connections that a fault ended
        self.loop.run_until_complete(self._serve())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.05))

    async def _serve(self):
        self._stop = asyncio.Event()
        app = web.Application(client_max_size=1 << 24)
        self.routes(app)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        context = None
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls.cert, self.tls.key)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    def origin(self, scheme="http"):
        return f"{scheme}{'s' if self.tls else ''}://{'localhost' if self.tls else '127.0.0.1'}:{self.port}"

    def next_fault(self):
        self.connections += 1
        return self.faults.pop(0) if self.faults else {}

    async def end(self, request, how, partial=b""):
        """What a fault does to an open connection, apart from closing it politely."""
        if how == "silent":
            await self._stop.wait()
        elif how in ("cut", "abort"):
            if how == "cut":
                request.transport.write(partial)
                await asyncio.sleep(0.01)
            request.transport.abort()
            await asyncio.sleep(0)


class Authority:
    """A certificate for localhost that nobody else trusts."""

    def __init__(self, folder):
        self.cert, self.key = str(folder / "cert.pem"), str(folder / "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", self.key, "-out", self.cert],
                       check=True, capture_output=True)


def frame(text):
    """A WebSocket text frame, as a server sends it."""
    data = text.encode()
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big") if len(data) < 1 << 16 \
        else b"\x7f" + len(data).to_bytes(8, "big")
    return b"\x81" + size + data


class Jetstream(Server):
    """Both protocols. Events are those of version 1; version 2 is made of them, with seq from 1. `floor` is the time in µs before
    which nothing is kept any more; `live` events come only once all others were sent and the test says go."""

    def __init__(self, events, faults=(), floor=0, v2=False, tls=None):
        super().__init__(faults, tls)
        self.events, self.floor, self.v2, self.data_frames, self.grown = list(events), floor, v2, 0, None

    @property
    def url(self):
        return self.origin("ws") + ("/xrpc/network.bsky.jetstream.subscribeEvents" if self.v2 else "/subscribe")

    def routes(self, app):
        app.router.add_get("/subscribe", self.subscribe)
        app.router.add_get("/xrpc/network.bsky.jetstream.subscribeEvents", self.subscribe)

    def add(self, events):
        """More events, as they would happen now."""
        self.events.extend(events)

    def first_kept(self):
        return next((i for i, event in enumerate(self.events) if event["time_us"] >= self.floor), len(self.events))

    def start_at(self, cursor):
        """Index of the first event, or None: refused."""
        if cursor is None:
            return self.first_kept()
        if self.v2 and cursor < 10**15:
            return cursor - 1 if cursor - 1 >= self.first_kept() else None
        kept = self.first_kept()
        return next((i for i in range(kept, len(self.events)) if self.events[i]["time_us"] >= cursor), len(self.events))

    def encode(self, index):
        event = self.events[index]
        if not self.v2 or isinstance(event.get("raw"), str):
            return event["raw"] if "raw" in event else json.dumps(event, separators=(",", ":"), ensure_ascii=False)
        seconds, micros = divmod(event["time_us"], 10**6)
        body = {"$type": f"network.bsky.jetstream.subscribeEvents#{event['kind']}", "seq": index + 1, "did": event["did"],
                "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{micros:06d}Z"}
        body.update(event["commit"] if event["kind"] == "commit" else {event["kind"]: event[event["kind"]]})
        return json.dumps({"$type": "message", "payload": body}, separators=(",", ":"), ensure_ascii=False)

    async def subscribe(self, request):
        self.requests.append(dict(request.query))
        fault = self.next_fault()
        cursor = int(request.query["cursor"]) if "cursor" in request.query else None
        start = self.start_at(cursor)
        if start is None:
            return web.json_response({"error": "CursorTooOld", "message": f"floor is {self.first_kept() + 1}"}, status=400)
        if isinstance(fault.get("how"), int):
            return web.Response(status=fault["how"], text="not now")
        ws = web.WebSocketResponse(protocols=("xrpc.v1.json",) if self.v2 else (), compress=False)
        await ws.prepare(request)
        reader = asyncio.ensure_future(self.watch(ws))
        index, sent = start, 0
        while not ws.closed and not self._stop.is_set():
            if sent == fault.get("after"):
                return await self.fail(request, ws, fault["how"], index)
            if index == len(self.events):
                await asyncio.sleep(0.02)
                continue
            try:
                await ws.send_str(self.encode(index))
            except (ConnectionResetError, RuntimeError):
                break
            index, sent = index + 1, sent + 1
            if fault.get("slow"):
                await asyncio.sleep(fault["slow"])
        reader.cancel()
        return ws

    async def watch(self, ws):
        """What a client sends: nothing but control frames is allowed."""
        async for _ in ws:
            self.data_frames += 1

    async def fail(self, request, ws, how, index):
        if how == "close":
            await ws.close(code=WSCloseCode.GOING_AWAY, message=b"server shutting down")
        elif how == "error":
            await ws.send_str(json.dumps({"$type": "error", "error": "ConsumerTooSlow", "message": "too slow"}))
            await ws.close()
        else:
            whole = frame(self.encode(index)) if index < len(self.events) else frame("{}")
            await self.end(request, how, whole[: len(whole) // 2])
        return ws


class Mastodon(Server):
    """A server whose statuses appear one after the other, `pace` seconds apart, from the first stream (or REST page) on. Those in
    `before` were there already. Each stream has the events that happen while it is open: whatever falls between two is for REST.
    `limits` lists how many REST answers go before each 429. `old`: it cannot be asked for several posts; `hidden`: ids that it then
    leaves out, though they are there."""

    def __init__(self, statuses, faults=(), before=(), pace=0.002, token=None, limits=(), events=None, private_rest=False):
        super().__init__(faults)
        self.timeline, self.todo, self.pace, self.token = list(before), list(statuses), pace, token
        self.limits, self.events, self.private_rest = list(limits), events or {}, private_rest
        self.streams, self.started, self.rest, self.old, self.hidden = set(), None, 0, False, ()

    @property
    def url(self):
        return self.origin()

    def routes(self, app):
        app.router.add_get("/api/v2/instance", self.instance)
        app.router.add_get("/api/v1/statuses", self.several)
        app.router.add_get("/api/v1/statuses/{id}", self.one)
        for path in ("/api/v1/timelines/public", "/api/v1/timelines/tag/{tag}"):
            app.router.add_get(path, self.page)
        for path in ("/api/v1/streaming/public", "/api/v1/streaming/public/local", "/api/v1/streaming/hashtag"):
            app.router.add_get(path, self.stream)

    def start(self):
        self.started = self.started or asyncio.ensure_future(self.publish())

    async def publish(self):
        for status in self.todo:
            await asyncio.sleep(self.pace)
            self.timeline.append(status)
            for queue in self.streams:
                queue.put_nowait(("update", status))
                for event in self.events.get(status["id"], ()):
                    queue.put_nowait(event)

    def refused(self, request):
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"error": "The access token is invalid"}, status=401)
        return None

    async def instance(self, request):
        refused = self.refused(request)
        return web.json_response({"configuration": {"urls": {"streaming": self.origin("ws")}}}) if refused is None else refused

    def change(self, *statuses, gone=()):
        """What happens to posts while nobody listens; the stream does not tell."""
        changed = {status["id"]: status for status in statuses}
        self.timeline = [changed.get(status["id"], status) for status in self.timeline if status["id"] not in gone]

    def cut_off(self):
        """Ends the streams that are open."""
        self.loop.call_soon_threadsafe(lambda: [queue.put_nowait((None, None)) for queue in self.streams])

    async def several(self, request):
        self.requests.append((request.path, {"id[]": request.query.getall("id[]")}))
        if self.old or len(request.query.getall("id[]")) > 20:
            return web.json_response({"error": "Record not found"}, status=404 if self.old else 422)
        ids = [one for one in request.query.getall("id[]") if one not in self.hidden]
        return web.json_response([status for status in self.timeline if status["id"] in ids])

    async def one(self, request):
        self.requests.append((request.path, {}))
        found = [status for status in self.timeline if status["id"] == request.match_info["id"]]
        return web.json_response(found[0]) if found else web.json_response({"error": "Record not found"}, status=404)

    async def page(self, request):
        self.requests.append((request.path, dict(request.query)))
        self.rest += 1
        if self.limits and self.rest > self.limits[0]:
            self.limits.pop(0)
            self.rest = 0
            import datetime
            reset = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
            return web.json_response({"error": "Too many requests"}, status=429,
                                     headers={"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0",
                                              "X-RateLimit-Reset": reset.isoformat().replace("+00:00", "Z")})
        if self.private_rest:
            return web.json_response({"error": "This method requires an authenticated user"}, status=422)
        limit, least = int(request.query.get("limit", 20)), int(request.query.get("min_id", 0))
        newer = [status for status in self.timeline if int(status["id"]) > least]
        newer.sort(key=lambda status: int(status["id"]))
        page = newer[:limit] if "min_id" in request.query else newer[-limit:]
        headers = {"Link": f'<{self.origin()}{request.path}?min_id={page[-1]["id"]}>; rel="prev"'} if page else {}
        if not self.token:
            self.start()
        refused = self.refused(request)
        return web.json_response(page[::-1], headers=headers) if refused is None else refused

    async def stream(self, request):
        self.requests.append((request.path, dict(request.query)))
        refused = self.refused(request)
        if refused is not None:
            return refused
        fault = self.next_fault()
        if isinstance(fault.get("how"), int):
            return web.Response(status=fault["how"], text="not now")
        if fault.get("how") == "html":
            return web.Response(text="<html><body>maintenance</body></html>", content_type="text/html")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b":)\n")
        queue = asyncio.Queue()
        self.streams.add(queue)
        self.start()
        try:
            return await self.send(request, response, queue, fault)
        except (ConnectionResetError, RuntimeError):
            return response
        finally:
            self.streams.discard(queue)

    async def send(self, request, response, queue, fault):
        sent = 0
        while not self._stop.is_set():
            try:
                name, data = await asyncio.wait_for(queue.get(), 0.1)
            except asyncio.TimeoutError:
                await response.write(b":thump\n")
                continue
            if name is None:
                await self.end(request, "abort")
                break
            text = data if isinstance(data, str) else json.dumps(data)
            event = f"event: {name}\ndata: {text}\n\n".encode()
            if sent == fault.get("after"):
                if fault["how"] == "close":
                    break
                await self.end(request, fault["how"], b"%x\r\n%s" % (len(event), event[: len(event) // 2]))
                break
            await response.write(event)
            sent += 1
        return response


class X(Server):
    """The filtered stream: posts appear `pace` seconds apart from the first connection on, chunked, a line each, with an empty line
    where nothing comes. A connection has what happens while it is open; backfill gives what came in the time before."""

    def __init__(self, posts, faults=(), pace=0.002, token="x-token", keep_alive=0.2):
        super().__init__(faults)
        self.posts, self.pace, self.token, self.keep_alive = list(posts), pace, token, keep_alive
        self.sent, self.started, self.rules, self.lines = [], None, [], asyncio.Event()

    @property
    def url(self):
        return self.origin() + "/2/tweets/search/stream"

    def routes(self, app):
        app.router.add_get("/2/tweets/search/stream", self.stream)
        app.router.add_get("/2/tweets/search/stream/rules", self.get_rules)
        app.router.add_post("/2/tweets/search/stream/rules", self.post_rules)

    async def publish(self):
        for post in self.posts:
            await asyncio.sleep(self.pace)
            self.sent.append((self.loop.time(), post))

    def allowed(self, request):
        return request.headers.get("Authorization") == f"Bearer {self.token}"

    async def get_rules(self, request):
        if not self.allowed(request):
            return web.json_response({"title": "Unauthorized", "status": 401}, status=401)
        return web.json_response({"data": self.rules, "meta": {"result_count": len(self.rules)}} if self.rules else {"meta": {"sent": "now"}})

    async def post_rules(self, request):
        body = await request.json()
        self.requests.append((request.path, dict(request.query), body))
        if not self.allowed(request):
            return web.json_response({"title": "Unauthorized", "status": 401}, status=401)
        if request.query.get("dry_run") != "true":
            gone = body.get("delete", {}).get("ids", [])
            self.rules = [rule for rule in self.rules if rule["id"] not in gone]
            for rule in body.get("add", []):
                self.rules.append({**rule, "id": str(1000 + len(self.requests) * 100 + len(self.rules))})
        return web.json_response({"meta": {"summary": {"valid": 1}}}, status=201 if "add" in body else 200)

    async def stream(self, request):
        self.requests.append((request.path, dict(request.query)))
        if not self.allowed(request):
            return web.json_response({"title": "Unauthorized", "status": 401}, status=401)
        fault = self.next_fault()
        if isinstance(fault.get("how"), int):
            headers = {"x-rate-limit-reset": str(fault["reset"])} if "reset" in fault else {}
            return web.json_response({"title": "ConnectionException", "connection_issue": "TooManyConnections"},
                                     status=fault["how"], headers=headers)
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        self.started = self.started or asyncio.ensure_future(self.publish())
        since = self.loop.time() - 60 * int(request.query.get("backfill_minutes", 0))
        try:
            return await self.send(request, response, since, fault)
        except (ConnectionResetError, RuntimeError):
            return response

    async def send(self, request, response, since, fault):
        at, count, quiet = 0, 0, 0
        while not self._stop.is_set():
            while at < len(self.sent) and self.sent[at][0] < since:
                at += 1
            if count == fault.get("after"):
                line = json.dumps(self.posts[0]).encode()
                if fault["how"] == "operational":
                    await response.write(json.dumps({"errors": [{"title": "operational-disconnect", "detail": "…",
                                                                 "disconnect_type": "UpstreamOperationalDisconnect"}]}).encode() + b"\r\n")
                elif fault["how"] != "close":
                    await self.end(request, fault["how"], b"%x\r\n%s" % (len(line) + 2, line[: len(line) // 2]))
                break
            if at == len(self.sent):
                await asyncio.sleep(0.01)
                quiet += 0.01
                if quiet >= self.keep_alive:
                    await response.write(b"\r\n")
                    quiet = 0
                continue
            post = self.sent[at][1]
            await response.write((post if isinstance(post, str) else json.dumps(post)).encode() + b"\r\n")
            at, count, quiet = at + 1, count + 1, 0
        return response


class Feed(Server):
    """A feed whose body and headers a test changes; knows conditional GET by its ETag."""

    def __init__(self, body, content_type="application/rss+xml", status=200, compress=False):
        super().__init__()
        self.body, self.content_type, self.status, self.compress = body, content_type, status, compress

    @property
    def url(self):
        return self.origin() + "/feed"

    def routes(self, app):
        app.router.add_get("/feed", self.feed)

    async def feed(self, request):
        etag = '"' + hashlib.sha256(self.body.encode()).hexdigest()[:16] + '"'
        self.requests.append(dict(request.headers))
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        response = web.Response(body=self.body.encode(), status=self.status, headers={"ETag": etag, "Content-Type": self.content_type})
        if self.compress:
            response.enable_compression()
        return response


class HackerNews(Server):
    """Items by number; `max` is what maxitem says, and a test moves it. `slow` are null for the first times that they are asked for."""

    def __init__(self, items, most, slow=None, failures=0):
        super().__init__()
        self.items, self.max, self.slow, self.failures = items, most, slow or {}, failures
        self.looks = 0  # how often maxitem was told

    @property
    def url(self):
        return self.origin()

    def routes(self, app):
        app.router.add_get("/v0/maxitem.json", self.maxitem)
        app.router.add_get("/v0/item/{id}.json", self.item)

    async def maxitem(self, request):
        if self.failures:
            self.failures -= 1
            return web.Response(status=503, text="busy")
        self.looks += 1
        return web.json_response(self.max)

    async def item(self, request):
        number = int(request.match_info["id"])
        self.requests.append(number)
        if self.slow.get(number, 0):
            self.slow[number] -= 1
            return web.json_response(None)
        return web.json_response(self.items.get(number))


class Lists(Server):
    """Servers that are asked for lists again and again. Each request of a list takes the next fault, `{}` being none: `how` is a status,
    `html` (with status 200), `shape` (JSON of another shape), `cut` (the connection ends in the middle of the body) or `abort`. An answer
    takes `slow` seconds."""

    slow = 0

    async def answer(self, request, body, headers=None):
        await asyncio.sleep(self.slow)
        fault, text = self.next_fault(), json.dumps(body).encode()
        how = fault.get("how")
        if isinstance(how, int):
            return web.json_response(fault.get("body", {}), status=how, headers=fault.get("headers"))
        if how == "html":
            return web.Response(text="<html><body>maintenance</body></html>", content_type="text/html")
        if how == "shape":
            return web.json_response({"hello": "world"})
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=UTF-8", "Content-Length": str(len(text)), **(headers or {})})
        if how == "abort":
            await self.end(request, how)
            return response
        await response.prepare(request)
        await response.write(text[: len(text) // 2])
        if how == "cut":
            await asyncio.sleep(0.01)
            await self.end(request, "abort")
            return response
        await response.write(text[len(text) // 2:])
        return response


class Reddit(Lists):
    """Things (dicts with name, created_utc, ...) in lists that reach back `reach` of them, `page` at a time. A token lasts for `uses` requests.
    After each `budget` requests none may be asked for `window` seconds; those that were are in `beyond`."""

    def __init__(self, posts=(), comments=(), faults=(), app="id:secret", login=None, reach=1000, page=100, uses=None, budget=None, window=1, reason=None):
        super().__init__(faults)
        self.things, self.app, self.login = {"new": list(posts), "comments": list(comments)}, app, login
        self.reach, self.page, self.uses, self.budget, self.window, self.reason = reach, page, uses, budget, window, reason
        self.tokens, self.left, self.beyond, self.used, self.ends, self.gone = [], 0, 0, 0, 0, {}

    def url(self, names="fashion"):
        return f"{self.origin()}/r/{names}"

    def routes(self, app):
        app.router.add_post("/api/v1/access_token", self.token)
        app.router.add_get("/r/{names}/{list}", self.list)
        app.router.add_get("/api/info", self.info)

    async def token(self, request):
        import base64
        form, given = dict(await request.post()), request.headers.get("Authorization", "")
        self.requests.append(("token", form, request.headers.get("User-Agent")))
        if given != "Basic " + base64.b64encode(self.app.encode()).decode():
            return web.json_response({"message": "Unauthorized", "error": 401}, status=401)
        if "username" in form and f"{form['username']}:{form['password']}" != self.login:
            return web.json_response({"error": "invalid_grant"})
        self.tokens.append(f"token-{len(self.tokens)}")
        self.left = self.uses
        return web.json_response({"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 86400, "scope": "*"})

    def refused(self, request):
        """None, or what is answered instead; and the headers that say what may still be asked."""
        self.requests.append((request.path, dict(request.query), request.headers.get("User-Agent")))
        headers, now = {}, self.loop.time()
        if self.budget:
            if self.used == self.budget and now >= self.ends:
                self.used = 0
            if self.used == self.budget:
                self.beyond += 1
                return web.json_response({"message": "Too Many Requests", "error": 429}, status=429), headers
            self.used, self.ends = self.used + 1, now + self.window
            headers = {"X-Ratelimit-Used": str(self.used), "X-Ratelimit-Remaining": f"{self.budget - self.used}.0",
                       "X-Ratelimit-Reset": str(self.window)}
        if not self.tokens or request.headers.get("Authorization") != f"Bearer {self.tokens[-1]}" or self.left == 0:
            return web.json_response({"message": "Unauthorized", "error": 401}, status=401), headers
        if self.left:
            self.left -= 1
        if self.reason:
            return web.json_response({"reason": self.reason, "message": "Forbidden", "error": 403}, status=403), headers
        return None, headers

    def listing(self, things, after=None):
        children = [{"kind": thing["name"][:2], "data": {**thing, **self.gone.get(thing["name"], {})}} for thing in things]
        return {"kind": "Listing", "data": {"after": after, "before": None, "dist": len(children), "children": children}}

    async def list(self, request):
        refused, headers = self.refused(request)
        if refused is not None:
            return refused
        things = [thing for thing in self.things[request.match_info["list"]] if thing["name"] not in self.gone][::-1][: self.reach]
        names = [thing["name"] for thing in things]
        start = names.index(request.query["after"]) + 1 if "after" in request.query else 0
        end = start + min(int(request.query.get("limit", 25)), self.page)
        return await self.answer(request, self.listing(things[start:end], names[end - 1] if end < len(names) else None), headers)

    async def info(self, request):
        refused, headers = self.refused(request)
        if refused is not None:
            return refused
        wanted = request.query["id"].split(",")
        return web.json_response(self.listing([thing for things in self.things.values() for thing in things if thing["name"] in wanted]), headers=headers)


class Lemmy(Lists):
    """Views of posts and comments as the API gives them, in the order of their `published`; what is pinned stands on top. Pages beyond
    `pages` are refused, as new versions of Lemmy do."""

    def __init__(self, posts=(), comments=(), faults=(), pages=None):
        super().__init__(faults)
        self.views, self.pages = {"post": list(posts), "comment": list(comments)}, pages

    def routes(self, app):
        app.router.add_get("/api/v3/{kind}/list", self.list)

    async def list(self, request):
        kind, query = request.match_info["kind"], request.query
        self.requests.append((request.path, dict(query)))
        page, limit = int(query.get("page", 1)), int(query.get("limit", 10))
        if limit > 50 or query.get("sort") != "New" or (self.pages and page > self.pages):
            return web.json_response({"error": "couldnt_get_posts"}, status=400)
        views = sorted(self.views[kind], key=lambda view: (view[kind].get("featured_local", False), view[kind]["published"]), reverse=True)
        if query.get("type_") == "Local":
            views = [view for view in views if view[kind]["local"]]
        return await self.answer(request, {kind + "s": views[(page - 1) * limit: page * limit]})


class YouTube(Lists):
    """Threads (dicts as `thread()` of the test makes them, with all their answers under "answers") in the order of their time, `page` at a time
    and at most `reach` of them; `units` counts what a key spent."""

    def __init__(self, threads=(), faults=(), key="api-key", page=100, inline=5, reach=None, quota=None):
        super().__init__(faults)
        self.threads, self.key, self.page, self.inline, self.reach, self.quota, self.units = list(threads), key, page, inline, reach, quota, 0
        self.generation = 0  # of the names of pages; those of another one are refused

    def url(self, channel):
        return f"{self.origin()}/{channel}"

    def routes(self, app):
        app.router.add_get("/youtube/v3/commentThreads", self.comment_threads)
        app.router.add_get("/youtube/v3/comments", self.comments)

    def error(self, status, reason, message):
        return web.json_response({"error": {"code": status, "message": message, "errors": [{"message": message, "domain": "youtube", "reason": reason}]}},
                                 status=status)

    def refused(self, request):
        self.requests.append((request.path, dict(request.query)))
        if request.query.get("key") != self.key:
            return self.error(400, "badRequest", "API key not valid. Please pass a valid API key.")
        self.units += 1
        if self.quota is not None and self.units > self.quota:
            return self.error(403, "quotaExceeded", "The request cannot be completed because you have exceeded your quota.")
        token = request.query.get("pageToken")
        if token and not token.startswith(f"{self.generation}x"):
            return self.error(400, "invalidPageToken", "The request specifies an invalid page token.")
        return None

    def cut(self, request, things):
        token, size = request.query.get("pageToken"), min(int(request.query.get("maxResults", 20)), self.page)
        start = int(token.split("x")[1]) if token else 0
        more = {"nextPageToken": f"{self.generation}x{start + size}"} if start + size < len(things) else {}
        return things[start: start + size], more

    async def comment_threads(self, request):
        refused = self.refused(request)
        if refused is not None:
            return refused
        if not request.query["allThreadsRelatedToChannelId"].endswith("x"):
            return self.error(404, "channelNotFound", "The channel could not be found.")
        threads = sorted(self.threads, key=lambda thread: thread["snippet"]["topLevelComment"]["snippet"]["publishedAt"], reverse=True)[: self.reach]
        threads, more = self.cut(request, threads)
        items = []
        for thread in threads:
            answers = thread["answers"]
            item = {key: value for key, value in thread.items() if key != "answers"}
            item["snippet"] = {**thread["snippet"], "totalReplyCount": len(answers)}
            if answers:
                item["replies"] = {"comments": answers[-self.inline:]}
            items.append(item)
        return await self.answer(request, {"kind": "youtube#commentThreadListResponse", "items": items, **more})

    async def comments(self, request):
        refused = self.refused(request)
        if refused is not None:
            return refused
        thread = next((thread for thread in self.threads if thread["id"] == request.query["parentId"]), None)
        if thread is None:
            return self.error(404, "commentNotFound", "The comment could not be found.")
        items, more = self.cut(request, thread["answers"])
        return await self.answer(request, {"kind": "youtube#commentListResponse", "items": items, **more})


class Pusher:
    """A client of the source http: sends posts until they are accepted. A fault is for one request, before the one that counts:
        cut      the connection ends in the middle of the body      deaf     it ends before the answer is read
    `answers` are the statuses that came."""

    def __init__(self, port, faults=(), token=None):
        self.port, self.faults, self.answers = port, list(faults), []
        self.headers = {"Content-Type": "application/x-ndjson", **({"Authorization": f"Bearer {token}"} if token else {})}

    def send(self, body, method="POST", path="/posts", drop=(), **headers):
        """One request: status, headers and body of the answer, the latter as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
            connection.request(method, path, body, {name: value for name, value in sent.items() if name not in drop})
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def fail(self, body, how):
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        whole = f"POST /posts HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        with socket.create_connection(("127.0.0.1", self.port)) as sock:
            sock.sendall(whole[: len(whole) - len(body) // 2] if how == "cut" else whole)
            if how == "cut":  # with a reset, as a machine that goes away
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def push(self, posts):
        """All of them in one request, again and again until it is accepted."""
        body = "".join(json.dumps(post) + "\n" for post in posts).encode()
        while True:
            try:
                if self.faults:
                    self.fail(body, self.faults.pop(0))
                status, headers, answer = self.send(body)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)  # it is being started again
                continue
            self.answers.append(status)
            if status == 202:
                return answer["accepted"]
            if status != 503:
                raise AssertionError(f"{status}: {answer}")
            time.sleep(0.05)


class Author:
    """Signs events as a Nostr client does (NIP-01, BIP 340), with one nonce for all: quick, and good for nothing but tests."""

    P, N = 2**256 - 2**32 - 977, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798, 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)

    def __init__(self, secret, nonce=0xBEEF):
        (self.x, self.d), (self.r, self.k) = self._even(secret), self._even(nonce)
        self.pubkey = f"{self.x:064x}"

    @classmethod
    def _add(cls, a, b):
        if a is None or b is None:
            return a or b
        if a[0] == b[0] and a[1] != b[1]:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, cls.P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, cls.P)
        x = (slope * slope - a[0] - b[0]) % cls.P
        return x, (slope * (a[0] - x) - a[1]) % cls.P

    @classmethod
    def _even(cls, scalar):
        """x of scalar * G, and the scalar whose point there has an even y."""
        point, power, left = None, cls.G, scalar
        while left:
            point, power, left = cls._add(point, power) if left & 1 else point, cls._add(power, power), left >> 1
        return point[0], scalar if point[1] % 2 == 0 else cls.N - scalar

    def event(self, kind, content, tags=(), created_at=None):
        created_at = int(time.time()) if created_at is None else created_at
        text = json.dumps([0, self.pubkey, created_at, kind, list(tags), content], separators=(",", ":"), ensure_ascii=False)
        digest, tag = hashlib.sha256(text.encode()).digest(), hashlib.sha256(b"BIP0340/challenge").digest()
        r = self.r.to_bytes(32, "big")
        e = int.from_bytes(hashlib.sha256(tag + tag + r + self.x.to_bytes(32, "big") + digest).digest(), "big") % self.N
        return {"id": digest.hex(), "pubkey": self.pubkey, "created_at": created_at, "kind": kind, "tags": list(tags), "content": content,
                "sig": (r + ((self.k + e * self.d) % self.N).to_bytes(32, "big")).hex()}


class Nostr(Server):
    """A relay. `notes` are functions that make an event; each is published `pace` seconds after the one before, from the first
    subscription on. Of what it kept it gives the latest `cap` that a filter asks for, none from before `floor`. With `closed` it ends
    every subscription with that text. `most_pings` is how often it was asked for a sign of life on one connection."""

    def __init__(self, notes=(), faults=(), cap=500, pace=0.002, closed=None):
        super().__init__(faults)
        self.notes, self.cap, self.pace, self.closed = list(notes), cap, pace, closed
        self.events, self.floor, self.subscriptions, self.started, self.most_pings = [], 0, {}, None, 0

    @property
    def url(self):
        return self.origin("ws")

    def routes(self, app):
        app.router.add_get("/", self.relay)

    async def publish(self):
        while not self._stop.is_set():
            await asyncio.sleep(self.pace)
            if not self.notes:
                continue
            event = self.notes.pop(0)()
            self.events.append(event)
            for queue, filters in self.subscriptions.items():
                for name, wanted in filters.items():
                    if self.matches(event, wanted):
                        queue.put_nowait(["EVENT", name, event])

    @staticmethod
    def matches(event, wanted):
        return event["kind"] in wanted["kinds"] and wanted["since"] <= event["created_at"] <= wanted.get("until", 1 << 60)

    async def read(self, ws, queue):
        pings = 0
        async for message in ws:
            if message.type == WSMsgType.PING:
                pings += 1
                self.most_pings = max(self.most_pings, pings)
                await ws.pong(message.data)
                continue
            word, name, *rest = json.loads(message.data)
            self.requests.append((word, name, *rest))
            if self.closed:
                queue.put_nowait(["CLOSED", name, self.closed])
            elif word == "CLOSE":
                self.subscriptions[queue].pop(name, None)
            elif word == "REQ":
                wanted = rest[0]
                kept = [event for event in self.events if self.matches(event, wanted) and event["created_at"] >= self.floor]
                kept.sort(key=lambda event: -event["created_at"])
                for event in kept[: min(self.cap, wanted.get("limit", self.cap))]:
                    queue.put_nowait(["EVENT", name, event])
                queue.put_nowait(["EOSE", name])
                self.subscriptions[queue][name] = wanted
                self.started = self.started or asyncio.ensure_future(self.publish())

    async def relay(self, request):
        fault = self.next_fault()
        if isinstance(fault.get("how"), int):
            return web.Response(status=fault["how"], text="not now")
        ws, queue, sent = web.WebSocketResponse(compress=False, autoping=False), asyncio.Queue(), 0
        await ws.prepare(request)
        self.subscriptions[queue] = {}
        reader = asyncio.ensure_future(self.read(ws, queue))
        try:
            while not ws.closed and not self._stop.is_set():
                try:
                    message = await asyncio.wait_for(queue.get(), 0.1)
                except asyncio.TimeoutError:
                    continue
                text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
                if sent == fault.get("after"):
                    reader.cancel()
                    if fault["how"] == "close":
                        await ws.close(code=WSCloseCode.GOING_AWAY, message=b"restart")
                    else:
                        await self.end(request, fault["how"], frame(text)[: len(text) // 2])
                    break
                await ws.send_str(text)
                sent += 1
        except (ConnectionResetError, RuntimeError):
            pass
        finally:
            reader.cancel()
            self.subscriptions.pop(queue, None)
        return ws
