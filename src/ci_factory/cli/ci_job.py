"""What a gates job of CI knows by itself: which change it is about, and what may fail it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common
from ci_factory.errors import ExitCode, UsageError
from ci_factory.model.gate import Score, Verdict
from ci_factory.system import ci_env, shallow
from ci_factory.system.git import Git

if TYPE_CHECKING:
    from collections.abc import Mapping

FAIL_ON = ("fail", "blocked", "inconclusive", "never")
_NOTHING = {"", "0" * 40, "0" * 64}


@dataclass(frozen=True)
class Span:
    """The change of a job: from where to where."""

    base: str
    head: str


def fail_options(function: common.F) -> common.F:
    """`--fail-on` and `--fail-below`."""
    options = (
        click.option(
            "--fail-on",
            type=click.Choice(FAIL_ON),
            default="fail",
            show_default=True,
            help="What exit status 1 stands for: fail or blocked; only blocked; inconclusive too; nothing.",
        ),
        click.option(
            "--fail-below",
            type=click.FloatRange(0, 100),
            default=0,
            help="Exit with 1 for a lower score as well, whatever the verdict.  [default: no limit of its own]",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def exit_code(score: Score, fail_on: str, below: float, codes: "Mapping[Verdict, ExitCode]") -> ExitCode:
    """The exit status of a judgement. What could not be judged at all is never above a limit."""
    if fail_on == "never":
        return ExitCode.OK
    code = codes[score.verdict]
    if fail_on == "blocked" and score.verdict is Verdict.FAIL:
        code = ExitCode.OK
    if fail_on == "inconclusive" and score.verdict is Verdict.INCONCLUSIVE:
        code = ExitCode.JUDGED_FAILED
    too_low = below > 0 and (score.score is None or score.score < below)
    # an inconclusive one has a score that could only rise
    return ExitCode.JUDGED_FAILED if too_low and code is ExitCode.OK else code


def span(git: Git) -> Span:
    """The change that this job of GitLab is about; its two commits are in the clone afterwards.

    A merge request's: what it brings, without the target it may have been merged with. A branch's: what was pushed.

    Raises:
        UsageError: this is no job.
        RepositoryError: the clone lacks a commit, and its origin does not give it.
    """
    head = ci_env.variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or ci_env.variable("CI_COMMIT_SHA")
    if head is None:
        raise UsageError(
            "this is no job of GitLab CI: CI_COMMIT_SHA is not set",
            where="--ci",
            fix="pass --base and --head",
        )
    shallow.bring(git, head)
    base = ci_env.variable("CI_MERGE_REQUEST_DIFF_BASE_SHA") or _pushed_from(git, head)
    shallow.bring(git, base)
    return Span(base, head)


def _pushed_from(git: Git, head: str) -> str:
    """Where the branch was before the push, else the commit's parent, else the commit itself: nothing is new then."""
    before = ci_env.variable("CI_COMMIT_BEFORE_SHA") or ""
    if before not in _NOTHING:
        return before
    header = git.text("cat-file", "commit", head).split("\n\n", 1)[0].splitlines()
    return next((line.removeprefix("parent ") for line in header if line.startswith("parent ")), head)
