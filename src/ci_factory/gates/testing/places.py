"""Checkouts in which tests run: each run has one of its own, so that no run finds what another left behind."""

from dataclasses import dataclass
from pathlib import Path

from ci_factory.gates.checkout import Entry
from ci_factory.gates.subject import SideName, Subject
from ci_factory.model.base import Json


@dataclass(frozen=True)
class Place:
    """A side's source under the base's settings, with some files replaced or left out."""

    side: SideName
    use: str
    """Names the checkout; the same use is the same folder."""
    put: tuple[Entry, ...] = ()
    drop: tuple[str, ...] = ()

    def folder(self, subject: Subject) -> Path:
        """The checkout, written when first asked for, with what the setup installed.

        Raises:
            Unmeasurable: the setup command failed.
        """
        name, change = f"{self.use}-{self.side}", subject.change
        if self.side == "base":
            folder = subject.checkouts.folder(name, change.base_tree, self.put, self.drop)
        else:
            laid = subject.overlay
            put, drop = (*laid.put, *self.put), (*laid.drop, *self.drop)
            folder = subject.checkouts.folder(name, change.head_tree, put, drop)
        subject.equip(self.side, folder, subject.home(self.side, self.use))
        return folder

    @property
    def key(self) -> Json:
        """What is in it besides the side."""
        return [[[each.path, each.mode, each.blob] for each in self.put], list(self.drop)]
