"""Runs pytest under coverage in a checkout and reads both reports. Nothing of it is believed without a check."""

import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ci_factory.errors import ArtifactError
from ci_factory.gates import configuration, tools
from ci_factory.gates.findings import clean
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.reports import coverage_json, junit
from ci_factory.gates.subject import Subject
from ci_factory.gates.testing import limited
from ci_factory.gates.testing.environment import Interpreter
from ci_factory.gates.testing.suite import Case, Lines, Suite
from ci_factory.system import process

MEMORY_BYTES = 4 * 1024**3
"""Address space of the tests' process: a program that eats memory fails by itself, and not the machine."""
_PASSED, _FAILED, _NOTHING = 0, 1, 5  # pytest's exit statuses
_TIMED_OUT = "Timeout (>"
_PLUGIN = Path(__file__).parent / "plugin"


def run_suite(
    subject: Subject,
    folder: Path,
    python: Interpreter,
    *,
    only: Sequence[str] = (),
    coverage_of: Sequence[str] | None = None,
) -> Suite:
    """All tests of a checkout, or those of the files in `only`. No test at all is an empty suite.

    `coverage_of` names the files whose lines are wanted; `None` measures no coverage.

    Raises:
        Unmeasurable: the run did not finish, or its report is missing, damaged or contradicts the exit status.
    """
    covered = coverage_of is not None and python.packages.get("coverage") is not None
    suite = _run_once(subject, folder, python, only, coverage_of if covered else None)
    slow = [case.id for case in suite.bad if _TIMED_OUT in case.message and not case.collection]
    if not covered or not slow:
        return suite
    # Tracing makes some code several times slower. The limit is meant for the program: ask again without.
    try:
        again = _run_once(subject, folder, python, slow, None)
    except Unmeasurable:
        return suite
    return _with_second_opinion(suite, again)


def _run_once(
    subject: Subject,
    folder: Path,
    python: Interpreter,
    only: Sequence[str],
    coverage_of: Sequence[str] | None,
) -> Suite:
    work = Path(tempfile.mkdtemp(dir=subject.scratch, prefix="tests-"))
    limit = subject.config.gates.tests.timeout_seconds
    argv = [python.path, *(_coverage(subject, work) if coverage_of is not None else []), "-m", "pytest"]
    argv += [*_pytest(subject, folder, work, python), *only]
    guard = [python.path, "-I", str(Path(limited.__file__)), str(MEMORY_BYTES)]
    env = _environment(subject, folder, work)
    done = process.run([*guard, *argv], cwd=folder, env=env, timeout=limit, tethered=True)
    if done.timed_out:
        fix = "raise gates.tests.timeout_seconds, or lower gates.tests.test_timeout_seconds"
        raise Unmeasurable(f"the tests did not finish in {limit:g} s", fix=fix)
    suite = Suite(cases=_cases(done, work / "junit.xml", folder), tools=python.versions)
    return suite if coverage_of is None else _with_coverage(subject, suite, folder, work, python, coverage_of)


def _with_second_opinion(suite: Suite, again: Suite) -> Suite:
    newer = {case.id: case for case in again.cases}
    return suite.model_copy(update={"cases": tuple(newer.get(case.id, case) for case in suite.cases)})


def _pytest(subject: Subject, folder: Path, work: Path, python: Interpreter) -> list[str]:
    config = subject.config.gates.tests
    # The base decides which file holds the settings; the checkout has the base's version of it.
    settings = configuration.pytest_file(subject.folder("base")) or configuration.pytest_file(folder)
    if settings is None:  # an empty file of ours: pytest must not find one above the checkout
        settings = str(work / "pytest.ini")
        Path(settings).write_text("[pytest]\n", encoding="utf-8")
    flags = ["-c", settings, "--rootdir", str(folder), "-p", "no:cacheprovider", "--color=no", "--tb=short"]
    flags += ["--continue-on-collection-errors", "--maxfail=0"]  # a report of everything
    flags += ["-o", "junit_family=xunit1", "-o", "junit_logging=no", f"--junit-xml={work / 'junit.xml'}"]
    flags += ["-p", "ci_factory_limits", f"--ci-factory-seconds={config.test_timeout_seconds:g}"]
    if python.packages.get("pytest-timeout"):
        flags += [f"--timeout={config.test_timeout_seconds:g}", "--timeout-method=signal"]
    if python.packages.get("pytest-cov"):
        flags.append("--no-cov")  # two tracers at once measure nothing
    return [*flags, *config.args]


