# shellcheck shell=bash disable=SC2034 # what is set here is used by those that source it
# What the shell scripts of hark share: messages, steps with progress, processes kept by process id, ports, the build.
# A script sources this file first. Messages go to stderr, so that stdout carries data only.
set -euo pipefail

hark_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
hark_cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/hark
hark_state=${XDG_STATE_HOME:-${HOME:-/root}/.local/state}/hark

bold='' red='' green='' yellow='' plain=''
if [[ -t 2 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
fi

say() { printf '%s\n' "$*" >&2; }
good() { printf '%s%s%s\n' "$green" "$*" "$plain" >&2; }
warn() { printf '%swarning:%s %s\n' "$yellow" "$plain" "$*" >&2; }

# die STATUS TEXT...: 1 the input is wrong, 2 something is out of reach, 3 a bug - as hark itself ends.
die() {
  local status=$1
  shift
  printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
  exit "$status"
}

# usage SCRIPT: prints the script's head comment, which is its help.
usage() { sed -n '2,/^[^#]/{/^# shellcheck/d; /^#/s/^# \{0,1\}//p}' "$1"; }

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif have sudo; then
    sudo --preserve-env=http_proxy,https_proxy,no_proxy "$@"
  else
    die 2 "this needs root: $*"
  fi
}

# --- steps -------------------------------------------------------------------------------------------------------------

# step LABEL COMMAND...: runs what may take long with its output in a file. A terminal shows the seconds and the last line of
# output; elsewhere a line at the start, every 20 seconds and at the end. On failure the output is shown; returns its status.
step() {
  local label=$1 log status=0 from=$SECONDS watch
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/hark-step.XXXXXX")
  _step_watch "$label" "$log" 9>&- &
  watch=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$watch" 2>/dev/null || true
  wait "$watch" 2>/dev/null || true
  [[ ! -t 2 ]] || printf '\r\e[K' >&2
  if ((status == 0)); then
    say "$bold$label$plain: done in $((SECONDS - from)) s"
  else
    say "$red$label$plain: failed with status $status after $((SECONDS - from)) s"
    tail -n 60 "$log" >&2
  fi
  rm -f "$log"
  return "$status"
}

# The command itself stays in the foreground, where Ctrl-C reaches it; this ends with the script at the latest. It rests in a
# `read` that nobody answers, for a `sleep` would outlive it and hold standard error open.
_step_watch() {
  local label=$1 log=$2 from=$SECONDS show='\r\e[K%s: %d s  %s' pause=1 nobody
  if [[ ! -t 2 ]]; then
    show='%s: %d s  %s\n' pause=20
    say "$label ..."
  fi
  exec {nobody}<> <(:)
  while ! read -rt "$pause" -u "$nobody" && kill -0 $$ 2>/dev/null; do
    # shellcheck disable=SC2059
    printf "$show" "$label" $((SECONDS - from)) "$(tail -n 1 "$log" | tr -d '\r\033' | cut -c1-70)" >&2
  done
}

# wait_until SECONDS COMMAND...: tries until it succeeds; 1 when the time is over.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# java_bin: a Java that is new enough for Kafka, or status 1.
java_bin() {
  local java=${JAVA_HOME:+$JAVA_HOME/bin/}java major
  major=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  ((${major:-0} >= 17)) && echo "$java"
}

# --- ports -------------------------------------------------------------------------------------------------------------

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port that nobody listens on, below the range from which the kernel takes the ports of outgoing connections.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((20000 + RANDOM % 12000))
    port_open "$port" || {
      echo "$port"
      return
    }
  done
  die 2 "found no free port on 127.0.0.1"
}

# --- processes ---------------------------------------------------------------------------------------------------------
# A process is kept as DIR/NAME.pid holding its id and its start time, for an id alone may by now be someone else's.

