"""Precision of the starter pack: findings in 5,000 lines of code that many people have read.

Scans the installed sources of click, requests, jinja2 and pydantic (others with --package) the way the gate does: by
file, with the whole pack, ignoring nothing. Bound: fewer than one high or critical finding in 5,000 lines of each.
What is not installed here is installed into a temporary environment with pip.
"""

import argparse
import importlib.metadata
import json
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from figures import Figure, told

from ci_factory.gates import rulepack, staging
from ci_factory.gates.severities import severity
from ci_factory.model.gate import Severity

PACKAGES = ("click", "requests", "jinja2", "pydantic")
LINES = 5000
BOUND = 1.0
BLOCKING = (Severity.CRITICAL, Severity.HIGH)


def sources(package: str, search: list[str] | None = None) -> list[Path]:
    """Python files of an installed distribution; empty when it is not there."""
    options = {"path": search} if search else {}
    for found in importlib.metadata.distributions(name=package, **options):
        files = (Path(str(each.locate())) for each in found.files or ())
        return sorted(file for file in files if file.suffix == ".py" and file.is_file())
    return []


def installed(packages: Iterable[str], scratch: Path) -> list[str]:
    """A search path that has these packages, from a new environment."""
    folder = scratch / "environment"
    print(f"not installed here: {', '.join(packages)}; installing into {folder}", file=sys.stderr)
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", *packages], check=True)
    return [str(path) for path in folder.glob("lib/python*/site-packages")]


def scan(files: list[Path], scratch: Path) -> tuple[Counter[Severity], list[str]]:
    """Findings by severity, and where the blocking ones are."""
    rules, report = scratch / "rules.json", scratch / "report.json"
    rules.write_text(rulepack.starter(["python"]).text, encoding="utf-8")
    flags = ["--metrics=off", "--disable-version-check", "--quiet", "--disable-nosem", "--no-git-ignore"]
    flags += ["--no-rewrite-rule-ids", "--timeout=30", "--max-target-bytes=0", "--json"]
    semgrep = Path(sys.executable).with_name("semgrep")
    subprocess.run(
        [semgrep, "scan", *flags, "--config", rules, "-o", report, *files], check=True, capture_output=True
    )
    document = json.loads(report.read_bytes())
    scanned = {Path(path).resolve() for path in document["paths"]["scanned"]}
    assert {file.resolve() for file in files} == scanned, "semgrep left files out"
    return counted(document["results"])


def counted(rows: list[dict[str, object]]) -> tuple[Counter[Severity], list[str]]:
    """Counts by severity, and the blocking rows as text."""
    counts: Counter[Severity] = Counter()
    blocking = []
    for row in rows:
        extra = row["extra"]
        assert isinstance(extra, dict)
        level = severity("rule", extra["metadata"]["ci_factory_severity"])
        counts[level] += 1
        if level in BLOCKING:
            start = row["start"]
            assert isinstance(start, dict)
            blocking.append(f"{row['path']}:{start['line']} {row['check_id']}")
    return counts, blocking


def length(files: Iterable[Path]) -> int:
    """Lines of all files together."""
    return sum(file.read_bytes().count(b"\n") for file in files)


def measured(packages: list[str], scratch: Path) -> Iterator[Figure]:
    """Print one row for each package; its figure."""
    missing = [package for package in packages if not sources(package)]
    search = installed(missing, scratch) if missing else None
    levels = [level for level in Severity if level is not Severity.INFO]
    print(
        f"{'package':<20}{'lines':>8}  " + "".join(f"{level:>10}" for level in levels) + "   (in 5,000 lines)"
    )
    for package in packages:
        files = sources(package) or sources(package, search)
        files = [file for file in files if file.stat().st_size <= staging.MAX_BYTES]
        lines, (counts, blocking) = length(files), scan(files, scratch)
        rate = {level: counts[level] * LINES / lines for level in levels}
        high = sum(rate[level] for level in BLOCKING)
        row = "".join(f"{rate[level]:>10.2f}" for level in levels)
        print(f"{package:<20}{lines:>8}  {row}")
        print("".join(f"    {each}\n" for each in blocking), end="")
        yield Figure(
            f"high and critical findings in {LINES:,} lines of {package}", high, BOUND, "findings", "below"
        )


def main() -> int:
    """0: every package keeps the bound; 1: one does not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", action="append", metavar="NAME", help="a distribution to scan instead")
    chosen = parser.parse_args().package or list(PACKAGES)
    with tempfile.TemporaryDirectory() as scratch:
        figures = list(measured(chosen, Path(scratch)))
    return told(*figures)


if __name__ == "__main__":
    sys.exit(main())
