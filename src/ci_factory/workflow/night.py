"""The night: tickets flow through lanes, each as soon as what it waits for has ended."""

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from ci_factory.errors import Interrupted
from ci_factory.model.attempt import Attempt
from ci_factory.model.batch import Batch, BatchStatus, PlannedTicket
from ci_factory.model.forge import Publication
from ci_factory.model.gate import GateReport, Score
from ci_factory.model.gathered import Gathered
from ci_factory.model.redaction import redact
from ci_factory.publishing.publisher import PUBLISHABLE, Judged
from ci_factory.system import ci_env, process, records
from ci_factory.work.failure_policy import Move, Suspended
from ci_factory.workflow import holding, planning, relay
from ci_factory.workflow.board import Board, in_order
from ci_factory.workflow.breakers import Breakers
from ci_factory.workflow.delivery import in_turn
from ci_factory.workflow.factory import Factory
from ci_factory.workflow.pulse import Heart
from ci_factory.workflow.relay import STACKABLE
from ci_factory.workflow.stations import STOPPED, Station

_POLL_SECONDS = 0.5
_SLICE_SECONDS = 60.0
"""While everybody sleeps, a person's stop is noticed this soon."""
_RESTING = {Move.SLEEP: "asleep", Move.HAND_OVER: "handed over"}


@dataclass(frozen=True)
class Generated:
    """What a night brought besides publications."""

    broken: tuple[str, ...] = ()
    """Tickets that the factory itself failed on."""
    aborted: str = ""
    """Why the batch ended early; empty: it did not."""


def generate(factory: Factory, batch: Batch) -> Generated:
    """Work, gate and publish every ticket of the batch; what can't go on tonight is put off with all that was done.

    Raises:
        Interrupted: a person pressed Ctrl-C; what was done is kept.
    """
    batch = planning.set_status(factory, batch, BatchStatus.RUNNING)
    board = _board(factory, batch)
    station = Station(factory, batch, put_off=board.put_off, another=board.has_another)
    factory.progress.waiting({planned.id: planned.candidate.ticket.title for planned in board.waiting})
    pool = ThreadPoolExecutor(batch.limits.parallel, thread_name_prefix="lane")
    try:
        with Heart(factory, batch, board.breakers.credentials).beating() as heart:
            _run(station, board, pool, heart)
    except KeyboardInterrupt:
        station.interruption.asked = True
        process.kill_all()
        raise Interrupted("interrupted", fix="the same command goes on from here") from None
    finally:
        pool.shutdown(cancel_futures=True)
    ended = (ticket_id for ticket_id, publication in board.ended.items() if publication is not None)
    holding.release(factory, batch, [each for each in ended if each not in board.stopped])
    if aborted := board.breakers.aborted:
        planning.set_status(factory, batch, BatchStatus.ABORTED, aborted)
    elif not board.broken and not board.stopped:
        _complete(factory, batch)
    return Generated(tuple(board.broken), aborted)


def publish_finished(factory: Factory, batch: Batch) -> list[Publication]:
    """Publish the tickets whose attempt is there; for stages that run as separate jobs.

    A change without a verdict goes to people: it was paid for, and nobody can say what it is worth. When every ticket
    has ended, so has the batch.
    """
    holding.resume(factory, batch, (each.id for each in batch.tickets))
    station, parallel = Station(factory, batch), factory.config.publishing.parallel
    worked = [
        (planned, relay.own_attempt(attempt, batch, planned))
        for planned in sorted(batch.tickets, key=lambda planned: planned.order)
        if (
            attempt := records.read_if_valid(
                factory.layout.batch(batch.id).ticket(planned.id).attempt, Attempt
            )
        )
    ]
    gathered = records.read_if_valid(factory.layout.batch(batch.id).gathered, Gathered)
    judged = [_read_judged(factory, batch, planned, attempt) for planned, attempt in worked]

    def publish(each: Judged) -> Publication:
        said = gathered.said_of(each.planned.id) if gathered else ""
        return station.publish(each) if _is_whole(each) else station.unjudged(each, said)

    publications = in_turn(judged, publish, parallel)
    holding.release(factory, batch, (each.ticket_id for each in publications if each.outcome != STOPPED))
    if {each.ticket_id for each in publications if each.outcome != STOPPED} == {
        each.id for each in batch.tickets
    }:
        _complete(factory, batch)
    return publications


def _complete(factory: Factory, batch: Batch) -> None:
    planning.set_status(factory, batch, BatchStatus.COMPLETED)
    factory.event("work", "completed", batch.id)


def _read_judged(factory: Factory, batch: Batch, planned: PlannedTicket, attempt: Attempt) -> Judged:
    folder = factory.layout.batch(batch.id).ticket(planned.id)
    if attempt.ending not in PUBLISHABLE:
        return Judged(planned, attempt, None, None)
    report, score = records.read_if_valid(folder.gate, GateReport), records.read_if_valid(folder.score, Score)
    return Judged(planned, attempt, report, score)


def _is_whole(judged: Judged) -> bool:
    whole = judged.report is not None and judged.score is not None
    return whole or judged.attempt.ending not in PUBLISHABLE


