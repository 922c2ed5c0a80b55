"""`ci-factory doctor`: what is missing, and how to mend it."""

import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from ci_factory import config as configuration
from ci_factory.cli import common, forges, heartbeat
from ci_factory.config import Config
from ci_factory.errors import ConfigError, ExitCode
from ci_factory.model.health import Check, Health, failed, ok, warning
from ci_factory.model.text import plain
from ci_factory.system import ci_env
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git

_SIGNS = {
    Health.OK: ("ok", "green"),
    Health.WARNING: ("warning", "yellow"),
    Health.FAILED: ("FAILED", "red"),
    Health.UNKNOWN: ("unknown", "cyan"),
}
_SIGN = max(len(sign) for sign, _ in _SIGNS.values())
_WORDS, _NAME, _NARROWEST = 500, 24, 30
_WORTH_SAYING = 3.0
"""Seconds of waiting that a person at a terminal wonders about."""


@click.command(epilog="Example: ci-factory doctor --repo . --json")
@common.repo_option
@common.out_option
@common.config_option
@common.json_option
def command(repo: Path, out: Path | None, config_file: Path | None, *, as_json: bool) -> int:
    """Look at repository, forge, token, role, kill switch, schedules, components, agents, tools and the last night.

    Changes nothing. Exit status 3 when something failed that a run could not do without, else 0. Waits for a server
    much shorter than a run would.
    """
    git = common.open_repository(repo)
    with heartbeat.beating("everything is looked at"):
        checks = list(_checks(git, out, config_file))
    if as_json:
        common.print_json([check.model_dump(mode="json") for check in checks])
    else:
        _show(checks)
    bad = any(check.health is Health.FAILED for check in checks)
    return int(ExitCode.FACTORY if bad else ExitCode.OK)


def _checks(git: Git, out: Path | None, config_file: Path | None) -> Iterator[Check]:
    from ci_factory.workflow import components, health

    config, folder, read = _configuration(git, config_file)
    site = health.Site(git, common.layout(git, out), config, folder, SystemClock())
    yield from health.here(site)
    yield read
    if read.health is Health.FAILED:
        yield health.last_batch(site)
        return
    yield from _forge_chosen(git, config)
    yield from components.here(
        git, on_gitlab=config.forge.kind != "embedded" and not forges.missing(config.forge)
    )
    yield from health.there(
        site,
        lambda: forges.open_forge(git, config, site.clock, _tell, hurried=True),
        lambda forge: components.there(git, config, forge),
    )
    yield from health.equipment(site)


def _configuration(git: Git, path: Path | None) -> tuple[Config, Path, Check]:
    """The configuration, or all defaults and why it can't be read; a file that was named must be there."""
    try:
        config, folder = common.load_config(git, path)
    except ConfigError as error:
        if path is not None and not path.is_file():
            raise
        return Config(), git.folder, failed("configuration", f"{error.where}: {error.what}", error.fix)
    file = path or git.folder / configuration.FILE_NAME
    said = str(file) if file.is_file() else f"no {configuration.FILE_NAME}: all defaults"
    return config, folder, ok("configuration", said)


def _forge_chosen(git: Git, config: Config) -> Iterator[Check]:
    """The choice of the forge, where it may surprise: a job of a GitLab project that has no token."""
    kind, missing = config.forge.kind, forges.missing(config.forge)
    if kind == "gitlab" or (kind == "auto" and not missing):
        return
    meant = ci_env.variable("CI_PROJECT_PATH") or config.forge.url or config.forge.project
    if kind == "auto" and meant:
        said = f"the embedded forge is used, not GitLab, as there is no {', '.join(missing)}"
        fix = "set it (a protected variable is only there on protected branches), or forge.kind: embedded"
        yield warning("forge kind", said, fix)
    if git.current_branch() is None:
        yield failed("branch", "no branch is checked out", "git switch to the target branch")


def _tell(seconds: float, why: str) -> None:
    if seconds >= _WORTH_SAYING:
        click.echo(f"waiting {seconds:.0f} s: {plain(why, _WORDS)}", err=True)


def _show(checks: list[Check]) -> None:
    console = common.console()
    width = max(len(plain(check.name, _NAME)) for check in checks)
    for check in checks:
        for line in _lines(check, width, console.width):
            click.echo(line, color=False if console.no_color else None)
    counts = Counter(check.health for check in checks)
    said = ", ".join(f"{counts[health]} {health.value}" for health in Health if counts[health])
    click.echo(f"{said}: a run would be refused" if counts[Health.FAILED] else said)


def _lines(check: Check, width: int, columns: int) -> Iterator[str]:
    """Three columns, the last one wrapped; long words such as addresses stay whole, so that they can be copied."""
    sign, colour = _SIGNS[check.health]
    indent = " " * (_SIGN + 2 + width + 2)
    said = _wrapped(check.message, columns - len(indent))
    name = f"{plain(check.name, _NAME):<{width}}"
    yield f"{click.style(f'{sign:<{_SIGN}}', fg=colour, bold=check.health is Health.FAILED)}  {name}  {said[0]}"
    yield from (f"{indent}{line}" for line in said[1:])
    if check.fix:
        advice = _wrapped(f"fix: {check.fix}", columns - len(indent))
        yield from (f"{indent}{click.style(line, bold=True)}" for line in advice)


def _wrapped(text: str, columns: int) -> list[str]:
    line = plain(text, _WORDS)
    return textwrap.wrap(line, max(columns, _NARROWEST), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]
