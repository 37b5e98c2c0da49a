"""A request's body, JSON or multipart, to a form and a photo."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TypeVar

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from latentlab.core.errors import BadInput
from latentlab.core.text import check_depth
from latentlab.service.desk import check_photo
from latentlab.service.forms import InversionForm

Form = TypeVar("Form", bound=InversionForm)
DEEPEST = 16
LONGEST = 1 << 16
"""Of the JSON beside a photo in a multipart request."""


async def read(request: Request, kind: type[Form]) -> tuple[Form, bytes]:
    """The form and the photo's bytes.

    A multipart request has the parts `photo` (a file) and `request` (the form as JSON, may be left out).
    """
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told == "application/json":
        form = _form(await request.body(), kind)
        if form.photo is None:
            raise BadInput("there is no photo; put its file into `photo`, in base64")
        try:
            content = base64.b64decode(form.photo, validate=True)
        except (binascii.Error, ValueError):
            raise BadInput("`photo` is no base64") from None
        return form.model_copy(update={"photo": None}), check_photo(content)
    if told == "multipart/form-data":
        return await _multipart(request, kind)
    raise BadInput("send application/json with the photo in base64, or multipart/form-data with a file")


async def _multipart(request: Request, kind: type[Form]) -> tuple[Form, bytes]:
    """Uploads are deleted when they have been read."""
    try:
        async with request.form(max_files=1, max_fields=4, max_part_size=LONGEST) as parts:
            photo = parts.get("photo")
            if not isinstance(photo, UploadFile):
                raise BadInput("there is no photo; send its file as the part `photo`")
            form = _form(str(parts.get("request", "{}")).encode(), kind)
            return form, check_photo(await photo.read())
    except HTTPException as error:
        raise BadInput(f"the multipart body cannot be read ({error.detail})") from None


def _form(body: bytes, kind: type[Form]) -> Form:
    try:
        text = body.decode("utf-8")
        check_depth(text, DEEPEST)
        data = json.loads(text or "{}")
        if not isinstance(data, dict):
            raise BadInput("the request is no JSON object")
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "request"
        raise BadInput(f"`{where}`: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the request is no JSON ({str(error)[:80]})") from None