def _board(factory: Factory, batch: Batch) -> Board:
    """Start from what an earlier run already published, and learned."""
    breakers = Breakers(factory, batch)
    board = Board(in_order(breakers.assigned(planned) for planned in batch.tickets), breakers, {})
    for planned in list(board.waiting):
        folder = factory.layout.batch(batch.id).ticket(planned.id)
        if publication := records.read_if_valid(folder.publication, Publication):
            board.waiting.remove(planned)
            board.ended[planned.id] = publication
            if score := records.read_if_valid(folder.score, Score):
                board.verdicts[planned.id] = score.verdict
    return board


def _run(station: Station, board: Board, pool: ThreadPoolExecutor, heart: Heart) -> None:
    while board.waiting or board.running:
        board.decide()
        while planned := board.startable():
            board.waiting.remove(planned)
            _start(station, board, pool, planned)
        heart.show(board.running.values())
        if not board.running:
            _sleep(station, board)
        done, _ = wait(board.running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            _finish(station, board, board.running.pop(future), future)


def _sleep(station: Station, board: Board) -> None:
    """Nobody can work: wait for the first credential to wake, but not long without asking what people say."""
    wakes, clock = board.wakes_at(), station.factory.clock
    if wakes is None:
        return
    seconds = (wakes - clock.now()).total_seconds()
    clock.sleep(max(0.0, min(seconds, _SLICE_SECONDS)))
    halted = (planned.id for planned in board.waiting if station.factory.halt(planned.id))
    board.halted = frozenset(halted)


def _start(station: Station, board: Board, pool: ThreadPoolExecutor, planned: PlannedTicket) -> None:
    board.breakers.tell_awake()
    base, obstacle = _base(station, board, planned)
    if obstacle:
        _settle(station, board, station.skip(planned, base, obstacle))
        return
    if planned.id not in board.put_off:
        station.factory.progress.ticket(planned.id, "running", planned.agent)
        station.factory.publisher.mark(planned.id, "running")
    board.running[pool.submit(station.judged, planned, base)] = planned


def _base(station: Station, board: Board, planned: PlannedTicket) -> tuple[str, str]:
    """The commit to start from, and why the ticket can't start (empty when it can)."""
    needed = planned.candidate.ticket.depends_on
    for ticket_id in planned.waits_for:
        if ticket_id in needed and not _usable(station, board, ticket_id):
            return (
                station.batch.base,
                f"it depends on {ticket_id}, which brought no change that can be built on",
            )
    return _stack_base(station, board, planned), ""


def _stack_base(station: Station, board: Board, planned: PlannedTicket) -> str:
    """Head of the nearest predecessor with a usable change; a merely overlapping one may be passed over."""
    by_id = {ticket.id: ticket for ticket in station.batch.tickets}
    below = planned.stacked_on
    while below is not None:
        publication = board.ended.get(below)
        if publication is not None and publication.head is not None and _usable(station, board, below):
            return publication.head
        below = by_id[below].stacked_on
    return station.batch.base


def _usable(station: Station, board: Board, ticket_id: str) -> bool:
    publication = board.ended.get(ticket_id)
    return (
        publication is not None
        and publication.head is not None
        and board.verdicts.get(ticket_id) in STACKABLE
        and not relay.tells_agents(station.factory.git, station.batch, publication.head)
    )


def _finish(station: Station, board: Board, planned: PlannedTicket, future: Future[Judged]) -> None:
    """Publish what a lane brought; when the factory itself failed, the ticket stays queued and the night goes on."""
    try:
        _settle(station, board, future.result())
    except Suspended as rest:
        board.suspend(planned, rest)
        station.factory.progress.ticket(planned.id, _RESTING[rest.move], rest.failure.detail)
    except Interrupted:
        raise KeyboardInterrupt from None
    except Exception as error:  # noqa: BLE001 - one ticket's accident must not cost the others their night
        message = redact(f"{type(error).__name__}: {error}", ci_env.secrets())
        station.factory.event("work", "factory-failed", station.batch.id, planned.id, error=message[:2000])
        station.factory.progress.ticket(planned.id, "factory failed", message)
        board.ended[planned.id] = None
        board.broken.append(planned.id)


def _settle(station: Station, board: Board, judged: Judged) -> None:
    publication = station.publish(judged)
    board.ended[judged.planned.id] = publication
    board.learn(judged.attempt)
    if publication.outcome == STOPPED:
        board.stopped.append(judged.planned.id)
    if judged.score:
        board.verdicts[judged.planned.id] = judged.score.verdict
    station.factory.progress.ticket(judged.planned.id, _label(judged.attempt, publication), _words(judged))


def _label(attempt: Attempt, publication: Publication) -> str:
    return f"!{publication.merge_request}" if publication.merge_request else attempt.ending.value


def _words(judged: Judged) -> str:
    if judged.score is None:
        return judged.attempt.reason
    points = "no score" if judged.score.score is None else f"score {judged.score.score:g}"
    return f"{judged.score.verdict.value}, {points}"
