"""What the proxy itself answers when it cannot pass a request on."""

from typing import Any

from starlette.responses import JSONResponse

from persona_cli.errors import PersonaError

# Of OpenAI's error objects; see platform.openai.com/docs/guides/error-codes
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    502: "upstream_error",
    503: "profile_error",
    504: "upstream_timeout",
}


class RefusalError(Exception):
    """An answer that is an error, in OpenAI's form.

    status:  of HTTP
    problem: what is wrong, beginning with the place
    remedy:  the next thing to try, as an imperative sentence
    """

    def __init__(self, status: int, problem: str, *, remedy: str) -> None:
        super().__init__(problem)
        self.status, self.problem, self.remedy = status, problem, remedy

    @classmethod
    def of(cls, status: int, error: PersonaError) -> "RefusalError":
        """A failure that has a name already."""
        return cls(status, str(error), remedy=error.remedy)

    def body(self) -> dict[str, Any]:
        """The JSON value; clients show ``message``."""
        return {
            "error": {
                "message": f"persona: {self.problem}. {self.remedy}",
                "type": _TYPES.get(self.status, "invalid_request_error"),
                "param": None,
                "code": None,
            }
        }

    def response(self) -> JSONResponse:
        """The whole answer. Nothing that persona refuses is mended by asking again."""
        headers = {"x-should-retry": "false"} if self.status != 504 else {}
        return JSONResponse(self.body(), self.status, headers)