def _coverage(subject: Subject, work: Path) -> list[str]:
    return ["-m", "coverage", "run", "--source=.", f"--data-file={work / 'data'}", _rcfile(subject, work)]


def _rcfile(subject: Subject, work: Path) -> str:
    empty = work / "coveragerc"
    empty.touch()
    return f"--rcfile={configuration.coverage_file(subject.folder('base')) or empty}"


def _environment(subject: Subject, folder: Path, work: Path) -> dict[str, str]:
    sources = [str(folder / "src")] if (folder / "src").is_dir() else []
    for name in ("home", "tmp"):
        (work / name).mkdir()
    extra = {
        # The checkout goes before whatever is installed, an editable installation of the same project included.
        "PYTHONPATH": ":".join([*sources, str(folder), str(_PLUGIN)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "HOME": str(work / "home"),
        "TMPDIR": str(work / "tmp"),
    }
    return tools.environment(subject, extra)


def _cases(done: process.Completed, report: Path, folder: Path) -> tuple[Case, ...]:
    try:
        with report.open("rb") as stream:
            found = junit.parse(stream.read(junit.MAX_BYTES + 1), subtests=True)
    except OSError as error:
        raise Unmeasurable(f"pytest left no report: {clean(tools.last_line(done))}") from error
    except ArtifactError as error:
        raise Unmeasurable(f"pytest's report is not usable: {error}") from error
    cases = tuple(_case(each, folder) for each in found)
    bad = any(case.outcome in {"failed", "error"} for case in cases)
    agreed = {_PASSED: not bad and bool(cases), _FAILED: bad, _NOTHING: not cases}.get(done.returncode, False)
    if not agreed:
        what = f"pytest ended with status {done.returncode}, its report with {len(cases)} tests"
        raise Unmeasurable(f"{what}{', some failed' if bad else ''}: {clean(tools.last_line(done))}")
    return cases


def _case(found: junit.JUnitCase, folder: Path) -> Case:
    message = clean(found.message.replace(f"{folder}/", ""))
    if not found.classname:  # a file that could not be collected
        file = found.file or _file_of(found.name, folder)
        return Case(file=file, name="", line=None, outcome=found.outcome, message=message, collection=True)
    file = found.file or _file_of(found.classname, folder)
    module = ".".join(PurePosixPath(file).with_suffix("").parts)
    owner = found.classname.removeprefix(module).strip(".").replace(".", "::")
    return Case(
        file=file,
        name=f"{owner}::{found.name}" if owner else found.name,
        line=None if found.line is None else found.line + 1,  # pytest counts from 0
        outcome=found.outcome,
        message=message,
    )


def _file_of(dotted: str, folder: Path) -> str:
    parts = dotted.split(".")
    candidates = ("/".join(parts[:end]) + ".py" for end in range(len(parts), 0, -1))
    return next((path for path in candidates if (folder / path).is_file()), dotted)


def _with_coverage(
    subject: Subject, suite: Suite, folder: Path, work: Path, python: Interpreter, files: Sequence[str]
) -> Suite:
    report = _coverage_report(subject, folder, work, python)
    if report is None:
        return suite
    covered = {
        path: Lines(executed=tuple(sorted(lines.executed)), missing=tuple(sorted(lines.missing)))
        for path, lines in report.files.items()
        if path in files
    }
    return suite.model_copy(update={"covered": covered, "percent": report.percent})


def _coverage_report(
    subject: Subject, folder: Path, work: Path, python: Interpreter
) -> coverage_json.CoverageReport | None:
    env, limit = tools.environment(subject), subject.config.gates.tool_timeout_seconds
    common = [f"--data-file={work / 'data'}", _rcfile(subject, work)]
    coverage = [python.path, "-m", "coverage"]
    if not (work / "data").exists():  # settings with `parallel` write one file for each process
        process.run([*coverage, "combine", *common, str(work)], cwd=folder, env=env, timeout=limit)
    out = work / "coverage.json"
    flags = ["-q", "-i", "--fail-under=0", "-o", str(out)]
    process.run([*coverage, "json", *common, *flags], cwd=folder, env=env, timeout=limit)
    try:
        with out.open("rb") as stream:
            return coverage_json.parse(stream.read(tools.OUTPUT_LIMIT))
    except (OSError, ArtifactError):
        return None
