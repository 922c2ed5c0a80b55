"""Requests a user and minute, in fixed windows, refused as GitLab does."""

import threading
from datetime import UTC, datetime
from email.utils import format_datetime

from tests.gitlab_standin.context import ApiError
from tests.gitlab_standin.settings import Settings
from tests.gitlab_standin.store import Clock, Row

_WINDOW = 60


class Limits:
    """Counts per user and kind."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, int], tuple[int, int]] = {}

    def api(self, user: Row | None) -> dict[str, str]:
        """Count one request; the headers that tell where the user stands, none without a limit.

        Raises:
            ApiError: 429 with a plain text body, as the throttle in front of GitLab answers.
        """
        limit = self._settings.limits.get("api")
        if limit is None or user is None:
            return {}
        seen, left = self._count("api", user["id"])
        headers = self._headers(limit, seen, left)
        if seen > limit:
            raise ApiError(429, "Retry later\n", headers | {"Retry-After": str(left)})
        return headers

    def application(self, kind: str, user: Row) -> None:
        """Count one creation of a kind; such limits show in no header of a request that passes.

        Raises:
            ApiError: 429 with GitLab's JSON body.
        """
        limit = self._settings.limits.get(kind)
        if limit is None:
            return
        seen, left = self._count(kind, user["id"])
        if seen > limit:
            words = "This endpoint has been requested too many times. Try again later."
            raise ApiError(429, {"message": {"error": words}}, {"Retry-After": str(left)})

    def clear(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self._counts.clear()

    def _count(self, kind: str, user_id: int) -> tuple[int, int]:
        """How many in this window, this one included, and the whole seconds left of it."""
        window, gone = divmod(int(self._clock.now().timestamp()), _WINDOW)
        with self._lock:
            then, seen = self._counts.get((kind, user_id), (window, 0))
            seen = seen + 1 if then == window else 1
            self._counts[kind, user_id] = (window, seen)
        return seen, _WINDOW - gone

    def _headers(self, limit: int, seen: int, left: int) -> dict[str, str]:
        reset = int(self._clock.now().timestamp()) + left
        return {
            "RateLimit-Name": "throttle_authenticated_api",
            "RateLimit-Limit": str(limit),
            "RateLimit-Observed": str(seen),
            "RateLimit-Remaining": str(max(0, limit - seen)),
            "RateLimit-Reset": str(reset),
            "RateLimit-ResetTime": format_datetime(datetime.fromtimestamp(reset, UTC), usegmt=True),
        }
