"""The rules that semgrep is given: our starter pack, the project's own files, and packs of the registry."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from ci_factory.gates.protocol import Unmeasurable
from ci_factory.model import plain_yaml
from ci_factory.model.base import Json
from ci_factory.system import ci_env

PACK = Path(__file__).parent / "rules"
"""`<language>/<theme>.yml`; every file can be given to semgrep as it is."""
REGISTRY = "https://semgrep.dev"
"""Where registry packs come from, unless `SEMGREP_URL` names a mirror, as for semgrep itself."""
MAX_BYTES = 16 * 1024 * 1024
"""Bytes of one file of rules; the largest pack of the registry has about 5 MB."""
_SECONDS = 20
_SPOKEN = re.compile(r"^ *languages: \[([^\]\n]*)\]$", re.MULTILINE)
"""Our own way to write it."""
_NAME = re.compile(r"(p|r|s)(/[A-Za-z0-9][\w.-]*)+")
_FIX = "correct gates.semgrep_rules, or the file on the base"


@dataclass(frozen=True)
class RuleFile:
    """One file of rules, as semgrep reads it."""

    name: str
    """What it is called in the configuration or below it."""
    text: str
    languages: frozenset[str]
    """Languages of its rules, in semgrep's words."""
    ids: frozenset[str]


def starter(languages: Iterable[str]) -> RuleFile:
    """Our rules for any of these languages, as one JSON document: semgrep reads it thirty times faster than YAML."""
    wanted = frozenset(languages)
    files = [path for path, spoken in _pack().items() if wanted & spoken]
    rules = [rule for path in files for rule in _rules_of(path) if wanted & set(rule["languages"])]
    return _described("the starter pack", json.dumps({"rules": rules}), rules)


def starter_rules() -> tuple[Mapping[str, Json], ...]:
    """Every rule of our pack, in the order of the files."""
    return tuple(rule for path in _pack() for rule in _rules_of(path))


def starter_languages() -> frozenset[str]:
    """Languages that our pack has a rule for."""
    return frozenset(language for spoken in _pack().values() for language in spoken)


@cache
def _pack() -> Mapping[Path, frozenset[str]]:
    """Our files with the languages of their rules; reading all as YAML would take longer than most scans prepare."""
    return {
        path: frozenset(
            word.strip() for found in _SPOKEN.findall(path.read_text("utf-8")) for word in found.split(",")
        )
        for path in sorted(PACK.rglob("*.yml"))
    }


@cache
def _rules_of(path: Path) -> list[Mapping[str, Json]]:
    return _parsed(path.name, path.read_text("utf-8"))


def configured(names: Sequence[str], base: Path) -> tuple[RuleFile, ...]:
    """The rules that `gates.semgrep_rules` names: files and folders of the base's checkout, packs of the registry.

    Raises:
        Unmeasurable: one is missing, leaves the checkout, is not a file of rules, or can't be fetched.
    """
    return tuple(file for name in names for file in _configured(name, base))


def _configured(name: str, base: Path) -> list[RuleFile]:
    path = base / name
    inside = path.resolve().is_relative_to(base.resolve())
    if inside and path.exists():
        files = sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]
        return [_own(file, base) for file in files if not file.is_symlink()]
    if _NAME.fullmatch(name):
        text = _fetched(name)
        return [_described(name, text, _parsed(name, text))]
    raise Unmeasurable(f"semgrep rules {name} are not in the base", fix="correct gates.semgrep_rules")


def _own(path: Path, base: Path) -> RuleFile:
    name = path.relative_to(base).as_posix()
    if path.stat().st_size > MAX_BYTES:
        raise Unmeasurable(f"semgrep rules {name} are larger than {MAX_BYTES} bytes", fix=_FIX)
    text = path.read_text("utf-8", errors="replace")
    return _described(name, text, _parsed(name, text))


def _parsed(name: str, text: str) -> list[Mapping[str, Json]]:
    try:
        document = plain_yaml.load(text)
    except yaml.YAMLError as error:
        raise Unmeasurable(f"semgrep rules {name} are not YAML: {_line(str(error))}", fix=_FIX) from error
    rules = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise Unmeasurable(f"semgrep rules {name} have no list called rules", fix=_FIX)
    return rules


def _described(name: str, text: str, rules: Iterable[Mapping[str, Json]]) -> RuleFile:
    languages, ids = set(), set()
    for rule in rules:
        ids.add(str(rule.get("id")))
        named = rule.get("languages")
        languages |= {str(language) for language in named} if isinstance(named, list) else {"?"}
    return RuleFile(name, text, frozenset(languages), frozenset(ids))


def _fetched(name: str) -> str:
    """A pack of the registry, from the address that semgrep itself asks.

    Raises:
        Unmeasurable: nothing answered in time, or not with a pack.
    """
    address = f"{ci_env.variable('SEMGREP_URL') or REGISTRY}/c/{name}"
    fix = "give the job access to the registry or a mirror (SEMGREP_URL), or take the pack out of gates.semgrep_rules"
    if not address.startswith(("https://", "http://")):
        raise Unmeasurable("SEMGREP_URL is not an address", fix=fix)
    request = urllib.request.Request(address, headers={"User-Agent": "ci-factory"})  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - checked above
            data = bytes(answer.read(MAX_BYTES + 1))
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise Unmeasurable(f"semgrep pack {name} can't be fetched: {_line(str(error))}", fix=fix) from error
    if len(data) > MAX_BYTES:
        raise Unmeasurable(f"semgrep pack {name} is larger than {MAX_BYTES} bytes", fix=fix)
    return data.decode("utf-8", "replace")


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
