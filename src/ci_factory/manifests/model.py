"""Dependencies as a manifest declares them."""

import re
from dataclasses import dataclass
from enum import StrEnum

from ci_factory.errors import ArtifactError


class ManifestError(ArtifactError):
    """A manifest can't be read; what it declares is unknown."""


class UnreadManifest(ManifestError):
    """A manifest in a format that nothing here reads."""


class Ecosystem(StrEnum):
    """Whose names they are."""

    PYPI = "pypi"
    NPM = "npm"
    GO = "go"
    CARGO = "cargo"
    COMPOSER = "composer"
    MAVEN = "maven"


class Source(StrEnum):
    """Where a dependency comes from."""

    INDEX = "index"
    URL = "url"
    GIT = "git"
    OUTSIDE = "outside"
    """A path that leaves the repository."""
    INSIDE = "inside"
    """A path or workspace inside of the repository."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One declared dependency."""

    ecosystem: Ecosystem
    name: str
    """As its ecosystem compares names."""
    spelled: str
    spec: str
    """What the manifest says about versions, or the address."""
    line: int
    source: Source = Source.INDEX
    locked: bool = False
    """Said by a lock file or marked as indirect: resolved, not asked for."""

    @property
    def key(self) -> tuple[Ecosystem, str]:
        """What makes it the same dependency in another manifest."""
        return self.ecosystem, self.name

    @property
    def pin(self) -> str | None:
        """The one version that it asks for, `None` when it leaves a choice."""
        exact = pinned(self.spec)
        loose = self.ecosystem is not Ecosystem.PYPI and (exact or "").count(".") < 2  # noqa: PLR2004 - npm's `1.2` is a range
        return None if loose else exact


@dataclass(frozen=True, slots=True)
class Setting:
    """Something in a manifest besides dependencies that decides what gets installed or run."""

    kind: str
    """`index` or `script`."""
    name: str
    value: str
    line: int
    runs_always: bool = True
    """For scripts: run for whoever installs the project, and not only for those who work on it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that one file declares."""

    dependencies: tuple[Dependency, ...] = ()
    settings: tuple[Setting, ...] = ()
    includes: tuple[str, ...] = ()
    """Other files that it reads, as it names them: relative to its folder."""
    computed: str = ""
    """Text of an expression whose value nobody can know without running it; empty when there is none."""


_EXACT = re.compile(r"(?:===?|=)?\s*v?(\d[\w.+!-]*)")


def pinned(spec: str) -> str | None:
    """`==1.2.3`, `1.2.3` or `=1.2.3` as `1.2.3`; everything else leaves a choice."""
    found = _EXACT.fullmatch(spec.strip())
    return found[1] if found else None


def normalised(ecosystem: Ecosystem, name: str) -> str:
    """A name as its index compares it (PEP 503 for PyPI; Cargo and Composer ignore case as well)."""
    if ecosystem is Ecosystem.PYPI:
        return re.sub(r"[-_.]+", "-", name).lower()
    if ecosystem is Ecosystem.CARGO:
        return name.replace("_", "-").lower()
    return name.lower() if ecosystem is Ecosystem.COMPOSER else name


def source_of(spec: str) -> Source:
    """Where a version specifier or address points; a path is judged as seen from the root of the repository."""
    text = spec.strip()
    if re.match(
        r"(git\+|hg\+|svn\+|bzr\+|git:|git@|ssh:|github:|gitlab:|bitbucket:|gist:)", text
    ) or text.endswith(".git"):
        return Source.GIT
    if re.match(r"(https?|ftps?|s3|gs|data):", text, re.IGNORECASE):
        return Source.URL
    if re.match(r"(workspace|portal|catalog|patch):", text):
        return Source.INSIDE
    if found := re.match(r"(?:file|link):(?://)?(.*)", text):
        return path_source(found[1])
    return path_source(text) if re.match(r"[./]|~(?![>=\s]*[\dvx*])", text) else Source.INDEX


def path_source(path: str) -> Source:
    """Whether a path from the root of the repository stays inside of it."""
    if path.startswith(("/", "~", "\\")) or re.match(r"[A-Za-z]:", path):
        return Source.OUTSIDE
    depth = 0
    for part in path.replace("\\", "/").split("/"):
        depth += -1 if part == ".." else 0 if part in {"", "."} else 1
        if depth < 0:
            return Source.OUTSIDE
    return Source.INSIDE


def rebased(folder: str, spec: str) -> str:
    """A relative path as seen from the root of the repository; anything else as it is."""
    found = re.match(r"((?:file|link):(?://)?)?(\.{1,2}(?:/.*)?)$", spec.strip())
    return f"{found[1] or ''}{f'{folder}/' if folder else './'}{found[2]}" if found else spec
