"""The table of targets is whole, and says the truth."""

import ast
import sys
from pathlib import Path
from types import FrameType

import pytest

import ci_factory
from tests.fuzz.guard import tried
from tests.fuzz.target import CORPUS
from tests.fuzz.targets import TARGETS
from tests.fuzz.trusted import TRUSTED

_SOURCE = Path(ci_factory.__file__).parent
_NAMES = {
    *(
        "loads",
        "load_all",
        "literal_eval",
        "ZipFile",
        "ParserCreate",
        "fromstring",
        "ConfigParser",
        "decompress",
    ),
    *("decompressobj", "b64decode", "fromisoformat", "safe_load", "compose_all", "TypeAdapter"),
    *(
        "model_validate_json",
        "parsedate_to_datetime",
        "raw_decode",
        "scan_once",
        "from_json",
        "message_from_bytes",
    ),
}
"""Functions that make values of text or bytes."""
_PAIRS = {
    ("json", "load"),
    ("yaml", "load"),
    ("plain_yaml", "load"),
    ("plain_toml", "load"),
    ("plain_ini", "load"),
    ("yaml", "parse"),
    ("ast", "parse"),
    ("csv", "reader"),
    ("shlex", "split"),
}


def _parses(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Attribute):
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        return function.attr in _NAMES or (owner, function.attr) in _PAIRS
    return isinstance(function, ast.Name) and function.id in _NAMES


def _module(file: Path) -> str:
    return ".".join(file.relative_to(_SOURCE).with_suffix("").parts)


def _parsers() -> set[str]:
    """Modules of the product that take text or bytes apart with a parser."""
    texts = {_module(file): file.read_text(encoding="utf-8") for file in _SOURCE.rglob("*.py")}
    words = {*_NAMES, *(f"{owner}.{name}" for owner, name in _PAIRS)}
    likely = {name: ast.parse(text) for name, text in texts.items() if any(word in text for word in words)}
    return {name for name, tree in likely.items() if any(map(_parses, ast.walk(tree)))}


def test_every_parser_is_fuzzed_or_reads_what_is_ours() -> None:
    """A new module that parses something gets a target, or a reason why nobody else can write what it reads."""
    covered = {module for target in TARGETS.values() for module in target.covers}
    left = _parsers() - covered
    assert left - TRUSTED.keys() == set()
    assert TRUSTED.keys() - left == set(), "a reason that is needed no more"


@pytest.mark.long
def test_every_target_leads_where_it_says() -> None:
    """The kept inputs of a target run code of every module that it claims to cover."""
    ran: set[str] = set()

    def note(frame: FrameType, event: str, _value: object) -> None:
        if event == "call":
            ran.add(frame.f_code.co_filename)

    missing = {}
    for name, target in TARGETS.items():
        ran.clear()
        for _, data in target.inputs():
            sys.setprofile(note)
            try:
                tried(target, data)
            finally:
                sys.setprofile(None)
        if lost := [
            module
            for module in target.covers
            if str(_SOURCE.joinpath(*module.split(".")).with_suffix(".py")) not in ran
        ]:
            missing[name] = lost
    assert missing == {}


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    """No target begins from nothing, and no kept input is forgotten because its target has another name."""
    assert [name for name, target in TARGETS.items() if not list(target.inputs())] == []
    assert {folder.name for folder in CORPUS.iterdir()} - TARGETS.keys() == set()
