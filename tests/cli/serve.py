#!/usr/bin/python3
"""hark serve: the API's numbers are those in Redis, its answers are as its OpenAPI file says, and it lets in whom it should."""

import base64
import gzip
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import HARK, ROOT, WORK, Redis, Skip, equal, hark, main, start, test, wait_for
from serving import Events, Server

SAMPLE = ROOT / "deploy/sample/posts.ndjson"
DAY = {"from": "2026-11-20", "to": "2026-11-21"}
CLIENTS = 1000


_shared = {}


def counted():
    """One Redis with the sample counted in it, and a server on it; for tests that change nothing."""
    if not _shared:
        redis = Redis()
        hark("run", "--rules", "rules", "--redis", redis.url, f"file:{SAMPLE}")
        _shared["redis"], _shared["server"] = redis, Server(redis)
    return _shared["redis"], _shared["server"]


def numbers(answer):
    return {name: int(n) for name, n in answer.items()}


# --- numbers ---


@test
def brands_are_those_in_redis():
    redis, server = counted()
    want = {brand: numbers(redis("HGETALL", f"hark:total:{brand}")) for brand in redis("SMEMBERS", "hark:brands")}
    equal({brand["name"]: brand["total"] for brand in server.get("brands")["brands"]}, want, "totals")


@test
def series_are_those_in_redis():
    redis, server = counted()
    for step, key, field, n in [("hour", "hour:2026-11", lambda i: f"20T{i:02}", 24), ("day", "day:2026", lambda _: "11-20", 1)]:
        answer = server.get("series", brand="fallow-harbour", step=step, **DAY)
        for one in answer["series"]:
            stored = redis("HGETALL", f"hark:count:fallow-harbour:{one['intent']}:{key}")
            equal(one["points"], [int(stored.get(field(i), 0)) for i in range(n)], f"{step} {one['intent']}")
            equal(one["total"], sum(one["points"]), "total")
        equal(len(answer["series"]), len(redis("HGETALL", "hark:total:fallow-harbour")), "intents")


@test
def minutes_that_are_no_longer_kept_are_null_and_not_0():
    _, server = counted()
    answer = server.get("series", brand="quillon", step="minute", **{"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T01:00:00Z"})
    equal(answer["series"][0]["points"], [None] * 60, "points")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    answer = server.get("series", brand="quillon", step="minute", intent="want", to=now, **{"from": now[:11] + "00:00:00Z"}) \
        if not now.endswith("00:00:00Z") else None
    assert answer is None or None not in answer["series"][0]["points"], answer


@test
def breakdowns_are_those_in_redis():
    redis, server = counted()
    for by in ("source", "lang", "phrase"):
        answer = server.get("breakdown", brand="fallow-harbour", intent="want", by=by, limit=1000, **DAY)
        stored = numbers(redis("HGETALL", f"hark:by:{by}:fallow-harbour:want:2026-11-20"))
        equal([(row["value"], row["n"]) for row in answer["rows"]], sorted(stored.items(), key=lambda x: (-x[1], x[0].encode())), by)
        equal(answer["total"], sum(stored.values()), "total")


@test
def tags_and_authors_are_those_in_redis():
    redis, server = counted()
    stored = redis("ZRANGE", "hark:tags:fallow-harbour:2026-11-20", 0, -1, "WITHSCORES")
    stored = {tag: int(n) for tag, n in (stored if stored and isinstance(stored[0], list) else zip(stored[::2], stored[1::2]))}
    rows = server.get("tags", brand="fallow-harbour", limit=1000, **DAY)["rows"]
    equal({row["value"]: row["n"] for row in rows}, stored, "tags")
    for intent in ("mention", "want", "complaint"):
        answer = server.get("authors", brand="fallow-harbour", intent=intent, **DAY)
        equal(answer["authors"][intent], redis("PFCOUNT", f"hark:authors:fallow-harbour:{intent}:2026-11-20"), f"authors of {intent}")


