"""Writes `.gitlab-ci.yml` for a level of adoption, or edits the one that is there. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ci_factory.adoption import components, inclusion, stages, verification
from ci_factory.adoption.components import Included, Source
from ci_factory.adoption.stages import ReadFile
from ci_factory.adoption.yaml_text import Document, Edit, parse, scalar, word
from ci_factory.errors import UsageError

FILE_NAME = ".gitlab-ci.yml"
NEW = """\
# One pipeline for a push or for its merge request, never both.
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS
      when: never
    - if: $CI_COMMIT_BRANCH
    - if: $CI_COMMIT_TAG
"""
"""A file that is not there yet, without its includes."""
SHARED_INPUTS = frozenset(
    {
        *("stage", "job-prefix", "image", "gate-image", "package", "tags", "agent-tags", "gate-tags"),
        *(
            "environment",
            "agent-environment",
            "agents",
            "parallel",
            "max-tickets",
            "agent-minutes",
            "expire",
            "max-jobs",
        ),
    }
)
"""Inputs that `agents` and `batch` both have, and that mean the same in both."""
_BOM = "\ufeff"
_AGENTS = re.compile(r"agents(?=@|\.yml)")


@dataclass(frozen=True)
class Wish:
    """What the file shall include."""

    level: int
    source: Source
    """Of what is added."""
    update: bool = False
    """Whether what is there gets the version of `source` as well."""
    stage: str | None = None


@dataclass(frozen=True)
class Adopted:
    """The file as it shall be."""

    text: str
    stage: str
    stage_certain: bool
    added: tuple[str, ...]
    replaced: tuple[str, ...]


def adopt(text: str | None, wish: Wish, read: ReadFile, where: str = FILE_NAME) -> Adopted:
    """The file with the level's components; the same text when nothing is missing. `None`: there is no file.

    Raises:
        ConfigError: it is no CI file.
        UsageError: it can't be edited so that everything else stays.
    """
    if text is not None and text.startswith(_BOM):
        found = adopt(text.removeprefix(_BOM), wish, read, where)
        return replace(found, text=f"{_BOM}{found.text}")
    document = parse(NEW if text is None or not text.strip() else text, where)
    _refuse_odd(document, where)
    present = components.included(document, wish.source.project)
    moved = _moved(present, wish, where)
    new = components.missing(wish.level, {*(each.name for each in present), *("batch" for _ in moved)})
    stage, inputs = (
        _stage(document, present, wish, read, where)
        if new
        else (stages.Stage(wish.stage or stages.DEFAULT), {})
    )
    edits = [
        *(_rename(document, each, where) for each in moved),
        *_updates(document, present, wish, where),
        *stage.edits,
    ]
    entries = [wish.source.entry(name) for name in new]
    edits += inclusion.edits(document, entries, inputs) if new else []
    result = document.edited(edits)
    verification.verify(document, result, tuple(entries), wish.source.project, where)
    return Adopted(result, stage.name, stage.certain, new, tuple("agents" for _ in moved))


def _refuse_odd(document: Document, where: str) -> None:
    if twice := [name for name in ("include", "stages") if document.names.count(name) > 1]:
        raise UsageError(f"has {twice[0]} twice", where=where, fix="make one of them, then run again")
    if document.root is not None and document.root.flow_style:
        raise UsageError("stands in braces", where=where, fix="write it as lines of `key: value`")
    found = document.get("include")
    if found is not None and not _understood(document, *found):
        raise UsageError(
            "its include has a form that can't be edited safely",
            where=f"{where}:{found[0].start_mark.line + 1}",
            fix="write it as a list, then run again",
        )


def _understood(document: Document, key: Node, value: Node) -> bool:
    """Whether the value stands where its key does, with no name or tag of its own."""
    if isinstance(value, ScalarNode) and value.value == "" and not document.source(value):
        return True
    if value.start_mark.index < key.end_mark.index or document.source(value)[:1] in {"&", "*", "!", "|", ">"}:
        return False
    if isinstance(value, ScalarNode):
        return word(value) is not None and value.start_mark.line == value.end_mark.line
    return isinstance(value, (SequenceNode, MappingNode))


def _stage(
    document: Document, present: tuple[Included, ...], wish: Wish, read: ReadFile, where: str
) -> tuple[stages.Stage, Mapping[str, str]]:
    """Our other components' stage where they name one."""
    given = next((name for each in present if (name := word(each.input("stage")))), None)
    stage = stages.choose(document, wish.stage or given, read, where)
    return stage, stage.inputs


def _moved(present: tuple[Included, ...], wish: Wish, where: str) -> tuple[Included, ...]:
    """Entries of `agents` that become `batch`.

    Raises:
        UsageError: an input is set that only the one has.
    """
    names = {each.name for each in present}
    if "batch" not in components.LEVELS[wish.level] or "batch" in names:
        return ()
    moved = tuple(each for each in present if each.name == "agents")
    if foreign := sorted({name for each in moved for name in each.inputs} - SHARED_INPUTS):
        raise UsageError(
            f"the include of agents sets {', '.join(foreign)}, which batch may not know",
            where=where,
            fix="take that out, or write it for batch by hand, then run again",
        )
    return moved


def _rename(document: Document, entry: Included, where: str) -> Edit:
    node = entry.name_node
    found = list(_AGENTS.finditer(document.text, node.start_mark.index, node.end_mark.index))
    if not found:
        raise _escaped(entry, where)
    return Edit(found[-1].start(), found[-1].end(), "batch")


def _updates(document: Document, present: tuple[Included, ...], wish: Wish, where: str) -> list[Edit]:
    """Other versions for entries that name one; several files of one entry share it."""
    if not wish.update:
        return []
    edits: dict[int, Edit] = {}
    for each in present:
        if each.source.kind is components.Kind.LOCAL or each.source.ref == wish.source.ref:
            continue
        if each.ref_node is None:
            raise UsageError(f"the include of {each.name} has no ref", where=where, fix="add `ref:` to it")
        start, end = _version_place(document, each, where)
        alone = start == each.ref_node.start_mark.index and end == each.ref_node.end_mark.index
        edits[start] = Edit(start, end, scalar(wish.source.ref) if alone else wish.source.ref)
    return list(edits.values())


def _version_place(document: Document, entry: Included, where: str) -> tuple[int, int]:
    assert entry.ref_node is not None  # noqa: S101 - the caller looked
    start, end = entry.ref_node.start_mark.index, entry.ref_node.end_mark.index
    lead, tail = ("/-/raw/", "/templates/") if entry.source.kind is components.Kind.REMOTE else ("", "")
    place = document.text.rfind(f"{lead}{entry.source.ref}{tail}", start, end)
    if place < 0:
        raise _escaped(entry, where)
    return place + len(lead), place + len(lead) + len(entry.source.ref)


def _escaped(entry: Included, where: str) -> UsageError:
    """Escapes in a quoted text hide what is to be changed."""
    said = f"the include of {entry.name} is written with escapes"
    return UsageError(said, where=f"{where}:{entry.name_node.start_mark.line + 1}", fix="write it without")
