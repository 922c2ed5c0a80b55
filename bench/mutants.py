"""Mutation testing of our own rooms: small faults, and whether the tests of the room notice them.

    python bench/mutants.py ROOM... [--sample N] [--seed S] [--fresh] [--survivors]

What is known stays in out/mutants, and only faults of which nothing is known, or that survived, are tried again:
a stopped run goes on where it was. Exit status 1 when a room is below the bound.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.mutants.results import NOTICED, Kept, Result, Summary, explained, summary
from tests.mutants.rooms import ROOMS, ROOT, Room
from tests.mutants.run import chosen, room_faults, try_all

LEAST = 0.80
_HEAD = "| room | faults | tried | killed | out of time | survived | no test runs it | noticed | 95 % | explained |"


def measured(room: Room, options: argparse.Namespace) -> tuple[Summary, list[Result]]:
    """Try what is not known, and sum up."""
    every = room_faults(room)
    wanted = chosen(every, options.sample, options.seed)
    kept = Kept(ROOT / "out" / "mutants" / f"{room.name}.jsonl")
    if options.fresh:
        kept.forget()
    known = kept.read()
    open_ones = [
        each
        for each in wanted
        if each.key not in known or (options.again and known[each.key].fate not in NOTICED)
    ]
    fates: Counter[str] = Counter()

    def tell(result: Result) -> None:
        kept.add(result)
        fates[result.fate] += 1
        if sys.stderr.isatty():
            print(f"\r{room.name}: {dict(fates)} of {len(open_ones)}", end="", file=sys.stderr)

    if open_ones:
        try_all(room, open_ones, tell)
    known = kept.read()
    results = [known[each.key] for each in wanted]
    return summary(room.name, len(every), results), results


def row(each: Summary) -> str:
    """A line of the table."""
    low, high = each.interval
    between = "all tried" if each.tried == each.faults else f"{low:.1%} to {high:.1%}"
    cells = each.room, each.faults, each.tried, each.killed, each.timeout, each.survived, each.uncovered
    return f"| {' | '.join(map(str, cells))} | {each.noticed:.1%} | {between} | {each.explained} |"


def survivors(results: list[Result]) -> list[str]:
    """Each fault that nobody noticed and nobody explained."""
    why = explained()
    return [
        f"{each.path}:{each.line}: {each.said} ({each.operator}, {each.fate})"
        for each in results
        if each.fate not in NOTICED and each.name not in why
    ]


def main() -> int:
    """Try, print, judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rooms", nargs="*", choices=[*ROOMS, []], help="all when none is named")
    parser.add_argument(
        "--sample", type=int, default=0, help="so many faults of each room, by chance; 0: all"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--fresh", action="store_true", help="forget what is known")
    parser.add_argument("--again", action="store_true", help="try those again that survived")
    parser.add_argument("--survivors", action="store_true", help="print those that nobody explained")
    options = parser.parse_args()
    os.chdir(ROOT)
    found = [measured(ROOMS[name], options) for name in options.rooms or ROOMS]
    if options.survivors:
        print("\n".join(line for _, results in found for line in survivors(results)))
    print(_HEAD, "|---" * _HEAD.count(" | ") + "|---|", *(row(each) for each, _ in found), sep="\n")
    return 1 if any(each.noticed < LEAST for each, _ in found) else 0


if __name__ == "__main__":
    sys.exit(main())
