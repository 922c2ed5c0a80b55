"""Code of the documentation, applied to a copy of the sources and run as a program of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
_LEFT_OUT = shutil.ignore_patterns("__pycache__")
_REST = "    # ...\n"


def titled(page: str) -> dict[str, tuple[str, str]]:
    """The blocks of a page that are files, or changes of files: path -> language, text."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return {name: (language, block) for language, name, block in _BLOCK.findall(text)}


def file(page: str, name: str) -> str:
    """The text of one of them."""
    return titled(page)[name][1]


def plain(page: str, language: str) -> list[str]:
    """The blocks of a page that are no files."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def sources_with(page: str, folder: Path) -> Path:
    """A copy of the package with what a page adds to it; the folder to import it from."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=_LEFT_OUT)
    apply(page, folder, "src/")
    return folder / "src"


def contract_with(page: str, folder: Path) -> None:
    """Copies of what the tests of forges consist of, beside the sources, with what a page adds to them."""
    for name in ("forge", "gitlab_standin"):
        shutil.copytree(ROOT / "tests" / name, folder / "tests" / name, ignore=_LEFT_OUT)
    for name in ("tests/conftest.py", "tests/forked_cli.py", "tests/loopback.py", "pyproject.toml"):
        shutil.copyfile(ROOT / name, folder / name)
    apply(page, folder, "tests/")


def apply(page: str, folder: Path, start: str) -> None:
    """Write the files of a page that lie below `start`, or what it changes in them."""
    for name, (language, text) in titled(page).items():
        if name.startswith(start):
            path = folder / name
            change = patched if language == "diff" else merged if _REST in text else None
            path.write_text(change(path.read_text("utf-8"), text) if change else text, encoding="utf-8")


def merged(whole: str, excerpt: str) -> str:
    """A module with the lines that an excerpt adds: imports, and before the end of what it shows with `...`."""
    head, _, added = excerpt.partition(_REST)
    *imports, opening = [line for line in head.splitlines() if line]
    lines = whole.splitlines()
    start = lines.index(opening)
    end = next(number for number in range(start, len(lines)) if lines[number] in {")", "}"})
    lines[end : end + 1] = added.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(("from ", "import ")))
    lines[first:first] = imports
    return "\n".join(lines) + "\n"


def command(source: Path, *args: str | Path, cwd: Path, path: Path | None = None) -> tuple[int, str]:
    """Run ci-factory from these sources; exit code, and all that it printed."""
    found = [str(path)] if path is not None else []
    searched = os.pathsep.join([*found, os.environ["PATH"]])
    env = os.environ | {"PYTHONPATH": str(source), "COLUMNS": "200", "PATH": searched}
    argv = [sys.executable, "-m", "ci_factory", *map(str, args)]
    done = subprocess.run(argv, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def patched(whole: str, excerpt: str) -> str:
    """A text with a hunk applied: the lines that it shows stand there exactly once."""
    lines = excerpt.splitlines()
    before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    after = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    assert whole.count(before) == 1, before
    return whole.replace(before, after)
