"""Collecting: facts from the forge and from the artifacts. It reads only; running it again gives the same facts.

The forge is the truth about issues, merge requests and their scores; artifacts add what no forge knows: lanes, times,
endings, gates, cost. Hidden blocks in our own notes repeat that, so that it can be told when the artifacts are gone.
"""

from ci_factory.metrics.collecting.collector import Collected, Known, collect

__all__ = ["Collected", "Known", "collect"]
