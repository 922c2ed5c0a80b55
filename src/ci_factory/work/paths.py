"""Paths of a repository as text: which are sound, which a list of patterns matches. Pure."""

from collections.abc import Iterable

from ci_factory.model import globs


def path_problem(path: str) -> str | None:
    """Why a path can't be one of a repository's files; `None` when it can."""
    parts = path.split("/")
    if not path or path.startswith("/") or any(part in {"", ".", ".."} for part in parts):
        return "is not a path inside of the repository"
    unsound = "\\" in path or path.startswith("-") or not path.isprintable()
    if unsound or any(part.lower() == ".git" for part in parts):
        return "is not a name the factory accepts"
    return None


def matching(paths: Iterable[str], patterns: Iterable[str]) -> tuple[str, ...]:
    """The paths that a list of gitignore patterns of the configuration matches, in their order."""
    import pathspec

    spec = pathspec.GitIgnoreSpec.from_lines(patterns)
    return tuple(path for path in paths if spec.match_file(path))


def matching_untrusted(paths: Iterable[str], pattern: str) -> tuple[str, ...]:
    """The paths that one pattern of a stranger matches; one too wild to tell matches all below its fixed part."""
    cleaned = globs.clean(pattern)
    return tuple(path for path in paths if globs.matches(cleaned, path)) if cleaned else ()
