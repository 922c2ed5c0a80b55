"""Which stage the components' jobs go to. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from yaml.nodes import Node, ScalarNode, SequenceNode

from ci_factory.adoption.components import items
from ci_factory.adoption.yaml_text import Document, Edit, child, parse, scalar, word
from ci_factory.errors import ConfigError, UsageError

DEFAULT = "test"
"""What the components use when nothing is said, and what GitLab has when no stages are declared."""
_BUILT_IN = (".pre", "build", "test", "deploy", ".post")
_FITTING = re.compile(
    r"(unit|integration)?[-_ ]?tests?(ing)?|verify|verification|validat(e|ion)|checks?|quality|qa|lint(ing)?|analysis|review",
    re.IGNORECASE,
)
_LATE = re.compile(r"\.post|(pre-?)?(deploy|release|publish|deliver|staging|prod|package)\w*", re.IGNORECASE)
ReadFile = Callable[[str], str | None]
"""Text of a file of the repository, `None` when there is none."""


@dataclass(frozen=True)
class Stage:
    """A stage for the jobs, and what makes it be there."""

    name: str
    edits: tuple[Edit, ...] = ()
    certain: bool = True
    """Whether it is known to exist: files that are included from elsewhere may declare other stages."""

    @property
    def inputs(self) -> dict[str, str]:
        """What a component has to be told."""
        return {} if self.name == DEFAULT else {"stage": self.name}


def choose(document: Document, wanted: str | None, read: ReadFile, where: str) -> Stage:
    """`wanted`, else `test`, else one that is declared and fits, else `test`, which is then added.

    Raises:
        UsageError: what is there can't be known or added to.
    """
    if wanted is not None and not (wanted.strip() and wanted.isprintable()):
        raise UsageError(f"{wanted!r} is no stage", where="--stage", fix="name one on one line")
    found = document.get("stages")
    if found is not None:
        return _declared(document, found[1], wanted, where)
    elsewhere = _in_includes(document, read)
    if elsewhere is None and items(document):  # what other servers and projects declare is not known here
        return Stage(wanted or DEFAULT, certain=False)
    names = _BUILT_IN if elsewhere is None else elsewhere
    name = _fitting(names) if wanted is None else wanted
    if name is None or name not in names:
        raise UsageError(
            f"there is no stage {wanted}"
            if wanted
            else "an included file declares stages, and none is for tests",
            where=where,
            fix=f"pass --stage with one of: {', '.join(names)}",
        )
    return Stage(name)


def _declared(document: Document, node: Node, wanted: str | None, where: str) -> Stage:
    if not isinstance(node, SequenceNode) or not node.value or document.source(node)[:1] in {"&", "*", "!"}:
        return _trusted((), wanted, where)
    names = [word(each) for each in node.value]
    known = tuple(name for name in names if name is not None)
    chosen = wanted or _fitting(known)
    if chosen in known:
        return Stage(str(chosen))
    if len(known) < len(names):
        return _trusted(known, wanted, where)
    name = wanted or DEFAULT
    return Stage(name, (_addition(document, node, name),))


def _trusted(known: tuple[str, ...], wanted: str | None, where: str) -> Stage:
    """A stage of a list that can't be read as a whole: only who asks for it knows whether it is there."""
    if wanted:
        return Stage(wanted, certain=False)
    raise UsageError(
        "its stages come from elsewhere, and none that is written there is for tests",
        where=where,
        fix=f"pass --stage with one that exists there, such as {known[0]}"
        if known
        else "pass --stage with one that exists",
    )


def _fitting(names: tuple[str, ...]) -> str | None:
    if DEFAULT in names:
        return DEFAULT
    return next((name for name in names if _FITTING.fullmatch(name)), None)


def _addition(document: Document, node: SequenceNode, name: str) -> Edit:
    """Before the first stage that ships something, else at the end."""
    here = [
        each for each in node.value if each.start_mark.index > node.start_mark.index or each is node.value[0]
    ]
    before = next((each for each in here if _LATE.fullmatch(word(each) or "")), None)
    if node.flow_style:
        place = before.start_mark.index if before is not None else 0
        return (
            Edit(place, place, f"{scalar(name)}, ")
            if before is not None
            else document.into_brackets(node, scalar(name))
        )
    indent = document.text[document.line_start(node.start_mark.index) : node.start_mark.index]
    if before is None:
        end = document.content_end(node)
        return Edit(end, end, f"{document.newline}{indent}- {scalar(name)}")
    place = document.line_start(before.start_mark.index)
    return Edit(place, place, f"{indent}- {scalar(name)}{document.newline}")


def _in_includes(document: Document, read: ReadFile) -> tuple[str, ...] | None:
    """The stages of the last local include that declares some."""
    found = None
    for item in items(document):
        path = word(item) if isinstance(item, ScalarNode) else word(child(item, "local"))
        text = read(path) if path and "://" not in path and "*" not in path else None
        found = _stages(text) or found if text else found
    return found


def _stages(text: str) -> tuple[str, ...] | None:
    try:
        declared = parse(text, "").get("stages")
    except ConfigError:
        return None
    if declared is None or not isinstance(declared[1], SequenceNode):
        return None
    return tuple(name for each in declared[1].value if (name := word(each)) is not None)
