"""`ci-factory score --reports`: report files of other jobs, judged."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ci_factory.cli import main

DATA = Path(__file__).parents[1] / "data" / "reports"
PASSING = (
    '<testsuites><testsuite name="pytest" tests="2"><testcase classname="tests.test_a" name="test_a"/>'
    '<testcase classname="tests.test_a" name="test_b"/></testsuite></testsuites>'
)
FAILING = PASSING.replace('name="test_b"/>', 'name="test_b"><failure message="assert 0"/></testcase>')


@dataclass(frozen=True)
class Scored:
    """What a run left."""

    code: int
    score: dict[str, Any]
    gates: dict[str, dict[str, Any]]
    bytes: tuple[bytes, bytes]

    def status(self, gate: str) -> str:
        return str(self.gates[gate]["status"])

    def new(self, gate: str) -> list[tuple[str, int | None]]:
        found = [each for each in self.gates[gate]["findings"] if each["is_new"]]
        return [(each["path"], (each["region"] or {}).get("line")) for each in found]


Score = Callable[..., Scored]


@pytest.fixture
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Score:
    """Run the command in a folder of its own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)

    def run(*args: str) -> Scored:
        out = tmp_path / "out"
        code = main.run(["score", *args, "--out", str(out)])
        report, result = (out / "gate.json").read_bytes(), (out / "score.json").read_bytes()
        gates = {each["gate"]: each for each in json.loads(report)["gates"]}
        return Scored(code, json.loads(result), gates, (report, result))

    return run


def put(name: str, content: str | bytes | object) -> str:
    """A file in the current folder; its name."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return name


def sarif(
    *results: tuple[str, str, int], tool: str = "scanner", tags: Sequence[str] = ("security",), **more: object
) -> object:
    """A SARIF document of (level, path, line)."""
    rows = [
        {
            "ruleId": "R1",
            "level": level,
            "message": {"text": f"{level} thing"},
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": line}}}
            ],
            **more,
        }
        for level, path, line in results
    ]
    driver = {"name": tool, "rules": [{"id": "R1", "properties": {"tags": list(tags)}}]}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": rows}]}


def ruff(*places: tuple[str, int], text: str = "unused") -> object:
    """ruff's JSON of (path, line)."""
    return [
        {
            "code": "F401",
            "filename": path,
            "location": {"row": line, "column": 1},
            "end_location": {"row": line, "column": 9},
            "message": text,
            "noqa_row": line,
            "url": None,
        }
        for path, line in places
    ]


def lcov(path: str, *lines: tuple[int, int]) -> str:
    return "\n".join([f"SF:{path}", *(f"DA:{line},{hits}" for line, hits in lines), "end_of_record", ""])


def test_clean_reports_pass_and_only_their_components_count(score: Score) -> None:
    """Weights are scaled over what was reported; without a repository nothing is bound."""
    put("a/semgrep.sarif", sarif(tool="semgrep"))
    put("a/junit.xml", PASSING)
    found = score("--reports", "a/*")
    assert found.code == 0
    assert found.score["score"] == 100
    assert set(found.score["components"]) == {"security", "tests"}
    assert found.score["components"]["tests"]["weight"] == 0.5
    assert [found.score[key] for key in ("tree", "base", "head")] == [None, None, None]
    assert set(found.gates) == {"sarif:semgrep", "junit"}


def test_a_high_security_finding_blocks_and_a_medium_one_does_not(score: Score) -> None:
    """SPEC 5.3: critical and high block, medium warns with five points."""
    put("high.sarif", sarif(("error", "a.py", 1)))
    put("medium.sarif", sarif(("warning", "a.py", 1)))
    high, medium = score("--reports", "high.sarif"), score("--reports", "medium.sarif")
    assert (high.code, high.score["verdict"], high.score["score"]) == (1, "blocked", 80)
    assert (medium.code, medium.score["verdict"], medium.score["score"]) == (0, "pass", 95)