@test
def posts_come_in_pages_that_make_the_whole_list():
    redis, server = counted()
    for limit in (7, 100, 1000):
        got, cursor = [], {}
        while True:
            page = server.get("posts", brand="kettlewick", intent="question", limit=limit, **DAY, **cursor)
            got += [post["id"] for post in page["posts"]]
            if not page["next"]:
                break
            cursor = {"cursor": page["next"]}
        equal(got, redis("ZREVRANGE", "hark:posts:kettlewick:question:2026-11-20", 0, -1), f"ids in pages of {limit}")
    post = server.get("posts", brand="kettlewick", intent="question", limit=1, **DAY)["posts"][0]
    equal(post["match"], json.loads(redis("HGET", f"hark:post:{post['id']}", "match:kettlewick")), "match")


@test
def posts_of_all_brands_come_in_pages_too():
    redis, server = counted()
    want = sorted(((brand, id) for brand in redis("SMEMBERS", "hark:brands") for id in redis("ZRANGE", f"hark:posts:{brand}:mention:2026-11-20", 0, -1)))
    got, cursor = [], {}
    while True:
        page = server.get("posts", limit=50, **DAY, **cursor)
        got += [(post["brand"], post["id"]) for post in page["posts"]]
        if not page["next"]:
            break
        cursor = {"cursor": page["next"]}
    equal(sorted(got), want, "posts")


@test
def top_posts_are_those_in_redis():
    redis, server = counted()
    answer = server.get("top", brand="quillon", limit=10, **DAY)
    stored = redis("ZREVRANGE", "hark:top:quillon:mention:2026-11-20", 0, 9, "WITHSCORES")
    want = [int(n) for _, n in stored] if stored and isinstance(stored[0], list) else [int(n) for n in stored[1::2]]
    equal([post["engagement"] for post in answer["posts"]], want, "engagement")


@test
def overview_adds_up():
    redis, server = counted()
    answer = server.get("overview", at="2026-11-20T14:20:00Z")
    for brand in answer["brands"]:
        hours = redis("HGETALL", f"hark:count:{brand['name']}:mention:hour:2026-11")
        equal(brand["today_until"], sum(int(n) for hour, n in hours.items() if "20T00" <= hour < "20T14"), "today until 14:00")
        equal(brand["hours"][-1], int(hours.get("20T14", 0)), "the last hour")
        equal(brand["today"]["mention"], int(redis("HGET", f"hark:count:{brand['name']}:mention:day:2026", "11-20")), "today")
    equal(answer["today"], sum(brand["today"]["mention"] for brand in answer["brands"]), "all")
    assert abs(sum(brand["share"] for brand in answer["brands"]) - 1) < 1e-9


@test
def brands_are_found_by_a_part_of_their_name():
    _, server = counted()
    at = {"at": "2026-11-20T14:20:00Z"}
    whole = server.get("overview", **at)
    for part in ("ill", "fallow-harbour", "nobody", ""):
        got = server.get("overview", find=part, **at)
        want = [brand for brand in whole["brands"] if part in brand["name"]]
        equal((got["brands"], got["found"], got["count"], got["today"]), (want, len(want), whole["count"], whole["today"]), f"found by '{part}'")
        rules = server.get("rules", find=part, **at)
        equal(([brand["name"] for brand in rules["brands"]], rules["found"], rules["count"]), (sorted(brand["name"] for brand in want), len(want), 3), f"rules found by '{part}'")
    equal([brand["name"] for brand in server.get("overview", limit=1, find="l", **at)["brands"]], [whole["brands"][0]["name"]], "limit")
    server.get("overview", status=400, find="a b")


