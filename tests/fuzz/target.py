"""What is fuzzed: a parser of a stranger's bytes, and what it may answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ci_factory.errors import FactoryError

CORPUS = Path(__file__).parent / "corpus"
DATA = Path(__file__).parents[1] / "data"
CUT = b"\x1e"
"""Takes an input apart where a parser is given several texts."""


@dataclass(frozen=True)
class Target:
    """One way that a stranger's bytes come in."""

    name: str
    run: Callable[[bytes], object]
    """Gives the bytes to the parser, through the door that the product uses."""
    covers: tuple[str, ...]
    """Modules of `ci_factory` that it leads into; a test proves that it does."""
    words: tuple[str, ...] = ()
    """What the format is made of: repeated to look for slow inputs, and given to the fuzzer as its dictionary."""
    allowed: tuple[type[Exception], ...] = (FactoryError,)
    """How a parser says no."""
    seeds: Path | None = None
    """A folder of good inputs, beside those of the corpus."""
    grows: int = 1_000_000
    """Bytes of the long inputs that it is tried with; less where it starts processes, or makes a tree of every two characters."""

    def inputs(self) -> Iterator[tuple[str, bytes]]:
        """The kept corpus and the seeds, each with its name."""
        for folder in (CORPUS / self.name, self.seeds):
            if folder is None or not folder.is_dir():
                continue
            for file in sorted(folder.iterdir()):
                if file.is_file():
                    yield f"{folder.name}/{file.name}", file.read_bytes()


def text(data: bytes) -> str:
    """The bytes as the product decodes text."""
    return data.decode("utf-8", "replace")


def pieces(data: bytes, number: int) -> list[bytes]:
    """Exactly so many byte strings: those between the cuts, the rest of them empty."""
    found = data.split(CUT, number - 1)
    return found + [b""] * (number - len(found))


def texts(data: bytes, number: int) -> list[str]:
    """The same as text."""
    return [text(piece) for piece in pieces(data, number)]
