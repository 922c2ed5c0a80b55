"""Says what a coverage data file holds: `python -I coverage_reader.py`, order as JSON on stdin, answer on stdout.

Runs after the tests, in a process that loads nothing of the checkout, and looks at sources in a clean checkout: what tests
did to the files that they ran in changes nothing. Stands alone.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import coverage


def main() -> int:
    """Read the order, answer it."""
    order = json.load(sys.stdin)
    answer, folder = sys.stdout, order["clean"]
    sys.stdout = sys.stderr
    reader = coverage.Coverage(data_file=order["data"] + ".all", config_file=order["settings"])
    reader.set_option("run:plugins", [])
    reader.set_option("paths", {"checkout": [folder, order["ran"]]})
    reader.combine(files_beside(Path(order["data"])), keep=True)
    reader.json_report(outfile=order["out"], ignore_errors=True)
    report = json.loads(Path(order["out"]).read_text(encoding="utf-8"))
    files = {
        relative(path, folder): {"executed": facts["executed_lines"], "missing": facts["missing_lines"]}
        for path, facts in report["files"].items()
    }
    found = {
        "percent": report["totals"]["percent_covered"],
        "files": {path: files[path] for path in order["files"] if path in files},
        "contexts": contexts(reader, order["files"], folder) if order["contexts"] else {},
        "own": own(reader, files, folder) if order["contexts"] else {},
    }
    json.dump(found, answer)
    return 0


def files_beside(data: Path) -> list[str]:
    """The data file, and those of other processes: settings with `parallel` write one for each."""
    return [
        str(path)
        for path in data.parent.iterdir()
        if path.name.startswith(data.name) and path.suffix != ".json"
    ]


def relative(path: str, folder: str) -> str:
    """A path of the report, relative to the checkout."""
    return os.path.relpath(Path(folder, path), folder).replace(os.sep, "/")


def contexts(reader: Any, files: list[str], folder: str) -> dict[str, dict[str, list[str]]]:
    """Path to line to the tests that ran it."""
    data = reader.get_data()
    found = {}
    for path in files:
        lines = data.contexts_by_lineno(str(Path(folder, path)))
        found[path] = {str(line): [name for name in names if name] for line, names in lines.items()}
    return found


def own(reader: Any, files: Any, folder: str) -> dict[str, list[int]]:
    """Test to the lines of its own file that it ran."""
    data = reader.get_data()
    found: dict[str, list[int]] = {}
    names = data.measured_contexts()
    holders = {name.split("::")[0] for name in names if name}
    for path in holders & set(files):
        for line, tests in data.contexts_by_lineno(str(Path(folder, path))).items():
            for name in tests:
                if name.split("::")[0] == path:
                    found.setdefault(name, []).append(line)
    return found


if __name__ == "__main__":
    sys.exit(main())
