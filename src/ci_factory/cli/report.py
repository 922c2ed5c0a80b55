"""`ci-factory report`: the morning report and the weekly one, printed or posted."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ci_factory.cli import common, facts, forges
from ci_factory.errors import UsageError
from ci_factory.system.clock import SystemClock

if TYPE_CHECKING:
    from ci_factory.workflow.morning import Told
    from ci_factory.workflow.posting import Posted, Posting

ISSUE, SNIPPET = "issue", "snippet"


@dataclass(frozen=True)
class _Wish:
    """What the command line asks for."""

    batch_id: str | None
    post: str | None
    weekly: bool
    openmetrics: bool
    as_json: bool


@click.command(epilog="Example: ci-factory report --weekly --post issue")
@common.repo_option
@common.out_option
@common.config_option
@click.option("--batch", "batch_id", help="A batch by id.  [default: the last one]")
@click.option("--weekly", is_flag=True, help="The last seven days against the seven before, instead.")
@click.option(
    "--post",
    is_flag=False,
    flag_value=ISSUE,
    default=None,
    type=click.Choice([ISSUE, SNIPPET]),
    help="Also post it: on the factory's report issue, or, weekly, as a project snippet.  [issue when bare]",
)
@click.option("--openmetrics", is_flag=True, help="Print the figures as OpenMetrics text instead.")
@facts.facts_option
@common.json_option
def command(
    repo: Path,
    out: Path | None,
    config_file: Path | None,
    batch_id: str | None,
    post: str | None,
    *,
    weekly: bool,
    openmetrics: bool,
    kept: bool,
    as_json: bool,
) -> None:
    """Print the morning report of a batch as Markdown, and keep it as OUT/report.md; with --json every fact and figure.

    --post makes one issue of the project say it, which is updated in place every morning and is no ticket. The weekly
    report becomes a note on that issue, once in an ISO week; or a snippet for members.
    """
    wish = _Wish(batch_id, post, weekly, openmetrics, as_json)
    _refuse_nonsense(wish)
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout = common.layout(git, out)
    forge = forges.open_forge(git, config) if wish.post or not kept else None
    told = facts.told(git, config, layout, kept=kept, forge=forge)
    if not (wish.weekly or wish.openmetrics or wish.as_json) or (wish.post and not wish.weekly):
        told.write_text(layout, wish.batch_id)
    if forge is None or wish.post is None:
        _print(told, wish, None)
        return
    from ci_factory.workflow.posting import Posting

    _print(told, wish, _post(Posting(forge, config, SystemClock()), told, wish))


def _refuse_nonsense(wish: _Wish) -> None:
    if wish.post == SNIPPET and not wish.weekly:
        raise UsageError(
            "the morning report is kept up to date on one issue",
            where="--post snippet",
            fix="use --post issue",
        )
    if wish.openmetrics and (wish.weekly or wish.post):
        raise UsageError("figures for a scraper are printed alone", where="--openmetrics", fix="run it twice")
    if wish.weekly and wish.batch_id:
        raise UsageError("a week is no batch", where="--batch", fix="leave out --batch or --weekly")


def _post(posting: "Posting", told: "Told", wish: _Wish) -> "Posted":
    from ci_factory.metrics import weekly, weekly_text

    if not wish.weekly:
        return posting.morning(told.text(wish.batch_id))
    week = weekly.tell(told.history, told.now)
    post = posting.weekly_snippet if wish.post == SNIPPET else posting.weekly_note
    return post(week.week, weekly_text.weekly_report(week))


def _print(told: "Told", wish: _Wish, posted: "Posted | None") -> None:
    if wish.as_json:
        common.print_json(_data(told, wish) | ({"posted": asdict(posted)} if posted else {}))
    elif posted is not None:
        click.echo(f"{posted.where}: {'written' if posted.written else 'this week has its report already'}")
    else:
        click.echo(_text(told, wish), nl=False)


def _text(told: "Told", wish: _Wish) -> str:
    from ci_factory.metrics import figures, openmetrics, weekly, weekly_text

    if wish.openmetrics:
        return openmetrics.openmetrics(figures.figures(told.history, told.now))
    if wish.weekly:
        return weekly_text.weekly_report(weekly.tell(told.history, told.now))
    return told.text(wish.batch_id)


def _data(told: "Told", wish: _Wish) -> dict[str, Any]:
    from ci_factory.metrics import figures, weekly

    if wish.weekly:
        return weekly.tell(told.history, told.now).model_dump(mode="json")
    numbers = [figure.model_dump(mode="json") for figure in figures.figures(told.history, told.now)]
    return {"facts": told.history.model_dump(mode="json"), "figures": numbers}
