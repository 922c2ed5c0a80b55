"""The project's own environment: a setup command, run once for the same lock files, laid into every checkout that runs code.

What it installed is kept as it was and copied for each use, never run in place: the tests of one change can't leave
anything behind for the next. The base's configuration names the command; where the change alters lock files, the head
gets what its own lock files say.
"""

import hashlib
import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Literal

from ci_factory import __version__
from ci_factory.gates import environment
from ci_factory.gates.checkout import Entry
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.system import ci_env, process

SideName = Literal["base", "head"]
_TAIL_LINES = 3
_TAIL_CHARS = 300
_VENV_SECONDS = 120
_INSTALLED = ("node_modules", "vendor", ".venv", "venv")
"""Folders whose manifests are not the project's."""
_HOME = "~/"


@dataclass(frozen=True)
class Recipe:
    """What is to be installed, and how."""

    command: tuple[str, ...]
    paths: tuple[str, ...]
    """Folders that it fills, relative to the root; `~/` stands for the home folder."""
    locks: tuple[str, ...]
    """Names (patterns) of the files that decide what is installed."""
    venv: bool
    """Whether it runs in a new virtual environment of Python, which is kept too."""
    timeout: float


class Setup:
    """What one root needs installed. Does nothing without a command."""

    def __init__(
        self,
        recipe: Recipe,
        *,
        locks: Callable[[SideName], Iterable[Entry]],
        checkout: Callable[[SideName], Path],
        scratch: Path,
        store: Path | None,
    ) -> None:
        """`locks` lists a side's files, `checkout` writes a side's tree; `store` outlives the run, `scratch` does not."""
        self.recipe = recipe
        self._locks, self._checkout, self._scratch = locks, checkout, scratch
        self._store = store or scratch / "setup"
        self._made: dict[str, Path | Unmeasurable] = {}
        self._laid: set[Path] = set()
        self._digests: dict[SideName, str] = {}
        self._guard = threading.Lock()

    def differs(self) -> bool:
        """Whether the change alters what is installed."""
        return self.digest("base") != self.digest("head")

    def lay(self, side: SideName, folder: Path, home: Path) -> None:
        """Copy what was installed for a side into a checkout and a home folder, once.

        Raises:
            Unmeasurable: the setup command failed, or a folder leads out of the checkout.
        """
        with self._guard:
            if self.recipe.command and folder not in self._laid:
                kept = self._kept(side)
                for path in self.recipe.paths:
                    _copy(kept / "paths" / path, _place(path, folder, home))
                self._laid.add(folder)

    def python(self, side: SideName, venv: Path) -> Path | None:
        """The interpreter of a copy, in this folder, of what was installed for a side; `None` when Python is not set up.

        Raises:
            Unmeasurable: the setup command failed.
        """
        if not (self.recipe.command and self.recipe.venv):
            return None
        with self._guard:
            if venv not in self._laid:
                _copy(self._kept(side) / "venv", venv)
                _point_scripts(venv)
                self._laid.add(venv)
        return venv / "bin" / "python"

    def _kept(self, side: SideName) -> Path:
        digest = self.digest(side)
        if digest not in self._made:
            try:
                self._made[digest] = self._found(digest) or self._install(side, digest)
            except Unmeasurable as error:
                self._made[digest] = error
        made = self._made[digest]
        if isinstance(made, Unmeasurable):
            raise made
        return made

    def digest(self, side: SideName) -> str:
        """Names what is installed for a side; empty without a command."""
        if not self.recipe.command:
            return ""
        if side not in self._digests:
            self._digests[side] = self._digest(side)
        return self._digests[side]

    def _digest(self, side: SideName) -> str:
        locks = [[entry.path, entry.blob] for entry in self._locks(side) if self._decides(entry.path)]
        program = process.which(self.recipe.command[0])
        stat = Path(program).stat() if program else None
        tool = [program, stat.st_size, stat.st_mtime_ns] if stat else None
        recipe = [self.recipe.command, self.recipe.paths, self.recipe.venv]
        text = json.dumps([__version__, sys.version, recipe, tool, sorted(locks)])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _decides(self, path: str) -> bool:
        place = PurePosixPath(path)
        if any(part in _INSTALLED for part in place.parts[:-1]):
            return False
        return any(fnmatchcase(place.name, pattern) for pattern in self.recipe.locks)

    def _found(self, digest: str) -> Path | None:
        kept = self._store / digest
        return kept if (kept / "complete").is_file() else None

    def _install(self, side: SideName, digest: str) -> Path:
        self._store.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=self._store, prefix="making-"))
        try:
            self._run(side, work)
            (work / "complete").touch()
            return _publish(work, self._store / digest)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _run(self, side: SideName, work: Path) -> None:
        folder, home = self._checkout(side), work / "home"
        for path in self.recipe.paths:
            _remove(_place(path, folder, home))  # what lies in the tree is not what is installed
        for each in (home, work / "tmp"):
            each.mkdir()
        env = self._environment(work)
        done = process.run(
            self.recipe.command, cwd=folder, env=env, timeout=self.recipe.timeout, tethered=True
        )
        if not done.ok:
            late = f"did not finish in {self.recipe.timeout:g} s"
            what = late if done.timed_out else f"ended with status {done.returncode}: {_tail(done)}"
            raise Unmeasurable(f"the setup command {what}", fix="correct gates.setup or what it installs")
        for path in self.recipe.paths:
            _copy(_place(path, folder, home), work / "paths" / path)
        for each in (home, work / "tmp"):
            _remove(each)

    def _environment(self, work: Path) -> dict[str, str]:
        extra = {"HOME": str(work / "home"), "TMPDIR": str(work / "tmp"), "CI": "true"}
        env = environment.clean(self._scratch, ci_env.registries() | ci_env.toolchains() | extra)
        env.pop("VIRTUAL_ENV", None)  # ours
        if self.recipe.venv:
            _make_venv(work / "venv")
            env["VIRTUAL_ENV"] = str(work / "venv")
            env["PATH"] = f"{work / 'venv' / 'bin'}:{env.get('PATH', '')}"
        return env


