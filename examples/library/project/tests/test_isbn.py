"""ISBNs in every spelling become thirteen digits."""

import pytest

from lendery.errors import RefusedError
from lendery.isbn import normalise


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("978-0-14-044926-6", "9780140449266"),
        ("9780141439600", "9780141439600"),
        ("0-14-044926-4", "9780140449266"),
        ("080442957X", "9780804429573"),
        ("0 8044 2957 x", "9780804429573"),
    ],
)
def test_every_spelling_becomes_thirteen_digits(written: str, expected: str) -> None:
    assert normalise(written) == expected


@pytest.mark.parametrize("written", ["", "978014044926", "9780140449267", "0140449262", "x" * 10])
def test_a_wrong_number_is_refused(written: str) -> None:
    with pytest.raises(RefusedError, match="is not an ISBN"):
        normalise(written)
