#!/usr/bin/python3
"""Runs the examples of README.md: what a ```console block shows is what a reader must see.

In such a block a line `$ COMMAND` is run (`> ` lines go on with it); the lines after it are what it must print, standard output
and error together. `…` in a line stands for any text, a line that is `…` alone for any lines. All blocks run in order in one
shell, in a folder that holds a copy of rules/ and deploy/, with `hark` on the PATH.
"""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from harklib import HARK, ROOT, WORK, environment, main, test  # noqa: E402

END = "--- end of example "


def examples(text):
    """(line number, command, expected lines) of each command."""
    found, block, command = [], False, None  # command: None before the first of a block, then whether its lines may go on
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            block, command = line == "```console", None
        elif block and line.startswith("$ "):
            found.append((number, [line[2:]], []))
            command = True
        elif block and command and (line.startswith("> ") or found[-1][1][-1].endswith("\\")):
            found[-1][1].append(line.removeprefix("> "))
        elif block and command is not None:
            found[-1][2].append(line)
            command = False
    return [(number, "\n".join(command), expected) for number, command, expected in found]


def pattern(expected):
    """The regular expression that the whole output must match."""
    lines = ["(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n" for line in expected]
    return re.compile("".join(lines))


class Shell:
    def __init__(self):
        folder = WORK / "reader"
        for name in ("rules", "deploy"):
            shutil.copytree(ROOT / name, folder / name)
        (WORK / "bin").mkdir()
        (WORK / "bin/hark").symlink_to(HARK)
        env = environment(HOME=str(folder), PATH=f"{WORK}/bin:{os.environ['PATH']}")
        self.bash = subprocess.Popen(["bash", "--norc", "--noprofile"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, cwd=folder, env=env)

    def run(self, command):
        self.bash.stdin.write(f"{{ {command}\n}} </dev/null\necho '{END}'\n")
        self.bash.stdin.flush()
        output = ""
        for line in self.bash.stdout:
            output += line
            if line.endswith(END + "\n"):
                return output[: -len(END) - 1]
        raise AssertionError(f"the shell ended in: {command}\n{output}")


def show(lines):
    return "".join(f"  | {line}\n" for line in lines)


@test
def patterns():
    """This file's own rules: … within a line, … as lines, and nothing else is lenient."""
    found = examples("```console\n$ a \\\nb\nx\n$ c\n> d\n…\nend\n```\n$ no\n```sh\n$ no\n```\n")
    assert found == [(2, "a \\\nb", ["x"]), (5, "c\nd", ["…", "end"])], found
    for expected, output, fits in [(["a … c"], "a b c\n", True), (["a … c"], "a\nc\n", False), (["…", "z"], "x\ny\nz\n", True),
                                   (["…", "z"], "z\n", True), (["a"], "a\nb\n", False), (["a.c"], "abc\n", False), ([], "x\n", False)]:
        assert bool(pattern(expected).fullmatch(output)) == fits, (expected, output)


def readme_test(shell, number, command, expected):
    def run():
        output = shell.run(command)
        if output and not output.endswith("\n"):
            output += "\n"
        if not pattern(expected).fullmatch(output):
            print(f"README.md:{number}: $ {command}\nexpected:\n{show(expected)}printed:\n{show(output.splitlines())}", end="")
            raise AssertionError("prints something else than README.md says")

    run.__name__ = f"README.md:{number}: {command.splitlines()[0]}"
    return test(run)


@test
def readme_has_examples():
    assert found, "README.md has no ```console block"


readme = ROOT / "README.md"
found = examples(readme.read_text()) if readme.exists() else []
reader = Shell()
for example in found:
    readme_test(reader, *example)
main()
