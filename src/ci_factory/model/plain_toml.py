"""TOML by strangers as plain data. Pure."""

import re
import tomllib

from ci_factory.model.base import Json

_ENDLESS = re.compile(r"""(?<![\w"'\\-])(?:[\w"'\\-]++[ \t]*+\.[ \t]*+){100}""")
"""A key of so many parts is nobody's, and takes time in the square of their number."""


def load(text: str) -> dict[str, Json]:
    """The document in the text.

    Raises:
        ValueError: it is no TOML, or holds a value that can't be.
    """
    if _ENDLESS.search(text):
        raise ValueError("has a key of too many parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