@pytest.mark.parametrize("value", ["NaN", "-1", "11", "high", None, True, [1]])
def test_a_score_that_is_none_blocks(score: Score, value: object) -> None:
    """`security-severity` that can't be read is critical."""
    put("a.sarif", sarif(("note", "a.py", 1), properties={"security-severity": value}))
    found = score("--reports", "a.sarif")
    expected = "low" if value is None else "critical"  # null is as if it were not there
    assert found.gates["sarif:scanner"]["findings"][0]["severity"] == expected


def test_linters_fail_on_errors_and_show_warnings(score: Score) -> None:
    """A tool with warnings passes on them; ruff and mypy have none."""
    put("warn.sarif", sarif(("warning", "a.py", 1), tags=()))
    put("error.sarif", sarif(("error", "a.py", 1), tags=()))
    put("ruff.json", ruff(("a.py", 3)))
    assert score("--reports", "warn.sarif").score["verdict"] == "pass"
    assert score("--reports", "error.sarif").score["components"]["syntax"] == {
        "score": 0,
        "weight": 1,
        "status": "fail",
    }
    assert score("--reports", "ruff.json").code == 1


def test_failing_tests_fail_with_their_share(score: Score) -> None:
    """Passed / total x 100, with the test in the reasons."""
    put("junit.xml", FAILING)
    found = score("--reports", "junit.xml")
    assert (found.code, found.score["score"]) == (1, 50)
    assert "tests.test_a::test_b fails: assert 0" in [each["message"] for each in found.score["reasons"]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("junit.xml", '<testsuites><testsuite tests="0"/></testsuites>'),
        ("junit.xml", '<testsuite><testcase name="a"><skipped/></testcase></testsuite>'),
        ("junit.xml", b""),
        ("junit.xml", b"\x1f\x8b\x08\x00bomb"),
        ("junit.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><testsuites/>"),
        ("unknown.txt", "all is well"),
        ("empty.json", "[]"),
        ("a.sarif", '{"version": "2.1.0", "runs": []}'),
        ("a.sarif", '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]'),
        ("a.sarif", json.dumps(sarif(("note", "file:///etc/passwd", 1)))),
        (
            "gl-sast-report.json",
            '{"version": "15.0.0", "vulnerabilities": [], "scan": {"status": "failure"}}',
        ),
    ],
)
def test_what_can_not_be_read_is_inconclusive(score: Score, name: str, content: str | bytes) -> None:
    """Exit 4 with a clear message, whatever else passes."""
    put("good.sarif", sarif())
    put(name, content)
    found = score("--reports", "good.sarif", "--reports", name)
    assert found.code == 4
    assert found.score["verdict"] == "inconclusive"
    assert any("inconclusive" in each["message"] for each in found.score["reasons"])


def test_a_missing_report_is_inconclusive(score: Score) -> None:
    """A glob that matches nothing is not a clean report."""
    put("good.sarif", sarif())
    found = score("--reports", "good.sarif", "--reports", "junit=reports/**/*.xml")
    assert found.code == 4
    assert found.gates["report:reports/**/*.xml"]["summary"] == "reports/**/*.xml is missing: no file matches"
    assert found.score["components"]["tests"]["score"] is None


def test_a_folder_a_pipe_and_a_dangling_link_are_no_reports(score: Score) -> None:
    """Nothing is waited for, and nothing is passed over."""
    import os

    Path("folder.sarif").mkdir()
    os.mkfifo("pipe.sarif")
    Path("link.sarif").symlink_to("nowhere")
    assert score("--reports", "folder.sarif").code == 4
    assert score("--reports", "pipe.sarif").code == 4
    assert score("--reports", "link.sarif").code == 4


def test_findings_seen_before_a_file_breaks_off_still_block(score: Score) -> None:
    """Damage does not hide what stands before it."""
    text = json.dumps(sarif(("error", "a.py", 1)))
    put("a.sarif", text[:-3])
    found = score("--reports", "sarif=a.sarif")
    assert found.score["verdict"] == "blocked"


