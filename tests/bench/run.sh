#!/usr/bin/env bash
# Measures hark ingest beside a bare idempotent producer and hark match beside a bare consumer, on the same posts in the same run, with a
# Kafka and a Redis of its own that are gone afterwards. Checks the counters against the truth on the way. What exactness costs is shown by a build that is
# without it.
#
# usage: tests/bench/run.sh [--posts N] [--brands N] [--rounds N] [--workers N] [--workload SCRIPT] [--keep DIR]
#   --posts N           posts (1000000)
#   --brands N          brands with rules: 100, 1000 or 10000 (10000)
#   --rounds N          each figure is the best of N rounds, which take turns (3)
#   --workers N         of hark match (1)
#   --workload SCRIPT   writes posts, rules and truth, used as SCRIPT DIR POSTS (tests/bench/workload.py)
#   --keep DIR          keeps the workload in DIR, and takes it from there where it is
#
# Seconds of hark are those of the whole process, start, reading rules and leaving the group included; those of the bare programs
# are of the messages alone. CPU is user and system time of the process.
# shellcheck source=../../deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"

posts=1000000 brands=10000 rounds=3 workers=1 workload=$hark_root/tests/bench/workload.py keep=
while (($#)); do
  case $1 in
    --posts | --brands | --rounds | --workers | --workload | --keep)
      (($# > 1)) || die 1 "$1 needs a value"
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    -h | --help)
      usage "$0"
      exit
      ;;
    *) die 1 "unknown option $1; $0 --help names them" ;;
  esac
done
for number in posts brands rounds workers; do
  [[ ${!number} =~ ^[1-9][0-9]*$ ]] || die 1 "--$number must be a number from 1: ${!number}"
done
[[ -z $keep ]] || keep=$(realpath -m "$keep")
workload=$(realpath "$workload")
for command in redis-server redis-cli python3; do have $command || die 2 "$command is missing; deploy/packages.sh installs it"; done

own_settings_only
work=$(mktemp -d "${TMPDIR:-/tmp}/hark-bench.XXXXXX")
clean_up() {
  trap - EXIT
  "$hark_root/deploy/kafka/broker.sh" down "$work" || true
  proc_stop "$work" redis || true
  rm -rf "$work"
}
trap 'status=$?; clean_up; exit $status' EXIT
trap 'exit 130' INT TERM

build_hark release
cd "$hark_root"
step "configuring build/test" cmake --preset test
step "building bench_kafka" cmake --build --preset test --target bench_kafka
step "configuring build/inexact" cmake --preset release -B build/inexact -DHARK_INEXACT=ON
step "building build/inexact/hark" cmake --build build/inexact --target hark
inexact=$hark_root/build/inexact/hark
bare=$hark_root/build/test/tests/bench/bench_kafka

data=${keep:-$work/data}
mkdir -p "$data"
if [[ $(cat "$data/made" 2>/dev/null || true) != "$workload $posts" ]]; then
  step "making $posts posts" "$workload" "$data" "$posts"
  echo "$workload $posts" >"$data/made"
fi
[[ -d $data/rules-$brands ]] || die 1 "the workload has no rules for $brands brands"

port=$(free_port)
kafka=127.0.0.1:$port
"$hark_root/deploy/kafka/broker.sh" up "$work" "$port" "$(free_port)"
redis_start "$work" redis --port 0 --unixsocket "$work/redis.sock"
redis() { redis-cli -s "$work/redis.sock" "$@"; }
proc_ready "$work" redis 30 redis ping || exit 2

# hark ROUND COMMAND...: with topics of the round.
hark_in() { run_hark "$2" --kafka "$kafka" --topics "r$1." --log-level warn "${@:3}"; }

# figure NAME SECONDS CPU_SECONDS: one measurement.
figure() { echo "$1 $2 $3" >>"$work/figures"; }

# timed NAME COMMAND...: a whole process.
timed() {
  local name=$1 TIMEFORMAT='%R %U %S' real user system
  shift
  { time "$@" >"$work/out" 2>&1; } 2>"$work/time" || {
    cat "$work/out" >&2
    die 3 "$name failed"
  }
  read -r real user system <"$work/time"
  figure "$name" "$real" "$(awk "BEGIN { print $user + $system }")"
}

# bare NAME MODE TOPIC ARGUMENT...: the bare program's own figures.
bare() {
  local name=$1 mode=$2 topic=$3 line seconds cpu_us
  shift 3
  line=$("$bare" "$mode" "$kafka" "$topic" "$@" "$posts") || die 3 "bench_kafka $mode failed"
  [[ $line =~ seconds=([0-9.]+) ]] && seconds=${BASH_REMATCH[1]}
  [[ $line =~ cpu_us=([0-9.]+) ]] && cpu_us=${BASH_REMATCH[1]}
  figure "$name" "$seconds" "$(awk "BEGIN { print $cpu_us * $posts / 1000000 }")"
}

totals() {
  python3 - "$1" <<'END'
import json, sys
held = {(b, i): n for b, x in json.load(open(sys.argv[1]))['brands'].items() for i, n in x['total'].items()}
print('\n'.join(sorted(f'{b} {i} {n}' for (b, i), n in held.items() if n)))
END
}

measure() {
  local round=$1
  redis flushall >/dev/null
  hark_in "$round" setup >/dev/null
  hark_in "bare$round" setup >/dev/null
  bare "bare producer" bare-produce "rbare$round.posts" "$data/posts.ndjson"
  timed "hark ingest" hark_in "$round" ingest "file:$data/posts.ndjson"
  bare "bare consumer" bare-consume "r$round.posts"
  timed "hark match" hark_in "$round" match --rules "$data/rules-$brands" --group "bench$round" --workers "$workers" \
    --redis "unix://$work/redis.sock" --until-end
  run_hark report --redis "unix://$work/redis.sock" --json >"$work/report"
  diff <(cut -d' ' -f2- "$data/expect.txt" | sort | uniq -c | awk '{ print $2, $3, $1 }' | LC_ALL=C sort) \
    <(totals "$work/report" | LC_ALL=C sort) || die 3 "the counters differ from the truth (<)"
}

# The same run by a build that neither remembers posts nor compares anything with what it read of them.
measure_inexact() {
  local round=$1
  redis flushall >/dev/null
  timed "inexact match" "$inexact" match --config /dev/null --kafka "$kafka" --topics "r$round." --log-level warn \
    --rules "$data/rules-$brands" --group "inexact$round" --workers "$workers" --redis "unix://$work/redis.sock" --until-end
}

for ((round = 1; round <= rounds; round++)); do
  [[ ! -t 2 ]] || say "round $round of $rounds"
  measure "$round"
  measure_inexact "$round"
done

# The best of each, and how it stands to what it is measured against.
awk -v posts="$posts" '
  { rest = $0; cpu = $NF; seconds = $(NF - 1); sub(/ [^ ]+ [^ ]+$/, "", rest)
    if (!(rest in best) || seconds < best[rest]) { best[rest] = seconds; used[rest] = cpu } }
  function line(name, base) {
    printf "%-14s %9.2f %12.0f %10.2f %9s\n", name, best[name], posts / best[name], used[name] * 1e6 / posts,
           base ? sprintf("%.2fx", best[name] / best[base]) : ""
  }
  END {
    printf "%-14s %9s %12s %10s %9s\n", "", "seconds", "posts/s", "CPU us", "of bare"
    line("bare producer"); line("hark ingest", "bare producer"); line("bare consumer"); line("hark match", "bare consumer")
    line("inexact match", "bare consumer")
    printf "exactness costs: hark match takes %.2f times as long as without\n", best["hark match"] / best["inexact match"]
  }' "$work/figures"
echo "$posts posts, $brands brands, $workers workers, best of $rounds; counters equal the truth; $(nproc) processors, librdkafka $(
  "$hark_root/build/release/hark" version | sed -n 's/.*librdkafka *\([0-9.]*\).*/\1/p')"
