"""What each kind of `ci-factory report` prints and posts."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from ci_factory.cli import common
from ci_factory.cli.report_wish import CSV, SNIPPET, Kind, Wish
from ci_factory.errors import ExitCode, UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.model.alert_settings import Severity
from ci_factory.system.clock import SystemClock
from ci_factory.system.layout import Layout

if TYPE_CHECKING:
    from ci_factory.metrics.alerts import Alert
    from ci_factory.metrics.figure import Figure
    from ci_factory.metrics.periodic.report import Report
    from ci_factory.workflow.morning import Told
    from ci_factory.workflow.posting import Posted, Posting


@dataclass(frozen=True)
class Asked:
    """A wish, and what it is told of."""

    wish: Wish
    told: "Told"
    layout: Layout
    forge: Forge | None
    """There, when something is to be posted."""
    store: str | None = None
    """The database that the facts are of, as it was named."""

    @property
    def posting(self) -> "Posting | None":
        """The door to the report issue, when something is to be posted."""
        from ci_factory.workflow.posting import Posting

        wanted = self.forge is not None and self.wish.post is not None
        return Posting(self.forge, self.told.config, SystemClock()) if wanted and self.forge else None


def grafana() -> ExitCode:
    """Print the Grafana dashboard, which is the same for every project."""
    from ci_factory.metrics import grafana as boards

    common.print_json(boards.dashboard())
    return ExitCode.OK


def run(asked: Asked) -> ExitCode:
    """Print and post what is asked for, which is told of facts.

    Raises:
        UsageError: there is no such batch or table, a period that runs is to be posted, the factory is switched off.
        ForgeError: as the forge has them.
    """
    return _KINDS[asked.wish.kind](asked)


def _morning(asked: Asked) -> ExitCode:
    told, wish = asked.told, asked.wish
    posted = None
    if asked.posting or not wish.as_json:
        told.write_text(asked.layout, wish.batch_id)
    elif wish.batch_id is not None:
        told.text(wish.batch_id)  # says so when there is no such batch
    if (posting := asked.posting) is not None:
        posted = posting.morning(told.text(wish.batch_id))
    _print(asked, posted, lambda: told.text(wish.batch_id), lambda: _everything(told))
    return ExitCode.OK


def _everything(told: "Told") -> dict[str, Any]:
    overview = told.overview
    return {
        "facts": told.history.model_dump(mode="json"),
        "figures": [figure.model_dump(mode="json") for figure in overview.figures],
        "overview": overview.model_dump(mode="json"),
    }


def _periodic(asked: Asked) -> ExitCode:
    from ci_factory.metrics.periodic import text
    from ci_factory.workflow.proof import anchor_line

    report, posted = _report(asked), None
    if (posting := asked.posting) is not None:
        _refuse_running(report)
        told = text.markdown(report)
        snippet = asked.wish.post == SNIPPET
        title, key = text.title(report.period), report.period.key
        anchor = "" if snippet else anchor_line(asked.store, asked.layout)
        posted = posting.snippet(title, told) if snippet else posting.note(key, told, anchor)
    _print(asked, posted, lambda: text.markdown(report), lambda: report.model_dump(mode="json"))
    return ExitCode.OK


def _report(asked: Asked) -> "Report":
    from ci_factory.metrics.periodic import period, report

    told, wish = asked.told, asked.wish
    kind = period.Kind.WEEK if wish.kind is Kind.WEEKLY else period.Kind.MONTH
    wanted = period.containing(kind, wish.ending) if wish.ending else period.newest(kind, told.now)
    if wanted.since > told.now:
        raise UsageError("that is still to come", where="--ending", fix="choose a day that has been")
    unreadable = told.history.unreadable
    return report.tell(told.sample, wanted, told.now, told.config, queue=told.queue, unreadable=unreadable)


def _refuse_running(report: "Report") -> None:
    if not report.over:
        what = f"the {report.period.kind.value} {report.period.name} is not over"
        raise UsageError(what, where="--ending", fix="post it afterwards; it would be posted once only")


def _alerts(asked: Asked) -> ExitCode:
    from ci_factory.metrics import period_alerts
    from ci_factory.workflow import alert_posting

    told = asked.told
    found = period_alerts.tell(told.sample, told.queue, told.now, told.config)
    posted = alert_posting.post(posting, found, told.now) if (posting := asked.posting) is not None else None
    if asked.wish.as_json:
        data: dict[str, Any] = {"alerts": [each.model_dump(mode="json") for each in found]}
        common.print_json(data | ({"posted": asdict(posted)} if posted else {}))
    else:
        _show(found)
        if posted is not None:
            click.echo(
                f"{posted.where}: {', '.join(posted.written) or 'nothing new'}; label {posted.label or 'none'}"
            )
    return _judged(found, asked.wish.fail_on)


def _show(found: "Iterable[Alert]") -> None:
    from ci_factory.metrics.alert_screen import lines

    for line in lines(found):
        common.say(line, indent=13)


def _judged(found: "Iterable[Alert]", fail_on: str | None) -> ExitCode:
    """What a job ends with: whether one is on that is as bad as that, or worse."""
    from ci_factory.metrics.alerts import Level

    alerts = list(found)
    if fail_on is None:
        return ExitCode.OK
    order = list(Severity)
    bad = set(order[: order.index(Severity(fail_on)) + 1])
    if any(each.on and each.severity in bad for each in alerts):
        return ExitCode.JUDGED_FAILED
    return ExitCode.INCONCLUSIVE if all(each.level is Level.UNKNOWN for each in alerts) else ExitCode.OK


def _calibration(asked: Asked) -> ExitCode:
    from ci_factory.metrics import calibration_report, comparison
    from ci_factory.metrics.calibration import calibrate

    told = asked.told
    found = calibrate(told.sample, told.now, told.config)
    compared = comparison.compare(told.sample, told.now, told.config.metrics)
    data = {
        "calibration": found.model_dump(mode="json"),
        "comparisons": [each.model_dump(mode="json") for each in compared],
    }
    _print(asked, None, lambda: calibration_report.calibration_report(found, compared), lambda: data)
    return ExitCode.OK


def _openmetrics(asked: Asked) -> ExitCode:
    from ci_factory.metrics import families, openmetrics, period_alerts, segments

    told = asked.told
    click.echo(
        openmetrics.openmetrics(
            families.families(
                _figures(told),
                segments.segments(told.sample, told.now, told.config.metrics),
                period_alerts.tell(told.sample, told.queue, told.now, told.config),
                told.sample,
                told.now,
            )
        ),
        nl=False,
    )
    return ExitCode.OK


def _export(asked: Asked) -> ExitCode:
    from ci_factory.metrics import export

    what = asked.wish.what or export.FIGURES
    names = export.columns(what)
    rows = export.rows(what, asked.told.sample, _figures(asked.told) if what == export.FIGURES else ())
    lines = export.csv_lines if asked.wish.export == CSV else export.json_lines
    stream = click.get_binary_stream("stdout")
    for line in lines(names, rows):
        stream.write(line.encode("utf-8", "replace"))
    sys.stdout.flush()
    return ExitCode.OK


def _figures(told: "Told") -> "tuple[Figure, ...]":
    from ci_factory.metrics import figures

    return figures.figures(told.sample, told.now, told.config.metrics, told.history.predictions)


def _print(
    asked: Asked, posted: "Posted | None", text: Callable[[], str], data: Callable[[], dict[str, Any]]
) -> None:
    if asked.wish.as_json:
        common.print_json(data() | ({"posted": asdict(posted)} if posted else {}))
    elif posted is not None:
        click.echo(f"{posted.where}: {'written' if posted.written else 'it has this report already'}")
    else:
        click.echo(text(), nl=False)


_KINDS: dict[Kind, Callable[[Asked], ExitCode]] = {
    Kind.MORNING: _morning,
    Kind.WEEKLY: _periodic,
    Kind.MONTHLY: _periodic,
    Kind.ALERTS: _alerts,
    Kind.CALIBRATION: _calibration,
    Kind.OPENMETRICS: _openmetrics,
    Kind.EXPORT: _export,
}
