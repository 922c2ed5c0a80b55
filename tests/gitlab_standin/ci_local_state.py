"""What gitlab-ci-local has done so far, read from its state folder: its console tells of jobs, its folders hold artifacts.

It keeps no record of jobs that programs could read. Of a job its console says (with `--max-job-name-padding 0`):

    factory-plan starting shell (test)
    \t[factory-generate] -> factory-agent: [101,lane-1] starting shell (agents)
    \t[factory-generate] -> factory-agent: [101,lane-1] finished in 1.02 s  WARN 1
    \t[factory-generate] -> factory-agent: [101,lane-1] exported artifacts in 33 ms

What jobs print themselves stands behind `>`, so none can speak for another.
"""

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

CONSOLE = "console.log"
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_JOB = r"^\t*(?:\[(?P<path>[^\]]+)\] -> )?(?P<name>[^>$]+?) +"
_STARTED = re.compile(_JOB + r"starting shell \((?P<stage>[^)]*)\)$")
_ENDED = re.compile(_JOB + r"finished in [\d.]+ \w+(?: +(?P<word>WARN|FAIL) (?P<code>\d+) *)?$")
_UPLOADED = re.compile(_JOB + r"(?:exported artifacts in [\d.]+ \w+|!! no artifacts was copied !!)$")
_FINISHED = re.compile(r"^pipeline finished in ", re.MULTILINE)


@dataclass(frozen=True)
class LocalJob:
    """A job that was started."""

    path: tuple[str, ...]
    """Names of the jobs that triggered its pipeline, outermost first; none in the pipeline itself."""
    name: str
    """As GitLab writes it."""
    stage: str
    exit: int | None = None
    """Of its script; `None` while it runs."""
    allowed: bool = False
    """Failed, as it is allowed to."""
    uploaded: bool = False
    """Its artifacts are all there."""
    folder: str = ""
    """Its folders' name below `artifacts`, `builds` and `output`, without extension."""

    @property
    def status(self) -> str:
        """In GitLab's words."""
        return "running" if self.exit is None else "failed" if self.exit else "success"


@dataclass(frozen=True)
class LocalRun:
    """Jobs in the order in which they started, and whether all is over."""

    jobs: tuple[LocalJob, ...]
    finished: bool


def read(folder: Path) -> LocalRun:
    """What is known now."""
    text = _COLOUR.sub("", (folder / CONSOLE).read_text(encoding="utf-8", errors="replace"))
    found: dict[tuple[str, str], LocalJob] = {}
    for line in text.splitlines():
        if match := _STARTED.match(line):
            found[_key(match)] = _started(match)
        elif (match := _ENDED.match(line)) and _key(match) in found:
            code, allowed = int(match["code"] or 0), match["word"] == "WARN"
            found[_key(match)] = replace(found[_key(match)], exit=code, allowed=allowed)
        elif (match := _UPLOADED.match(line)) and _key(match) in found:
            found[_key(match)] = replace(found[_key(match)], uploaded=True)
    return LocalRun(tuple(found.values()), _FINISHED.search(text) is not None)


def archive(folder: Path, job: LocalJob) -> bytes | None:
    """The artifacts of a job as GitLab gives them; `None` without any."""
    root = folder / "artifacts" / job.folder
    files = list(_files(root)) if job.uploaded else []
    if not files:
        return None
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for path in files:
            made.write(path, path.relative_to(root).as_posix())
    return buffer.getvalue()


def log(folder: Path, job: LocalJob) -> str:
    """What a job printed."""
    path = folder / "output" / f"{job.folder}.log"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def folder_name(name: str) -> str:
    """How gitlab-ci-local writes a job's name in paths: all but letters, digits, `_` and `-` in base64."""
    return re.sub(r"[^\w-]+", lambda match: _base64(match[0]), name, flags=re.ASCII)


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _key(match: re.Match[str]) -> tuple[str, str]:
    return match["path"] or "", match["name"]


def _started(match: re.Match[str]) -> LocalJob:
    path = tuple(match["path"].split(" -> ")) if match["path"] else ()
    return LocalJob(path, _as_gitlab(match["name"]), match["stage"], folder=folder_name(match["name"]))


def _as_gitlab(name: str) -> str:
    """A job of a matrix has a space after each comma there."""
    base, bracket, values = name.partition(": [")
    return f"{base}{bracket}{values.replace(',', ', ')}" if bracket else name


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and ".gitlab-ci-reports" not in path.parts:
            yield path
