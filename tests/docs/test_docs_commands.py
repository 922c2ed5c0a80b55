"""The command lines in our documents are ones that the command line takes."""

import re
import shlex

import pytest

from tests.docs import commands, reading

OTHERS = {
    "--help",
    "--version",
    "--no-verify",  # git
    "--force-with-lease",  # git
}
"""Options that a page speaks of and that are another program's, or everybody's."""


def typed() -> list[reading.Line]:
    """Every line of ours that a reader could copy."""
    blocks = [block for document in reading.documents() for block in document.blocks]
    return [line for block in blocks for line in reading.shell_lines(block) if "ci-factory " in line.text]


def own_words(line: reading.Line) -> list[str]:
    """What stands behind `ci-factory`; nothing when it is an argument of another program."""
    words = line.words()
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    return words[1:] if words and words[0] == "ci-factory" else []


def test_lines_are_found() -> None:
    """The reader of documents sees what is in them: prompts, comments and variables in front."""
    block = reading.Block(
        "x.md", 1, "console", "$ A=b ci-factory mr show 1 --diff  # the change\nan answer\n"
    )
    (line,) = reading.shell_lines(block)
    assert own_words(line) == ["mr", "show", "1", "--diff"]
    assert len(typed()) > 60


@pytest.mark.parametrize("words", ["plna", "mr shwo", "run --tickts x", "mr show one", "work"])
def test_wrong_lines_would_be_found(words: str) -> None:
    """A command, an option or a value that does not exist is refused, and so is one too few."""
    assert commands.refused(words.split()) != ""


@pytest.mark.parametrize("line", typed(), ids=lambda each: each.name)
def test_every_line_is_a_call_that_the_command_line_takes(line: reading.Line) -> None:
    """Commands, options and kinds of values are as they are, in every fenced block."""
    words = own_words(line)
    assert not words or commands.refused(words) == ""


@pytest.mark.parametrize("document", reading.documents(), ids=lambda each: each.name)
def test_commands_and_options_in_sentences_exist(document: reading.Document) -> None:
    """What a sentence calls `ci-factory x --y` is a command with that option."""
    wrong = []
    for code in document.code:
        words = shlex.split(code) if code.startswith("ci-factory ") and code.count("'") != 1 else []
        command = commands.find(words[1:]) if words else None
        named = {word.strip("[]").partition("=")[0] for word in words if word.strip("[").startswith("--")}
        if words and (command is None or named - commands.options(command) - OTHERS):
            wrong.append(code)
    assert wrong == []


@pytest.mark.parametrize("path", [path for path, _ in commands.walk()], ids=" ".join)
def test_every_example_in_a_help_text_is_a_call_of_that_command(path: tuple[str, ...]) -> None:
    """The example that `--help` shows is a call of the command that it stands at."""
    command = commands.find(path)
    assert command is not None
    shown = re.sub(r'eval "\$\((.*?)\)"', r"\1", (command.epilog or "").replace("\b", ""))
    lines = re.findall(r"ci-factory [^|\n]+?(?=\s*\||\n|\s{3,}| > |$)", shown)
    assert lines
    for line in lines:
        words = shlex.split(line)[1:]
        assert tuple(words[: len(path)]) == path, line
        assert commands.refused(words) == "", line
