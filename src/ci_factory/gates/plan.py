"""Which gates run on a change: built-in ones, those of the presets, and the project's own, for every root."""

from collections.abc import Iterator
from dataclasses import dataclass

from ci_factory.config import Config
from ci_factory.errors import ConfigError
from ci_factory.gates import roots
from ci_factory.gates.command import CommandGate
from ci_factory.gates.command_tests import CommandTestsGate
from ci_factory.gates.presets.model import Files, Preset, TestsCommand
from ci_factory.gates.presets.registry import PRESETS, choose_tests, detected, files_of
from ci_factory.gates.protocol import Gate, Judgement
from ci_factory.gates.registry import GATES
from ci_factory.gates.subject import Subject
from ci_factory.model.commands import CommandConfig
from ci_factory.model.gate import Component, GateStatus, PlannedGate, Reason
from ci_factory.model.gate_settings import GatesConfig
from ci_factory.model.suggestion import meant

PYTHON_GATES = ("syntax", "ruff", "mypy", "documentation")
"""Built-in gates that belong to the preset `python`."""
ROOT_GATES = (*PYTHON_GATES, "tests", "complexity")
"""Built-in gates that run for each root; all others look at the whole change once."""
LINT = "lint"
"""Stands for the linters of a language for which none is configured."""
_REPLACEABLE = (*PYTHON_GATES, "complexity")


@dataclass(frozen=True)
class Slot:
    """One gate and what it judges."""

    name: str
    """Without the root."""
    gate: Gate
    subject: Subject

    @property
    def full_name(self) -> str:
        """As the report calls it."""
        return f"{self.subject.root}:{self.name}" if self.subject.root else self.name

    @property
    def planned(self) -> PlannedGate:
        """For the report."""
        return PlannedGate(gate=self.full_name, component=self.gate.component, root=self.subject.root)


@dataclass(frozen=True)
class Plan:
    """Every gate in the order of the report, and what a reader should know of how they measure."""

    slots: tuple[Slot, ...]
    remarks: tuple[Reason, ...]


def check(config: Config) -> None:
    """Refuse names of gates that can't be.

    Raises:
        ConfigError: `gates.disabled` names no gate, or a gate of the project's own has a name that is taken.
    """
    gates = config.gates
    _check_disabled("gates.disabled", gates.disabled, known_names(gates))
    _check_commands("gates.commands", gates.commands)
    for root in gates.roots:
        where = f"gates.roots ({root.path or '.'})"
        _check_disabled(f"{where}.disabled", root.disabled, _known(root.commands))
        _check_commands(f"{where}.commands", root.commands)


def make_plan(whole: Subject) -> Plan:
    """Decide by the configuration and the files of both sides."""
    whole = roots.equipped(whole)
    parts = [_Part.make(subject) for subject in roots.subjects(whole)]
    slots = []
    for name, gate in GATES.items():
        if name == "tests":
            slots += [slot for part in parts for slot in (*part.silent(LINT), *part.commands())]
        if name in ROOT_GATES:
            slots += [slot for part in parts for slot in (*part.silent(name), *part.built_in(name, gate))]
        else:
            slots.append(Slot(name, gate, whole))
    if whole.config.gates.roots:
        slots += [Slot(each.name, _own(each), whole) for each in whole.config.gates.commands]
    remarks = [reason for part in parts for reason in part.remarks()]
    return Plan(tuple(slot for slot in slots if not _disabled(slot)), tuple(remarks))


def known_names(gates: GatesConfig) -> dict[str, None]:
    """Every name that a gate can have, whatever the repository holds just now; of roots also as `root:gate`."""
    full = [f"{root.path}:{name}" for root in gates.roots for name in _known(root.commands)]
    return _known(gates.commands) | dict.fromkeys(full)


