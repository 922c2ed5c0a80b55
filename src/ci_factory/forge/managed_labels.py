"""Which labels the factory moves, and which belong to people. Pure."""

from collections.abc import Iterable

from ci_factory.config import Labels
from ci_factory.errors import ForgeError

RISK_PREFIXES = ("risk::", "risk-")
MAX_LABELS = 100
_MAX_LENGTH = 255


def managed(labels: Iterable[str], names: Labels) -> tuple[str, ...]:
    """Those labels of a merge request that are the factory's; the others stay as people set them."""
    return tuple(name for name in labels if name.startswith((names.prefix, *RISK_PREFIXES)))


def changed(before: Iterable[str], add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
    """The labels after removing, then adding; what stays keeps its place.

    Raises:
        ForgeError: a name can't be a label, or there would be more than 100.
    """
    wanted, unwanted = tuple(dict.fromkeys(add)), frozenset(remove)
    kept = tuple(name for name in before if name not in unwanted or name in wanted)
    after = kept + tuple(_checked(name) for name in wanted if name not in kept)
    if len(after) > MAX_LABELS:
        raise ForgeError(f"would have more than {MAX_LABELS} labels", fix="remove some")
    return after


def _checked(name: str) -> str:
    if not name.strip() or len(name) > _MAX_LENGTH or "," in name or not name.isprintable():
        raise ForgeError(
            f"{name!r} can't be a label", fix=f"1 to {_MAX_LENGTH} printable characters without a comma"
        )
    return name
