"""Texts for people."""

import pytest

from lendery.formatting import counted, money, table


@pytest.mark.parametrize(("cents", "text"), [(0, "EUR 0.00"), (5, "EUR 0.05"), (1250, "EUR 12.50")])
def test_money_has_two_decimals(cents: int, text: str) -> None:
    assert money(cents) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 days"), (1, "1 day"), (2, "2 days")])
def test_nouns_follow_their_number(number: int, text: str) -> None:
    assert counted(number, "day") == text


def test_an_odd_plural_can_be_given() -> None:
    assert counted(2, "copy", "copies") == "2 copies"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("a", "long"), [("wide", "b")]) == "a     long\nwide  b"
