"""Users, the token in use, and the server itself."""

from flask import Blueprint, Response

from tests.gitlab_standin import auth, present
from tests.gitlab_standin.context import Json, answer, call, db, not_found, parameters, truth, unauthorized
from tests.gitlab_standin.pagination import Listing, pages
from tests.gitlab_standin.store import Row

api = Blueprint("users", __name__, url_prefix="/api/v4")


def _show(row: Row) -> Json:
    """Alone: also whether it is a bot, which lists do not say."""
    return present.user(row) | {
        "created_at": row["created_at"],
        "bio": "",
        "location": "",
        "linkedin": "",
        "twitter": "",
        "discord": "",
        "website_url": "",
        "github": "",
        "organization": "",
        "job_title": "",
        "pronouns": None,
        "bot": bool(row["bot"]),
        "work_information": None,
        "local_time": None,
    }


@api.get("/user")
def get_me() -> Response:
    """Who the token belongs to."""
    row = call().me
    private = {
        "last_sign_in_at": None,
        "confirmed_at": row["created_at"],
        "last_activity_on": None,
        "email": row["email"],
        "commit_email": row["email"],
        "theme_id": 3,
        "color_scheme_id": 1,
        "projects_limit": 100_000,
        "current_sign_in_at": None,
        "identities": [],
        "can_create_group": True,
        "can_create_project": True,
        "two_factor_enabled": False,
        "external": False,
        "private_profile": False,
    }
    return answer(_show(row) | private | ({"is_admin": True} if row["admin"] else {}))


@api.get("/users")
def list_users() -> Response:
    """Users by name; all of them for signed-in users."""
    values = parameters()
    found = Listing("user")
    if "username" in values:
        found.need("username = ?", values["username"])
    elif call().user is None:
        unauthorized()
    if text := values.get("search"):
        found.need("username LIKE ? OR name LIKE ?", f"%{text}%", f"%{text}%")
    if truth(values.get("exclude_internal")) or truth(values.get("without_project_bots")):
        found.need("NOT bot")
    return pages(found, present.user)


@api.get("/users/<int:user_id>")
def get_user(user_id: int) -> Response:
    """One user."""
    call().me  # noqa: B018 - 401 without a user
    row = db().one("SELECT * FROM user WHERE id = ?", user_id)
    if row is None:
        not_found("User")
    return answer(_show(row))


@api.get("/personal_access_tokens/self")
def get_token() -> Response:
    """The token in use."""
    token = call().token
    if token is None:
        unauthorized()
    return answer(
        {
            "id": token["id"],
            "name": token["name"],
            "revoked": bool(token["revoked"]),
            "created_at": token["created_at"],
            "description": None,
            "scopes": auth.scopes(token),
            "user_id": token["user_id"],
            "last_used_at": db().now,
            "active": True,
            "expires_at": token["expires_at"],
        }
    )


@api.get("/version")
@api.get("/metadata")
def get_version() -> Response:
    """Which GitLab this says to be."""
    call().me  # noqa: B018 - 401 without a user
    settings = call().settings
    edition = "-ee" if settings.enterprise else ""
    return answer(
        {
            "version": f"{settings.version}{edition}",
            "revision": "0123456789a",
            "kas": {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None},
            "enterprise": settings.enterprise,
        }
    )
