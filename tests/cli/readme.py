#!/usr/bin/python3
"""Runs the examples of README.md and docs/: what a ```console block shows is what a reader must see, and the rules in a ```yaml
block are good.

In such a block a line `$ COMMAND` is run (`> ` lines go on with it); the lines after it are what it must print, standard output
and error together. `…` in a line stands for any text, a line that is `…` alone for any lines. All blocks run in order in one
shell for each document, in a folder that holds a copy of rules/ and deploy/, with `hark` on the PATH. A ```yaml block that begins
with `# FOLDER/FILE.yaml` is that file, written there before what follows is run; one with a brand and no such line stands for itself and
must pass `hark check` and `hark test`.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from harklib import HARK, ROOT, WORK, environment, hark, main, test  # noqa: E402

END = "--- end of example "


def examples(text):
    """(line number, command, expected lines) of each command; (line number, None, lines) of each block of YAML."""
    found, block, command = [], None, None  # command: None before the first of a block, then whether its lines may go on
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            block, command = line[3:] if block is None else None, None
            if block == "yaml":
                found.append((number, None, []))
        elif block == "yaml":
            found[-1][2].append(line)
        elif block == "console" and line.startswith("$ "):
            found.append((number, [line[2:]], []))
            command = True
        elif block == "console" and command and (line.startswith("> ") or found[-1][1][-1].endswith("\\")):
            found[-1][1].append(line.removeprefix("> "))
        elif block == "console" and command is not None:
            found[-1][2].append(line)
            command = False
    return [(number, command and "\n".join(command), lines) for number, command, lines in found]


def pattern(expected):
    """The regular expression that the whole output must match."""
    lines = ["(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n" for line in expected]
    return re.compile("".join(lines))


class Shell:
    def __init__(self, name):
        self.folder = folder = WORK / "readers" / name
        for name in ("rules", "deploy"):
            shutil.copytree(ROOT / name, folder / name)
        (WORK / "bin").mkdir(exist_ok=True)
        if not (WORK / "bin/hark").exists():
            (WORK / "bin/hark").symlink_to(HARK.resolve())
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


def console_test(document, shell, number, command, expected):
    def run():
        output = shell.run(command)
        if output and not output.endswith("\n"):
            output += "\n"
        if not pattern(expected).fullmatch(output):
            print(f"{document}:{number}: $ {command}\nexpected:\n{show(expected)}printed:\n{show(output.splitlines())}", end="")
            raise AssertionError(f"prints something else than {document} says")

    run.__name__ = f"{document}:{number}: {command.splitlines()[0]}"
    return test(run)


def yaml_test(document, shell, number, lines):
    def run():
        text = "\n".join(lines) + "\n"
        named = re.fullmatch(r"# (\S+/\S+\.yaml)", lines[0])
        if named:
            (shell.folder / named[1]).write_text(text)
            return
        folder = WORK / f"yaml-{number}-{pathlib.Path(document).stem}"
        shutil.copytree(ROOT / "rules/intents", folder / "intents")
        (folder / "example.yaml").write_text(text)
        hark("check", folder)
        hark("test", folder)

    run.__name__ = f"{document}:{number}: rules"
    return test(run)


@test
def documents_have_examples():
    for name in ("README.md", "docs/rules.md", "docs/query.md"):
        assert found.get(name), f"{name} has no example"


found = {}
for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
    document = str(path.relative_to(ROOT))
    found[document] = examples(path.read_text())
    reader = Shell(path.stem) if found[document] else None
    for line_number, text_of_command, lines_of_example in found[document]:
        if text_of_command:
            console_test(document, reader, line_number, text_of_command, lines_of_example)
        elif any(line.startswith("brand:") for line in lines_of_example) or lines_of_example[0].startswith("# mine/"):
            yaml_test(document, reader, line_number, lines_of_example)
main()
