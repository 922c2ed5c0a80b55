"""Which files a ticket's change will touch, as far as that can be told beforehand: probabilities with their reasons."""

from enum import StrEnum

from pydantic import Field

from ci_factory.model.base import Value


class EvidenceKind(StrEnum):
    """What speaks for a file; docs/intake.md has the weight of each."""

    GIVEN = "given"
    """A person listed it in the ticket's `files`."""
    NAMED = "named"
    """The text has its path, or the end of it."""
    WITHIN = "within"
    """It lies in a folder, or matches a pattern, that the ticket names."""
    STEM = "stem"
    """The file has the name of a symbol in the text."""
    DEFINES = "defines"
    """It defines a symbol that the text names."""
    MENTIONS = "mentions"
    """It uses a symbol that the text names."""
    WORDS = "words"
    """Its path has words of the text."""
    ALIKE = "alike"
    """It changed in past commits whose message is like the text."""
    OWNED = "owned"
    """It belongs to an owner or a section of CODEOWNERS that the ticket names."""
    TEST = "test"
    """It is the test of a file that other evidence speaks for."""
    TOGETHER = "together"
    """It changed together with such a file in the past."""
    FREQUENT = "frequent"
    """It changes with many commits, whatever they are about."""


class Evidence(Value):
    """One reason to think that a file will be touched."""

    kind: EvidenceKind
    weight: float = Field(ge=0, le=1)
    """Probability by this evidence alone, before it was recalibrated."""
    why: str = Field(max_length=400)


class TouchedFile(Value):
    """A file that a ticket's change may touch."""

    path: str = Field(min_length=1, max_length=4_096)
    probability: float = Field(ge=0, le=1)
    why: tuple[Evidence, ...] = ()
    """The strongest evidence of each kind, strongest first."""


class Calibration(Value):
    """What earlier predictions came to: factors on the weights, by kind of evidence."""

    tickets: int = Field(default=0, ge=0)
    """Tickets whose real change was compared."""
    factors: dict[EvidenceKind, float] = {}
    """Only kinds of which enough was measured."""
