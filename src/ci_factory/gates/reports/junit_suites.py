"""The elements of JUnit XML, in the dialects of pytest, jest, node, gotestsum, surefire, phpunit and GoogleTest.

There is no standard. Dialects differ in what a suite's totals count, so a total is believed when it is one of the counts
that some dialect writes; when it is none, it is a lie, or the file is cut.
"""

from dataclasses import dataclass, field
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.limits import MAX_LINE_NUMBER, MAX_NAME_CHARS, MAX_TEXT_CHARS
from ci_factory.gates.reports.marks import Marks, digest
from ci_factory.gates.reports.model import Outcome, TestCase
from ci_factory.gates.reports.reading import digits
from ci_factory.gates.reports.xmlstream import Attributes, Elements

WORST_FIRST: tuple[Outcome, ...] = ("error", "failed", "skipped", "xfailed", "passed")
_NUMBERS = {outcome: number for number, outcome in enumerate(WORST_FIRST, 1)}
_BAD: frozenset[Outcome] = frozenset({"failed", "error"})
_SUITES = {"testsuites", "testsuite"}
_BAD_MARKS = frozenset({"failure", "error"})
_TOTALS = {"failure": "failures", "error": "errors", "skipped": "skipped"}
_OUTCOMES: dict[str, Outcome] = {"error": "error", "failure": "failed", "skipped": "skipped"}
"""Marks of a case, the worst first."""
_RERUNS = {"flakyFailure", "flakyError", "rerunFailure", "rerunError", "rerun"}
_WORDS = {
    **dict.fromkeys(("failed", "failure", "fail", "error", "broken"), "failure"),
    **dict.fromkeys(("notrun", "disabled", "skipped", "suppressed", "ignored"), "skipped"),
}
"""What a case's `status` or `result` means where a dialect writes no mark."""


_NODE = "test"
"""The class of every case that node writes; there, the suites around it tell equal names apart."""


@dataclass(slots=True)
class _Count:
    """How often something was seen in a suite: the ways in which dialects count."""

    own: int = 0
    """Cases directly in the suite."""
    inner: int = 0
    """Cases in the suites inside."""
    suites: int = 0
    """Suites directly inside that have some; node counts them like cases."""
    extra: int = 0
    """Elements beyond one for each case."""

    @property
    def cases(self) -> int:
        return self.own + self.inner

    def add_suite(self, other: "_Count") -> None:
        self.inner += other.cases
        self.extra += other.extra
        self.suites += bool(other.cases)

    def knows(self, said: int) -> bool:
        return said in {self.cases, self.cases + self.extra, self.own, self.own + self.suites}


@dataclass(slots=True)
class _Suite:
    said: Attributes
    tests: _Count = field(default_factory=_Count)
    marks: dict[str, _Count] = field(default_factory=lambda: {tag: _Count() for tag in _TOTALS})
    repeated: int = 0
    """Cases that have an entry already."""


