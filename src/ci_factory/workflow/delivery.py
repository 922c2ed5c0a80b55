"""Publishing several tickets at the same time, each after the one that it is stacked on."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from ci_factory.model.forge import Publication
from ci_factory.publishing.publisher import Judged


def in_turn(
    judged: Sequence[Judged], publish: Callable[[Judged], Publication], parallel: int
) -> list[Publication]:
    """Publish all, at most `parallel` at once; the publications in the order of `judged`.

    A ticket is begun when its predecessor, which stands before it, has ended. When one fails, those that have begun are
    finished, and no other is begun.
    """
    running: dict[str, Future[Publication]] = {}

    def one(each: Judged) -> Publication:
        below = running.get(each.planned.stacked_on or "")
        if below is not None:
            wait([below])  # whatever became of it: the forge tells
        return publish(each)

    with ThreadPoolExecutor(parallel, thread_name_prefix="publish") as pool:
        for (
            each
        ) in judged:  # the pool begins them in this order, so nobody waits for one that waits in the queue
            running[each.planned.id] = pool.submit(one, each)
        try:
            return [future.result() for future in running.values()]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
