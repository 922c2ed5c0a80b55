"""Settings of publication: what may be published at all, and how."""

from typing import Literal

from pydantic import Field, field_validator

from ci_factory.model.base import Value

Action = Literal["allow", "review", "block", "to-issue"]
"""What a change of a protected file asks for, least first.

`review`: published as a draft that names who has to look. `block`: not published, the ticket escalates. `to-issue`: as
`block`, and the ticket's note shows what the change wanted to do there.
"""


class PublishingConfig(Value):
    """Bounds of what is published, and what notes may carry."""

    protected: dict[str, Action] = Field(default={}, max_length=500)
    """Patterns of gitignore to what a change there asks for; they come before the built-in ones."""
    reviewers: tuple[str, ...] = ()
    """Who is asked to review a draft that the rules below made; none: whom the review queue names."""
    parallel: int = Field(default=4, ge=1, le=20)
    """Tickets that `ci-factory publish` publishes at the same time; stacked ones follow each other."""
    leases: bool = True
    """Whether each ticket is leased to one batch, so that no other writes about it (docs/publishing.md)."""
    max_files: int = Field(default=500, ge=1)
    """Files of one change."""
    max_lines: int = Field(default=20_000, ge=1)
    """Lines that one change adds."""
    max_file_bytes: int = Field(default=1024 * 1024, ge=1)
    """Of one file after the change."""
    max_total_bytes: int = Field(default=10 * 1024 * 1024, ge=1)
    """Of all changed files together, after the change."""
    binary: Literal["allow", "review", "block"] = "review"
    """What a binary file asks for."""
    executable: Literal["allow", "review", "block"] = "review"
    """What a new executable bit asks for."""
    link_hosts: tuple[str, ...] = ()
    """Hosts that addresses in findings and agents' words may lead to; other addresses are taken out."""
    inline_comments: bool = False
    """Whether new findings are also written beside their lines."""
    max_inline_comments: int = Field(default=20, ge=1, le=200)

    @field_validator("protected")
    @classmethod
    def _patterns_are_sound(cls, protected: dict[str, Action]) -> dict[str, Action]:
        from pathspec import GitIgnoreSpec

        for pattern in protected:
            try:
                matches_something = len(GitIgnoreSpec.from_lines([pattern.casefold()]))
            except ValueError:
                matches_something = 0
            if not matches_something or not pattern.strip() or pattern.lstrip().startswith(("!", "#")):
                msg = f"{pattern!r} is not a pattern of files"
                raise ValueError(msg)
        return protected
