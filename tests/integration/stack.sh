#!/usr/bin/env bash
# The two ways a newcomer starts hark, deploy/quickstart.sh and deploy/stack.sh, do the same job: their tables are equal.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
cd "$hark_root"

need_kafka
HARK_STACK_KAFKA_PORT=$(free_port) HARK_STACK_CONTROLLER_PORT=$(free_port) HARK_STACK_REDIS_PORT=$(free_port)
export HARK_STACK_KAFKA_PORT HARK_STACK_CONTROLLER_PORT HARK_STACK_REDIS_PORT
brokers=127.0.0.1:$HARK_STACK_KAFKA_PORT
dir=$work/stack
stack() { deploy/stack.sh "$1" --dir "$dir" "${@:2}"; }
trap 'stack down >/dev/null 2>&1; _clean_up' EXIT

# shown NAME OUT ERR COMMAND...: a check whose standard output and error are kept.
shown() {
  local name=$1 out=$2 err=$3 status=0
  shift 3
  "$@" >"$out" 2>"$err" </dev/null || status=$?
  ((status == 0)) || cat "$out" "$err"
  equal "$name" "$status" 0
}

messages() { kcat -b "$brokers" -C -q -e -t "$1"; }
topics() { kcat -b "$brokers" -L | sed -n 's/^  topic "\([^"]*\)".*/\1/p'; }
valid() {
  local count
  count=$("$hark_root/tests/support/validate.py" "deploy/schema/hark.$1.schema.json") && ((count > 0)) && echo "$count messages"
}
matches_valid() { messages demo.matches | valid match; }
posts_valid() { messages demo.posts | grep -v '^$' | valid post; }
alerts_valid() {
  local topic
  for topic in $(topics | grep '^demo\.alerts\.'); do messages "$topic"; done | valid alert
}

# --- quick start
shown "quickstart ends 0" "$work/quick" "$work/quick.err" deploy/quickstart.sh --once
check "quickstart prints a table with numbers" grep -q '[1-9]' "$work/quick"
shown "quickstart ends 0 again" "$work/quick2" "$work/quick2.err" deploy/quickstart.sh --once
same "quickstart counts nothing twice" "$work/quick2" "$work/quick"
equal "quickstart installs and builds nothing again" "$(grep -cE '^(apt-get|installing|configuring|building)' "$work/quick2.err")" 0
equal "quickstart leaves no redis-server" "$(pgrep -fc "redis-server.*$work" || true)" 0

# --- stack
equal "status says that nothing runs" "$(stack status | grep -c ' down ' || true)" 3
shown "demo ends 0" "$work/demo" "$work/demo.err" stack demo
same "the table of the demo is that of the quick start" "$work/demo" "$work/quick"
equal "status says that all run" "$(stack status | grep -c ' up ' || true)" 3
check "the demo's matches are as their schema says" matches_valid
check "the demo's alerts are as their schema says" alerts_valid
check "the demo's posts are as their schema says" posts_valid

export HARK_KAFKA=$brokers HARK_TOPICS=demo. HARK_GROUP=demo-match HARK_RULES=rules
export HARK_REDIS=redis://127.0.0.1:$HARK_STACK_REDIS_PORT/1
"$hark" report --json >"$work/before"
shown "match at the end of the log" "$work/out" "$work/err" "$hark" match --until-end
"$hark" report --json >"$work/after"
same "match at the end of the log changes no counter" "$work/after" "$work/before"
own_settings_only

shown "demo ends 0 again" "$work/demo2" "$work/demo2.err" stack demo
same "a second demo prints the same table" "$work/demo2" "$work/demo"

# --- the stack's own space
shown "up ends 0 where all runs" "$work/up" "$work/up.err" stack up
"$hark_root/build/release/hark" ingest --kafka "$brokers" "file:$(sample_posts "$work")" >/dev/null 2>"$work/ingest.err" || cat "$work/ingest.err"
report() { "$hark" report --redis "redis://127.0.0.1:$HARK_STACK_REDIS_PORT"; }
counted() { report 2>/dev/null | cmp -s - "$work/quick"; }
if wait_until 60 counted; then
  ok "hark match of the stack counts what comes in"
else
  report | diff -u "$work/quick" - || true
  tail -n 20 "$dir/match.log"
  not_ok "hark match of the stack counts what comes in" "not within 60 s"
fi

pids=$(cut -d' ' -f1 "$dir"/*.pid)
shown "down ends 0" "$work/down" "$work/down.err" stack down
for pid in $pids; do
  check "process $pid is gone" test ! -e "/proc/$pid/exe"
done
shown "up ends 0 after down" "$work/up" "$work/up.err" stack up
check "the counters are still there" counted
shown "down --wipe ends 0" "$work/down" "$work/down.err" stack down --wipe
equal "down --wipe leaves no data" "$(find "$dir" -mindepth 1 -not -name lock | wc -l)" 0
