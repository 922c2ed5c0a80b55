"""GitLab's CODEOWNERS: who owns which file.

Within a section the last pattern that matches decides; every section decides for itself. A pattern that does not start
with `/` matches in any folder, one that ends in `/` matches everything below. A pattern without owners has the section's
default owners; `!pattern` takes files out of a section. `^[Optional]` and `[Section][2]` change approvals, not ownership.
The file may be hostile: it is bounded, and what can't be understood is passed over, as GitLab does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ci_factory.model import globs

_MAX_LINES = 20_000
_MAX_LINE = 4_096
_SECTION = re.compile(r"\^?\[(?P<name>[^\[\]]{1,255})\](?:\[\d{1,4}\])?(?P<owners>.*)")
_OWNER = re.compile(r"@@?[\w./-]{1,255}|[\w.+-]{1,64}@[\w.-]{1,255}")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Rule:
    """One line: a pattern for `globs.matches`, and who owns what it matches."""

    pattern: str
    owners: tuple[str, ...]
    excludes: bool = False


@dataclass(frozen=True)
class Rules:
    """All sections of the file."""

    sections: dict[str, list[Rule]] = field(default_factory=dict)
    """Lower-case name -> rules in order; rules before the first section are under `""`."""

    def owners(self, path: str) -> tuple[str, ...]:
        """Owners of a file as written (`@user`, `@group/team`, `@@role`, an address), each once, in the file's order."""
        found = (owner for rules in self.sections.values() for owner in _decide(rules, path))
        return tuple(dict.fromkeys(found))


def parse(text: str) -> Rules:
    """Read a CODEOWNERS file; sections with the same name in any case are one."""
    sections: dict[str, list[Rule]] = {"": []}
    rules = sections[""]
    default: tuple[str, ...] = ()
    for line in text.splitlines()[:_MAX_LINES]:
        content = line.strip()[:_MAX_LINE]
        if not content or content.startswith("#"):
            continue
        section = _SECTION.fullmatch(content)
        if section:
            rules = sections.setdefault(section["name"].strip().lower(), [])
            default = tuple(_owners(section["owners"]))
        else:
            rules.extend(_rule(content, default))
    return Rules(sections)


def _decide(rules: list[Rule], path: str) -> tuple[str, ...]:
    if any(rule.excludes and globs.matches(rule.pattern, path) for rule in rules):
        return ()
    matching = (rule for rule in reversed(rules) if not rule.excludes and globs.matches(rule.pattern, path))
    return next((rule.owners for rule in matching), ())


def _rule(line: str, default: tuple[str, ...]) -> Iterator[Rule]:
    word = _WORD.match(line)
    if word is None:
        return
    excludes = line.startswith("!")
    pattern = _glob(_ESCAPE.sub(r"\1", word[0].removeprefix("!")))
    if pattern:
        yield Rule(pattern, () if excludes else tuple(_owners(line[word.end() :])) or default, excludes)


def _owners(text: str) -> Iterator[str]:
    for word in text.split():
        if word.startswith("#"):
            return
        if _OWNER.fullmatch(word):
            yield word


def _glob(pattern: str) -> str:
    """GitLab's pattern as one that matches from the root; `*` alone matches every file."""
    if pattern == "*":
        return "**"
    rooted = pattern.removeprefix("/") if pattern.startswith("/") else f"**/{pattern}"
    return rooted.replace("/**/**/", "/**/")
