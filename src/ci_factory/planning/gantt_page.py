"""The plan as an SVG picture or as a page that needs nothing else: no network, no script.

All text goes through the template's escaping, and through `plain` before, which leaves no control characters. The page's own
policy allows its style sheets by hash and nothing else.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ci_factory.config import Config
from ci_factory.model.batch import Batch
from ci_factory.model.text import plain
from ci_factory.planning import table
from ci_factory.planning.gantt import gantt

_REASON = 600


@dataclass(frozen=True)
class Out:
    """A ticket that is not in the batch."""

    ticket_id: str
    state: str
    reason: str


def svg(batch: Batch, config: Config, start: datetime | None = None) -> str:
    """A file of its own; `start` is when the work begins, for times by the clock (UTC)."""
    return _render("gantt.svg.j2", batch, config, start)


def page(batch: Batch, config: Config, start: datetime | None = None) -> str:
    """The picture with a table of what is in and what is out, and why."""
    return _render("plan.html.j2", batch, config, start)


def _render(name: str, batch: Batch, config: Config, start: datetime | None) -> str:
    sheets = {sheet: _sheet(sheet) for sheet in ("gantt", "page")}
    environment = Environment(
        loader=PackageLoader("ci_factory.planning"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(
        batch=batch,
        project=plain(batch.project, 200),
        branch=plain(batch.target_branch, 200),
        chart=gantt(batch, config, start),
        start=start,
        summary=table.summary(batch),
        out=[
            Out(each.ticket_id, plain(each.state, 40), plain(each.reason, _REASON)) for each in batch.left_out
        ],
        plain=lambda text: plain(text, _REASON),
        sheets={key: Markup(text) for key, text in sheets.items()},  # noqa: S704 - our own style sheets
        policy=_policy(*sheets.values()),
    )


def _sheet(name: str) -> str:
    folder = resources.files("ci_factory.planning").joinpath("templates")
    return folder.joinpath(f"{name}.css").read_text(encoding="utf-8")


def _policy(*sheets: str) -> str:
    hashes = (base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode() for sheet in sheets)
    allowed = " ".join(f"'sha256-{each}'" for each in hashes)
    return f"default-src 'none'; style-src {allowed}; base-uri 'none'; form-action 'none'"
