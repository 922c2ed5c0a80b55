"""GraphQL: queries only, over the same data as the REST API."""

from flask import Blueprint, Response

from tests.gitlab_standin.context import answer, call, not_found, parameters

api = Blueprint("graphql", __name__)


@api.post("/api/graphql")
def query() -> Response:
    """Answer a query; what is wrong with it comes with status 200 as `errors`."""
    from tests.gitlab_standin import graphql_engine

    if not call().settings.graphql:
        not_found()
    return answer(graphql_engine.answered(parameters(), enterprise=call().settings.enterprise))
