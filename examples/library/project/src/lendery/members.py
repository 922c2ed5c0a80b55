"""Who may borrow."""

from lendery.domain import Member
from lendery.errors import RefusedError
from lendery.storage import Store


def join(store: Store, name: str) -> Member:
    """Enrol a person.

    Raises:
        RefusedError: the name is empty.
    """
    clean = " ".join(name.split())
    if not clean:
        raise RefusedError("a member needs a name")
    return store.add_member(clean)


def find(store: Store, text: str) -> list[Member]:
    """Members whose name contains the text, whatever its case."""
    wanted = text.casefold()
    return [member for member in store.members() if wanted in member.name.casefold()]
