"""`/picture` and `/reading`: a view as a JPEG, and what the judge reads on it, beside the page and without a rerun of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from latentlab.apps.serving import desks
from latentlab.core.errors import LatentLabError
from latentlab.studio import read_view, view_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SIDES = range(32, 1025)


NO_STORE = {"Cache-Control": "private, no-store"}
BARS = 6


async def picture(request: Request) -> Response:
    """`?desk=TOKEN&face=…&edit=…&side=512`; with `before=1` the unedited face, with `whole=1` the photo it is in.

    What cannot be drawn is 422 and a sentence.
    """
    from starlette.responses import Response

    answer = await _answer(_draw, request)
    return (
        answer
        if isinstance(answer, Response)
        else Response(answer, media_type="image/jpeg", headers=NO_STORE)
    )


async def reading(request: Request) -> Response:
    """The same address: a sentence, and what came along, as JSON."""
    from starlette.responses import JSONResponse, Response

    answer = await _answer(_read, request)
    return answer if isinstance(answer, Response) else JSONResponse(answer, headers=NO_STORE)


async def _answer(work: Callable[[dict[str, str]], Any], request: Request) -> Any:
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import PlainTextResponse

    try:
        return await run_in_threadpool(work, dict(request.query_params))
    except LatentLabError as error:
        return PlainTextResponse(" ".join(str(error).split()), status_code=422)


def _draw(query: dict[str, str]) -> bytes:
    desk, view = desks().get(query.get("desk", "")), view_of(query)
    side = query.get("side", "512")
    pixels = int(side) if side.isdecimal() and len(side) < 5 and int(side) in SIDES else 512
    before = bool(query.get("before"))
    if query.get("whole"):
        return desk.jpeg_whole(view, pixels, before=before)
    return desk.jpeg_before(view, pixels) if before else desk.jpeg(view, pixels)


def _read(query: dict[str, str]) -> dict[str, object]:
    desk, view = desks().get(query.get("desk", "")), view_of(query)
    return read_view(desk, view).data(view.strengths, BARS)
