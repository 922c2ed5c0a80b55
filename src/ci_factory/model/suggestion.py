"""What somebody probably meant, for the fix of an error."""

import difflib
from collections.abc import Iterable

_LISTED = 40


def meant(word: str, known: Iterable[str], *, kind: str = "names") -> str:
    """`did you mean …?` with the closest known word, and, if there are few or none is close, all of them in their order."""
    words = list(dict.fromkeys(known))
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    listed = f"known {kind}: {', '.join(words[:_LISTED]) or 'none'}{more}."
    close = difflib.get_close_matches(word, words, n=1)
    if not close:
        return listed
    return f"did you mean `{close[0]}`?{f' {listed}' if len(words) <= _LISTED else ''}"
