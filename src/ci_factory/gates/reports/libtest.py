"""What Rust's test harness prints (`cargo test`): blocks from `running N tests` to `test result:`, one for each binary."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.limits import MAX_NAME_CHARS, MAX_TEXT_CHARS
from ci_factory.gates.reports.lines import lines
from ci_factory.gates.reports.model import Outcome, TestCase

_START = re.compile(r"running (\d{1,9}) tests?")
_TEST = re.compile(
    r"test (?P<name>\S.*?)(?: - should panic)? \.\.\. (?P<word>ok|FAILED|ignored|bench:)(?:, (?P<why>.*))?\b.*"
)
_END = re.compile(
    r"test result: (?:ok|FAILED)\. (\d{1,9}) passed; (\d{1,9}) failed; (\d{1,9}) ignored; (\d{1,9}) measured; .*"
)
_SECTION = re.compile(r"---- (\S.*) (?:stdout|stderr) ----")
_DOC_TEST = re.compile(r"(?P<file>\S+\.rs) - (?P<item>.*?)\s*\(line (?P<line>\d{1,8})\)(?P<rest>.*)")
_OUTCOMES: dict[str, Outcome] = {"ok": "passed", "bench:": "passed", "FAILED": "failed", "ignored": "skipped"}


def read(stream: BinaryIO) -> Iterator[TestCase]:
    """Tests of every binary; one name in several binaries is told apart by a number.

    Raises:
        ArtifactError: a block does not end, or its tests are not those that it counts.
    """
    block: _Block | None = None
    names: Counter[str] = Counter()
    blocks = 0
    for line in lines(stream):
        if block is None:
            if start := _START.fullmatch(line.rstrip()):
                block, blocks = _Block(int(start[1])), blocks + 1
        elif end := _END.fullmatch(line):
            block.check([int(number) for number in end.groups()])
            yield from block.cases(names)
            block = None
        else:
            block.take(line)
    if block is not None:
        raise ArtifactError(
            "ends in the middle of a test binary", fix="look whether a test ended the process"
        )
    if not blocks:
        raise ArtifactError("holds no test binary", fix="look whether the tests compile")


class _Block:
    """One binary's tests."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._found: list[tuple[str, Outcome, str]] = []
        self._said: dict[str, str] = {}
        self._section: str | None = None
        self._listed = False
        """Whether the list of tests is over."""

    def take(self, line: str) -> None:
        """One line of it."""
        if line == "failures:":
            self._listed, self._section = True, None
        elif not self._listed:
            if test := _TEST.fullmatch(line):
                why = (test["why"] or "")[:MAX_TEXT_CHARS]
                self._found.append((test["name"][:MAX_NAME_CHARS], _OUTCOMES[test["word"]], why))
        elif section := _SECTION.fullmatch(line):
            self._section = section[1][:MAX_NAME_CHARS]
        elif self._section is not None and line.strip():
            text = f"{self._said.get(self._section, '')}\n{line}".strip()
            self._said[self._section] = text[:MAX_TEXT_CHARS]

    def check(self, numbers: list[int]) -> None:
        """Compare with what the end says.

        Raises:
            ArtifactError: a test is missing, or something else printed lines like those of tests.
        """
        words = Counter(outcome for _, outcome, _ in self._found)
        passed, failed, ignored, measured = numbers
        counted = [passed + measured, failed, ignored]
        if len(self._found) != self._total or counted != [words["passed"], words["failed"], words["skipped"]]:
            raise ArtifactError("lists other tests than it counts", fix="run the tests without --nocapture")

    def cases(self, names: Counter[str]) -> Iterator[TestCase]:
        """Its tests; `names` are those of the binaries before it."""
        for name, outcome, why in self._found:
            message = self._said.get(name, why)
            doc = _DOC_TEST.fullmatch(name)
            plain = f"{doc['item']}{doc['rest']}".strip() if doc else name
            file, line = (doc["file"], int(doc["line"])) if doc else ("", None)
            names[f"{file} {plain}"] += 1
            again = names[f"{file} {plain}"]
            label = plain if again == 1 else f"{plain} #{again}"
            yield TestCase("doctest" if doc else "", label, file, line, outcome, message)
