"""YAML by strangers as plain data. Pure.

PyYAML's constructors trust what a value looks like: at `2001-02-30`, `!!int ""` or a number of 5,000 digits they raise
whatever they meet. Here all of that is a `yaml.YAMLError`, as broken syntax is. Some lines of merges (`<<`) can unfold into
gigabytes, which is refused. Aliases can't by themselves; whoever walks what they share has to count.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from ci_factory.model.base import Json

_MAX_MERGED = 10_000
_SURPRISES = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)

if TYPE_CHECKING or not yaml.__with_libyaml__:
    _Safe = yaml.SafeLoader
else:
    from yaml.cyaml import CParser

    class _Safe(Composer, CParser, SafeConstructor, Resolver):
        """Scans in C, which takes most of the time. Trees are made in Python: in C, deep nesting ends the process."""

        def __init__(self, stream: str | bytes) -> None:
            CParser.__init__(self, stream)
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)


class Loader(_Safe):
    """Makes nothing but plain data, in which merges stay small."""

    _merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Take in what a mapping merges, up to a bound."""
        before = len(node.value)
        super().flatten_mapping(node)
        self._merged += max(0, len(node.value) - before)
        if self._merged > _MAX_MERGED:
            raise yaml.constructor.ConstructorError(None, None, "merges too much", node.start_mark)


def load(text: str | bytes, loader: type[Loader] = Loader) -> Json:
    """The one document in the text, `None` when it is empty.

    Raises:
        yaml.YAMLError: it is no YAML, or holds a value that can't be.
    """
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader
    except _SURPRISES as error:
        raise _impossible(error) from error


def load_all(text: str, loader: type[Loader] = Loader) -> Iterator[Json]:
    """Its documents one by one; raises as `load`."""
    try:
        yield from yaml.load_all(text, Loader=loader)
    except _SURPRISES as error:
        raise _impossible(error) from error


def _impossible(error: Exception) -> yaml.YAMLError:
    too_deep = isinstance(error, RecursionError)
    return yaml.YAMLError("is nested too deeply" if too_deep else "holds a value that can't be")
