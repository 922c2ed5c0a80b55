"""Whether an edited CI file still says everything that it said. Pure."""

from collections.abc import Mapping

from yaml.nodes import Node, ScalarNode, SequenceNode

from ci_factory.adoption import components
from ci_factory.adoption.yaml_text import Document, child, parse, same, scalar, word
from ci_factory.errors import ConfigError, UsageError


def verify(
    document: Document, text: str, entries: tuple[dict[str, str], ...], project: str, where: str
) -> None:
    """Read what came out: everything is there, only the includes and one stage were touched.

    Raises:
        UsageError: something else changed too, so nothing is written.
    """
    if text == document.text:
        return
    try:
        after = parse(text, where)
        kept = _kept(document, after, project)
        there = all(_has(after, entry) for entry in entries)
    except ConfigError:
        kept = there = False
    if not (kept and there):
        lines = "; ".join(
            ", ".join(f"{key}: {scalar(value)}" for key, value in entry.items()) for entry in entries
        )
        raise UsageError(
            "can't be edited without changing something else",
            where=where,
            fix=f"add to its include by hand: {lines}",
        )


def _kept(before: Document, after: Document, project: str) -> bool:
    old, new = _by_key(before), _by_key(after)
    if [name for name in new if name in old] != list(old) or set(new) - set(old) - {"include"}:
        return False
    if not all(same(value, new[name]) for name, value in old.items() if name not in {"include", "stages"}):
        return False
    stages_kept = _still_there(_list(old.get("stages")), _list(new.get("stages")))
    pair = [_foreign(each, project) for each in (before, after)]
    return (
        stages_kept and len(pair[0]) == len(pair[1]) and all(same(*each) for each in zip(*pair, strict=True))
    )


def _by_key(document: Document) -> dict[str, Node]:
    return {str(key.value): value for key, value in (document.root.value if document.root else [])}


def _list(node: Node | None) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else []


def _still_there(old: list[Node], new: list[Node]) -> bool:
    """Whether all of the old are there in their order, and at most one more."""
    rest = iter(new)
    return len(new) <= len(old) + 1 and all(any(same(each, other) for other in rest) for each in old)


def _foreign(document: Document, project: str) -> list[Node]:
    """Items that are not ours: they stay as they are."""
    ours = [each.entry for each in components.included(document, project)]
    found = (each for each in components.items(document) if not any(each is entry for entry in ours))
    return [each for each in found if not (isinstance(each, ScalarNode) and each.value == "")]


def _has(document: Document, entry: Mapping[str, str]) -> bool:
    """Whether an item has all of these keys with these values."""
    return any(
        all(word(child(item, key)) == value for key, value in entry.items())
        for item in components.items(document)
    )
