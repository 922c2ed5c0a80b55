"""What runs tests, whatever the language."""

from collections.abc import Sequence
from typing import Protocol

from ci_factory.gates.testing.places import Place
from ci_factory.gates.testing.run import Wanted
from ci_factory.gates.testing.suite import Suite
from ci_factory.model.base import Json


class Runner(Protocol):
    """Runs the tests of one subject."""

    @property
    def by_test(self) -> bool:
        """Whether single files and tests can be asked for."""

    @property
    def key(self) -> Json:
        """What decides the outcome besides the tree."""

    def run(self, place: Place, *, only: Sequence[str] = (), wanted: Wanted | None = None) -> Suite:
        """Run the tests of a checkout, or those files and ids in `only`.

        Raises:
            Unmeasurable: there is no usable result.
            Tampered: something else wrote the result.
        """
