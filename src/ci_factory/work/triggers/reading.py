"""A change as it lies in git, read for the detectors: bounded, and from blobs alone."""

from pathlib import PurePosixPath

from ci_factory.manifests.registry import is_lock, parser_of
from ci_factory.system.git import FileChange, Git
from ci_factory.work.triggers.change import Change, ChangedFile

_MOST_FILES, _MOST_MANIFESTS = 400, 200
_LARGEST = 1_000_000
"""Characters of a file."""
_BINARY = frozenset(
    (
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".ico",
        ".pdf",
        ".zip",
        ".gz",
        ".woff",
        ".woff2",
        ".ttf",
        ".mp4",
        ".mp3",
        ".jar",
        ".so",
        ".dll",
        ".exe",
        ".bin",
    )
)


def read(repo: Git, base: str, head: str) -> Change:
    """The change from `base` to `head`, both in `repo`; what is too large to look into is named.

    Raises:
        RepositoryError: git failed.
    """
    changed = repo.changes(base, head)
    looked_into = changed[:_MOST_FILES]
    files, unread = [], [each.path for each in changed[_MOST_FILES:]]
    for each in looked_into:
        file = _file(repo, base, head, each)
        files.append(file)
        if _is_unread(file) and PurePosixPath(each.path).suffix not in _BINARY:
            unread.append(each.path)
    present = frozenset(repo.files(base))
    return Change(tuple(files), present, _manifests(repo, base, present, files), tuple(unread))


def _file(repo: Git, base: str, head: str, each: FileChange) -> ChangedFile:
    old = each.old_path if each.status == "R" else each.path
    new, gone = each.status in {"A", "C"}, each.status == "D"
    before = None if new else _text(repo, base, old)
    after = None if gone else _text(repo, head, each.path)
    return ChangedFile(each.path, before, after, new, gone, old if old != each.path else "")


def _is_unread(file: ChangedFile) -> bool:
    return (file.after is None and not file.gone) or (file.before is None and not file.new)


def _text(repo: Git, revision: str, path: str) -> str | None:
    if PurePosixPath(path).suffix.lower() in _BINARY:
        return None
    text = repo.show(revision, path)
    return text if text is not None and len(text) <= _LARGEST and "\0" not in text else None


def _manifests(repo: Git, base: str, present: frozenset[str], files: list[ChangedFile]) -> dict[str, str]:
    """What people wrote of dependencies elsewhere; only when a manifest changed."""
    changed = {each.old_path or each.path for each in files}
    if not any(parser_of(path) for path in changed):
        return {}
    wanted = [path for path in sorted(present - changed) if parser_of(path) and not is_lock(path)]
    texts = {path: _text(repo, base, path) for path in wanted[:_MOST_MANIFESTS]}
    return {path: text for path, text in texts.items() if text is not None}
