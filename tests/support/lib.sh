# shellcheck shell=bash disable=SC2034 # what is set here is used by the tests that source it
# For tests written in shell. A test file sources this, makes its checks and ends; it prints for each check one line
#   ok NAME    not ok NAME: why    skip NAME: why
# and whatever else it prints is shown by tests/run.sh where one fails. Set here:
#   $hark   the program under test        $work   a folder of this test's own, removed at the end
# Everything that proc_start (deploy/lib.sh) starts in $work/run is stopped at the end.
# shellcheck source=../../deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"

own_settings_only
hark=${HARK_TEST_BUILD:-$hark_root/build/test}/hark
work=$(mktemp -d "${TMPDIR:-/tmp}/hark-test.XXXXXX")
export XDG_STATE_HOME=$work/xdg-state LC_ALL=C.UTF-8 NO_COLOR=1
hark_state=$XDG_STATE_HOME/hark
failed=0

_clean_up() {
  local status=$? file name
  trap - EXIT
  for file in "$work"/run/*.pid; do
    name=$(basename "$file" .pid)
    [[ ! -f $file ]] || proc_stop "$work/run" "$name" || true
  done
  rm -rf "$work"
  ((status != 0)) || status=$failed
  exit "$status"
}
trap _clean_up EXIT
trap 'exit 143' TERM INT

ok() { echo "ok $1"; }
skip() { echo "skip $1: $2"; }
not_ok() {
  echo "not ok $1: $2"
  failed=1
}

# check NAME COMMAND...: the command must succeed; what it prints is shown where it does not.
check() {
  local name=$1 status=0
  shift
  "$@" >"$work/check.out" 2>&1 || status=$?
  if ((status == 0)); then
    ok "$name"
  else
    cat "$work/check.out"
    not_ok "$name" "status $status from: $*"
  fi
}

# same NAME GOT WANT: two files must be equal.
same() { check "$1" diff -u --label want --label got "$3" "$2"; }

# equal NAME GOT WANT: two words must be equal.
equal() {
  if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" "got '$2', want '$3'"; fi
}

# redis_up: a redis-server of this test's own on a unix socket; sets redis_url. `redis` speaks to it.
redis_up() {
  have redis-server || {
    skip "$(basename "$0")" "no Redis: there is no redis-server here"
    exit 0
  }
  redis_url=unix://$work/redis.sock
  redis_start "$work/run" redis --port 0 --unixsocket "$work/redis.sock"
  proc_ready "$work/run" redis 30 redis ping || exit 1
}
redis() { redis-cli -s "$work/redis.sock" "$@"; }

# kafka_up: sets kafka to the broker that tests/run.sh started, or starts one, and topics to a prefix that is this test's alone.
kafka_up() {
  topics=t$$.
  kafka=${HARK_TEST_KAFKA:-}
  [[ -z $kafka ]] || return 0
  need_kafka
  local port
  port=$(free_port)
  kafka=127.0.0.1:$port
  "$hark_root/deploy/kafka/broker.sh" up "$work/run" "$port" "$(free_port)" >"$work/kafka.out" 2>&1 || {
    cat "$work/kafka.out"
    exit 1
  }
}

# need_kafka: skips the whole file where there is no Kafka.
need_kafka() {
  local why=${HARK_TEST_NO_KAFKA:-}
  [[ -n $why ]] || why=$("$hark_root/deploy/kafka/broker.sh" fetch 2>&1 >/dev/null | grep '^error:') || return 0
  skip "$(basename "$0")" "no Kafka: ${why#error: }"
  exit 0
}
