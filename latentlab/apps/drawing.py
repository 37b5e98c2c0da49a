"""`/picture`: a view as a JPEG for the bench, beside the page and without a rerun of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentlab.apps.serving import desks
from latentlab.core.errors import LatentLabError
from latentlab.studio import view_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SIDES = range(32, 1025)


async def picture(request: Request) -> Response:
    """`?desk=TOKEN&face=…&edit=…&side=512`; with `before=1` the unedited face. What cannot be drawn is 422 and a sentence."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import PlainTextResponse, Response

    try:
        content = await run_in_threadpool(_draw, dict(request.query_params))
    except LatentLabError as error:
        return PlainTextResponse(" ".join(str(error).split()), status_code=422)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


def _draw(query: dict[str, str]) -> bytes:
    desk, view = desks().get(query.get("desk", "")), view_of(query)
    side = query.get("side", "512")
    pixels = int(side) if side.isdecimal() and len(side) < 5 and int(side) in SIDES else 512
    return desk.jpeg_before(view, pixels) if query.get("before") else desk.jpeg(view, pixels)
