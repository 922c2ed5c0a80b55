"""Fuzzes every target for so many minutes, two at a time: `make fuzz MINUTES=30`.

libFuzzer (atheris) makes the inputs, led by what they reach in our code. One row is printed for each target, and all are
written to out/fuzz/table.md. An input that breaks a promise is kept in the corpus, where `make test` finds it until it
is mended. Needs the extra `fuzz`.
"""

import argparse
import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import atheris

with atheris.instrument_imports(include=["ci_factory", "yaml", "tomllib", "configparser"]):
    from tests.fuzz.guard import tried
    from tests.fuzz.scratch import sweep
    from tests.fuzz.target import CORPUS, Target
    from tests.fuzz.targets import TARGETS

OUT = Path("out/fuzz")
_MEBIBYTES = 2048
_FLAGS = ("-print_final_stats=1", "-timeout=20", f"-rss_limit_mb={_MEBIBYTES}", "-max_len=8192")


@dataclass(frozen=True)
class Row:
    """What came of one target."""

    name: str
    minutes: float
    runs: int
    covered: int
    """Edges that were reached, of our code and of the parsers below it that are Python."""
    mebibytes: int
    finding: str


def main() -> None:
    """Parse arguments, fuzz, print; exit code 1 when there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="for each target")
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help="all without one; a part of a name is enough"
    )
    asked = parser.parse_args()
    chosen = [each for each in TARGETS.values() if any(part in each.name for part in asked.targets or [""])]
    for (
        each
    ) in chosen:  # imports what readers load when they are first asked, under the hook and once for all
        for _, data in each.inputs():
            tried(each, data)
    rows = sorted(fuzzed(chosen, asked.minutes, asked.parallel), key=lambda row: row.name)
    (OUT / "table.md").write_text(table(rows), encoding="utf-8")
    print(table(rows))  # noqa: T201 - the table is what was asked for
    sys.exit(any(row.finding for row in rows))


def fuzzed(targets: Sequence[Target], minutes: float, parallel: int) -> Iterator[Row]:
    """Each target in a process of its own, so many at a time."""
    waiting, running = list(targets), dict[int, tuple[Target, float]]()
    while waiting or running:
        if waiting and len(running) < parallel:
            target = waiting.pop(0)
            running[_started(target, minutes)] = target, time.monotonic()
            continue
        ended, status = os.wait()
        sweep(ended)
        target, began = running.pop(ended)
        row = _row(target, (time.monotonic() - began) / 60, os.waitstatus_to_exitcode(status))
        print(f"{row.name}: {row.runs} runs, {row.finding or 'nothing found'}", flush=True)  # noqa: T201 - hours pass
        yield row


def _started(target: Target, minutes: float) -> int:
    """The process that fuzzes it."""
    for name in ("corpus", "found"):
        (OUT / target.name / name).mkdir(parents=True, exist_ok=True)
    child = os.fork()
    if child == 0:
        log = os.open(OUT / target.name / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(log, sys.stdout.fileno())
        os.dup2(log, sys.stderr.fileno())
        _fuzz(target, minutes)
    return child


def _fuzz(target: Target, minutes: float) -> NoReturn:
    """Until libFuzzer has enough; it goes on from what earlier runs found worth keeping."""
    folder = OUT / target.name
    (folder / "words").write_text("\n".join(map(_word, target.words)), encoding="ascii")
    given = [str(each) for each in (CORPUS / target.name, target.seeds) if each and each.is_dir()]
    bounds = (
        f"-max_total_time={minutes * 60:.0f}",
        f"-artifact_prefix={folder}/found/",
        f"-dict={folder}/words",
    )

    def once(data: bytes) -> None:
        if said := tried(target, data):
            raise AssertionError(said)

    atheris.Setup([sys.argv[0], str(folder / "corpus"), *given, *bounds, *_FLAGS], once)
    atheris.Fuzz()
    sys.exit(1)  # libFuzzer ends the process itself


def _row(target: Target, minutes: float, status: int) -> Row:
    said = (OUT / target.name / "log").read_text("utf-8", "replace")
    finding = _finding(said, status)
    if finding:
        _keep(target, (OUT / target.name / "found").iterdir())
    return Row(
        target.name,
        minutes,
        runs=_largest(r"number_of_executed_units: (\d+)|^#(\d+)\s", said),
        covered=_largest(r"cov: (\d+)", said),
        mebibytes=_largest(r"peak_rss_mb:\s+(\d+)|rss: (\d+)Mb", said),
        finding=finding,
    )


def _largest(pattern: str, said: str) -> int:
    return max(
        (int(next(filter(None, match.groups()))) for match in re.finditer(pattern, said, re.MULTILINE)),
        default=0,
    )


def _word(word: str) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass")) + '"'


def _finding(said: str, status: int) -> str:
    if status == 0:
        return ""
    match = re.search(r"AssertionError: (.*)|ERROR: libFuzzer: (.*)", said)
    return (match[1] or match[2]) if match else f"ended with status {status}"


def _keep(target: Target, found: Iterable[Path]) -> None:
    folder = CORPUS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    for file in found:
        name = f"found-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
        shutil.move(file, folder / name)


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| target | minutes | runs | edges | MiB | finding |", "|---|--:|--:|--:|--:|---|"]
    lines += [
        f"| {row.name} | {row.minutes:.1f} | {row.runs:,} | {row.covered:,} | {row.mebibytes} | {row.finding or 'none'} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
