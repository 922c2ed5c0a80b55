"""Where in a CI file new entries of `include` go. Pure."""

from collections.abc import Mapping

from yaml.nodes import Node, ScalarNode, SequenceNode

from ci_factory.adoption import components
from ci_factory.adoption.yaml_text import Document, Edit


def edits(document: Document, entries: list[dict[str, str]], inputs: Mapping[str, str]) -> list[Edit]:
    """What adds these entries to `include`, whatever form it has; each gets the same inputs."""
    found = document.get("include")
    if found is None:
        return [_new_include(document, entries, inputs)]
    _, value = found
    if isinstance(value, SequenceNode):
        return [_into_list(document, value, entries, inputs)]
    if isinstance(value, ScalarNode) and value.value == "":
        place = document.line_end(found[0].end_mark.index)  # a comment behind the key stays there
        return [Edit(place, place, f"{document.newline}{_lines(document, entries, inputs, '  ')}")]
    return _around(document, value, entries, inputs)


def _lines(document: Document, entries: list[dict[str, str]], inputs: Mapping[str, str], indent: str) -> str:
    lines = [line for entry in entries for line in components.block(entry, inputs, indent)]
    return document.newline.join(lines)


def _into_list(
    document: Document, value: SequenceNode, entries: list[dict[str, str]], inputs: Mapping[str, str]
) -> Edit:
    if value.flow_style:
        return document.into_brackets(value, ", ".join(components.flow(entry, inputs) for entry in entries))
    start, end = value.start_mark, document.content_end(value)
    indent = document.text[document.line_start(start.index) : start.index]
    return Edit(end, end, f"{document.newline}{_lines(document, entries, inputs, indent)}")


def _around(
    document: Document, value: Node, entries: list[dict[str, str]], inputs: Mapping[str, str]
) -> list[Edit]:
    """One entry without a list around it becomes the list's first item."""
    start, end = value.start_mark.index, document.content_end(value)
    line = document.line_start(start)
    lead = document.text[line:start]
    new = f"{document.newline}{_lines(document, entries, inputs, '  ')}"
    if lead.strip():  # on the line of its key
        key_end = line + len(lead.rstrip())
        return [Edit(key_end, start, f"{document.newline}  - "), Edit(end, end, new)]
    body = document.text[line:end].splitlines(keepends=True)
    width = len(lead)
    shifted = [f"  - {body[0][width:]}", *(_indented(each, width) for each in body[1:])]
    return [Edit(line, end, "".join(shifted) + new)]


def _indented(line: str, width: int) -> str:
    return line if line[:width].strip() or not line.strip() else f"    {line[width:]}"


def _new_include(document: Document, entries: list[dict[str, str]], inputs: Mapping[str, str]) -> Edit:
    """Before the first key; after its value when a comment stands directly above it, which is either's."""
    newline = document.newline
    block = f"include:{newline}{_lines(document, entries, inputs, '  ')}"
    if document.root is None or not document.root.value:
        lead = "" if not document.text or document.text.endswith("\n") else newline
        return Edit(len(document.text), len(document.text), f"{lead}{block}{newline}")
    key, value = document.root.value[0]
    start = document.line_start(key.start_mark.index)
    above = document.text[:start].splitlines()
    if not (above and above[-1].lstrip().startswith("#")):
        return Edit(start, start, f"{block}{newline}{newline}")
    here = value.start_mark.index > key.start_mark.index  # an alias stands elsewhere
    end = document.content_end(value) if here else document.line_end(key.end_mark.index)
    rest = document.text[end:]
    tight = rest.strip() and not rest.startswith(newline * 2)
    return Edit(end, end, f"{newline * 2}{block}{newline if tight else ''}")
