"""What every page has in common: escaped templates, one style sheet inside, a policy that allows nothing else."""

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ci_factory.metrics import words
from ci_factory.model.text import plain


@dataclass(frozen=True)
class Style:
    """Our own style sheets, as they go into a page."""

    css: Markup
    policy: str
    """`Content-Security-Policy`: this style sheet by hash, and nothing else."""


def style(*names: str) -> Style:
    """The named files of `templates/`, one after the other."""
    folder = resources.files("ci_factory.metrics").joinpath("templates")
    css = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; script-src 'none'"
    )
    return Style(Markup(css), policy)  # noqa: S704 - our own style sheets, read from the package


def environment() -> Environment:
    """Templates in which everything is escaped, with the filters that put values into words."""
    found = Environment(
        loader=PackageLoader("ci_factory.metrics"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "t": plain,
        "amount": words.amount,
        "interval": words.interval,
        "target": words.target,
        "moment": words.moment,
        "points": words.points,
        "timespan": words.span,
        "px": lambda number: f"{number:.1f}",
    }
    found.globals["count"] = words.count
    return found