def test_the_order_of_files_changes_nothing(score: Score) -> None:
    """The same files give the same bytes, in whatever order they are named."""
    names = [put(f"r/{number}.sarif", sarif(("warning", "a.py", number + 1))) for number in range(5)]
    names += [put("r/junit.xml", FAILING), put("r/more.xml", PASSING.replace("test_a", "test_c"))]
    names += [put("r/cov.info", lcov("a.py", (1, 1)))]
    first = score("--reports", *names)
    random.Random(4).shuffle(names)  # noqa: S311 - an order, not a secret
    second = score(*(word for name in names for word in ("--reports", name)))
    assert first.bytes == second.bytes == score("--reports", "r/**/*").bytes


def test_a_base_report_makes_findings_old_wherever_they_moved(score: Score) -> None:
    """Equal findings are counted: one more of them is one new."""
    put("base.json", ruff(("a.py", 3), ("a.py", 9)))
    put("moved.json", ruff(("a.py", 203), ("a.py", 409)))
    put("one-more.json", ruff(("a.py", 3), ("a.py", 9), ("a.py", 12)))
    assert score("--reports", "moved.json", "--base-reports", "base.json").code == 0
    more = score("--reports", "one-more.json", "--base-reports", "base.json")
    assert (more.code, len(more.new("ruff:ruff"))) == (1, 1)


def test_a_suppressed_finding_counts_unless_the_base_has_it(score: Score) -> None:
    """A suppression is marked and not obeyed."""
    hidden = sarif(("error", "a.py", 1), suppressions=[{"kind": "inSource"}])
    put("head.sarif", hidden)
    put("base.sarif", hidden)
    alone = score("--reports", "head.sarif")
    assert alone.code == 1
    assert alone.gates["sarif:scanner"]["figures"]["suppressed"] == 1
    known = score("--reports", "head.sarif", "--base-reports", "base.sarif")
    assert known.code == 0
    assert known.gates["sarif:scanner"]["findings"][0]["suppressed"]


def test_a_base_report_that_is_missing_or_has_no_partner_is_inconclusive(score: Score) -> None:
    """Nobody can say what is new; and a tool that ran on the base has to run on the head."""
    put("head.sarif", sarif())
    put("base.json", ruff())
    put("base.sarif", sarif())
    assert score("--reports", "head.sarif", "--base-reports", "none.sarif").code == 4
    found = score("--reports", "head.sarif", "--base-reports", "base.sarif", "ruff=base.json")
    assert (found.code, found.status("ruff:ruff")) == (4, "inconclusive")


def test_a_test_of_the_base_that_is_gone_or_skipped_blocks(score: Score) -> None:
    """Test ids are compared, as the tests gate does."""
    put("base.xml", PASSING)
    put(
        "gone.xml",
        PASSING.replace('tests="2"', 'tests="1"').replace(
            '<testcase classname="tests.test_a" name="test_b"/>', ""
        ),
    )
    put("skipped.xml", PASSING.replace('name="test_b"/>', 'name="test_b"><skipped/></testcase>'))
    for name, word in (("gone.xml", "is gone"), ("skipped.xml", "is not run")):
        found = score("--reports", name, "--base-reports", "base.xml")
        assert found.score["verdict"] == "blocked"
        assert any(word in each["message"] for each in found.score["reasons"])
    assert score("--reports", "base.xml", "--base-reports", "base.xml").code == 0


def test_flaky_tests_pass_and_are_shown(score: Score) -> None:
    """Surefire's reruns are told, not silently passed."""
    put(
        "TEST-a.xml",
        '<testsuite tests="1"><testcase name="a" classname="B"><flakyFailure/></testcase></testsuite>',
    )
    found = score("--reports", "TEST-a.xml")
    assert found.code == 0
    assert found.gates["junit"]["figures"]["flaky"] == 1
    assert "flaky" in found.score["reasons"][0]["message"]


