#!/usr/bin/env bash
# Installs what is missing, builds (preset test) and runs every test; one line a test, then `N passed, N failed, N skipped`.
#
# usage: tests/run.sh [--quick] [FILTER...]
#   --quick   installs nothing and leaves the integration and browser tests out
#   FILTER    only test files whose KIND/NAME has this in it, such as unit/test_text, cli, integration/stack
#
# Kinds: lint (our shell scripts), rules (the shipped rules' own tests), unit (cmocka, tests/unit), cli (tests/cli),
# integration (tests/integration, on one real Kafka broker for all), browser (tests/browser, the page in Chromium). Status 1 if a test fails. With CI or HARK_CI set, a test
# that is skipped for want of Kafka or Redis fails.
# shellcheck source=../deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../deploy/lib.sh"

passed=0 failed=0 skipped=0 without=()
limit=600 # seconds for one test file; the longest needs a tenth of it

wanted() {
  local filter
  ((${#filters[@]})) || return 0
  for filter in "${filters[@]}"; do
    [[ $1 != *"$filter"* ]] || return 0
  done
  return 1
}

# result FILE LINE: counts and prints one line of a test.
result() {
  local file=$1 line=$2
  if [[ $strict && $line == skip\ *": no "@(Kafka|Redis)* ]]; then
    line="not ok ${line#skip }"
  fi
  case $line in
    'ok '*) ((++passed)) && echo "${green}ok${plain}     $file: ${line#ok }" ;;
    'skip '*)
      ((++skipped)) && echo "${yellow}skip${plain}   $file: ${line#skip }"
      [[ $line != *': no Kafka'* ]] || without+=("$file")
      ;;
    'not ok '*) ((++failed)) && echo "${red}not ok${plain} $file: ${line#not ok }" ;;
  esac
}

# run_file NAME FILTER-COMMAND COMMAND...: runs a test file, whose output the filter makes into ok, not ok and skip lines. One that
# ends badly without having said so, or that says nothing, fails. The output of what fails is shown.
run_file() {
  local name=$1 filter=$2 status=0 before=$failed any='' line
  shift 2
  wanted "$name" || return 0
  timeout --foreground -k 30 "$limit" "$@" >"$work/out" 2>&1 </dev/null || status=$?
  while IFS= read -r line; do
    result "$name" "$line"
    any=yes
  done < <("$filter" <"$work/out")
  if ((status != 0 && failed == before)); then
    result "$name" "not ok ended with status $status"
  elif [[ -z $any ]]; then
    result "$name" "not ok ran no test"
  fi
  ((failed == before)) || sed 's/^/    /' "$work/out"
}

plain_lines() { grep -E '^(ok|not ok|skip) ' || true; }

# cmocka's TAP, of which the word before "# SKIP" differs between versions. A test's last word before it skips says why.
cmocka_lines() {
  awk '/^(not )?ok [0-9]+ # SKIP / { sub(/^.*# SKIP /, ""); print "skip " $0 ": " (said ? said : "it does not say why"); said = ""; next }
       /^ok [0-9]+ - /      { sub(/^ok [0-9]+ - /, ""); print "ok " $0; said = ""; next }
       /^not ok [0-9]+ - /  { sub(/^not ok [0-9]+ - /, ""); print "not ok " $0 ": see below"; said = ""; next }
       /^1\.\.[0-9]/        { next }
       { said = $0; sub(/^# /, "", said) }'
}

# one NAME LABEL COMMAND...: a command that is one test.
one() {
  local name=$1 label=$2
  shift 2
  # shellcheck disable=SC2016
  run_file "$name" plain_lines bash -c 'label=$1; shift; "$@" || exit; echo "ok $label"' one "$label" "$@"
}

run_lint() {
  local -a scripts
  mapfile -t scripts < <(cd "$hark_root" && find deploy tests -name '*.sh' -not -path '*/data/*' | sort)
  if have shellcheck; then
    one lint/shell "shellcheck on ${#scripts[@]} scripts" shellcheck -x -S info "${scripts[@]}" .ci/run
  else
    result lint/shell "skip shellcheck: not installed"
  fi
}

run_rules() {
  one rules/check "hark check rules" "$build/hark" check rules
  one rules/test "hark test rules" "$build/hark" test rules
}

# run_cmocka KIND
run_cmocka() {
  local test
  for test in "$build/tests/$1"/test_*; do
    [[ ! -f $test || ! -x $test ]] || CMOCKA_MESSAGE_OUTPUT=TAP run_file "$1/$(basename "$test")" cmocka_lines "$test"
  done
}

# run_scripts KIND
run_scripts() {
  local test
  for test in tests/"$1"/*.sh tests/"$1"/*.py; do
    [[ ! -f $test || ! -x $test ]] || run_file "$1/$(basename "$test")" plain_lines "$test"
  done
}

any_wanted() {
  local test
  for test in tests/"$1"/*.sh tests/"$1"/*.py "$build/tests/$1"/test_*; do
    [[ ! -f $test || ! -x $test ]] || ! wanted "$1/$(basename "$test")" || return 0
  done
  return 1
}

start_kafka() {
  local port
  port=$(free_port)
  if "$hark_root/deploy/kafka/broker.sh" fetch && "$hark_root/deploy/kafka/broker.sh" up "$work/broker" "$port" "$(free_port)"; then
    export HARK_TEST_KAFKA=127.0.0.1:$port
  else
    export HARK_TEST_NO_KAFKA="it could not be fetched or started, see above"
  fi
}

clean_up() {
  trap - EXIT
  "$hark_root/deploy/kafka/broker.sh" down "$work/broker"
  rm -rf "$work"
}

quick='' filters=()
for arg in "$@"; do
  case $arg in
    --quick) quick=yes ;;
    -h | --help)
      usage "$0"
      exit
      ;;
    -*) die 1 "unknown option $arg; there is --quick" ;;
    *) filters+=("$arg") ;;
  esac
done
strict=${HARK_CI:-${CI:-}}
build=$hark_root/build/test

own_settings_only
cd "$hark_root"
work=$(mktemp -d "${TMPDIR:-/tmp}/hark-tests.XXXXXX")
trap 'status=$?; clean_up; exit $status' EXIT
trap 'exit 130' INT TERM
if [[ -z $quick ]]; then
  export HARK_TEST_INSTALL=yes # what tests need of PyPI; deploy/packages.sh does the rest
  deploy/packages.sh --build --test --kafka || [[ -z $strict ]] || die 2 "not all packages can be had"
fi
options=()
have ccache && options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
[[ -z $strict ]] || options+=(-DHARK_WERROR=ON) # a compiler of next year may warn of more
build_hark test "${options[@]}"

run_lint
run_rules
run_cmocka unit
run_scripts cli
if [[ -z $quick ]] && any_wanted integration; then
  start_kafka
  run_cmocka integration
  run_scripts integration
fi
if [[ -z $quick ]] && any_wanted browser; then
  deploy/packages.sh --browser || warn "no browser: its tests are skipped"
  run_scripts browser
fi

((passed + failed + skipped)) || die 1 "no test matches: ${filters[*]}"
if ((${#without[@]})); then
  echo "skipped for want of Kafka: ${#without[@]} ($(printf '%s\n' "${without[@]}" | sort -u | paste -sd ' '))"
fi
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
