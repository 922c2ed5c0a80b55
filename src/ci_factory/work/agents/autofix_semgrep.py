"""Semgrep with rules of our own upgrade pack: no network, no metrics, no settings of the project."""

import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

from ci_factory.errors import FactoryError, TicketError, ToolMissing
from ci_factory.model.base import Json
from ci_factory.system import process

RULES = Path(__file__).with_name("autofix_rules.yml")
_TIMEOUT = 600.0
_FLAGS = ("--metrics=off", "--disable-version-check", "--no-git-ignore", "--quiet")


@cache
def pack() -> Mapping[str, dict[str, Json]]:
    """Our rules by their ids."""
    return {rule["id"]: rule for rule in yaml.safe_load(RULES.read_text(encoding="utf-8"))["rules"]}


def fix(rules: Sequence[str], files: Sequence[str], out: Path) -> None:
    """Mend the files, which lie below the current directory; `out` is a folder for the rules.

    Raises:
        TicketError: a rule is not in the pack.
        FactoryError: semgrep failed.
        ToolMissing: it is not installed.
    """
    _scan(rules, files, out, None, "--autofix")


def find(rules: Sequence[str], files: Sequence[str], folder: Path, out: Path) -> list[tuple[str, str]]:
    """(path, rule) of every place in a folder's files.

    Raises:
        FactoryError: semgrep failed.
        ToolMissing: it is not installed.
    """
    said = _scan(rules, files, out, folder, "--json")
    try:
        rows = json.loads(said)["results"]
        return [(str(row["path"]), str(row["check_id"]).rpartition(".")[2]) for row in rows]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FactoryError("semgrep wrote no JSON", where="semgrep scan", fix="update semgrep") from error


def likely(text: str) -> set[str]:
    """Rules whose words stand in a text: the others need no look."""
    words = set(re.findall(r"\w+", text))
    return {name for name, rule in pack().items() if _words(rule) <= words}


def _words(rule: Mapping[str, Json]) -> set[str]:
    found = rule.get("metadata")
    return set(map(str, found.values())) if isinstance(found, dict) else set()


def is_installed() -> bool:
    """Whether there is a semgrep to run."""
    return _program() is not None


def _program() -> str | None:
    """Beside our interpreter, else on PATH."""
    return process.which("semgrep", beside=sys.executable) or shutil.which("semgrep")


def _scan(rules: Iterable[str], files: Sequence[str], out: Path, folder: Path | None, *how: str) -> str:
    wanted = list(rules)
    if unknown := sorted(set(wanted) - set(pack())):
        raise TicketError(f"there is no upgrade rule {unknown[0]!r}; known: {', '.join(sorted(pack()))}")
    program = _program()
    if program is None:
        raise ToolMissing("semgrep is not installed", fix="pip install 'ci-factory[gates]'")
    chosen = out / "rules.yml"
    chosen.write_text(yaml.safe_dump({"rules": [pack()[name] for name in wanted]}), encoding="utf-8")
    argv = (program, "scan", "--config", str(chosen), *_FLAGS, *how, "--", *files)
    done = process.run(argv, cwd=folder, timeout=_TIMEOUT)
    if not done.ok:
        raise FactoryError(f"semgrep failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout
