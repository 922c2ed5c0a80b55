"""Files whose change is for a person: one list, for the gates that judge and for the publisher that writes. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator

import yaml
from pathspec import GitIgnoreSpec

from ci_factory.model import plain_yaml

PIPELINE = (
    "/.gitlab-ci.yml",
    "/.gitlab-ci/",
    "/.gitlab/",
    "/.github/",
    "CODEOWNERS",
    "/.ci-factory.yml",
    "/.ci-factory/",
    "/.pre-commit-config.yaml",
)
"""Pipelines, owners and the factory's own settings, in the patterns of gitignore."""
GIT = (".gitattributes", ".gitmodules", ".lfsconfig", ".mailmap")
"""What git itself obeys: filters, hidden diffs, other repositories, other people's names."""
DEVELOPERS = ("/.husky/", "/.githooks/", "/.vscode/", "/.idea/", "/.devcontainer/", ".envrc")
"""What runs on the machine of whoever opens the folder."""
AGENTS = (
    *("AGENTS.md", "AGENTS.override.md", "CLAUDE.md", "CLAUDE.local.md", "GEMINI.md", "QWEN.md"),
    *(".claude/", ".codex/", ".gemini/", ".agents/", ".opencode/", ".openhands/", ".cursor/", ".windsurf/"),
    *(".cursorrules", ".windsurfrules", ".openhands_instructions", ".mcp.json", "opencode.json"),
    *("opencode.jsonc", ".aider.conf.yml", ".aider.model.settings.yml"),
)
"""What tells agents what to do, or what to run."""
MAX_INCLUDES = 200
MAX_FILES = 200
"""Files of one pipeline that are looked into."""
MAX_CHARACTERS = 1024 * 1024
_UNREADABLE = ("*.yml", "*.yaml")
"""Of a pipeline that can't be read, any of these may be a part."""
_WILD = re.compile(r"[*?\[]")
_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})")
_OWN = re.compile(r"\$\{?CI_PROJECT_PATH\}?|.*/\$\{?CI_PROJECT_PATH\}?/(?P<component>[\w-]+)@.*")
"""The project itself, where a pipeline names a project or a component."""


class _Loader(plain_yaml.Loader):
    """Plain YAML in which unknown tags (`!reference`) are nothing."""


_Loader.add_multi_constructor("", lambda _loader, _suffix, _node: None)


def tells_agents(paths: Iterable[str]) -> bool:
    """Whether one of the files tells agents what to do; case is ignored, as some file systems do."""
    spec = GitIgnoreSpec.from_lines(pattern.casefold() for pattern in AGENTS)
    return any(spec.match_file(path.casefold()) for path in paths)


def pipeline_files(read: Callable[[str], str], paths: Callable[[], Iterable[str]]) -> tuple[str, ...]:
    """Patterns of all files of a tree that its pipeline is made of: included ones, those they include, and child pipelines.

    `read` gives a file's text, empty when there is none; `paths` all files, and is asked only where a pattern needs it.
    """
    found: dict[str, None] = {}
    waiting, seen = ["/.gitlab-ci.yml"], set[str]()
    while waiting and len(seen) < MAX_FILES:
        path = waiting.pop()[1:]
        if path not in seen:
            seen.add(path)
            fresh = [each for each in local_includes(read(path)) if each not in found]
            found.update(dict.fromkeys(fresh))
            waiting += _present(fresh, paths)
    return tuple(found)


def local_includes(pipeline: str) -> tuple[str, ...]:
    """Patterns of the files of the same repository that one file of a pipeline includes, or starts a child pipeline from."""
    if len(pipeline) > MAX_CHARACTERS:
        return _UNREADABLE
    try:
        documents = list(plain_yaml.load_all(pipeline, _Loader))  # a file may begin with its `spec`
    except yaml.YAMLError:
        return _UNREADABLE
    names = (name for each in documents if isinstance(each, dict) for name in _named(each))
    return tuple(dict.fromkeys(f"/{_pattern(name.lstrip('/'))}" for name in names if name.strip("/")))


def _named(document: dict[object, object]) -> Iterator[str]:
    """What one document includes itself, and what its jobs start."""
    triggers = (job.get("trigger") for job in document.values() if isinstance(job, dict))
    children = (each.get("include") for each in triggers if isinstance(each, dict))
    for found in (document.get("include"), *children):
        for row in (found if isinstance(found, list) else [found])[:MAX_INCLUDES]:
            yield from _local(row)


def _local(row: object) -> Iterator[str]:
    """Files that one row of an `include` names: local ones, and those of the project by its own name."""
    if not isinstance(row, dict):
        row = {"local": row}
    own = (_OWN.fullmatch(str(row.get(key, ""))) for key in ("project", "component"))
    project, component = own
    files = row.get("file") if project else None
    for name in [row.get("local"), *(files if isinstance(files, list) else [files])]:
        if isinstance(name, str) and "://" not in name:
            yield name
    if component and component["component"]:
        yield from (f"templates/{component['component']}{end}" for end in (".yml", "/template.yml"))


def _pattern(name: str) -> str:
    """As gitignore writes it: `**.yml` is also of deeper folders, and a variable may stand for anything."""
    parts = name.split("/")
    open_parts = [_VARIABLE.sub("*", part) for part in parts]
    deep = (
        f"**/{now.replace('**', '*')}" if now != was or ("**" in now and now != "**") else now
        for was, now in zip(parts, open_parts, strict=True)
    )
    return "/".join(deep)


def _present(patterns: Iterable[str], paths: Callable[[], Iterable[str]]) -> list[str]:
    """Files of these patterns; one without a wildcard is asked for by its name."""
    plain = [each for each in patterns if not _WILD.search(each)]
    wild = [each for each in patterns if _WILD.search(each) and each not in _UNREADABLE]
    spec = GitIgnoreSpec.from_lines(wild)
    return [*plain, *(f"/{path}" for path in (paths() if wild else ()) if spec.match_file(path))]
