"""What a late return costs, in whole cents."""

from datetime import date

from lendery.domain import Loan

DAILY_CENTS = 20
CAP_CENTS = 1000


def days_late(loan: Loan, today: date) -> int:
    """Days after the due date, 0 when in time; a closed loan is measured at its return."""
    end = loan.returned_on or today
    return max(0, (end - loan.due_on).days)


def fine_cents(days: int) -> int:
    """The fine for so many late days, never more than the cap."""
    return min(days * DAILY_CENTS, CAP_CENTS)
