"""Settings in the format of INI files, by strangers. Pure."""

import configparser

_MOST = 100_000
"""Characters; the time that broken lines take grows with the square of their number."""


def load(text: str, *, strict: bool = False) -> configparser.ConfigParser:
    """Its sections, values as they stand there; `strict` refuses what stands there twice.

    Raises:
        configparser.Error: it is no such file, or too long for one.
    """
    if len(text) > _MOST:
        raise configparser.Error(f"is longer than {_MOST} characters")
    parser = configparser.ConfigParser(interpolation=None, strict=strict)
    parser.read_string(text)
    return parser
