"""Settings of the plan: how tickets that touch the same files are kept apart."""

from typing import Literal

from pydantic import Field

from ci_factory.model.base import Value

HOT = (
    "CHANGELOG*",
    "CHANGES*",
    "HISTORY*",
    "NEWS*",
    "changelog.*",
    "VERSION",
    "VERSION.txt",
    "version.txt",
    "_version.py",
    "__version__.py",
    "*.lock",
    "*.lockfile",
    "go.sum",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pnpm-lock.yaml",
)
"""Changelogs, version files and lock files: nearly every change touches them, and they merge mechanically or are made anew."""


class HotFiles(Value):
    """Files that many tickets touch whatever they are about."""

    patterns: tuple[str, ...] = Field(default=HOT, max_length=200)
    """As in .gitignore: without a slash, in any folder."""
    share: float | None = Field(default=0.5, gt=0, le=1)
    """A file that at least this share of the recent commits touched is hot as well; `null`: only the patterns count."""
    policy: Literal["ignore", "count"] = "ignore"
    """Whether two tickets overlap when a hot file is all that they share."""


class PlanningConfig(Value):
    """How conflicts between tickets are avoided."""

    pattern: Literal["queue", "lock", "isolate"] = "isolate"
    overlap: Literal["stack", "defer", "ignore"] = "stack"
    claim_probability: float = Field(default=0.5, gt=0, le=1)
    """A ticket claims, beside the files that it names, those that it touches with at least this probability."""
    hot_files: HotFiles = HotFiles()
    optimize_seconds: float | None = Field(default=None, gt=0, le=3600)
    """At most so long an exact solver looks for better starts and lanes (extra `optimize`); `null`: it is not asked."""
