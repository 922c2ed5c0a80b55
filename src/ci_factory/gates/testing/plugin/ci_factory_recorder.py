"""A pytest plugin: says on a pipe what every test did, and whether somebody tampered with the judge.

Three defences, none of which trusts what pytest reports in the end. Test items of our own with random names, some of which
must fail: whoever makes everything pass makes them pass too. What a test did is noted before hooks of the project may
rewrite it, and compared with what is reported. The functions that judge (pytest, pluggy, unittest) must still be the same.
Loaded into the project's interpreter; stands alone.
"""

from __future__ import annotations

import json
import os
from typing import Any, Iterator  # noqa: UP035 - old interpreters

import pytest

MAX_MESSAGE = 1000
MAX_ANOMALIES = 20
HOOKS = (
    "pytest_pyfunc_call",
    "pytest_runtest_protocol",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_logreport",
    "pytest_runtestloop",
    "pytest_collection_modifyitems",
    "pytest_itemcollected",
    "pytest_pycollect_makeitem",
    "pytest_report_teststatus",
)
"""With these a project can change what a test does, or what is said of it."""


class Recorder:
    """One session."""

    def __init__(self, sink: int, order: dict[str, Any], tracer: Any, integrity: Any, canaries: Any) -> None:
        """Write to the pipe `sink`. The last two are Integrity and Canaries of the modules beside this one."""
        self._sink, self._order, self._integrity, self._canaries = sink, order, integrity, canaries
        self._replaced = integrity.replaced
        self._tracer = tracer if order["coverage"] and order["coverage"]["contexts"] else None
        self._truth: dict[tuple[str, str], str] = {}
        """What pytest itself saw in a phase of a test."""
        self._said: dict[tuple[str, str], str] = {}
        """What was reported of it."""
        self._anomalies: list[str] = []
        self._planned: set[str] = set()
        self._hooks: list[str] = []
        self._stopped = ""
        self._module: Any = None
        self._boxed = False

    # --- start

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self) -> Iterator[None]:
        """Installed plugins are loaded, nothing of the project is: the moment to remember how things are."""
        self._integrity.remember()
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        """Everything that may select tests is done; put ours among them."""
        self._inspect_hooks(session)
        self._planned = {item.nodeid for item in session.items}
        if self._order["canaries"] and not session.config.option.collectonly:
            self._canaries.place(session)
        yield

    def _inspect_hooks(self, session: pytest.Session) -> None:
        manager = session.config.pluginmanager
        for name in HOOKS:
            for impl in getattr(manager.hook, name).get_hookimpls():
                file = code_file(impl.function)
                if file and not self._integrity.installed(file):
                    self._hooks.append(f"{name} in {self._relative(file)}")
                elif name == "pytest_runtest_protocol" and "_pytest" not in file and impl.plugin is not self:
                    self._boxed = True  # installed plugins that run tests elsewhere and only report here

    # --- each test

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Say that it starts; lines that run from here on are its own."""
        self._send({"start": item.nodeid})
        if self._tracer is not None:
            self._tracer.switch_context(item.nodeid)
        yield
        if self._tracer is not None:
            self._tracer.switch_context("")
        module = item.getparent(pytest.Module)
        if module is not self._module:
            self._module = module
            self._look()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Note the outcome as pytest itself sees it; hooks of the project come later."""
        outcome = yield
        report = outcome.get_result()  # type: ignore[attr-defined] # pluggy's result of a wrapper
        if report is not None:
            self._truth[item.nodeid, call.when] = report.outcome
            if call.when == "call":
                self._look(only_critical=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Say what is reported."""
        key = (report.nodeid, report.when)
        if report.outcome in {"passed", "failed", "skipped"}:
            self._said[key] = report.outcome
        if report.outcome != "rerun":
            self._send(
                {
                    "test": report.nodeid,
                    "when": report.when,
                    "outcome": kind_of(report),
                    "message": message_of(report),
                    "line": line_of(report),
                    "seconds": round(float(getattr(report, "duration", 0.0)), 4),
                }
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: Any) -> None:
        """A file that can't be collected."""
        if report.failed:
            self._send({"collection": report.nodeid, "message": message_of(report)})

    # --- end

    def pytest_internalerror(self, excrepr: Any) -> None:
        """Pytest, or a plugin in it, broke."""
        self._stopped = self._stopped or "internal error: " + (str(excrepr).strip().splitlines() or [""])[-1]

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        """A test ended the whole run by pytest.exit or an interrupt."""
        self._stopped = self._stopped or f"{excinfo.typename}: {excinfo.value}"

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: Any) -> Iterator[None]:
        """Note the exit status as pytest itself sees it."""
        del exitstatus
        self._stopped = self._stopped or str(session.shouldstop or session.shouldfail or "")
        self._look()
        yield

    def end(self, status: int) -> None:
        """Say that the run is over, and what was odd about it. After this nothing comes."""
        self._look()
        reported = {nodeid for nodeid, _ in self._said}
        missing = self._planned - reported
        self._odd_reports()
        if not self._stopped:
            if missing:
                self._odd(f"{len(missing)} collected tests were not run and not reported")
            if any(nodeid not in reported for nodeid in self._canaries.must_pass):
                self._odd("tests that were put in to check the run disappeared")
        wrong = [
            name for name, passes in self._canaries.must_pass.items() if not passes and self._passed(name)
        ]
        if wrong:
            self._odd("tests that must fail are reported as passed")
        bad = "failed" in self._said.values()
        if not self._stopped and bad and status == 0:
            self._odd("the exit status says success though tests failed")
        self._send(
            {
                "end": status,
                "stopped": self._stopped,
                "canaries": sorted(self._canaries.must_pass),
                "anomalies": self._anomalies,
                "hooks": sorted(set(self._hooks)),
                "missing": len(missing),
            }
        )

    def _passed(self, nodeid: str) -> bool:
        return self._said.get((nodeid, "call")) == "passed"

    def _odd_reports(self) -> None:
        for (nodeid, when), said in self._said.items():
            truth = self._truth.get((nodeid, when))
            if truth is None and not self._boxed:
                self._odd(f"a report without a run: {self._name(nodeid)}")
            elif truth == "failed" and said != "failed":
                self._odd(f"a failure reported as {said}: {self._name(nodeid)}")

    def _name(self, nodeid: str) -> str:
        return "one of the tests put in to check the run" if nodeid in self._canaries.must_pass else nodeid

    # --- helpers

    def _look(self, *, only_critical: bool = False) -> None:
        for name in self._replaced(only_critical=only_critical):
            self._odd(f"{name} was replaced")

    def _odd(self, text: str) -> None:
        if text not in self._anomalies and len(self._anomalies) < MAX_ANOMALIES:
            self._anomalies.append(text)

    def _relative(self, file: str) -> str:
        return os.path.relpath(os.path.realpath(file), os.path.realpath(self._order["folder"]))

    def _send(self, record: dict[str, Any]) -> None:
        data = memoryview(json.dumps(record).encode() + b"\n")
        while data:
            data = data[os.write(self._sink, data) :]


