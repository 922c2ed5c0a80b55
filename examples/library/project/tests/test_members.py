"""Enrolling and finding people."""

import pytest

from lendery import members
from lendery.errors import RefusedError
from lendery.storage import Store


def test_spaces_in_names_are_tidied(store: Store) -> None:
    assert members.join(store, "  Alan   Turing ").name == "Alan Turing"


def test_a_member_needs_a_name(store: Store) -> None:
    with pytest.raises(RefusedError, match="needs a name"):
        members.join(store, "   ")


def test_a_part_of_the_name_is_enough(store: Store) -> None:
    assert [member.name for member in members.find(store, "LOVE")] == ["Ada Lovelace"]
