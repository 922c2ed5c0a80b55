"""The tool of `make mutants`: what it tries, what it tells, and that the list of explained faults is true."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.faults import Fault, faults
from tests.mutants.results import Fate, Kept, Result, explained, summary
from tests.mutants.rooms import ROOMS, ROOT, Room, source
from tests.mutants.run import chosen, room_faults

CODE = '''"""A module."""

LIMIT = 3


def told(count: int, name: str) -> str:
    """Words."""
    if count < 0:
        raise ValueError(f"{count} is not known")
    return f"{count + 1} of {name}"


class Desk:
    """A class."""

    def full(self, size: int) -> bool:
        """Whether it is."""
        return size >= LIMIT
'''
TESTS = """
import room

def test_a_desk_is_full():
    assert room.Desk().full(3)
    assert not room.Desk().full(2)

def test_words():
    assert room.told(1, "them").endswith("of them")
"""


def result(said: str, fate: Fate, key: str) -> Result:
    """What became of a fault."""
    return Result(key, "a.py", 1, "x", said, "constant", fate)


def by_words(found: list[Fault]) -> dict[str, Fault]:
    """Faults by what becomes what."""
    return {each.mutant.said: each for each in found}


def test_faults_are_those_of_the_gate_and_of_texts() -> None:
    """A text gets longer, loses a value, and has faults in its values; the words of exceptions are left alone."""
    words = set(by_words(faults("a.py", CODE.encode())))
    assert {
        "`count < 0` becomes `count <= 0`",
        "`3` becomes `4`",
        "`size >= LIMIT` becomes `size > LIMIT`",
    } < words
    assert {
        "`f'{count + 1} of {name}'` becomes `f'{count + 1} of {name}~'`",
        "`f'{count + 1} of {name}'` becomes `f'{count + 1} of '`",
        "`f'{count + 1} of {name}'` becomes `f'{count - 1} of {name}'`",
    } < words
    assert not any("is not known~" in each for each in words)


def test_a_fault_knows_the_function_that_holds_it() -> None:
    """With its classes; what runs while the module is imported is held by none."""
    found = by_words(faults("a.py", CODE.encode()))
    assert found["`size >= LIMIT` becomes `size > LIMIT`"].function == "Desk.full"
    assert found["`3` becomes `4`"].function == ""


def test_a_fault_stays_the_same_when_lines_above_it_come() -> None:
    """What is known of it stays known."""
    below = CODE.replace("LIMIT = 3\n", 'LIMIT = 3\nNAMES = "a b"\n')
    before, after = (
        {each.key for each in faults("a.py", code.encode()) if each.function} for code in (CODE, below)
    )
    assert before == after


def test_noticed_survived_and_never_run_are_told_apart(tmp_path: Path) -> None:
    """In a room of its own: faults in functions and in what runs at import, with tests that miss the number told."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "room.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "test_room.py").write_text(TESTS, encoding="utf-8")
    code = (
        "from tests.mutants import rooms, run\n"
        "room = rooms.Room('room', ('src/room.py',), ('test_room.py',))\n"
        "run.try_all(room, run.room_faults(room), lambda each: print('fate', each.fate, each.said, flush=True))\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path / 'src'}"}
    argv = [sys.executable, "-c", code]
    ran = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    fates = dict(
        line.removeprefix("fate ").split(" ", 1)[::-1]
        for line in ran.stdout.splitlines()
        if line.startswith("fate ")
    )
    assert fates["`size >= LIMIT` becomes `size > LIMIT`"] == Fate.KILLED
    assert fates["`3` becomes `4`"] == Fate.KILLED
    assert fates["`f'{count + 1} of {name}'` becomes `f'{count + 1} of '`"] == Fate.KILLED
    assert fates["`f'{count + 1} of {name}'` becomes `f'{count - 1} of {name}'`"] == Fate.SURVIVED
    assert len(fates) == len(faults("room.py", CODE.encode()))


def test_the_last_result_of_a_fault_counts(tmp_path: Path) -> None:
    """Also when the run before was stopped in the middle of a line."""
    kept = Kept(tmp_path / "out" / "room.jsonl")
    kept.add(result("a", Fate.SURVIVED, "1"))
    kept.add(result("a", Fate.KILLED, "1"))
    with (tmp_path / "out" / "room.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"key": "2", "pa')
    assert {key: each.fate for key, each in kept.read().items()} == {"1": Fate.KILLED}


def test_a_sample_has_an_interval_and_a_whole_room_has_none() -> None:
    """90 of 100 tried, of a thousand; the explained count as not noticed."""
    results = [result("a", Fate.KILLED, str(number)) for number in range(90)]
    results += [result("a", Fate.SURVIVED, str(number)) for number in range(90, 100)]
    sampled, whole = summary("room", 1000, results), summary("room", 100, results)
    assert sampled.noticed == 0.9
    assert sampled.interval == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert whole.interval == (0.9, 0.9)


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    """And in the order of the text."""
    every = faults("a.py", CODE.encode())
    assert chosen(every, 5, seed=1) == chosen(every, 5, seed=1) != chosen(every, 5, seed=2)
    assert chosen(every, 0, seed=1) == every


def test_every_explained_fault_is_one_of_the_program_and_says_why() -> None:
    """An explanation of what is no longer there would hide a new survivor."""
    named = explained()
    paths = {path for path, _, _ in named}
    there = {
        (path, each.statement, each.mutant.said) for path in paths for each in faults(path, source(path))
    }
    assert set(named) <= there
    assert all(len(why) > 20 for why in named.values())


@pytest.mark.long
@pytest.mark.parametrize("room", ROOMS.values(), ids=lambda room: room.name)
def test_every_room_has_faults_to_try(room: Room) -> None:
    """Each of them is still a program."""
    assert len(room_faults(room)) > 200
