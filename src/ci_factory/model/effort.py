"""How long things of a size are expected to take, in minutes.

First guesses, so that a night can be planned before anything was measured. They follow SPEC's targets: a ticket done in
less than 30 minutes, a merge request read in less than 15. Reading is reckoned at 400 lines an hour, the rate above which
inspections find markedly fewer defects (Cohen et al., Best Kept Secrets of Peer Code Review, 2006).
"""

from ci_factory.model.ticket import Size

WORK_MINUTES: dict[Size, float] = {Size.TRIVIAL: 4, Size.SMALL: 8, Size.MEDIUM: 16, Size.LARGE: 30}
"""An agent's work on a ticket, gates included. Largest over smallest stays below the ratio of the priority weights
(8), so that size never outweighs a critical ticket against a low one of the same due date."""

REVIEW_MINUTES: dict[Size, int] = {Size.TRIVIAL: 2, Size.SMALL: 5, Size.MEDIUM: 12, Size.LARGE: 30}
"""A person's review of a change."""

LINES_READ_PER_MINUTE = 400 / 60
