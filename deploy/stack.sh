#!/usr/bin/env bash
# Runs hark on this machine as it runs in production: Apache Kafka, redis-server, `hark setup`, `hark match`.
#
# usage: deploy/stack.sh up [--dir DIR]             starts what does not run yet
#        deploy/stack.sh status [--dir DIR]         one line a service; status 0 if all run
#        deploy/stack.sh demo [--dir DIR]           as up, then the sample posts through ingest, match and report
#        deploy/stack.sh down [--dir DIR] [--wipe]  stops all; --wipe deletes the data too
#
# DIR holds data, logs and process ids, by default ${XDG_STATE_HOME:-~/.local/state}/hark/stack. Everything listens on 127.0.0.1
# only; HARK_STACK_KAFKA_PORT (19092), HARK_STACK_CONTROLLER_PORT (19093) and HARK_STACK_REDIS_PORT (16379) choose other ports.
# The demo has topics (demo.*) and a Redis database (1) of its own, emptied at its start.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

redis() { redis-cli -h 127.0.0.1 -p "$redis_port" "$@"; }
redis_answers() { [[ $(redis ping) == PONG ]]; }

# The ports of a running stack are remembered, so that later commands find it without the variables.
choose_ports() {
  kafka_port=19092 controller_port=19093 redis_port=16379
  [[ ! -f $dir/ports ]] || read -r kafka_port controller_port redis_port <"$dir/ports"
  kafka_port=${HARK_STACK_KAFKA_PORT:-$kafka_port}
  controller_port=${HARK_STACK_CONTROLLER_PORT:-$controller_port}
  redis_port=${HARK_STACK_REDIS_PORT:-$redis_port}
}

# All of hark's settings go by the environment: every command takes from it what it needs.
use_space() {
  export HARK_KAFKA=127.0.0.1:$kafka_port HARK_RULES=$hark_root/rules HARK_STATE=$dir/state
  export HARK_TOPICS=$1. HARK_GROUP=$1-match HARK_REDIS=redis://127.0.0.1:$redis_port/$2
}

services_up() {
  if ! proc_pid "$dir" redis >/dev/null; then
    port_open "$redis_port" && die 2 "127.0.0.1:$redis_port is in use; set HARK_STACK_REDIS_PORT"
    redis_start "$dir" redis --port "$redis_port" --bind 127.0.0.1
    proc_ready "$dir" redis 60 redis_answers || die 2 "redis-server did not start"
  fi
  "$hark_root/deploy/kafka/broker.sh" up "$dir" "$kafka_port" "$controller_port"
  echo "$kafka_port $controller_port $redis_port" >"$dir/ports"
}

rules_read() { grep -q 'rules.* version=' "$dir/match.log"; }

match_up() {
  ! proc_pid "$dir" match >/dev/null || return 0
  proc_start "$dir" match "$hark_root/build/release/hark" match --config /dev/null
  if ! proc_ready "$dir" match 60 rules_read; then
    proc_stop "$dir" match
    die 2 "hark match did not start"
  fi
}

up() {
  "$hark_root/deploy/packages.sh" --build --kafka
  build_hark release
  services_up
  use_space hark 0
  run_hark setup >&2
  match_up
}

down() {
  proc_stop "$dir" match
  "$hark_root/deploy/kafka/broker.sh" down "$dir"
  proc_stop "$dir" redis
  rm -f "$dir/ports"
  [[ -z $wipe ]] || rm -rf "$dir"/{kafka,redis,state} "$dir"/*.log "$dir"/*.log.1 "$dir/kafka.properties" "$dir/sample.ndjson"
}

line() { printf '%-6s %-5s %-9s %s\n' "$@"; }

status() {
  local name pid all=0
  for name in kafka redis match; do
    local -A where=([kafka]=127.0.0.1:$kafka_port [redis]=127.0.0.1:$redis_port [match]=$dir/match.log)
    if pid=$(proc_pid "$dir" "$name"); then
      line "$name" up "$pid" "${where[$name]}"
    else
      line "$name" down - "$dir/$name.log"
      all=1
    fi
  done
  return "$all"
}

# Topics and counters of an earlier demo go, so that every demo counts from zero.
empty_demo() {
  redis -n 1 flushdb >/dev/null
  "$hark_root/deploy/kafka/broker.sh" tool org.apache.kafka.tools.TopicCommand --bootstrap-server "127.0.0.1:$kafka_port" \
    --delete --if-exists --topic 'demo\..*' >&2
}

demo() {
  up
  use_space demo 1
  empty_demo
  rm -f "$dir/sample.ndjson" # of an earlier day
  run_hark setup >&2
  run_hark ingest "file:$(sample_posts "$dir")" >&2
  run_hark match --until-end >&2
  run_hark report
  cat >&2 <<END

The stack is still up:
  kcat -b 127.0.0.1:$kafka_port -C -t demo.matches -e | head -n 1      the matches, and demo.alerts.<team> the alerts
  redis-cli -p $redis_port -n 1 hgetall hark:total:<brand>              the numbers of the table
  deploy/stack.sh status, deploy/stack.sh down
END
}

command=${1:-help} dir=$hark_state/stack wipe=''
shift || true
while (($#)); do
  case $1 in
    --dir)
      (($# > 1)) || die 1 "--dir needs a folder"
      dir=$2
      shift
      ;;
    --wipe) wipe=yes ;;
    *) die 1 "unknown option $1; there are --dir DIR and --wipe" ;;
  esac
  shift
done
[[ -z $wipe || $command == down ]] || die 1 "--wipe belongs to down"

case $command in
  up | down | demo | status) ;;
  help | --help | -h)
    usage "$0"
    exit
    ;;
  *) die 1 "unknown command $command; there are up, down, status and demo" ;;
esac

own_settings_only
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
choose_ports
if [[ $command != status ]]; then
  exec 9>"$dir/lock"
  flock -n 9 || die 1 "another stack.sh works on $dir"
fi
case $command in
  up) up && status ;;
  down) down ;;
  demo) demo ;;
  status) status ;;
esac