def _place(path: str, folder: Path, home: Path) -> Path:
    """Where a folder of the recipe lies; a link in the tree does not lead us elsewhere."""
    top, place = (home, home / path[2:]) if path.startswith(_HOME) else (folder, folder / path)
    if not place.parent.resolve().is_relative_to(top.resolve()):
        raise Unmeasurable(f"{path} leads out of the checkout", fix="correct gates.setup_paths")
    return place


def _make_venv(folder: Path) -> None:
    done = process.run([sys.executable, "-I", "-m", "venv", str(folder)], timeout=_VENV_SECONDS)
    if not done.ok:
        raise Unmeasurable(f"no virtual environment could be made: {_tail(done)}", fix="set gates.python")


def _publish(work: Path, kept: Path) -> Path:
    try:
        return work.rename(kept)
    except OSError:  # another run was faster with the same
        if (kept / "complete").is_file():
            return kept
        raise


def _copy(source: Path, target: Path) -> None:
    """A copy of its own: a link would let the code that runs change what is kept."""
    if source.is_dir() and not source.is_symlink():
        _remove(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, symlinks=True)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _point_scripts(venv: Path) -> None:
    """Scripts of a copied virtual environment name the interpreter of the one they were installed into."""
    scripts = [path for path in (venv / "bin").glob("*") if path.is_file() and not path.is_symlink()]
    for script in scripts:
        first, newline, rest = script.read_bytes().partition(b"\n")
        if first.startswith(b"#!") and b"/venv/bin/python" in first:
            script.write_bytes(f"#!{venv}/bin/python".encode() + newline + rest)


def _tail(done: process.Completed) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()[-_TAIL_LINES:]
    return " / ".join(line.strip() for line in lines)[-_TAIL_CHARS:] or "it said nothing"
