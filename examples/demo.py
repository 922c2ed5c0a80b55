"""A whole night on a laptop: makes the example repository, lets the factory work on it, says where to look.

Usage: python examples/demo.py [--into DIR]

Run again, it changes nothing that was done; killed in the middle, the next run goes on. Only the standard library and
git are used here; the factory itself is started as `python -m ci_factory`.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent / "library"


@dataclass(frozen=True)
class Step:
    """One commit of the repository's history; `paths` are git pathspecs."""

    author: str
    mail: str
    date: str
    message: str
    paths: tuple[str, ...]


HISTORY = (
    Step(
        "mara",
        "mara@lendery.example",
        "2024-11-04T10:00:00+00:00",
        "feat: rules for numbers, fines and texts",
        (
            "pyproject.toml",
            ".gitignore",
            "README.md",
            "CODEOWNERS",
            "src/lendery/__init__.py",
            "src/lendery/py.typed",
            *(f"src/lendery/{name}.py" for name in ("domain", "errors", "fines", "formatting", "isbn")),
            *(f"tests/test_{name}.py" for name in ("fines", "formatting", "isbn")),
        ),
    ),
    Step(
        "jonas",
        "jonas@lendery.example",
        "2024-12-02T10:00:00+00:00",
        "feat: keep books, members and loans; sign the staff in",
        (
            "tests/conftest.py",
            *(f"src/lendery/{name}.py" for name in ("auth", "catalogue", "desk", "members", "storage")),
            *(f"tests/test_{name}.py" for name in ("auth", "catalogue", "desk", "members", "storage")),
        ),
    ),
    Step(
        "lena",
        "lena@lendery.example",
        "2025-01-20T10:00:00+00:00",
        "feat: the command line and the reports",
        ("src", "tests"),
    ),
    Step(
        "mara",
        "mara@lendery.example",
        "2025-02-28T16:00:00+00:00",
        "ci: let the factory work on our tickets",
        (".",),
    ),
)


@dataclass(frozen=True)
class Place:
    """Where the demonstration lies."""

    root: Path

    @property
    def library(self) -> Path:
        """Copy of the example: its repository, the tickets, the agents' recordings."""
        return self.root / "library"

    @property
    def repository(self) -> Path:
        """The repository that the factory works on; its configuration finds the recordings in ../agents."""
        return self.library / "project"

    @property
    def tickets(self) -> Path:
        """The queue of the night."""
        return self.library / "tickets"

    @property
    def night(self) -> Path:
        """The factory's output folder."""
        return self.root / "night"


def prepare(place: Place) -> bool:
    """Make the repository unless it is there, beside its place first and then moved: whole, or not at all.

    Returns whether it was made now.
    """
    if place.library.exists():
        return False
    draft = place.root / ".library.unfinished"
    shutil.rmtree(draft, ignore_errors=True)
    unwanted = shutil.ignore_patterns("__pycache__", ".*_cache", ".coverage*", "*.sqlite3")
    shutil.copytree(EXAMPLE, draft, ignore=unwanted)
    make_history(draft / "project")
    draft.rename(place.library)
    return True


def make_history(repository: Path) -> None:
    """Commit the files as three people would have; the same files give the same commits."""
    git(repository, "init", "--quiet", "--template=", "--initial-branch=main")
    for step in HISTORY:
        git(repository, "add", "--", *step.paths)
        git(repository, "commit", "--quiet", "--no-gpg-sign", "--message", step.message, step=step)


def git(repository: Path, *arguments: str, step: Step | None = None) -> None:
    """Run git without anybody's settings, so that the commits are the same on every machine."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    if step is not None:
        for who in ("AUTHOR", "COMMITTER"):
            person = {"NAME": step.author, "EMAIL": step.mail, "DATE": step.date}
            environment |= {f"GIT_{who}_{key}": value for key, value in person.items()}
    plain = ("-c", f"core.excludesFile={os.devnull}", "-c", "core.autocrlf=false")
    subprocess.run(["git", *plain, *arguments], cwd=repository, env=environment, check=True)


def run_night(place: Place) -> int:
    """Let the factory work; its exit code. Ctrl-C reaches the factory itself, which keeps what is done."""
    factory = [sys.executable, "-m", "ci_factory", "run", "--repo", str(place.repository)]
    process = subprocess.Popen([*factory, "--tickets", str(place.tickets), "--out", str(place.night)])
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def best_merge_request(place: Place) -> int | None:
    """The first merge request of the review queue that passed its gates, `None` when there is none."""
    try:
        items = json.loads((place.night / "review.json").read_text(encoding="utf-8"))["items"]
    except (OSError, ValueError, KeyError):
        return None
    passed = [item["merge_request"] for item in items if item["verdict"] == "pass"]
    return next((number for number in passed if number is not None), None)


def tell(place: Place) -> None:
    """Say where things are and what to try."""
    command = f"{shown(Path(sys.executable).parent / 'ci-factory')} mr"
    repository = shown(place.repository)
    number = best_merge_request(place)
    print(f"\npage:       {shown(place.night / 'dashboard.html')}")
    print(f"report:     {shown(place.night / 'report.md')}")
    print(f"repository: {repository}")
    print(f"the story:  {shown(EXAMPLE / 'README.md')}")
    print("\ntry next:")
    print(f"  {command} list --repo {repository}")
    if number is not None:
        print(f"  {command} show {number} --repo {repository}")
        print(f"  {command} merge {number} --repo {repository} --as mara")


def shown(path: Path) -> str:
    """A path as one would type it here."""
    absolute, here = path.absolute(), Path.cwd()
    return shlex.quote(str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute))


def main(argv: Sequence[str] | None = None) -> int:
    """Prepare, run, tell; the exit code is the factory's."""
    parser = argparse.ArgumentParser(description="A whole demonstration night on the embedded forge.")
    parser.add_argument(
        "--into", type=Path, default=Path("out/demo"), metavar="DIR", help="default: out/demo"
    )
    place = Place(parser.parse_args(argv).into.absolute())
    if shutil.which("git") is None:
        print("git is not installed\n  fix: apt-get install git", file=sys.stderr)
        return 2
    place.root.mkdir(parents=True, exist_ok=True)
    made = prepare(place)
    print(f"{'made' if made else 'found'} the example repository in {shown(place.repository)}", flush=True)
    code = run_night(place)
    if code == 0:
        tell(place)
    return code


if __name__ == "__main__":
    sys.exit(main())