# --- reports


def kind_of(report: Any) -> str:
    """Outcome of a phase: an error outside of the test itself is not a failure of the test."""
    if hasattr(report, "wasxfail") and report.outcome == "skipped":
        return "xfailed"
    if report.outcome == "failed":
        return "failed" if report.when == "call" else "error"
    return str(report.outcome)


def message_of(report: Any) -> str:
    """What is said about a failure, a skip or an expected failure, in short."""
    if getattr(report, "wasxfail", ""):
        return str(report.wasxfail)[:MAX_MESSAGE]
    text = report.longrepr
    if not text:
        return ""
    if isinstance(text, tuple):
        return str(text[-1])[:MAX_MESSAGE]
    crash = getattr(text, "reprcrash", None)
    if crash is not None:
        return str(crash.message)[:MAX_MESSAGE]
    lines = [line for line in str(text).strip().splitlines() if line.strip()]
    told = [line[1:].strip() for line in lines if line.startswith("E ")]
    return (told or lines or [""])[-1][:MAX_MESSAGE]


def line_of(report: Any) -> Any:
    """Line of the test, from 1, when it is in the file that it is named after."""
    file, line, _ = report.location
    return (
        line + 1 if line is not None and report.nodeid.split("::")[0] == file.replace(os.sep, "/") else None
    )


def code_file(function: Any) -> str:
    """File that a hook was written in, empty when it has none."""
    plain = getattr(function, "__func__", function)
    code = getattr(getattr(plain, "__wrapped__", plain), "__code__", None)
    return str(code.co_filename) if code is not None else ""
