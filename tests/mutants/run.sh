#!/usr/bin/env bash
# Plants one bug after the other in a copy of the sources and runs the test that must notice: tests that catch nothing are no tests.
#
# usage: tests/mutants/run.sh [FILTER...]
#   FILTER   only patches whose name has this in it
#
# Each tests/mutants/NN-NAME.patch says in its head what is wrong with it and, as `caught-by: KIND/FILE TEST`, which test must
# fail: unit/test_x names a function of tests/unit/test_x.c, integration/x one of tests/integration/x.py. A test that fails
# before any bug is planted, a patch that does not apply or does not compile, and a bug that is not caught end it with status 1.
# shellcheck source=../../deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"

case "${1:-}" in
  -h | --help)
    usage "$0"
    exit
    ;;
esac
own_settings_only
cd "$hark_root"
work=$(mktemp -d "${TMPDIR:-/tmp}/hark-mutants.XXXXXX")
kafka_own=
clean_up() {
  trap - EXIT
  [[ -z $kafka_own ]] || deploy/kafka/broker.sh down "$work/broker"
  rm -rf "$work"
}
trap 'status=$?; clean_up; exit $status' EXIT
trap 'exit 130' INT TERM

wanted() {
  local filter
  ((${#filters[@]})) || return 0
  for filter in "${filters[@]}"; do
    [[ $1 != *"$filter"* ]] || return 0
  done
  return 1
}
filters=("$@")
patches=()
for patch in tests/mutants/*.patch; do
  wanted "$patch" && patches+=("$hark_root/$patch")
done
((${#patches[@]})) || die 1 "no patch matches: $*"

# The copy: what git knows, as it stands in the working folder.
tree=$work/tree
mkdir "$tree"
git ls-files -z | tar --null -T - -c --ignore-failed-read 2>/dev/null | tar -x -C "$tree"
export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1
launcher=()
have ccache && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)

caught_by() { sed -n 's/^caught-by: //p' "$1"; }

# build TARGET: hark and what the test is in.
build() {
  local target=hark
  [[ $1 != unit/* ]] || target=${1#unit/}
  cmake --build "$tree/build/test" --target "$target" >"$work/build.log" 2>&1
}

# try FILE TEST: status 0 where the test passes.
try() {
  local file=$1 name=$2
  if [[ $file == unit/* ]]; then
    CMOCKA_TEST_FILTER=$name timeout 120 "$tree/build/test/tests/$file" >"$work/test.log" 2>&1
  else
    HARK_TEST_BUILD=$tree/build/test timeout 300 "$tree/tests/$file.py" "$name" >"$work/test.log" 2>&1 &&
      ! grep -q '^skip' "$work/test.log"
  fi
}

cmake -S "$tree" -B "$tree/build/test" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DHARK_WERROR=OFF -DHARK_TESTS=ON \
  -DHARK_CRASH_POINTS=ON "${launcher[@]}" >"$work/cmake.log" || die 3 "cmake failed, see $work/cmake.log"
for patch in "${patches[@]}"; do caught_by "$patch"; done | sort -u >"$work/tests"
if grep -q '^integration/' "$work/tests" && [[ -z ${HARK_TEST_KAFKA:-} ]]; then
  port=$(free_port)
  deploy/kafka/broker.sh up "$work/broker" "$port" "$(free_port)"
  kafka_own=yes
  export HARK_TEST_KAFKA=127.0.0.1:$port
fi

while read -r file name; do
  step "building ${file##*/}" build "$file" || {
    tail -n 20 "$work/build.log" >&2
    die 3 "the build failed"
  }
  try "$file" "$name" || {
    tail -n 20 "$work/test.log" >&2
    die 1 "$file $name fails before a bug is planted"
  }
done <"$work/tests"

caught=0
for patch in "${patches[@]}"; do
  read -r file name < <(caught_by "$patch")
  label=$(basename "$patch" .patch)
  [[ ! -t 2 ]] || printf '\r\e[K%s of %s  %s' "$caught" "${#patches[@]}" "$label" >&2
  if ! patch -d "$tree" -p1 -s <"$patch" >"$work/patch.log" 2>&1; then
    echo "not ok $label: the patch does not apply"
    die 1 "$(cat "$work/patch.log")"
  fi
  if ! build "$file"; then
    echo "not ok $label: does not compile"
  elif try "$file" "$name"; then
    echo "not ok $label: not caught by $file $name"
  else
    echo "ok $label: caught by $file $name"
    ((++caught))
  fi
  patch -d "$tree" -p1 -s -R <"$patch"
done
echo "$caught of ${#patches[@]} caught"
((caught == ${#patches[@]}))
