"""What the changed Python files of a side contain, read once for every gate that asks."""

import json
from collections.abc import Mapping
from pathlib import Path

from ci_factory.gates import survey_script, tools
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.model.base import Value
from ci_factory.system import process


class Name(Value):
    """A public function, class or method."""

    name: str
    line: int
    documented: bool


class FileFacts(Value):
    """One Python file: either it has an error or it has the rest."""

    error: str | None = None
    line: int | None = None
    """Of the error."""
    names: tuple[Name, ...] = ()
    statements: tuple[int, ...] = ()
    """First lines of statements."""


class Survey(Value):
    """All changed Python files of one side, by path."""

    files: dict[str, FileFacts] = {}


def survey(subject: Subject, side: SideName) -> Mapping[str, FileFacts]:
    """Facts of the changed Python files of a side, under the side's own paths.

    Raises:
        Unmeasurable: the project's interpreter can't be run or dies over a file.
    """
    paths = subject.change.present(".py")
    if side == "base":
        paths = sorted(old for path in paths if (old := subject.change.before(path)) is not None)
        paths += [
            change.path
            for change in subject.change.files
            if change.status == "D" and change.path.endswith(".py")
        ]
    if not paths:
        return {}
    key = {"tool": "survey", "files": paths, "python": tools.interpreter_identity(subject)}
    return subject.measure(side, key, Survey, lambda: _read(subject, side, paths)).files


def _read(subject: Subject, side: SideName, paths: list[str]) -> Survey:
    limit = subject.config.gates.tool_timeout_seconds
    done = process.run(
        [tools.interpreter(subject, side), "-I", "-W", "ignore", str(Path(survey_script.__file__))],
        cwd=subject.part(side),
        env=tools.environment(subject),
        stdin=json.dumps(tools.dotted(paths)).encode(),
        timeout=limit,
        limit=tools.OUTPUT_LIMIT,
    )
    if not done.ok:
        late = f"did not finish in {limit:g} s" if done.timed_out else f"died: {tools.last_line(done)}"
        raise Unmeasurable(f"reading the changed Python files {late}")
    try:
        facts = json.loads(done.stdout)
        return Survey(
            files={path.removeprefix("./"): FileFacts.model_validate(each) for path, each in facts.items()}
        )
    except (ValueError, AttributeError) as error:
        raise Unmeasurable(f"reading the changed Python files gave no usable answer: {error}") from error
