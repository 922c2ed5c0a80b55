"""C4 at scale: a year of merged changes looked at for the first time, and again.

Usage: python bench/aftermath.py [CHANGES]
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from ci_factory.config import Config
from ci_factory.forge.local import LocalForge
from ci_factory.metrics.facts import AftermathFact, History, MergeRequestFact
from ci_factory.model.forge import MergeRequestState
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from ci_factory.system.process import Stopwatch
from ci_factory.workflow.aftermath import Before, look

START = datetime(2025, 1, 1, tzinfo=UTC)
CHANGES = 1_000
_FILES = 3
_LINES, _MENDED = 40, 9
_NONE: Mapping[str, str] = MappingProxyType({})
_WORDS = ("This reverts merge request !{iid}", "A follow-up to !{iid}", "Tidy up")


def stream(count: int) -> Iterator[str]:
    """A history for `git fast-import`: each change a branch of one commit and its merge, then a commit by a person."""
    yield _commit("main", 2, START, "first", ())
    for iid in range(1, count + 1):
        at, work = START + timedelta(hours=8 * iid), iid * 10
        before = work - 8
        files = {_path(iid, number): _text(iid) for number in range(_FILES)}
        yield _commit("work", work, at, f"change {iid}", (before,), files)
        merge = f"Merge branch 'factory/{iid}-x' into 'main'\n\nSee merge request !{iid}"
        yield _commit("main", work + 1, at + timedelta(minutes=1), merge, (before, work), files)
        said, older = _WORDS[iid % 3].format(iid=max(1, iid - 20)), max(1, iid - 30)
        reworked = {_path(older, 0): _text(older, " mended")}
        yield _commit("main", work + 2, at + timedelta(minutes=2), said, (work + 1,), reworked)


def _path(iid: int, number: int) -> str:
    return f"src/{iid % 50}/{iid}_{number}.py"


def _text(iid: int, mended: str = "") -> str:
    return "".join(f"line {line} of {iid}{mended if line < _MENDED else ''}\n" for line in range(_LINES))


def _commit(
    branch: str,
    mark: int,
    at: datetime,
    message: str,
    parents: Sequence[int],
    files: Mapping[str, str] = _NONE,
) -> str:
    """`parents` by their marks, the first one first."""
    lines = [f"commit refs/heads/{branch}\nmark :{mark}\ncommitter F <f@x> {int(at.timestamp())} +0000\n"]
    lines += [_data(message)]
    lines += [f"{'merge' if place else 'from'} :{parent}\n" for place, parent in enumerate(parents)]
    lines += [f"M 644 inline {path}\n{_data(text)}" for path, text in files.items()]
    return "".join(lines)


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def made(folder: Path, count: int) -> History:
    """The repository, and what metrics know of its changes."""
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=folder, check=True)
    given = "".join(stream(count)).encode()
    marks = folder / "marks"
    subprocess.run(
        ["git", "fast-import", "--quiet", f"--export-marks={marks}"], cwd=folder, input=given, check=True
    )
    subprocess.run(["git", "reset", "--quiet", "--hard", "main"], cwd=folder, check=True)
    names = dict(line.split() for line in marks.read_text(encoding="ascii").splitlines())
    return History(merge_requests=tuple(_request(iid, names) for iid in range(1, count + 1)))


def _request(iid: int, names: dict[str, str]) -> MergeRequestFact:
    merged = START + timedelta(hours=8 * iid, minutes=1)
    return MergeRequestFact(
        iid=iid,
        ticket=str(iid),
        title=f"Change {iid}",
        branch=f"factory/{iid}-x",
        target="main",
        draft=False,
        state=MergeRequestState.MERGED,
        created_at=merged - timedelta(hours=1),
        merged_at=merged,
        versions=1,
        head=names[f":{iid * 10}"],
        merge_commit=names[f":{iid * 10 + 1}"],
    )


def main(count: int) -> None:
    """Measure it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        history = made(folder, count)
        now = START + timedelta(hours=8 * count, days=40)
        forge = LocalForge.open(Git(folder), user="ci-factory", clock=ManualClock(now))
        before: tuple[AftermathFact, ...] = ()
        for title in ("first", "again"):
            watch = Stopwatch()
            found = look(Git(folder), forge, history, now, Config(), before=Before(before), seconds=None)
            before = found.facts
            counted = sum(each.churned is not None for each in found.facts)
            reverted = sum(each.reverted_at is not None for each in found.facts)
            mended = sum(bool(each.fix_ups) for each in found.facts)
            words = f"churn of {counted}, {reverted} reverted, {mended} mended"
            print(f"{title}: {watch.seconds():.1f} s, {len(found.facts)} changes, {words}")
        forge.disconnect()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CHANGES)
