"""What may be published at all, decided from the applied tree and never from patch text (attacks 13-18, 21). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from ci_factory.model.protected import AGENTS, DEVELOPERS, GIT, PIPELINE
from ci_factory.model.publishing_settings import Action, PublishingConfig
from ci_factory.publishing import paths
from ci_factory.publishing.patch import File, Patch

DEFAULTS: dict[str, Action] = {
    **dict.fromkeys((*PIPELINE, *DEVELOPERS, *AGENTS, *GIT), "review"),
    ".gitmodules": "block",
    ".lfsconfig": "block",
}
"""What a change of these asks for where the configuration says nothing."""
_STRICTEST: tuple[Action, ...] = ("to-issue", "block", "review", "allow")
_LINK, _SUBMODULE = "120000", "160000"
_REGULAR = frozenset({"000000", "100644", "100755"})


@dataclass(frozen=True)
class Objection:
    """Something about a change that is for a person."""

    action: Action
    why: str
    path: str | None = None
    """`None`: the change as a whole."""

    def __str__(self) -> str:
        return f"{self.path!a} {self.why}" if self.path is not None else self.why


def objections(patch: Patch, settings: PublishingConfig) -> tuple[Objection, ...]:
    """Everything that stands against publishing a change as it is, the strictest first."""
    found = [
        *_bounds(patch, settings),
        *_names(patch),
        *_kinds(patch, settings),
        *_protected(patch, settings),
    ]
    return tuple(sorted(found, key=lambda each: _STRICTEST.index(each.action)))


def _bounds(patch: Patch, settings: PublishingConfig) -> Iterator[Objection]:
    total = sum(file.size for file in patch.files)
    for what, count, most in (
        ("changes {} files", len(patch.files), settings.max_files),
        ("adds {} lines", patch.added_lines, settings.max_lines),
        ("holds {} bytes", total, settings.max_total_bytes),
    ):
        if count > most:
            yield Objection("block", f"the change {what.format(count)}; at most {most} can be reviewed")
    for file in patch.files:
        if file.size > settings.max_file_bytes:
            why = f"has {file.size} bytes; at most {settings.max_file_bytes} can be reviewed"
            yield Objection("block", why, file.path)


def _names(patch: Patch) -> Iterator[Objection]:
    changed = [file.path for file in patch.files if file.change.status != "D"]
    present = [path for path in changed if not paths.endless(path)]
    for path in changed:
        if paths.endless(path):
            yield Objection("block", "is too long: no system can hold that name", path[:200])
    new = [path for path in present if path not in patch.modes]
    gone = {file.path for file in patch.files if file.change.status == "D"}
    links = paths.by_look(patch.modes)
    for path in present:
        if paths.git_name(path):
            yield Objection("block", "would reach into git's own files", path)
    for path in new:
        if why := paths.unsafe(path):
            yield Objection("block", f"{why}: not every system can hold that name safely", path)
        if link := paths.through_link(path, links):
            yield Objection("block", f"lies below {link!a}, which is a symbolic link", path)
    for path, other in paths.collisions(new, (path for path in patch.modes if path not in gone)):
        yield Objection("block", f"is hard to tell from {other!a}, also for file systems", path)


def _kinds(patch: Patch, settings: PublishingConfig) -> Iterator[Objection]:
    for file in patch.files:
        change = file.change
        if change.new_mode == _LINK:
            yield Objection("block", "is a symbolic link", file.path)
        elif change.new_mode == _SUBMODULE:
            yield Objection("block", "is a submodule", file.path)
        elif change.new_mode not in _REGULAR:
            yield Objection("block", f"has the mode {change.new_mode}, which no file should have", file.path)
        elif file.pointer:
            yield Objection("block", "is a pointer of Git LFS: its content was not judged", file.path)
        elif file.hides:
            yield Objection("block", "hides files from a diff or an archive, or runs a filter", file.path)
        if file.binary and settings.binary != "allow":
            yield Objection(settings.binary, "is binary: no diff shows what it holds", file.path)
        if change.new_mode == "100755" != change.old_mode and settings.executable != "allow":
            yield Objection(settings.executable, "can be executed from now on", file.path)


def _protected(patch: Patch, settings: PublishingConfig) -> Iterator[Objection]:
    own = _specs(settings.protected)
    usual = _specs({**DEFAULTS, **dict.fromkeys(patch.includes, "review")})
    for file in patch.files:
        action = _strictest(own, file) or _strictest(usual, file) or "allow"
        if action != "allow":
            yield Objection(action, "is protected: a person decides", file.path)


def _specs(patterns: dict[str, Action]) -> dict[Action, GitIgnoreSpec]:
    """A matcher for each action. Case is ignored, as some file systems do."""
    return {
        action: GitIgnoreSpec.from_lines(
            [pattern.casefold() for pattern, each in patterns.items() if each == action]
        )
        for action in _STRICTEST
    }


def _strictest(specs: dict[Action, GitIgnoreSpec], file: File) -> Action | None:
    name = "/".join(filter(None, map(paths.folded, file.path.split("/")))) or file.path
    return next((action for action in _STRICTEST if specs[action].match_file(name)), None)