@test
def several_instances_are_added_up():
    one, two, whole = Redis(), Redis(), Redis()
    lines = SAMPLE.read_bytes().split(b"\n")
    ids = {}
    for line in lines:  # all of a post in one instance
        found = re.search(rb'"id":"([^"]+)"', line)
        ids.setdefault(found[1] if found else line, len(ids) % 2)
    for redis, part in ((one, 0), (two, 1)):
        path = WORK / f"part{part}.ndjson"
        path.write_bytes(b"\n".join(line for line in lines if ids.get((re.search(rb'"id":"([^"]+)"', line) or [None, line])[1]) == part))
        hark("run", "--rules", "rules", "--redis", redis.url, f"file:{path}")
    hark("run", "--rules", "rules", "--redis", whole.url, f"file:{SAMPLE}")
    split, single = Server(one, two), Server(whole)
    about = {"brand": "fallow-harbour", **DAY}
    for path, params in [("brands", {}), ("series", {**about, "step": "hour"}), ("breakdown", {**about, "by": "lang"}), ("tags", about),
                         ("authors", {**about, "intent": "mention,want"}), ("share", DAY), ("overview", {"at": "2026-11-20T14:20:00Z"}),
                         ("posts", {**about, "limit": 1000})]:
        got, want = split.get(path, **params), single.get(path, **params)
        if path == "posts":  # matches carry the same rule set and post
            got, want = [post["id"] for post in got["posts"]], [post["id"] for post in want["posts"]]
        equal(got, want, path)
    alerts = lambda server: sorted(entry["alert"]["id"] for entry in server.get("alerts", limit=1000)["alerts"])
    equal(alerts(split), alerts(single), "alerts")
    seen, cursor = [], {}
    while True:
        page = split.get("alerts", limit=90, **cursor)
        seen += [entry["place"] for entry in page["alerts"]]
        if not page["next"]:
            break
        cursor = {"cursor": page["next"]}
    equal(len(seen), len(set(seen)), "alerts in pages")
    equal(len(seen), len(alerts(single)), "alerts in pages")


@test
def alerts_are_written_once_with_the_commit():
    redis, server = counted()
    hark("run", "--rules", "rules", "--redis", redis.url, f"file:{SAMPLE}")  # nothing new
    sent = hark("run", "--rules", "rules", "--redis", Redis().url, "--emit", "alerts", f"file:{SAMPLE}").stdout.splitlines()
    stored = [entry["alert"] for entry in server.get("alerts", limit=1000)["alerts"]]
    equal([alert["id"] for alert in reversed(stored)], [json.loads(line)["id"] for line in sent], "alerts")


# --- the contract ---


def requests():
    """Paths with parameters, so that every answer of the API comes up."""
    brand = {"brand": "fallow-harbour"}
    return {"/api/v1/status": [{}], "/api/v1/brands": [{}], "/api/v1/overview": [{}, {"at": "2026-11-20T14:20:00Z", "limit": 1}],
            "/api/v1/series": [{**brand, **DAY, "step": step} for step in ("minute", "hour", "day")] + [brand, {**brand, "intent": "want,need"}],
            "/api/v1/share": [{}, {**DAY, "intent": "want"}], "/api/v1/breakdown": [{**brand, **DAY, "by": by} for by in ("source", "lang", "phrase")],
            "/api/v1/tags": [{**brand, **DAY}], "/api/v1/authors": [{**brand, **DAY, "intent": "mention,want"}],
            "/api/v1/posts": [DAY, {**brand, **DAY, "limit": 3}, {"brand": "nobody"}], "/api/v1/top": [{**brand, **DAY}],
            "/api/v1/alerts": [{}, {"limit": 2}], "/api/v1/rules": [{}, {"at": "2026-11-20T14:20:00Z", "limit": 2}], "/api/v1/sources": [{}, {"at": "2026-11-20"}]}


