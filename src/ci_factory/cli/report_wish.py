"""What `ci-factory report` is asked for: one kind of report, and options that belong to it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ci_factory.errors import UsageError
from ci_factory.metrics.sample import Wanted

ISSUE, SNIPPET = "issue", "snippet"
CSV, JSON = "csv", "json"


class Kind(StrEnum):
    """What is reported; all but the morning report have an option of this name."""

    MORNING = "morning"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ALERTS = "alerts"
    CALIBRATION = "calibration"
    OPENMETRICS = "openmetrics"
    GRAFANA = "grafana"
    EXPORT = "export"


PERIODIC = frozenset({Kind.WEEKLY, Kind.MONTHLY})
_BELONGS: Mapping[str, tuple[frozenset[Kind], str]] = {
    "--batch": (frozenset({Kind.MORNING}), "a batch has a morning report"),
    "--ending": (PERIODIC, "it names a day of a week or month: add --weekly or --monthly"),
    "--fail-on": (frozenset({Kind.ALERTS}), "add --alerts"),
    "--what": (frozenset({Kind.EXPORT}), "add --export csv or --export json"),
    "--post": (frozenset({Kind.MORNING, Kind.ALERTS}) | PERIODIC, "that is not posted: leave out --post"),
    "--post snippet": (PERIODIC, "use --post issue"),
    "--json": (frozenset(Kind) - {Kind.OPENMETRICS, Kind.GRAFANA, Kind.EXPORT}, "its format is its own: leave out --json"),
}  # fmt: skip
"""Option -> the kinds that it belongs to, and the fix."""


@dataclass(frozen=True)
class Wish:
    """What the command line asks for."""

    kind: Kind
    batch_id: str | None
    ending: date | None
    fail_on: str | None
    post: str | None
    export: str | None
    what: str | None
    wanted: Wanted
    as_json: bool

    def checked(self) -> "Wish":
        """Itself, when its options go together.

        Raises:
            UsageError: one belongs to another kind of report, or a part is to be posted.
        """
        given = {
            "--batch": self.batch_id, "--ending": self.ending, "--fail-on": self.fail_on, "--what": self.what,
            "--post": self.post, "--post snippet": self.post == SNIPPET, "--json": self.as_json,
        }  # fmt: skip
        for option, (kinds, fix) in _BELONGS.items():
            if given[option] and self.kind not in kinds:
                name = "the morning report" if self.kind is Kind.MORNING else f"--{self.kind.value}"
                raise UsageError(f"it does not go with {name}", where=option, fix=fix)
        if self.post and self.wanted != Wanted():
            fix = "leave out --post, or the options that restrict it"
            raise UsageError("a part is not posted as if it were the whole", where="--post", fix=fix)
        return self


def kind_of(given: Mapping[Kind, bool]) -> Kind:
    """The one kind that is asked for; the morning report when none is.

    Raises:
        UsageError: several are.
    """
    asked = [kind for kind, is_given in given.items() if is_given]
    if len(asked) > 1:
        options = " ".join(f"--{kind.value}" for kind in asked)
        raise UsageError("these are different reports", where=options, fix="ask for one at a time")
    return asked[0] if asked else Kind.MORNING