@dataclass(frozen=True)
class _Part:
    """One root with what is known of it."""

    subject: Subject
    files: Files
    presets: tuple[Preset, ...]
    tests: TestsCommand | None

    @classmethod
    def make(cls, subject: Subject) -> "_Part":
        files = files_of(subject)
        presets = detected(subject.config.gates.presets, files)
        return cls(subject, files, presets, choose_tests(presets, files))

    @property
    def python(self) -> bool:
        return PRESETS["python"] in self.presets

    def built_in(self, name: str, gate: Gate) -> Iterator[Slot]:
        own = next((each for each in self._configured() if each.name == name), None)
        if own is not None:
            yield Slot(name, _own(own), self.subject)
        elif self._applies(name):
            yield Slot(name, gate, self.subject)

    def commands(self) -> Iterator[Slot]:
        """Tools of the presets, then the project's own gates; one of its own takes the place of a tool of that name."""
        own = {each.name: each for each in self._configured()}
        found: dict[str, Gate] = {}
        for preset in self.presets:
            for tool in preset.tools:
                if tool.applies(self.files, self.files.settled(preset)):
                    found[tool.gate.name] = CommandGate(tool.gate, tool.executes, tool.version)
        found |= {name: _own(each) for name, each in own.items() if name not in GATES}
        return (Slot(name, gate, self.subject) for name, gate in found.items())

    def _configured(self) -> tuple[CommandConfig, ...]:
        return self.subject.config.gates.commands

    def _applies(self, name: str) -> bool:
        if name == "tests":
            return self.python or self._tests_known()
        return bool(self.presets) if name == "complexity" else self.python

    def _tests_known(self) -> bool:
        return self.tests is not None or bool(getattr(self.subject.config.gates.tests, "command", None))

    def silent(self, name: str) -> Iterator[Slot]:
        """What nobody measures, so that its silence is not taken for a pass: it says nothing, for or against."""
        own = {each.component for each in self._configured()}
        if name == "tests" and not self._applies("tests") and Component.TESTS not in own:
            text = "set gates.tests.command to have tests judged; no test command is known"
            yield Slot("tests", Unmeasured(Component.TESTS, text), self.subject)
        nobody = not self.python and Component.SYNTAX not in own and not any(True for _ in self.commands())
        if name == LINT and self.presets and nobody:
            names = ", ".join(preset.name for preset in self.presets)
            text = f"see gates.commands; no linter or compiler of {names} is configured"
            yield Slot(LINT, Unmeasured(Component.SYNTAX, text), self.subject)

    def remarks(self) -> Iterator[Reason]:
        """What a person should know of how everything was measured."""
        said = f" in {self.subject.root}" if self.subject.root else ""
        if self.subject.setup is not None and self.subject.setup.differs():
            yield _remark(f"lock files changed{said}: the head was measured with what its own install")


@dataclass(frozen=True)
class Unmeasured:
    """Stands for a gate that the project is not set up for."""

    component: Component
    text: str

    def judge(self, subject: Subject) -> Judgement:
        """Say so."""
        where = f" in {subject.root}" if subject.root else ""
        return Judgement(GateStatus.SKIPPED, f"{self.text}{where}")


def _own(config: CommandConfig) -> Gate:
    return CommandTestsGate(config) if config.component is Component.TESTS else CommandGate(config)


def _disabled(slot: Slot) -> bool:
    return bool({slot.name, slot.full_name} & set(slot.subject.config.gates.disabled))


def _remark(text: str) -> Reason:
    return Reason(component=Component.POLICY, points=0, message=text)


def _known(commands: tuple[CommandConfig, ...]) -> dict[str, None]:
    """Names of gates that a root can have, whatever it holds just now."""
    tools = [tool.gate.name for preset in PRESETS.values() for tool in preset.tools]
    return dict.fromkeys([*GATES, LINT, *tools, *(each.name for each in commands)])


def _check_disabled(key: str, disabled: tuple[str, ...], known: dict[str, None]) -> None:
    if unknown := sorted(set(disabled) - set(known)):
        what = f"{key}: there is no gate {', '.join(unknown)}"
        raise ConfigError(what, fix=meant(unknown[0], known, kind="gates"))


def _check_commands(key: str, commands: tuple[CommandConfig, ...]) -> None:
    names = [each.name for each in commands]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"{key}: names must differ, twice: {', '.join(twice)}", fix="rename one")
    reserved = {*GATES, LINT} - set(_REPLACEABLE)
    taken = [each.name for each in commands if each.name in reserved]
    if taken:
        fix = "set gates.tests.command" if "tests" in taken else "choose another name"
        raise ConfigError(f"{key}: {', '.join(taken)} is a gate of the factory's own", fix=fix)
