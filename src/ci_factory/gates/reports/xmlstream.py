"""XML, element by element, from expat: no tree, no entities, no document type, bounded tokens and depth."""

from collections.abc import Callable, Mapping
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.bytesource import ByteSource
from ci_factory.gates.reports.limits import CHUNK, MAX_DEPTH, MAX_TEXT_CHARS, MAX_TOKEN_BYTES

Attributes = Mapping[str, str]


class Elements:
    """Feeds a file to expat. Subclasses say what an element means."""

    doctypes: Callable[[str | None], object] | None = None
    """Which system identifiers of a plain document type are harmless; it is never loaded."""

    def __init__(self, stream: BinaryIO) -> None:
        """Begin where the stream stands."""
        self._source = ByteSource(stream)
        self._depth = self._fed = 0
        self._text: list[str] = []
        self._length = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = _refuse_entity

    def start(self, tag: str, attributes: Attributes) -> None:
        """An element begins; `tag` is without its prefix."""
        raise NotImplementedError

    def end(self, tag: str) -> None:
        """An element ends."""
        raise NotImplementedError

    def listen(self) -> None:
        """Keep the text up to the next tag; `text` has it when the element ends."""
        self._parser.CharacterDataHandler = self._characters

    def text(self) -> str:
        """Text since `listen` was called and up to the last tag, cut to the length of messages."""
        return "".join(self._text)[:MAX_TEXT_CHARS]

    @property
    def depth(self) -> int:
        """How many elements are open, the current one included."""
        return self._depth

    def feed(self) -> bool:
        """Parse the next piece; false after the last one.

        Raises:
            ArtifactError: it is not well-formed, or holds what we refuse.
        """
        data = self._source.read(CHUNK)
        try:
            self._parser.Parse(data, not data)
        except expat.ExpatError as error:
            raise ArtifactError(
                f"is not XML: {expat.errors.messages[error.code]}, line {error.lineno}",
                fix="look whether the job that wrote it was stopped",
            ) from error
        except (LookupError, ValueError) as error:  # an encoding that nobody knows
            raise ArtifactError(f"is not plain XML: {str(error)[:100]}", fix="write UTF-8") from error
        self._fed += len(data)
        if self._fed - self._parser.CurrentByteIndex > MAX_TOKEN_BYTES and data:
            raise ArtifactError(f"has one tag or text of more than {MAX_TOKEN_BYTES} bytes")
        return bool(data)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ArtifactError(f"has more than {MAX_DEPTH} elements inside each other")
        if self._parser.CharacterDataHandler is not None:
            self._forget()
        self.start(tag.rpartition(":")[2] if ":" in tag else tag, attributes)

    def _end(self, tag: str) -> None:
        self.end(tag.rpartition(":")[2] if ":" in tag else tag)
        self._depth -= 1
        if self._parser.CharacterDataHandler is not None:
            self._forget()

    def _forget(self) -> None:
        self._text.clear()
        self._length = 0
        self._parser.CharacterDataHandler = None

    def _characters(self, data: str) -> None:
        if self._length < MAX_TEXT_CHARS:
            self._text.append(data)
            self._length += len(data)

    def _doctype(self, name: str, system: str | None, _public: str | None, subset: int) -> None:
        allowed = type(self).doctypes
        if subset or allowed is None or not allowed(system):
            raise ArtifactError(
                f"has a document type ({name[:40]!r}), which may hold entities", fix="leave it out"
            )


def _refuse_entity(name: str, *_: object) -> NoReturn:
    raise ArtifactError(f"defines the entity {name[:40]!r}", fix="leave it out")