class JUnitElements(Elements):
    """Collects test cases and checks the totals of every suite."""

    def __init__(self, stream: BinaryIO, *, subtests: bool) -> None:
        """`subtests`: totals may count more tests than there are cases."""
        super().__init__(stream)
        self._subtests = subtests
        self._suites: list[_Suite] = []
        self._found: list[tuple[TestCase, bool]] = []
        self._seen = Marks()
        self._case: Attributes | None = None
        self._marks: dict[str, int] = {}
        self._open, self._open_said = "", ""
        self._message, self._xfail, self._rerun = "", False, False

    def taken(self) -> list[tuple[TestCase, bool]]:
        """Cases since the last call, and whether each is a second entry of a test."""
        found, self._found = self._found, []
        return found

    def start(self, tag: str, attributes: Attributes) -> None:
        """Suites hold suites and cases; cases hold marks."""
        if tag == "testcase":
            if self._case is not None or not self._suites:
                raise ArtifactError("has a test case in a wrong place")
            self._case = attributes
        elif tag in _SUITES and self._case is None:
            self._suites.append(_Suite(attributes))
        elif self.depth == 1:
            raise ArtifactError(f"is not a JUnit document: it begins with <{tag[:40]}>")
        elif self._case is not None and tag in _OUTCOMES:
            self._start_mark(tag, attributes)
        elif self._case is not None and tag in _RERUNS:
            self._rerun = True
        elif self._case is None and tag in _BAD_MARKS:
            raise ArtifactError(f"has <{tag}> outside of every test case")

    def end(self, tag: str) -> None:
        """A case is judged when all of its marks are known, a suite when all of its cases are."""
        if tag == "testcase" and self._case is not None:
            self._end_case(self._case)
        elif tag == self._open:
            self._say(self._open, self._open_said or self.text().strip())
            self._open = ""
        elif tag in _SUITES and self._case is None:
            self._end_suite(self._suites.pop())

    def _start_mark(self, tag: str, attributes: Attributes) -> None:
        self._marks[tag] = self._marks.get(tag, 0) + 1
        self._open, self._open_said = tag, attributes.get("message", "")[:MAX_TEXT_CHARS]
        if attributes.get("type") == "pytest.xfail":
            self._xfail = True
        self.listen()

    def _say(self, tag: str, message: str) -> None:
        """The message of the worst mark is the case's."""
        if tag == next(each for each in _OUTCOMES if each in self._marks) and not self._message:
            self._message = message[:MAX_TEXT_CHARS]

    def _end_case(self, said: Attributes) -> None:
        suite = self._suites[-1]
        suite.tests.own += 1
        outcome: Outcome = "passed"
        if marks := self._marks or _told(said):
            outcome = next(word for tag, word in _OUTCOMES.items() if tag in marks)
            for tag, times in marks.items():
                suite.marks[tag].own += 1
                suite.marks[tag].extra += times - 1
        case = self._test_case(said, outcome)
        repeated = self._is_repeated(case)
        suite.repeated += repeated
        self._found.append((case, repeated))
        self._case = None
        if self._marks or self._rerun:
            self._marks, self._message, self._xfail, self._rerun = {}, "", False, False

    def _test_case(self, said: Attributes, outcome: Outcome) -> TestCase:
        name, classname, line = said.get("name", ""), said.get("classname", ""), said.get("line")
        if not name and not classname:
            raise ArtifactError("has a test without a name")
        if classname == _NODE:
            classname = " > ".join(suite.said.get("name", "") for suite in self._suites[1:]) or _NODE
        return TestCase(
            classname[:MAX_NAME_CHARS],
            name[:MAX_NAME_CHARS],
            said.get("file", "")[:MAX_NAME_CHARS],
            _line(line) if line else None,
            "xfailed" if self._xfail and outcome == "skipped" else outcome,
            self._message,
            self._rerun and outcome == "passed",
        )

    def _is_repeated(self, case: TestCase) -> bool:
        """A test that fails and then fails to tear down has two entries; a pass beside anything else is a lie."""
        before = self._seen.add(digest(case.file, case.classname, case.name), _NUMBERS[case.outcome])
        if not before:
            return False
        first = WORST_FIRST[before - 1]
        if first != case.outcome and not {first, case.outcome} <= _BAD:
            raise ArtifactError(f"{case.name[:100]!r} is both {first} and {case.outcome}")
        return True

    def _end_suite(self, suite: _Suite) -> None:
        for tag, name in _TOTALS.items():
            said, count = suite.said.get(name), suite.marks[tag]
            if said is not None and not count.knows(digits(said, name)):
                raise ArtifactError(f"says {said} {name}, but holds {count.cases}")
        said = suite.said.get("tests")
        if said is not None and not self._tests_agree(digits(said, "tests"), suite):
            raise ArtifactError(f"says {said} tests, but holds {suite.tests.cases}")
        if self._suites:
            outer = self._suites[-1]
            outer.tests.add_suite(suite.tests)
            outer.repeated += suite.repeated
            for tag, count in outer.marks.items():
                count.add_suite(suite.marks[tag])

    def _tests_agree(self, said: int, suite: _Suite) -> bool:
        fewest = suite.tests.cases - suite.repeated
        return (
            fewest <= said <= suite.tests.cases
            or suite.tests.knows(said)
            or (self._subtests and said >= fewest)
        )


def _told(said: Attributes) -> dict[str, int]:
    """A mark that a dialect writes as a word; totals may count it, or not."""
    word = said.get("status") or said.get("result")
    mark = _WORDS.get(word.lower()) if word else None
    return {mark: 0} if mark else {}


def _line(text: str) -> int | None:
    """A line that can be; some dialects write something else here, which harms nothing."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LINE_NUMBER))):
        return None
    return int(text)