def test_coverage_without_a_repository_gives_no_points(score: Score) -> None:
    """It is shown beside tests, and proves nothing alone."""
    put("cov.info", lcov("a.py", (1, 1), (2, 0)))
    put("junit.xml", PASSING)
    both = score("--reports", "cov.info", "junit.xml")
    assert (both.code, both.score["score"]) == (0, 100)
    assert any("50.0 %" in each["message"] for each in both.score["reasons"])
    alone = score("--reports", "cov.info")
    assert (alone.code, alone.score["score"]) == (4, None)


# -- with a repository


@pytest.fixture
def change(project: Any) -> Callable[..., list[str]]:
    """A base of ten lines and a head; the options that name them."""

    def make(head: dict[str, str | None], base: dict[str, str] | None = None) -> list[str]:
        lines = "".join(f"value_{number} = {number}\n" for number in range(1, 11))
        project.commit({"pkg/a.py": lines, **(base or {})})
        project.commit(head)
        return ["--repo", str(project.git.folder), "--base", "HEAD~1", "--head", "HEAD"]

    return make


def text_of(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


BASE_LINES = [f"value_{number} = {number}" for number in range(1, 11)]


def test_without_base_reports_added_lines_decide(
    score: Score, change: Callable[..., list[str]], project: Any
) -> None:
    """Findings on lines that were there cost nothing; the report is bound to the tree."""
    where = change({"pkg/a.py": text_of("import os", *BASE_LINES)})
    put("ruff.json", ruff(("pkg/a.py", 1), ("pkg/a.py", 5)))
    found = score("--reports", "ruff.json", *where)
    assert found.new("ruff:ruff") == [("pkg/a.py", 1)]
    assert "added lines" in found.gates["ruff:ruff"]["summary"]
    assert found.score["tree"] == project.git.tree_of("HEAD")
    put("old.json", ruff(("pkg/a.py", 5)))
    assert score("--reports", "ruff=old.json", *where).code == 0


def test_with_base_reports_renames_and_moves_are_followed(
    score: Score, change: Callable[..., list[str]]
) -> None:
    """Snippets come from the trees: what the tool says of them may even differ."""
    shifted = text_of(*(f"other_{number} = 0" for number in range(3)), *BASE_LINES)
    where = change({"pkg/a.py": None, "pkg/b.py": shifted})
    put("base.json", ruff(("pkg/a.py", 5)))
    put("head.json", ruff(("pkg/b.py", 8), text="in other words"))
    put("worse.json", ruff(("pkg/b.py", 9)))
    assert score("--reports", "head.json", "--base-reports", "base.json", *where).code == 0
    assert score("--reports", "worse.json", "--base-reports", "base.json", *where).code == 1


def test_absolute_paths_of_another_checkout_are_understood(
    score: Score, change: Callable[..., list[str]]
) -> None:
    """By the root that is named, or by the files that the repository has."""
    where = change({"pkg/a.py": text_of("import os", *BASE_LINES)})
    put("ruff.json", ruff(("/builds/group/project/pkg/a.py", 1)))
    for more in ([], ["--root", "/builds/group/project"]):
        assert score("--reports", "ruff.json", *where, *more).new("ruff:ruff") == [("pkg/a.py", 1)]
    put("other.json", ruff(("/somewhere/else.py", 1)))
    assert score("--reports", "ruff=other.json", *where).new("ruff:ruff") == [("somewhere/else.py", 1)]


def test_tests_of_a_renamed_file_are_not_lost(score: Score, change: Callable[..., list[str]]) -> None:
    """Not even where the report names the file only as a module."""
    code = "def test_a(): pass\n\n\ndef test_b(): pass\n"
    where = change({"tests/test_a.py": None, "tests/unit/test_c.py": code}, {"tests/test_a.py": code})
    put("base.xml", PASSING)
    put("head.xml", PASSING.replace("tests.test_a", "tests.unit.test_c"))
    assert score("--reports", "head.xml", "--base-reports", "base.xml", *where).code == 0
    assert score("--reports", "head.xml", "--base-reports", "base.xml").code == 1


def test_coverage_of_new_lines_is_judged(score: Score, change: Callable[..., list[str]]) -> None:
    """Below the minimum fails, below the target is remarked, lines that nobody added do not count."""
    where = change({"pkg/a.py": text_of(*BASE_LINES, "new_1 = 1", "new_2 = 2")})
    put("junit.xml", PASSING)
    put("none.info", lcov("pkg/a.py", (1, 1), (2, 1), (11, 0), (12, 0)))
    put("all.info", lcov("pkg/a.py", (1, 0), (2, 0), (11, 1), (12, 1)))
    bad = score("--reports", "junit.xml", "none.info", *where)
    assert (bad.code, bad.status("coverage"), bad.gates["coverage"]["figures"]["coverage_new"]) == (
        1,
        "fail",
        0,
    )
    assert any(each["path"] == "pkg/a.py" and each["line"] == 11 for each in bad.score["reasons"])
    good = score("--reports", "junit.xml", "all.info", *where)
    assert (good.code, good.gates["coverage"]["figures"]["coverage_new"]) == (0, 100)


@pytest.mark.parametrize(
    "report", [lcov("pkg/a.py", (1, 1), (500, 1)), lcov("pkg/a.py", (12, 1)), lcov("elsewhere.py", (1, 1))]
)
def test_coverage_of_what_does_not_exist_is_refused(
    score: Score, change: Callable[..., list[str]], report: str
) -> None:
    """Lines beyond a file's end, and files that the head does not have (attacks 34)."""
    where = change({"pkg/a.py": text_of(*BASE_LINES, "new_1 = 1")})
    put("junit.xml", PASSING)
    put("cov.info", report)
    assert score("--reports", "junit.xml", "cov.info", *where).code == 4


def test_the_base_configures_and_the_result_can_be_scored_again(
    score: Score, change: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change can't lower its own threshold; gate.json gives the same score.json again."""
    where = change(
        {".ci-factory.yml": "gates: {threshold: 1}\n"}, {".ci-factory.yml": "gates: {threshold: 97}\n"}
    )
    put("a.sarif", sarif(("warning", "new.py", 1)))
    found = score("--reports", "a.sarif", *where)
    assert (found.score["threshold"], found.code) == (97, 1)
    put("config.yml", "gates: {threshold: 97}\n")
    gate = str(tmp_path / "out" / "gate.json")
    again = tmp_path / "again"
    capsys.readouterr()
    assert main.run(["score", gate, "--out", str(again), "--config", "config.yml", "--json"]) == 1
    assert (again / "score.json").read_bytes() == found.bytes[1]
    assert json.loads(capsys.readouterr().out) == found.score


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["gate.json", "--reports", "a.sarif"],
        ["gate.json", "--base", "main", "--head", "HEAD"],
        ["--base-reports", "a.sarif"],
        ["--reports", "a.sarif", "--base", "main"],
        ["--reports", "a.sarif", "--repo", "."],
        ["--reports", "nonsense=a.sarif"],
        ["--reports", "junit=a.sarif", "--reports", "sarif=a.sarif"],
        ["--reports", "a.sarif", "--base", "no-such", "--head", "HEAD", "--repo", "/nonexistent"],
        ["--reports", "a.sarif", "--config", "none.yml"],
    ],
)
def test_wrong_usage_is_told(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, with the fix, and nothing written."""
    monkeypatch.chdir(tmp_path)
    put("a.sarif", sarif())
    assert main.run(["score", *args, "--out", "out"]) == 2
    assert "fix" in capsys.readouterr().err
    assert not (tmp_path / "out" / "score.json").exists()
