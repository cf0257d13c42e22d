# Finds the first enabled `deb` entry for a suite in an apt source file and prints it as it stands, with the suite replaced by
# another and nothing else changed: address, key and options are the user's. Variables: suite, new. Status 1 where there is none.
#
# *.sources files hold stanzas of fields (of any case, going on in indented lines, as an inline key does) parted by empty lines;
# other files hold one entry a line:  deb [options] address suite component...

function field_is(line, name) { return tolower(line) ~ "^" name "[ \t]*:" }
function value_of(line) { sub(/^[^:]*:[ \t]*/, "", line); gsub(/[ \t]+/, " ", line); return " " line " " }

function finish(   i) {
  if (has_deb && has_suite && !disabled) {
    for (i = 1; i <= n; i++) print stanza[i]
    found = 1
    exit
  }
  n = has_deb = has_suite = disabled = 0
}

FILENAME !~ /\.sources$/ {
  if ($1 != "deb") next
  at = 2
  if ($2 ~ /^\[/) {
    while ($at !~ /\]$/ && at < NF) at++
    at++
  }
  if ($(at + 1) != suite) next
  $(at + 1) = new
  print
  found = 1
  exit
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
