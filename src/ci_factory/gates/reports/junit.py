"""JUnit XML to test cases. The file is written by code that is judged: bounded, strict, totals never believed."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ci_factory.errors import ArtifactError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 30 * 1024 * 1024
MAX_CASES = 500_000
_MAX_DEPTH = 12
_MAX_TEXT = 2000
_TOTALS = ("failures", "errors", "skipped")

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed"]
_WORST_FIRST: tuple[Outcome, ...] = ("error", "failed", "skipped", "xfailed", "passed")
_BAD = {"failed", "error"}


@dataclass(frozen=True)
class JUnitCase:
    """One test case; `line` counts from 1 as pytest's own is corrected by the caller."""

    classname: str
    name: str
    file: str
    line: int | None
    outcome: Outcome
    message: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same test in another run."""
        return self.file, self.classname, self.name


def parse(data: bytes, *, subtests: bool = False) -> tuple[JUnitCase, ...]:
    """Test cases of a report, each once, in the order of the file. `subtests`: totals may count more than cases.

    Raises:
        ArtifactError: too large, not JUnit XML, hostile XML, totals that differ from the cases, or one test with
            two results that contradict each other.
    """
    suites = _suites(_root(data))
    cases: dict[tuple[str, str, str], JUnitCase] = {}
    for suite in suites:
        elements = suite.findall("testcase")
        _check_totals(suite, elements, subtests=subtests)
        for element in elements:
            case = _case(element)
            cases[case.key] = _merged(cases[case.key], case) if case.key in cases else case
    if len(cases) > MAX_CASES:
        raise ArtifactError(f"holds more than {MAX_CASES} test cases", where="JUnit report")
    return tuple(cases.values())


def _root(data: bytes) -> "Element":
    from defusedxml import DefusedXmlException
    from defusedxml import ElementTree as Safe

    if len(data) > MAX_BYTES:
        raise ArtifactError(f"is larger than {MAX_BYTES} bytes", where="JUnit report")
    try:
        root: Element = Safe.fromstring(data, forbid_dtd=True)
    except (Safe.ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise ArtifactError(f"is not plain XML: {type(error).__name__}", where="JUnit report") from error
    if root.tag not in {"testsuites", "testsuite"} or _deeper(root, _MAX_DEPTH):
        raise ArtifactError("is not a JUnit document", where="JUnit report")
    return root


def _deeper(root: "Element", limit: int) -> bool:
    level = [root]
    for _ in range(limit):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True


def _suites(root: "Element") -> list["Element"]:
    return [element for element in root.iter("testsuite") if element.find("testcase") is not None]


def _check_totals(suite: "Element", elements: list["Element"], *, subtests: bool) -> None:
    marks = Counter(child.tag for element in elements for child in element)
    counted = {"failures": marks["failure"], "errors": marks["error"], "skipped": marks["skipped"]}
    for name in _TOTALS:
        if _number(suite, name, counted[name]) != counted[name]:
            raise ArtifactError(
                f"says {suite.get(name)} {name}, but holds {counted[name]}", where="JUnit report"
            )
    distinct = len({_case(element).key for element in elements})
    said = _number(suite, "tests", len(elements))
    if not (distinct <= said and (subtests or said <= len(elements))):
        raise ArtifactError(f"says {said} tests, but holds {len(elements)}", where="JUnit report")


def _number(element: "Element", name: str, default: int) -> int:
    text = element.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_CASES))):
        raise ArtifactError(f"{name} is not a count", where="JUnit report")
    return int(text)


def _case(element: "Element") -> JUnitCase:
    outcome, message = _outcome(element)
    line = element.get("line", "")
    return JUnitCase(
        classname=element.get("classname", ""),
        name=element.get("name", ""),
        file=element.get("file", ""),
        line=int(line) if line.isascii() and line.isdigit() and len(line) < len(str(MAX_CASES)) + 2 else None,
        outcome=outcome,
        message=message[:_MAX_TEXT],
    )


def _outcome(element: "Element") -> tuple[Outcome, str]:
    for tag, outcome in (("error", "error"), ("failure", "failed"), ("skipped", "skipped")):
        mark = element.find(tag)
        if mark is not None:
            message = mark.get("message") or (mark.text or "").strip()
            if mark.get("type") == "pytest.xfail":
                return "xfailed", message
            return (
                "error" if outcome == "error" else "failed" if outcome == "failed" else "skipped"
            ), message
    return "passed", ""


def _merged(one: JUnitCase, other: JUnitCase) -> JUnitCase:
    """A test that fails and then fails to tear down has two entries; a pass beside anything else is a lie."""
    if one.outcome != other.outcome and not {one.outcome, other.outcome} <= _BAD:
        raise ArtifactError(
            f"{one.name[:100]!r} is both {one.outcome} and {other.outcome}", where="JUnit report"
        )
    return min(one, other, key=lambda case: _WORST_FIRST.index(case.outcome))
