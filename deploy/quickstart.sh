#!/usr/bin/env bash
# Shows hark at work on this machine: installs the packages it needs, builds it, runs the rules of rules/ over the sample posts
# and prints what was counted. Needs Debian 12 or 13 or Ubuntu 24.04; touches nothing outside build/ and its state folder.
#
# usage: deploy/quickstart.sh [--once]
#   --once   ends after the table; otherwise, in a terminal, it stays: a page to look at fills from the sample, six hours in three
#            minutes, and then with the posts that are pasted into the terminal
#
# The table goes to standard output, everything else to standard error. A second start installs nothing, builds nothing and
# counts no post twice: what was counted is kept in ${XDG_STATE_HOME:-~/.local/state}/hark/quickstart; remove it to start anew.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The page has counters of its own, which begin at 0 each time.
serve_live() {
  local listen=127.0.0.1:8686
  ! port_open 8686 || listen=127.0.0.1:0
  rm -rf "$live"
  trap 'proc_stop "$live" serve' EXIT
  trap 'exit 130' INT TERM HUP # Ctrl-C ends hark in good order; then it is our turn
  proc_start "$live" serve "$hark_root/build/release/hark" serve --config /dev/null --rules rules --state "$live" --listen "$listen"
  proc_ready "$live" serve 30 grep -q '^http://' "$live/serve.log" || die 2 "hark serve did not start"
  page=$(grep -m 1 '^http://' "$live/serve.log")
}

stay() {
  local page
  serve_live
  say ""
  say "${bold}Open $page in a browser.${plain} It fills with the sample's six hours in three minutes; Ctrl-C ends it."
  run_hark run --rules rules --state "$live" --speed 120x --log-level error "file:$posts"
  say "${bold}The sample is through; the page stays at $page${plain} and this terminal takes posts: paste one, then press Enter. For example:"
  say '{"schema":"hark.post/1","id":"my-1","source":"bluesky","op":"create","time":"'"$(date -u +%FT%TZ)"'","text":"I really want the new #Quillon"}'
  run_hark run --rules rules --state "$live" --emit matches file:-
}

where_next() {
  cat >&2 <<END

${bold}Where to look next${plain}
  build/release/hark report --state $state       this table again
  build/release/hark serve --rules rules --state $state
                                                 a page to look at, at http://127.0.0.1:8686/
  build/release/hark explain --rules rules --text 'I really want the new #Quillon'
                                                 why a post hits, or why it does not
  rules/                                         the brands and phrases behind the numbers; after a change
                                                 remove $state and start this again
  deploy/stack.sh demo                           the same job over Kafka, as it runs in production
  README.md                                      the rest
END
}

stays=''
[[ -t 0 && -t 1 ]] && stays=yes
case "$*" in
  '') ;;
  --once) stays='' ;;
  -h | --help)
    usage "$0"
    exit
    ;;
  *) die 1 "unknown option $*; there is --once" ;;
esac

own_settings_only
cd "$hark_root"
state=$hark_state/quickstart live=$hark_state/quickstart-live

"$hark_root/deploy/packages.sh" --build
build_hark release
posts=$(sample_posts "$state")
say "${bold}hark run --rules rules --state $state file:$posts$plain"
run_hark run --rules rules --state "$state" "file:$posts"
run_hark report --state "$state"
where_next
[[ -z $stays ]] || stay
