"""A policy that only watches: the real one decides, and the note keeps what the other would have done."""

from dataclasses import dataclass

from ci_factory.model.routing import Choice
from ci_factory.planning.routing.protocol import Asked, Assignment, Router


@dataclass
class Shadowed:
    """Two policies on the same tickets, each with a state of its own."""

    real: Router
    watching: Router
    _seen: Assignment | None = None

    def find(self, asked: Asked) -> Assignment | None:
        """What the real policy says, with the other's choice in its note."""
        found, self._seen = self.real.find(asked), self.watching.find(asked)
        if found is None or found.note is None or self._seen is None or self._seen.note is None:
            return found
        told = {name: getattr(self._seen.note, name) for name in Choice.model_fields}
        return found._replace(note=found.note.model_copy(update={"shadow": Choice(**told)}))

    def take(self, assignment: Assignment) -> None:
        """Each goes on as if it had had its way."""
        self.real.take(assignment)
        if self._seen is not None:
            self.watching.take(self._seen)
