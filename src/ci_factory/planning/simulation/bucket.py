"""A credential's rate limit as a token bucket."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenBucket:
    """`burst` tokens at most, refilled at `per_minute`. Times are minutes, asked in order.

    In any span of m minutes at most `burst + m x per_minute` tokens are granted.
    """

    per_minute: float
    burst: float
    _level: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        """It is full at the start."""
        self._level = self.burst

    def take(self, now: float, tokens: float) -> float:
        """Reserve tokens; returns when all of them are granted, `now` or later.

        What is more than the bucket holds is granted bit by bit as it is refilled.
        """
        if now > self._at:
            self._level = min(self.burst, self._level + (now - self._at) * self.per_minute)
            self._at = now
        self._level -= tokens
        return now if self._level >= 0 else now - self._level / self.per_minute
