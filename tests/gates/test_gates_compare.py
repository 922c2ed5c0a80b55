"""Findings and tests of two sides, judged against each other."""

from hypothesis import given
from hypothesis import strategies as st

from ci_factory.gates.change import safe_name
from ci_factory.gates.findings import Observation, clean, fingerprints
from ci_factory.gates.testing import compare
from ci_factory.gates.testing.newlines import ranges
from ci_factory.gates.testing.suite import Case, Outcome, Suite
from ci_factory.model.gate import Region, Severity

LINES = st.lists(st.integers(1, 50), min_size=1, max_size=8, unique=True)


def seen(line: int, snippet: str = "x = eval(y)", rule: str = "r") -> Observation:
    region = Region(line=line)
    return Observation(
        rule=rule, severity=Severity.HIGH, message="m", path="a.py", region=region, snippet=snippet
    )


def case(name: str, outcome: Outcome = "passed", file: str = "tests/test_a.py") -> Case:
    return Case(file=file, name=name, line=1, outcome=outcome, message="why")


def suite(*cases: Case) -> Suite:
    return Suite(cases=cases)


@given(LINES, st.integers(0, 100))
def test_fingerprints_survive_moved_and_reindented_lines(lines: list[int], shift: int) -> None:
    """Equal findings are told apart by how many there are, not by where they stand."""
    before = {mark for mark, _ in fingerprints(seen(line) for line in lines)}
    after = {
        mark for mark, _ in fingerprints(seen(line + shift, "  x =  eval(y)") for line in reversed(lines))
    }
    assert before == after
    assert len(before) == len(lines)


@given(LINES)
def test_one_more_of_the_same_is_new(lines: list[int]) -> None:
    """Copying an old finding brings exactly one new fingerprint."""
    before = {mark for mark, _ in fingerprints(seen(line) for line in lines)}
    after = {mark for mark, _ in fingerprints(seen(line) for line in [*lines, 60])}
    assert len(after - before) == 1
    assert before <= after


def test_expected_failures_and_skips_are_lost_tests() -> None:
    """What ran on the base must run on the head; what was skipped before may stay so."""
    base = suite(case("a"), case("b"), case("c", "skipped"), case("d", "failed"))
    head = suite(case("a", "xfailed"), case("b", "skipped"), case("c", "skipped"))
    assert [remark.text.split(":")[0] for remark in compare.lost(base, head, {})] == [
        "existing test a is now expected to fail",
        "existing test b is now skipped",
        "existing test d is gone",
    ]


def test_a_moved_test_file_loses_nothing() -> None:
    """Renames are followed."""
    head = suite(case("a", file="tests/unit/test_a.py"))
    assert compare.lost(suite(case("a")), head, {"tests/test_a.py": "tests/unit/test_a.py"}) == []
    assert len(compare.lost(suite(case("a")), head, {})) == 1


def test_failures_say_what_the_base_says() -> None:
    """New, old and already broken tests are told apart."""
    base = suite(case("old"), case("broken", "failed"))
    head = suite(case("old", "failed"), case("broken", "failed"), case("new", "error"))
    assert [remark.text for remark in compare.failures(base, head, {})] == [
        "old fails (passed on the base): why",
        "broken fails (failed on the base already): why",
        "new fails (new test): why",
    ]
    assert "could not be measured" in compare.failures(None, head, {})[0].text


def test_a_test_is_weakened_when_its_old_version_fails_on_the_new_code() -> None:
    """Old versions that pass, failed before, or fail in the new version too are not reported."""
    base = suite(case("a"), case("b"), case("c", "failed"), case("d"), case("e"))
    head = suite(case("a"), case("b"), case("c"), case("d", "failed"), case("e"))
    again = suite(case("a"), case("b", "failed"), case("c", "failed"), case("d", "failed"))
    assert [remark.case.name for remark in compare.weakened(base, again, head, {}, None)] == ["b", "e"]


@given(st.sets(st.integers(1, 40)))
def test_ranges_name_every_line_once(lines: set[int]) -> None:
    """The short form says the same as the list."""
    named: list[int] = []
    for part in ranges(sorted(lines)).split(", ") if lines else []:
        first, _, last = part.partition("-")
        named += range(int(first), int(last or first) + 1)
    assert named == sorted(lines)


@given(st.text())
def test_cleaned_text_is_one_bounded_line(text: str) -> None:
    """No tool can draw on a terminal or break a table."""
    said = clean(text)
    assert len(said) <= 501
    assert not any(sign in said for sign in "\n\r\x1b\u2028\u202e")


@given(st.text(min_size=1))
def test_safe_names_hold_no_control_character_and_no_option(name: str) -> None:
    """What a tool is given can't be an option or a second line."""
    if safe_name(name):
        assert name.isprintable()
        assert not name.startswith("-")


def test_addresses_do_not_make_two_runs_differ() -> None:
    """The same failure gives the same words in every run."""
    assert clean("where <f at 0x7f5494e9e2a0>") == clean("where <f at 0x7f0000000010>") == "where <f at 0x…>"
