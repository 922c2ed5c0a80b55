"""The morning's reports."""

from datetime import date, timedelta

from lendery import reports
from lendery.storage import Store


def lend(store: Store, isbn: str, due_on: date, member: int = 1) -> None:
    """An open loan with a given due date."""
    store.add_loan(isbn, member, due_on - timedelta(days=21), due_on)


def test_only_late_books_are_overdue(store: Store, today: date) -> None:
    lend(store, "9780140449266", today)
    lend(store, "9780141439600", today - timedelta(days=3))
    (line,) = reports.overdue(store, today)
    assert (line.book.title, line.days, line.cents) == ("A Tale of Two Cities", 3, 60)


def test_the_overdue_list_says_who_what_and_how_much(store: Store, today: date) -> None:
    lend(store, "9780141439600", today - timedelta(days=1), member=2)
    assert reports.overdue_text(reports.overdue(store, today)) == (
        "loan  member        title                 late   fine\n"
        "1     Grace Hopper  A Tale of Two Cities  1 day  EUR 0.20"
    )


def test_a_morning_with_nothing_overdue(store: Store, today: date) -> None:
    assert reports.overdue_text(reports.overdue(store, today)) == "nothing is overdue"


def test_the_most_lent_book_comes_first(store: Store, today: date) -> None:
    lend(store, "9780140449266", today)
    lend(store, "9780141439600", today)
    lend(store, "9780141439600", today)
    assert [(book.title, times) for book, times in reports.popular(store)] == [
        ("A Tale of Two Cities", 2),
        ("The Republic", 1),
    ]


def test_the_list_of_favourites_is_a_table(store: Store, today: date) -> None:
    lend(store, "9780140449266", today)
    assert (
        reports.popular_text(reports.popular(store)).splitlines()[1]
        == "1 loan  The Republic  Plato"
    )
    assert reports.popular_text([]) == "nothing was lent yet"