_proc_birth() {
  local -a stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -ra stat <<<"${stat##*) }"
  [[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}

# proc_start DIR NAME COMMAND...: in the background, in a session of its own (Ctrl-C does not reach it), output in DIR/NAME.log.
# Descriptor 9 is the scripts' lock and is not handed on.
proc_start() {
  local dir=$1 name=$2
  shift 2
  mkdir -p "$dir"
  [[ ! -f $dir/$name.log ]] || mv "$dir/$name.log" "$dir/$name.log.1"
  setsid "$@" >"$dir/$name.log" 2>&1 </dev/null 9>&- &
  echo "$! $(_proc_birth $! || echo gone)" >"$dir/$name.pid"
}

# proc_pid DIR NAME: the process's id, or status 1 where it does not run.
proc_pid() {
  local pid birth
  [[ -f $1/$2.pid ]] && read -r pid birth <"$1/$2.pid" && [[ $(_proc_birth "$pid") == "$birth" ]] && echo "$pid"
}

_proc_gone() { ! proc_pid "$1" "$2"; }

# proc_stop DIR NAME [SECONDS]: asks it to end, kills it after SECONDS (30); returns when it is gone.
proc_stop() {
  local dir=$1 name=$2 limit=${3:-30} pid
  if pid=$(proc_pid "$dir" "$name"); then
    kill -TERM "$pid" 2>/dev/null || true
    if ! wait_until "$limit" _proc_gone "$dir" "$name"; then
      warn "$name (process $pid) did not end within $limit s and is killed"
      kill -KILL "$pid" 2>/dev/null || true
      wait_until 10 _proc_gone "$dir" "$name" || die 3 "$name (process $pid) cannot be stopped"
    fi
  fi
  rm -f "$dir/$name.pid"
}

# proc_ready DIR NAME SECONDS COMMAND...: waits until COMMAND succeeds; fails at once where the process ends before.
proc_ready() {
  local dir=$1 name=$2 end=$((SECONDS + $3))
  shift 3
  until "$@" >/dev/null 2>&1; do
    if ! proc_pid "$dir" "$name" >/dev/null || ((SECONDS >= end)); then
      say "$name did not come up; the end of $dir/$name.log:"
      tail -n 30 "$dir/$name.log" >&2
      return 1
    fi
    sleep 0.1
  done
}

# own_settings_only: hark takes settings from HARK_* variables; those of the user's shell are not meant for us.
own_settings_only() {
  local name
  for name in "${!HARK_@}"; do
    [[ $name == HARK_STACK_* || $name == HARK_TEST_* || $name == HARK_CI ]] || unset "$name"
  done
}

# --- hark --------------------------------------------------------------------------------------------------------------

# build_hark PRESET [CMAKE-ARGUMENT...]: configures once, builds what is older than its source.
build_hark() {
  local preset=$1 dir=$hark_root/build/$1
  shift
  cd "$hark_root"
  [[ -f $dir/build.ninja ]] || step "configuring build/$preset" cmake --preset "$preset" "$@" || die 3 "cmake failed"
  if [[ ! -x $dir/hark || -n $(ninja -C "$dir" -n | grep -v -e '^ninja: ' || true) ]]; then
    step "building build/$preset/hark" cmake --build --preset "$preset" || die 3 "the build failed"
  fi
}

# run_hark COMMAND ARGUMENT...: the release build, without the settings file of a hark that is installed on this machine.
run_hark() { "$hark_root/build/release/hark" "$1" --config /dev/null "${@:2}"; }

# sample_posts DIR: the posts that quickstart.sh and stack.sh demo run on, made where DIR does not hold them yet.
sample_posts() {
  if [[ ! -f $1/sample.ndjson ]]; then
    mkdir -p "$1"
    "$hark_root/deploy/sample/recent.sh" >"$1/sample.new" || die 1 "deploy/sample/posts.ndjson cannot be read"
    mv "$1/sample.new" "$1/sample.ndjson"
  fi
  echo "$1/sample.ndjson"
}

# redis_start DIR NAME REDIS-ARGUMENT...: a redis-server that keeps an append-only file in DIR/NAME.
redis_start() {
  local dir=$1 name=$2
  shift 2
  mkdir -p "$dir/$name"
  proc_start "$dir" "$name" redis-server --dir "$dir/$name" --appendonly yes --save '' --daemonize no "$@"
}
