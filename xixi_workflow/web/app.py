"""The web application: what answers at which address. It holds no rule; the engine decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
import structlog
from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import Response

from xixi_workflow import __version__
from xixi_workflow.adapters.report_folder import ReportFolder
from xixi_workflow.core import words
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.core.decide import Refused
from xixi_workflow.engine.desk import UNAVAILABLE, Desk
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings
from xixi_workflow.store import board
from xixi_workflow.web.answers import PAGE_HEADERS, encode, problem
from xixi_workflow.web.commit_sizes import CommitSizes
from xixi_workflow.web.door import Application, Door, Receive, Scope, Send
from xixi_workflow.web.intake import PATH as INTAKE
from xixi_workflow.web.intake import Intake
from xixi_workflow.web.languages import Language, reader
from xixi_workflow.web.observer import Observer
from xixi_workflow.web.petition_view import petition_view
from xixi_workflow.web.reports import PATH as REPORTS
from xixi_workflow.web.reports import Reports
from xixi_workflow.web.status import status_page

log = structlog.get_logger()

_PAGE_HEADERS: Final = {name.decode(): value.decode() for name, value in PAGE_HEADERS}
_SAID: Final[dict[str, dict[Language, str]]] = {
    "away": {"zh": "数据库暂时不可用，请稍后再试。", "en": "The database is away; please try again later."},
    "not_found": {"zh": "没有这个地址。", "en": "There is no such address."},
    "wrong_method": {"zh": "这个地址不接受该方法。", "en": "This address does not take that method."},
}


def make_app(
    engine: Engine,
    desk: Desk,
    observer: Observer,
    sizes: CommitSizes,
    settings: Settings,
    token: str,
    guarded: Mapping[str, Application],
) -> Application:
    """The application (ASGI), guarded by `token`; `guarded` are those that guard themselves, by their paths."""
    # The framework's own pages load scripts from elsewhere.
    app = FastAPI(title="Xixi Workflow", version=__version__, docs_url=None, redoc_url=None)
    otherwise: Language = settings.language
    intake = Intake(engine, desk, otherwise)
    finished = Reports(engine, ReportFolder(settings.reports))

    @app.get("/health", summary="Is the service alive? Open to all.")
    async def health() -> Response:
        answers = observer.database_answers
        told = {"ok": answers, "database": answers, "clock": observer.clock_beats, "version": __version__}
        return _json(200 if answers else 503, encode(told))

    @app.get("/", include_in_schema=False)
    def page(request: Request, lang: Annotated[str, Query(max_length=8)] = "") -> Response:
        language: Language = "zh" if lang == "zh" else "en" if lang == "en" else _language(request)
        return Response(status_page(engine, observer, settings.prefect_api_url, language), headers=_PAGE_HEADERS)

    @app.get(REPORTS, include_in_schema=False)
    def reports(request: Request, lang: Annotated[str, Query(max_length=8)] = "") -> Response:
        language: Language = "zh" if lang == "zh" else "en" if lang == "en" else _language(request)
        return Response(finished.page(language), headers=_PAGE_HEADERS)

    @app.get(f"{REPORTS}/{{name}}", summary="A finished document, by its exact name.")
    def report(request: Request, name: Annotated[str, Path(max_length=200)]) -> Response:
        found = finished.file(name)
        return found or _json(404, problem("not_found", _SAID["not_found"][_language(request)]))

    @app.get("/metrics", summary="Figures for Prometheus.")
    def figures() -> Response:
        # Imported when it is first asked for: the start is short of time, and not every centre has a Prometheus.
        from xixi_workflow.web.metrics import Metrics

        return Response(Metrics(observer, sizes).text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get(f"{INTAKE}/{{no}}", summary="One petition: state, clocks, journal. No personal data.")
    def petition(request: Request, no: Annotated[str, Path(max_length=40)]) -> Response:
        language = _language(request)

        def look() -> Response:
            record = board.record(engine.store, int(no)) if no.isascii() and no.isdigit() and len(no) < 19 else None
            policy = engine.policies.in_force
            if record is None:
                unknown = Refused("no_such_petition", facts={"no": no})
                text = words.refusal(unknown, policy, role="system", language=language)
                return _json(404, problem("no_such_petition", text, "no"))
            return _json(200, encode(petition_view(record, policy, language)))

        return _unless_away(look, language)

    @app.post(INTAKE, status_code=201, summary="File a petition, once.", openapi_extra=_documented())
    async def file(_request: Request) -> Response:
        """Durable when it is answered: 201, or 200 with the same number where the source has filed it before."""
        return _Handed(intake)

    @app.exception_handler(404)
    async def not_found(request: Request, _error: Exception) -> Response:
        return _json(404, problem("not_found", _SAID["not_found"][_language(request)]))

    @app.exception_handler(405)
    async def wrong_method(request: Request, error: Exception) -> Response:
        answer = _json(405, problem("wrong_method", _SAID["wrong_method"][_language(request)]))
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    def _language(request: Request) -> Language:
        return reader(request.headers.raw, otherwise)

    return Door(app, token, otherwise, {("POST", INTAKE): intake}, guarded)


class _Handed(Response):
    """Hands the request on to an ASGI application."""

    def __init__(self, to: Application) -> None:
        super().__init__()
        self._to = to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._to(scope, receive, send)


def _json(status: int, body: bytes) -> Response:
    return Response(body, status, media_type="application/json")


def _unless_away(look: Callable[[], Response], language: Language) -> Response:
    """What `look` finds, or 503 when the database is away."""
    try:
        return look()
    except Exception as error:
        away = isinstance(error, UNAVAILABLE) or type(error).__module__.startswith("sqlalchemy.")
        if not away:
            raise
        log.warning("database_away", error=type(error).__name__)
        answer = _json(503, problem("away", _SAID["away"][language]))
        answer.headers["retry-after"] = "5"
        return answer


def _documented() -> dict[str, Any]:
    """The OpenAPI part of intake: its body is read by msgspec, which knows its schema."""
    (schema,), parts = msgspec.json.schema_components([FilePetition], ref_template="#/x/{name}")
    body = _resolved(schema, parts)
    number = {
        "type": "object",
        "required": ["no", "repeated"],
        "properties": {"no": {"type": "string"}, "repeated": {"type": "boolean"}},
    }
    told = {
        "type": "object",
        "required": ["error", "message"],
        "properties": {"error": {"type": "string"}, "message": {"type": "string"}, "field": {"type": "string"}},
    }
    answers = {
        "201": ("Filed, and durable.", number),
        "200": ("Filed before; nothing was written.", number),
        "401": ("The token is missing or wrong.", told),
        "413": ("The body is larger than 64 kB.", told),
        "422": ("A field is wrong; `field` names it.", told),
        "503": ("The database is away; send the same again later.", told),
    }
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            status: {"description": about, "content": {"application/json": {"schema": shape}}}
            for status, (about, shape) in answers.items()
        },
    }


def _resolved(schema: Any, parts: dict[str, Any]) -> Any:
    """`schema` with its references spelled out."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _resolved(parts[schema["$ref"].removeprefix("#/x/")], parts)
        return {key: _resolved(value, parts) for key, value in schema.items()}
    return [_resolved(value, parts) for value in schema] if isinstance(schema, list) else schema
