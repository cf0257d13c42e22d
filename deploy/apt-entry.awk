# Finds the first enabled `deb` stanza for a suite in a deb822 .sources file and prints "sources", then the stanza with the
# suite replaced. Variables: suite, new. Status 1 where there is none.
# Fields are of any case and may go on in indented lines (an inline key does).

function field_is(line, name) { return tolower(line) ~ "^" name "[ \t]*:" }
function value_of(line) { sub(/^[^:]*:[ \t]*/, "", line); return " " line " " }

function finish(   i, out) {
  if (has_deb && has_suite && !disabled) {
    print "sources"
    for (i = 1; i <= n; i++) print stanza[i]
    found = 1
    exit
  }
  n = has_deb = has_suite = disabled = 0
}

/^#/ { next }
/^[ \t]*$/ { finish(); next }
{
  if (field_is($0, "types")) { has_deb = value_of($0) ~ / deb /; $0 = "Types: deb" }
  if (field_is($0, "enabled")) disabled = tolower(value_of($0)) ~ / (no|false|off|0) /
  if (field_is($0, "suites")) { has_suite = index(value_of($0), " " suite " ") > 0; $0 = "Suites: " new }
  stanza[++n] = $0
}
END { if (!found) finish(); exit !found }
