"""International Standard Book Numbers: every number is kept as thirteen digits."""

from lendery.errors import RefusedError


def normalise(text: str) -> str:
    """The thirteen digits of an ISBN written in any of the usual ways.

    Raises:
        RefusedError: it has the wrong length, or its check digit is wrong.
    """
    characters = text.replace("-", "").replace(" ", "").upper()
    if len(characters) == 10 and is_isbn10(characters):
        return isbn13_of("978" + characters[:9])
    if len(characters) == 13 and is_isbn13(characters):
        return characters
    raise RefusedError(f"{text} is not an ISBN")


def is_isbn10(characters: str) -> bool:
    """Whether ten characters are an ISBN of the old kind; the last one may be an X."""
    digits = characters[:9]
    if not digits.isdecimal() or characters[9] not in "0123456789X":
        return False
    last = 10 if characters[9] == "X" else int(characters[9])
    return (sum((10 - place) * int(digit) for place, digit in enumerate(digits)) + last) % 11 == 0


def is_isbn13(characters: str) -> bool:
    """Whether thirteen characters are an ISBN with the right check digit."""
    return characters.isdecimal() and isbn13_of(characters[:12]) == characters


def isbn13_of(digits: str) -> str:
    """Twelve digits and their check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)
