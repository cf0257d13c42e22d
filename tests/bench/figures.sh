#!/usr/bin/env bash
# Prints what rules cost, figure by figure, beside what is wanted: `hark bench match` with 100 to 100,000 brands, a scan of made posts
# against their truth, events of Jetstream, and with --kafka the way through a real Kafka and Redis (tests/bench/run.sh and `hark bench
# ingest` and `end-to-end`, with servers of its own).
#
# usage: tests/bench/figures.sh [--kafka] [--oracle] [--fuzz] [--rate N] [--seconds N]
#   --kafka      the figures that need Kafka and Redis as well; some minutes
#   --oracle     10 million random pairs of rules and posts with and without the prefilter; some minutes
#   --fuzz       the fuzz target of the same for 10 minutes
#   --rate N     posts a second that end-to-end holds (143199); its latency is taken at half of that
#   --seconds N  of each load (20)
#
# Times are CPU time but for those that say otherwise. Give it a machine that has nothing else to do: what others do to the caches shows
# in all of them. Ends with 3 where something is missed.
# shellcheck source=../../deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"

kafka='' oracle='' fuzz='' rate=143199 seconds=20
while (($#)); do
  case $1 in
    --kafka | --oracle | --fuzz) printf -v "${1#--}" yes ;;
    --rate | --seconds)
      [[ $# -gt 1 && $2 =~ ^[1-9][0-9]*$ ]] || die 1 "$1 needs a number from 1"
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    -h | --help)
      usage "$0"
      exit
      ;;
    *) die 1 "unknown option $1; $0 --help names them" ;;
  esac
  shift
done

own_settings_only
work=$(mktemp -d "${TMPDIR:-/tmp}/hark-figures.XXXXXX")
clean_up() {
  trap - EXIT
  [[ -z $kafka ]] || "$hark_root/deploy/kafka/broker.sh" down "$work" || true
  proc_stop "$work" redis || true
  rm -rf "$work"
}
trap 'status=$?; clean_up; exit $status' EXIT
trap 'exit 130' INT TERM

build_hark release
cd "$hark_root"
hark=$hark_root/build/release/hark

# figure NAME VALUE OPERATOR WANTED: one line, and whether it is met.
figure() {
  awk -v name="$1" -v value="$2" -v op="$3" -v wanted="$4" 'BEGIN {
    met = value != "" && (op == "<=" ? value + 0 <= wanted + 0 : value + 0 >= wanted + 0)
    printf "%-72s %12s  %s %-10s %s\n", name, value == "" ? "none" : value, op, wanted, met ? "" : "MISSED"
    exit !met
  }' || missed=yes
}

# at FILE WHAT PAIR... KEY: the value of KEY in the line that begins with WHAT and has all pairs.
at() {
  local file=$1
  shift
  awk -v words="$*" 'BEGIN { n = split(words, want, " ") }
    { have = " " $0 " "; good = $1 == want[1]
      for (i = 2; i < n; i++) good = good && index(have, " " want[i] " ")
      for (i = 2; good && i <= NF; i++) if (index($i, want[n] "=") == 1) { print substr($i, length(want[n]) + 2); exit } }' "$file"
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b }'; }

missed=
# shellcheck disable=SC2016
step "measuring 100 to 100,000 brands" bash -c '"$1" bench match --config /dev/null >"$2"' _ "$hark" "$work/match" || die 3 "hark bench match failed"
m=$work/match
few=$(at "$m" match brands=100 share=5 us_a_post) many=$(at "$m" match brands=100000 share=5 us_a_post)
figure "5 % name a brand: CPU a post, 100,000 brands to 100" "$(ratio "$many" "$few")" "<=" 1.3
figure "5 %, 10,000 brands: posts a core-second" "$(at "$m" match brands=10000 share=5 posts_per_cpu_s)" ">=" 1000000
for brands in 100 1000 10000 100000; do
  figure "100 %, $brands brands: posts a core-second (100,000 is the goal)" "$(at "$m" match brands=$brands share=100 posts_per_cpu_s)" ">=" 60000
done
for brands in 100 1000 10000 100000; do
  scan=$(at "$m" scan brands=$brands us_a_post) match=$(at "$m" match brands=$brands share=5 us_a_post)
  echo "     a scan of a file with $brands brands: $(at "$m" scan brands=$brands posts_per_cpu_s) posts a core-second, $(ratio "$scan" "$match") times the CPU of the match in memory"
