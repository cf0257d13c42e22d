#!/usr/bin/env bash
# Installs the Debian packages that hark needs and that are missing. Knows Debian 12 and 13 and Ubuntu 24.04.
# Where nothing is missing, it changes nothing and asks nobody.
#
# usage: deploy/packages.sh [--build] [--test] [--kafka] [--browser]
#   --build   what it takes to build and run hark (also without any option)
#   --test    what tests/run.sh needs besides
#   --kafka   Java and Maven, for the Kafka of deploy/stack.sh and of the tests
#   --browser Chromium and Node, for the tests of the page
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A line is what must be there, then the package that brings it: `package`, `command=package`, `.pkg-config-module=package`.
# The two latter take any package or a program of the user's own; libhyperscan-dev answers to libhs too, for one.
BUILD="gcc libc6-dev cmake=cmake ninja=ninja-build pkg-config=pkg-config .jansson=libjansson-dev .libpcre2-8=libpcre2-dev
  .libhs=libvectorscan-dev .yaml-0.1=libyaml-dev .rdkafka=librdkafka-dev .hiredis=libhiredis-dev .libcurl=libcurl4-openssl-dev
  .libmicrohttpd=libmicrohttpd-dev .libutf8proc=libutf8proc-dev .zlib=zlib1g-dev .libxml-2.0=libxml2-dev .libsecp256k1=libsecp256k1-dev
  redis-server=redis-server redis-cli=redis-tools"
TEST=".cmocka=libcmocka-dev kcat=kcat /usr/bin/python3=python3 python3-venv python3-aiohttp openssl python3-jsonschema python3-yaml shellcheck=shellcheck curl=curl ps=procps patch=patch promtool=prometheus"
BROWSER="chromium=chromium node=nodejs npm=npm"
KAFKA="mvn=maven java=default-jre-headless"

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

is_there() {
  case $1 in
    .*) have pkg-config && pkg-config --exists "${1:1}" ;;
    java) java_bin >/dev/null ;;
    *) have "$1" || installed "$1" ;;
  esac
}

# missing PART...: the packages of the parts that are not there.
missing() {
  local part
  for part in "$@"; do
    is_there "${part%%=*}" || echo "${part##*=}"
  done
}

apt_get() {
  local opts=(-y -q --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${opts[@]}" "$@"
}

# Some mirror of the user's may be down while the one we need is up: then the install says what is wrong.
update() { step "apt-get update" apt_get update || warn "apt-get update failed; going on with the lists that are here"; }

# Debian starts a service with its installation; hark starts its own redis-server. policy-rc.d is Debian's way to say so.
POLICY=/usr/sbin/policy-rc.d
hold_services() {
  [[ ! -e $POLICY ]] || return 0
  as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$POLICY && chmod 755 $POLICY"
  trap 'as_root rm -f $POLICY' EXIT
}

release_services() {
  as_root rm -f "$POLICY"
  trap - EXIT
}

# Debian ties the program curl to the very version of the library: where that is from backports, so must curl be.
same_release() {
  local name suite
  suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  for name in "$@"; do
    if [[ $name == curl && $(dpkg-query -W -f '${Version}' libcurl4 2>/dev/null) == *~bpo* ]]; then
      name+=/$suite-backports
    fi
    echo "$name"
  done
}

install() {
  local redis='' held='' names
  have redis-server || redis=new
  [[ -e $POLICY ]] || held=yes
  hold_services
  mapfile -t names < <(same_release "$@")
  step "installing $# packages" apt_get install "${names[@]}" || die 2 "apt-get could not install: $*"
  [[ -z $held ]] || release_services
  if [[ $redis == new && -d /run/systemd/system ]] && have redis-server; then
    as_root systemctl disable --quiet redis-server || true
  fi
}

# --- libcurl with WebSocket on Debian 12 -----------------------------------------------------------------------------------

curl_has_websocket() { pkg-config --variable=supported_protocols libcurl | grep -qw WSS; }

# apt_entry SUITE NEW: the machine's first apt source for SUITE with SUITE replaced by NEW; its first line says of which kind the
# file is, sources or list.
apt_entry() {
  local file entry
  for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    if [[ -f $file ]] && entry=$(awk -v suite="$1" -v new="$2" -f "$hark_root/deploy/apt-entry.awk" "$file"); then
      printf '%s\n%s\n' "${file##*.}" "$entry"
      return
    fi
  done
  return 1
}

add_backports() {
  local new=$1-backports entry kind
  apt_entry "$new" "$new" >/dev/null && return
  entry=$(apt_entry "$1" "$new") || return 1
  kind=${entry%%$'\n'*}
  as_root sh -c "cat >/etc/apt/sources.list.d/hark-backports.$kind" <<<"${entry#*$'\n'}"
}

remove_backports() { as_root rm -f /etc/apt/sources.list.d/hark-backports.{sources,list}; }

# Debian 12's own libcurl is built without WebSocket, its backports' is built with it. Where backports cannot be had, this is
# not tried again: the marker stands for "asked already".
need_curl_websocket() {
  local suite marker=$hark_cache/no-backports
  suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  [[ $suite == bookworm && ! -e $marker ]] || return 0
  if add_backports "$suite" && step "apt-get update ($suite-backports)" apt_get update &&
    step "installing libcurl from $suite-backports" apt_get install -t "$suite-backports" libcurl4-openssl-dev; then
    return
  fi
  remove_backports
  mkdir -p "$hark_cache"
  touch "$marker"
  say "$suite-backports cannot be had; remove $marker to have it tried again"
}

# ---------------------------------------------------------------------------------------------------------------------------

parts=''
for arg in "${@:---build}"; do
  case $arg in
    --build) parts+=" $BUILD" ;;
    --test) parts+=" $TEST" ;;
    --kafka) parts+=" $KAFKA" ;;
    --browser) parts+=" $BROWSER" ;;
    -h | --help)
      usage "$0"
      exit
      ;;
    *) die 1 "unknown option $arg; there are --build, --test, --kafka and --browser" ;;
  esac
done

# shellcheck disable=SC2086
mapfile -t todo < <(missing $parts)
if ((${#todo[@]})); then
  have apt-get || die 2 "this needs a Debian or Ubuntu; install by hand what stands for: ${todo[*]}"
  ((EUID == 0)) || ! have sudo || sudo -v
  update
  install "${todo[@]}"
  # shellcheck disable=SC2086
  mapfile -t todo < <(missing $parts)
  ((${#todo[@]} == 0)) || die 2 "still missing after the installation: ${todo[*]}"
fi
if [[ $parts == *libcurl* ]] && ! curl_has_websocket; then
  need_curl_websocket
  curl_has_websocket || warn "this libcurl has no WebSocket: hark is built without the sources bluesky and nostr"
fi