@test
def answers_are_as_the_openapi_file_says():
    try:
        import jsonschema
    except ImportError:
        raise Skip("python3-jsonschema is not installed") from None
    redis, server = counted()
    redis("XADD", "hark:gaps", "*", "source", "bluesky", "from", "2026-11-20T12:00:00Z", "to", "2026-11-20T12:30:00Z", "reason", "a test")
    document = json.loads(server.ask("/api/v1/openapi.json")[2])
    equal(document["openapi"][:3], "3.1", "version")
    asked = requests()
    equal(sorted(asked), sorted(set(document["paths"]) - {"/api/v1/live"}), "paths")
    resolver = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": document["components"]}

    def validate(schema, value, what):
        for error in jsonschema.Draft202012Validator({**resolver, **schema}).iter_errors(value):
            raise AssertionError(f"{what}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")

    known = {name: parameter["name"] for name, parameter in document["components"]["parameters"].items()}
    for path, variants in asked.items():
        operation = document["paths"][path]["get"]
        accepted = {known[p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p["name"] for p in operation["parameters"]}
        for params in variants:
            assert set(params) <= accepted, f"{path} takes {accepted}"
            validate(operation["responses"]["200"]["content"]["application/json"]["schema"], server.get(path[8:], **params), f"{path} {params}")
        for name in set(known.values()) - accepted:  # what the file does not name is not taken
            server.get(path[8:], status=400, **{**({"brand": "x"} if "brand" in accepted else {}), name: "1"})
    problem = document["components"]["responses"]["Problem"]["content"]["application/problem+json"]["schema"]
    validate(problem, server.get("series", status=400), "a problem")
    gaps = server.get("series", brand="quillon", step="hour", **DAY)["gaps"]
    equal([gap["source"] for gap in gaps], ["bluesky"], "gaps of the range")
    redis("DEL", "hark:gaps")


@test
def wrong_parameters_are_told_and_never_a_5xx():
    _, server = counted()
    for query, word in [("brand=x&limit=0", "limit"), ("brand=x&limit=1001", "limit"), ("brand=x&limit=12abc", "limit"), ("brand=", "brand"),
                        ("brand=a:b", "brand"), ("brand=" + "x" * 65, "brand"), ("brand=x&from=yesterday", "from"), ("brand=x&from=2026-13-01", "from"),
                        ("brand=x&from=2026-11-21&to=2026-11-20", "before"), ("brand=x&from=1970-01-01", "399"), ("brand=x&brand=y", "twice"),
                        ("brand=x&intent=" + ",".join("a" * 40), "intent"), ("brand=x&intent=a,,b", "intent"), ("brand=x&cursor=abc", "cursor"),
                        ("brand=x&cursor=-1_x", "cursor"), ("brand=x&cursor=99999999999999999999_x", "cursor"), ("brand=%00", "brand"), ("brand=%ff%fe", "brand"),
                        ("nonsense=1", "nonsense"), ("brand=x&%3Cscript%3E=1", "script")]:
        answer = server.get(f"posts?{query}", status=400)
        assert word in answer["detail"], (query, answer)
    for query in ("step=minute&from=2026-01-01", "step=second", "step="):
        server.get(f"series?brand=x&{query}", status=400)
    server.get("breakdown?brand=x&by=author", status=400)
    server.get("alerts?cursor=x", status=400)
    equal(server.get("alerts", limit=1, cursor="99999999999999-0:7")["alerts"][0]["place"][:1], "1", "a cursor of another shape")


@test
def random_requests_never_end_in_a_5xx():
    _, server = counted()
    dice = random.Random(1)
    values = ["fallow-harbour", "nobody", "want", "mention", "want,need", "2026-11-20", "2026-11-21T10:00:00Z", "1970-01-01", "9999-12-31T23:59:59Z", "minute", "hour", "day",
              "source", "lang", "phrase", "0", "1", "1000", "-1", "1e9", "", "\0", "%", "\u202e", "a" * 3000, "1795314922735-0", "0-0:1", "1795255200123_x", "*", "../..", "'", '"']
    names = ["brand", "intent", "from", "to", "step", "by", "limit", "cursor", "at", "x"]
    paths = [path for path in requests()] + ["/api/v1/nothing", "/healthz", "/metrics"]
    seen = set()
    for _ in range(600):
        params = [("brand", "fallow-harbour")] * dice.randint(0, 1) + [(dice.choice(names), dice.choice(values)) for _ in range(dice.randint(0, 3))]
        path = dice.choice(paths) + "?" + urllib.parse.urlencode(params)
        status, headers, body = server.ask(path)
        assert status < 500, (path, status, body)
        if "json" in headers["Content-Type"]:
            json.loads(body)
        seen.add(status)
    assert {200, 400, 404} <= seen, seen


@test
def etag_spares_the_body():
    _, server = counted()
    path = "/api/v1/series?brand=quillon&step=hour&from=2026-11-20&to=2026-11-21"
    status, headers, body = server.ask(path)
    equal((status, server.ask(path, headers={"If-None-Match": headers["ETag"]})[0]), (200, 304), "status")
    equal(server.ask(path, headers={"If-None-Match": 'W/"x", ' + headers["ETag"]})[2], b"", "body")
    equal(server.ask(path, headers={"If-None-Match": '"x"'})[0], 200, "status of another tag")
    path = "/api/v1/rules?at=2026-11-20"
    body = server.ask(path)[2]
    status, headers, packed = server.ask(path, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    equal(headers["Content-Encoding"], "gzip", "encoding")
    equal(gzip.decompress(packed), body, "unpacked")
    equal(server.ask(path, headers={"Accept-Encoding": "gzip;q=0"})[1]["Content-Encoding"], None, "encoding refused")
    equal(server.ask(path, method="HEAD")[2], b"", "HEAD")


# --- who may, and what ---


@test
def page_is_small_and_strict():
    _, server = counted()
    total, todo, seen = 0, ["/"], set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        status, headers, body = server.ask(path)
        equal(status, 200, path)
        total += len(body)
        assert "script-src 'self'" in headers["Content-Security-Policy"] and "unsafe" not in headers["Content-Security-Policy"]
        equal(headers["X-Content-Type-Options"], "nosniff", path)
        text = body.decode()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text), path
        todo += re.findall(r'(?:src|href)="(/[a-z-]+\.[a-z]+)"', text) + ["/" + name for name in re.findall(r'from "\./([a-z-]+\.js)"', text)]
    assert "/app.css" in seen and "/view-brand.js" in seen, seen
    assert total < 300 * 1024, f"{total} bytes of files"


@test
def no_path_leads_outside():
    _, server = counted()
    for path in ("/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/app.css/../../etc/passwd", "/web/app.js", "//etc/passwd", "/openapi", "/.git", "/api/v1/"):
        status = server.ask(path)[0]
        assert status in (404, 400), (path, status)
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        equal(server.ask("/api/v1/brands", method=method)[0], 405, method)
    equal(server.ask("/api/v1/brands", method="POST", body=b"x" * 10)[0], 413, "a body")
    equal(server.ask("/api/v1/brands", headers={"Origin": "https://elsewhere.example"})[1]["Access-Control-Allow-Origin"], None, "CORS")


@test
def loopback_answers_to_its_own_names_only():
    _, server = counted()
    for host, status in [("localhost:1", 200), ("127.0.0.1", 200), ("[::1]:8686", 200), ("LOCALHOST", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421),
                         ("localhost.evil.example:80", 421), ("", 421)]:
        equal(server.ask("/api/v1/brands", headers={"Host": host})[0], status, f"Host: {host}")


@test
def elsewhere_needs_a_token():
    redis, _ = counted()
    done = hark("serve", "--redis", redis.url, "--listen", "0.0.0.0:0", status=1)
    assert "HARK_SERVE_TOKEN" in done.stderr, done.stderr
    done = hark("serve", "--redis", redis.url, "--listen", "127.0.0.1:0", "--serve-token", "x", status=1)
    assert "never from a flag" in done.stderr, done.stderr
    secret = WORK / "token"
    secret.write_text("s3cret-t0ken\n")
    server = Server(redis, env={"HARK_SERVE_TOKEN_FILE": str(secret)})
    basic = lambda text: "Basic " + base64.b64encode(text.encode()).decode()
    for authorization, status in [(None, 401), ("Bearer s3cret-t0ken", 200), ("bearer s3cret-t0ken", 200), (basic("anyone:s3cret-t0ken"), 200), ("Bearer s3cret-t0ke", 401),
                                  ("Bearer s3cret-t0ken2", 401), ("Bearer ", 401), (basic("anyone:"), 401), (basic("s3cret-t0ken"), 401), ("Basic !!!!", 401), ("s3cret-t0ken", 401)]:
        headers = {"Authorization": authorization} if authorization else {}
        for path in ("/api/v1/brands", "/", "/metrics"):
            equal(server.ask(path, headers=headers)[0], status, f"{path} with {authorization}")
    assert "s3cret" not in server.process.err.read_text() + server.process.out.read_text()
    equal(server.ask("/healthz")[0], 200, "health without a token")
    equal(server.ask("/api/v1/brands", headers={"Authorization": "Bearer s3cret-t0ken", "Host": "hark.example"})[0], 200, "another name, with the token")


@test
def a_proxy_speaks_for_people():
    redis, _ = counted()
    server = Server(redis, args=["--proxy-header", "X-Forwarded-User"])
    equal(server.ask("/api/v1/brands", headers={"X-Forwarded-User": "jo", "Host": "hark.example"})[0], 200, "with the header")
    equal(server.ask("/api/v1/brands")[0], 403, "without it")
    equal(server.ask("/api/v1/brands", headers={"X-Forwarded-User": ""})[0], 403, "with nothing in it")


# --- live ---


def new_post(redis, number, **more):
    op = more.get("op", "create")
    path = WORK / f"new-{number}-{op}.ndjson"
    post = {"schema": "hark.post/1", "id": f"test-{number}", "source": "bluesky", "op": op, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "text": "The #FallowHarbour checkout is broken, I was charged twice", "lang": ["en"], **more}
    path.write_text(json.dumps(post) + "\n")
    hark("run", "--rules", "rules", "--redis", redis.url, f"file:{path}")


@test
def changes_arrive_by_themselves():
    redis = Redis()
    new_post(redis, 1)
    server = Server(redis)
    events = Events(server)
    events.until(r'event: state\ndata: \{[^\n]*"redis":true')
    new_post(redis, 2)
    counts = json.loads(events.until(r"event: counts\ndata: (\{[^\n]*\})\n")[1])
    equal(counts["brands"]["fallow-harbour"], numbers(redis("HGETALL", "hark:total:fallow-harbour")), "counts")
    alert = json.loads(events.until(r"event: alert\ndata: (\{[^\n]*\})\n")[1])
    equal((alert["rule"], alert["match"]["id"]), ("fallow-harbour/complaint", "test-2"), "alert")
    equal(server.process.stop(), 0, "exit status with a listener")
    equal(events.until("this never comes"), None, "the end of the stream")


@test
def a_counter_that_falls_to_0_is_told():
    redis = Redis()
    for number, text in ((6, "The #FallowHarbour checkout is broken, I was charged twice"), (7, "#FallowHarbour opens at ten"), (8, "#Quillon is here")):
        new_post(redis, number, text=text)
    server = Server(redis)
    events = Events(server)
    events.until(r"event: state")
    told = lambda: json.loads(events.until(r"event: counts\ndata: (\{[^\n]*\})\n")[1])["brands"]
    new_post(redis, 6, op="delete")
    equal(told(), {"fallow-harbour": {"complaint": 0, "mention": 1}}, "an intent of a brand that goes on")
    events.text = ""
    new_post(redis, 8, op="delete")
    equal(told(), {"quillon": {"mention": 0}}, "a brand without posts")
    events.text = ""
    new_post(redis, 9, text="#Quillon is back")
    equal(told(), {"quillon": {"mention": 1}}, "told once, and then no more")
    text = server.ask("/metrics")[2].decode()
    assert 'hark_counted_posts{rule="fallow-harbour/complaint"} 0' in text, text


@test
def redis_away_is_said_and_comes_back_by_itself():
    redis = Redis()
    new_post(redis, 3)
    server = Server(redis)
    events = Events(server)
    events.until(r'"redis":true')
    redis.stop()
    events.until(r'"redis":false')
    wait_for(lambda: server.ask("/readyz")[0] == 503, "not ready")
    equal(server.ask("/healthz")[0], 200, "alive")
    server.get("brands", status=503)
    redis.up()
    events.text = ""
    events.until(r'"redis":true')
    equal(server.get("brands")["brands"][0]["total"]["mention"], 1, "mentions")
    equal(server.ask("/readyz")[0], 200, "ready")
    equal(server.process.stop(), 0, "exit status")


@test
def a_thousand_listeners_take_little():
    redis = Redis()
    new_post(redis, 4)
    server = Server(redis)
    sanitized = b"__asan_init" in HARK.read_bytes() or b"__tsan_init" in HARK.read_bytes()  # they take memory of their own
    n = CLIENTS // 10 if sanitized else CLIENTS
    listeners = [Events(server) for _ in range(n)]
    for one in listeners:
        one.until(r"event: state")
    new_post(redis, 5)
    for one in listeners:
        one.until(r"event: counts")
    memory = server.memory()
    assert sanitized or memory < 50e6, f"{memory} bytes with {n} listeners"
    equal(server.get("status")["listeners"], n, "listeners")
    for one in listeners[: n // 2]:
        one.socket.close()
    wait_for(lambda: server.get("status")["listeners"] == n - n // 2, "those who went")
    equal(server.process.stop(), 0, "exit status with listeners")


# --- metrics ---


def promtool(text):
    if not shutil.which("promtool"):
        return
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@test
def metrics_are_in_prometheus_text():
    _, server = counted()
    server.get("brands")
    text = server.ask("/metrics")[2].decode()
    promtool(text)
    for line in ('hark_redis_up 1', 'hark_counted_posts{rule="fallow-harbour/mention"} 809', 'hark_http_request_seconds_count{resource="/api/v1/brands"}',
                 "process_resident_memory_bytes ", "hark_latest_post_timestamp_seconds 1"):
        assert line in text, line


@test
def run_tells_metrics_while_it_runs():
    redis = Redis()
    pipe = WORK / "pipe"
    os.mkfifo(pipe)
    run = start("run", "--rules", "rules", "--redis", redis.url, "--listen", "127.0.0.1:0", f"file:{pipe}")
    with os.fdopen(os.open(pipe, os.O_RDWR), "wb") as out:  # does not wait for a reader that never comes
        out.write(SAMPLE.read_bytes() + b"not a post\n")
        out.flush()
        address = wait_for(lambda: re.search(r"address=\"?http://127.0.0.1:(\d+)/", run.err.read_text()), "the address")

        def ask(path):
            connection = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=60)
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

        wait_for(lambda: "hark_posts_total 2393" in ask("/metrics")[1], "all posts")
        wait_for(lambda: "hark_matches_total 1274" in ask("/metrics")[1], "all matches")
        wait_for(lambda: re.search(r"hark_commit_seconds_count [1-9]", ask("/metrics")[1]), "a commit")
        text = ask("/metrics")[1]
        promtool(text)
        for line in (r"hark_dead_letters_total\{reason=\"[a-zA-Z ]+\"\} \d", r"hark_rules_info\{version=\"[0-9a-f]{12}\"\} 1", r"hark_redis_seconds_bucket\{operation=\"commit\",le=\"\+Inf\"\} [1-9]",
                     r"hark_commit_seconds_count [1-9]", r"hark_hits_total [1-9]", r"hark_gaps_total 0", r"hark_rules_quarantined_total 0"):
            assert re.search(line, text), line
        equal((ask("/healthz")[0], ask("/readyz")[0], ask("/")[0], ask("/api/v1/brands")[0]), (200, 200, 404, 404), "status")
    equal(run.popen.wait(30), 0, "exit status")


main()