done
figure "the same from a file, 10,000 brands: posts a core-second" "$(at "$m" scan brands=10000 posts_per_cpu_s)" ">=" 1000000
figure "100,000 brands: seconds to start, first time (by the clock)" "$(at "$m" start brands=100000 first_s)" "<=" 10
figure "100,000 brands: seconds to start from the cache (by the clock)" "$(at "$m" start brands=100000 cached_s)" "<=" 1
figure "100,000 brands: bytes a brand and intent" "$(at "$m" start brands=100000 bytes_a_rule)" "<=" 1023
figure "10,000 brands: MB resident" "$(at "$m" start brands=10000 resident_mb)" "<=" 100
figure "hostile posts, /(a+)+\$/ in quarantine: the rate falls by, percent" "$(at "$m" hostile falls_percent)" "<=" 5
figure "hostile posts: matches of the good rules that are missing" "$(($(at "$m" hostile good_matches) - $(at "$m" hostile with_bad_matches)))" "<=" 0

step "making a million posts" tests/bench/workload.py "$work/data" 1000000
run_hark scan --rules "$work/data/rules-10000" --state "$work/state" "file:$work/data/posts.ndjson" >"$work/matches" 2>/dev/null || die 3 "hark scan failed"
python3 - "$work/matches" >"$work/found" <<'END'
import json, sys
lines = []
for line in open(sys.argv[1]):
    match = json.loads(line)
    lines += [f'{match["id"]} {match["brand"]} {intent}' for intent in ["mention", *(hit["intent"] for hit in match["hits"])]]
print('\n'.join(sorted(lines)))
END
figure "a scan of a million posts: hits that are not as the truth has it" "$(diff "$work/found" "$work/data/expect.txt" | grep -c '^[<>]' || true)" "<=" 0

tests/bench/jetstream.py "$hark" >"$work/jetstream" || die 3 "tests/bench/jetstream.py failed"
live=$(sed -n 's/.*websocket_per_cpu_s=\([0-9]*\).*/\1/p' "$work/jetstream") file=$(sed -n 's/.*file_per_cpu_s=\([0-9]*\).*/\1/p' "$work/jetstream")
figure "events of Jetstream from a file: posts a core-second" "$file" ">=" 60000
figure "events of Jetstream over WebSocket: posts a core-second" "$live" ">=" 10000

with_kafka() {
  local broker
  broker=127.0.0.1:$(free_port)
  tests/bench/run.sh || missed=yes
  echo "     wanted: hark ingest <= 2x the bare producer, hark match <= 1.11x the bare consumer"
  "$hark_root/deploy/kafka/broker.sh" up "$work" "${broker#*:}" "$(free_port)"
  redis_start "$work" redis --port 0 --unixsocket "$work/redis.sock"
  proc_ready "$work" redis 30 redis-cli -s "$work/redis.sock" ping || exit 2
  run_hark bench ingest --kafka "$broker" | sed 's/^/     /'
  for each in $((rate / 2)) "$rate"; do
    run_hark bench end-to-end --kafka "$broker" --redis "unix://$work/redis.sock" --rate "$each" --posts $((each * seconds)) >"$work/end" || missed=yes
    sed 's/^/     /' "$work/end"
    figure "$each posts a second: share that was counted, percent" "$(awk -v n="$(at "$work/end" open-loop counted)" -v of="$(at "$work/end" open-loop posts)" 'BEGIN { if (of) printf "%.2f", 100 * n / of }')" ">=" 100
    ((each == rate)) || figure "$each posts a second: ms from a post in Kafka to its counter, p99" "$(at "$work/end" open-loop p99_ms)" "<=" 250
  done
}
[[ -z $kafka ]] || with_kafka

if [[ -n $oracle ]]; then
  step "configuring build/test" cmake --preset test
  step "building the oracle" cmake --build --preset test --target test_match_oracle
  HARK_ORACLE_PAIRS=10000000 HARK_ORACLE_SEED=$RANDOM build/test/tests/unit/test_match_oracle 2>&1 | grep -a -e pairs -e FAILED -e 'seed' || missed=yes
fi
if [[ -n $fuzz ]]; then
  step "configuring build/fuzz" cmake --preset fuzz
  step "building fuzz_match" cmake --build --preset fuzz --target fuzz_match
  mkdir -p "$work/corpus"
  build/fuzz/tests/fuzz/fuzz_match -max_total_time=600 -max_len=1024 -len_control=0 -print_final_stats=1 -artifact_prefix="$work/" \
    "$work/corpus" 2>&1 | grep -a -e stat:: -e ERROR -e 'runtime error' || missed=yes
fi

[[ -z $missed ]] || exit 3
