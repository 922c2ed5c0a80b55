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
    """Our own style sheets, and the one script, as they go into a page."""

    css: Markup
    policy: str
    """`Content-Security-Policy`: this style sheet and this script by hash, and nothing else."""
    script: Markup


def style(*names: str, script: str | None = None) -> Style:
    """The named files of `templates/`, one after the other, and the script of that name."""
    css, code = "".join(map(_read, names)), _read(script) if script else ""
    allowed = _hash(code) if script else "'none'"
    policy = (
        f"default-src 'none'; style-src {_hash(css)}; img-src data:; "
        f"base-uri 'none'; form-action 'none'; script-src {allowed}"
    )
    return Style(Markup(css), policy, Markup(code))  # noqa: S704 - our own files, read from the package


def _read(name: str) -> str:
    folder = resources.files("ci_factory.metrics").joinpath("templates")
    return folder.joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


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
        "value_of": words.value,
        "interval": words.interval,
        "target": words.target,
        "moment": words.moment,
        "points": words.points,
        "timespan": words.span,
        "px": lambda number: f"{number:.1f}",
    }
    found.globals["count"] = words.count
    return found
