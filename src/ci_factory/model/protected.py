"""Files whose change is for a person: one list, for the gates that judge and for the publisher that writes. Pure."""

import yaml

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
AGENTS = ("AGENTS.md", "CLAUDE.md", "GEMINI.md", "/.claude/", "/.cursor/", ".cursorrules", "/.agents/")
"""What tells the agents of the next night what to do."""
MAX_INCLUDES = 200


class _Loader(yaml.SafeLoader):
    """Plain YAML in which unknown tags (`!reference`) are nothing."""


_Loader.add_multi_constructor("", lambda _loader, _suffix, _node: None)


def local_includes(pipeline: str) -> tuple[str, ...]:
    """Patterns of the files of the same repository that a `.gitlab-ci.yml` includes; of broken YAML none."""
    try:
        document = yaml.load(pipeline, Loader=_Loader)  # noqa: S506 - a safe loader that drops tags
    except (yaml.YAMLError, RecursionError, ValueError):
        return ()
    found = document.get("include") if isinstance(document, dict) else None
    rows = found if isinstance(found, list) else [found]
    names = [row.get("local") if isinstance(row, dict) else row for row in rows[:MAX_INCLUDES]]
    return tuple(f"/{name.lstrip('/')}" for name in names if isinstance(name, str) and "://" not in name)
