"""A store of facts and events of several projects, for whoever keeps many nights: SQLite, or PostgreSQL by URL.

    with storing.opened("sqlite:///metrics.sqlite3") as store:
        store.save(history, "group/shop")
        figures(store.sample(), now)

Records are added, never changed, and each is a link of one hash chain (`chain`). Figures are derived anew each time. The extra
`metrics` brings SQLAlchemy, the extra `postgres` the driver of PostgreSQL.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ci_factory.errors import ToolMissing
from ci_factory.metrics.storing.values import PROMPT, RETENTION, Entry, Head, Prompt, Pruned, Saved
from ci_factory.system.clock import Clock, SystemClock

if TYPE_CHECKING:
    from ci_factory.metrics.storing.store import Store

__all__ = ["PROMPT", "RETENTION", "Entry", "Head", "Prompt", "Pruned", "Saved", "opened", "sound"]


def opened(url: str, *, create: bool = True, clock: Clock | None = None) -> "Store":
    """The store at a URL, to be used in a `with`; it is made where there is none, unless `create` is off.

    Raises:
        ToolMissing: SQLAlchemy, or PostgreSQL's driver, is not installed.
        UsageError: the URL is none of ours, the database can't be opened, its schema is newer, or there is none.
        ArtifactError: a store of an older schema is damaged.
    """
    _required()
    from ci_factory.metrics.storing.store import Store

    return Store(url, clock or SystemClock(), create=create)


def sound(path: Path, clock: Clock | None = None) -> Head:
    """Make sure of an SQLite file that came from elsewhere, bring it to the present schema, and say where its chain ends.

    Raises:
        ArtifactError: it is no SQLite file, is damaged, is not of our schema, its chain does not hold, or a fact in it is
            none of this version.
        ToolMissing: SQLAlchemy is not installed.
    """
    _required()
    from ci_factory.metrics.storing import soundness

    return soundness.sound(path, clock or SystemClock())


def _required() -> None:
    try:
        import sqlalchemy  # noqa: F401 - whether it is there
    except ImportError as error:
        raise ToolMissing(
            "a metrics store needs SQLAlchemy", where="--store", fix="pip install 'ci-factory[metrics]'"
        ) from error
