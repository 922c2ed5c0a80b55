"""What somebody probably meant, for the fix of an error."""

import difflib
from collections.abc import Iterable

_LISTED = 40


def meant(word: str, known: Iterable[str], *, kind: str = "names") -> str:
    """`did you mean …?` with the closest known word, else all of them in their order: `known names: a, b.`."""
    words = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, words, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return f"known {kind}: {', '.join(words[:_LISTED]) or 'none'}{more}."
