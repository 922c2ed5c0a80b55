"""A token that shows itself to nobody but the server it is for."""

import re
from typing import NoReturn

from ci_factory.errors import ConfigError

_SHAPE = re.compile(r"[\x21-\x7e]{1,1024}")
_HIDDEN = "[token]"


class _Veiled(str):
    """Header text whose `repr` says nothing: a traceback that prints local variables prints that."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _HIDDEN


class Token:
    """An access token. `repr`, `str` and pickling do not give it away; `reveal` does, where it is sent.

    Raises:
        ConfigError: it is empty, or has characters that no token has.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not _SHAPE.fullmatch(value):
            raise ConfigError(
                "the token is empty or has white space or other characters that no token has",
                where="forge.token_variable",
                fix="copy the token again, as one line without spaces",
            ) from None
        self._value = _Veiled(value)

    def reveal(self) -> str:
        """The token itself, for a header or a pipe."""
        return self._value

    def redact(self, text: str) -> str:
        """The text without the token, should somebody have echoed it."""
        return text.replace(str.__str__(self._value), _HIDDEN)

    def __repr__(self) -> str:
        return "Token(…)"

    def __reduce__(self) -> NoReturn:
        msg = "a token is not written anywhere"
        raise TypeError(msg)
