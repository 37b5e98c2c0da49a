"""The routes: inversions, edits, jobs, what there is, health and figures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

import latentlab
from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.hosts import own_names
from latentlab.service.answers import png, status_of, told
from latentlab.service.desk import Desk
from latentlab.service.forms import EditForm, InversionForm
from latentlab.service.guard import Guard, Rules
from latentlab.service.incoming import read
from latentlab.service.jobs import NoJob
from latentlab.service.meters import Counting, Meters
from latentlab.service.serving import MOST_BODY, Serving
from latentlab.service.thread import Full

ABOUT = "Invert photos of faces into the latent space of a StyleGAN, and edit them. Errors are {error: {kind, message}}."


def build(serving: Serving | None = None) -> FastAPI:
    """The ASGI app of one process; without an argument what its parent told it to serve."""
    serving = serving or Serving.from_environment()
    meters = Meters()
    rules = Rules(own_names(serving.host), serving.token, MOST_BODY)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        app.state.desk = await run_in_threadpool(Desk, serving, meters)
        yield
        app.state.desk.thread.end()

    app = FastAPIOffline(
        title="latentlab", description=ABOUT, version=latentlab.__version__, lifespan=running,
        middleware=[Middleware(Counting, meters=meters), Middleware(Guard, rules=rules)],
    )  # fmt: skip
    _routes(app, serving)
    _queries(app, meters)
    app.add_exception_handler(LatentLabError, _sorry)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _no_route)  # type: ignore[arg-type]
    return app


def _body(kind: type[InversionForm]) -> dict[str, Any]:
    """Both forms of a body, for the page of the interface."""
    schema = kind.model_json_schema()
    schema.pop("$defs", None)
    parts = {"photo": {"type": "string", "format": "binary"}, "request": {"type": "string"}}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": {"type": "object", "properties": parts, "required": ["photo"]}},
                "application/json": {"schema": schema},
            },
        }
    }  # fmt: skip


def _routes(app: FastAPI, serving: Serving) -> None:
    @app.post("/v1/inversions", tags=["faces"], openapi_extra=_body(InversionForm))
    async def inversions(request: Request) -> Response:
        """The latent of a face: at once by `encode`, by other methods as a job (202). `Accept: image/png` gives the picture."""
        return await _answered(request, InversionForm, serving, picture_first=False)

    @app.post("/v1/edits", tags=["faces"], openapi_extra=_body(EditForm))
    async def edits(request: Request) -> Response:
        """The edited photo as PNG; `Accept: application/json` gives it in base64 with latent and measures."""
        return await _answered(request, EditForm, serving, picture_first=True)

    @app.get("/v1/jobs/{job}", tags=["jobs"])
    async def job(job: str) -> dict[str, Any]:
        """How far a job is, and its result once it is done."""
        return _shown(app.state.desk.jobs.read(job))

    @app.delete("/v1/jobs/{job}", tags=["jobs"])
    async def cancel(job: str) -> dict[str, Any]:
        """Ask a job to stop."""
        return _shown(app.state.desk.jobs.cancel(job))


async def _answered(
    request: Request, kind: type[InversionForm], serving: Serving, *, picture_first: bool
) -> Response:
    desk: Desk = request.app.state.desk
    form, content = await read(request, kind)
    if form.slow:
        state = desk.start(form, content)
        return JSONResponse(_shown(state), 202, {"location": f"/v1/jobs/{state.id}"})
    future = asyncio.wrap_future(desk.ask(form, content))
    try:
        made = await asyncio.wait_for(future, serving.timeout)
    except TimeoutError:
        return _error(504, "timeout", f"no answer within {serving.timeout:g} s; ask for a job: wait=false")
    if _wants_picture(request.headers.get("accept", ""), picture_first):
        if isinstance(made, LatentLabError):
            raise made
        return Response(await run_in_threadpool(png, made.drawn), media_type="image/png")
    return JSONResponse(await run_in_threadpool(told, made, desk.model))


def _wants_picture(accept: str, picture_first: bool) -> bool:
    """By what is named; nothing in particular is the route's own."""
    if "image/" in accept:
        return True
    return picture_first and "application/json" not in accept


def _queries(app: FastAPI, meters: Meters) -> None:
    @app.get("/v1/directions", tags=["what there is"])
    async def directions() -> list[dict[str, Any]]:
        """Every direction: its unit, step, span and region."""
        return await run_in_threadpool(_directions, app.state.desk)

    @app.get("/v1/models", tags=["what there is"])
    async def models() -> dict[str, Any]:
        """The network that is served, and the methods."""
        studio = app.state.desk.studio
        generator = studio.generator
        return {
            "name": studio.name, "hash": app.state.desk.model, "resolution": generator.resolution,
            "layers": generator.layers, "width": generator.w_width, "methods": sorted(studio.methods("inverter")),
        }  # fmt: skip

    @app.get("/health", tags=["service"])
    async def health() -> dict[str, Any]:
        """Whether this process answers, and how much waits."""
        return {"status": "ok", "waiting": app.state.desk.thread.waiting, "version": latentlab.__version__}

    @app.get("/metrics", tags=["service"])
    async def metrics() -> Response:
        """Figures for Prometheus."""
        meters.waiting.set(app.state.desk.thread.waiting)
        content, kind = await run_in_threadpool(meters.page)
        return Response(content, headers={"content-type": kind})


def _directions(desk: Desk) -> list[dict[str, Any]]:
    found = (desk.studio.direction(name) for name in desk.studio.directions())
    return [
        {
            "name": each.name, "unit": each.unit, "step": each.step, "span": each.span, "region": each.region,
            "attribute": each.story.get("attribute", each.name),
        }
        for each in found
    ]  # fmt: skip


def _shown(state: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(state).items() if name not in ("process", "machine")}


async def _sorry(_: Request, error: LatentLabError) -> Response:
    if isinstance(error, Full):
        return _error(429, error.kind, str(error), {"retry-after": str(error.seconds)})
    if isinstance(error, NoJob):
        return _error(404, error.kind, str(error))
    return _error(400 if isinstance(error, BadInput) else status_of(error), error.kind, str(error))


async def _no_route(request: Request, error: HTTPException) -> Response:
    kind = {404: "no route", 405: "not allowed"}.get(error.status_code, "bad request")
    message = (
        f"{request.method} {request.url.path[:80]}: {error.detail.lower()}; the routes are shown at /docs"
    )
    return _error(error.status_code, kind, message, dict(error.headers or {}))


def _error(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"kind": kind, "message": message}}, status, headers)
