"""A client of the service: `Client("http://127.0.0.1:8600").edit("photo.jpg", age=2).save("older.png")`."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from latentlab.core.errors import LatentLabError

if TYPE_CHECKING:
    from PIL.Image import Image


class ServiceError(LatentLabError):
    """The service said no; `status` is the HTTP status, `sort` its kind of trouble."""

    def __init__(self, status: int, sort: str, message: str) -> None:
        super().__init__(message)
        self.status, self.sort = status, sort


@dataclass(frozen=True)
class Client:
    """Waits where the queue is full, and for jobs."""

    address: str = "http://127.0.0.1:8600"
    token: str | None = None
    timeout: float = 120.0
    """Seconds for one request."""
    patience: float = 600.0
    """Seconds for a full queue, or a job."""

    def invert(self, photo: str | Path | bytes, method: str = "encode", **fields: Any) -> dict[str, Any]:
        """Latent, measures, crop and picture (base64) of a face; slow methods are waited for."""
        found = self._send("/v1/inversions", photo, {"method": method, **fields}, "application/json").json()
        return found if "id" not in found else self.wait(found["id"])

    def edit(
        self, photo: str | Path | bytes, fields: Mapping[str, Any] | None = None, **directions: float
    ) -> Image:
        """The edited photo; `fields` are those of the service's EditForm."""
        from PIL import Image

        form = {"directions": directions, **(fields or {})}
        return Image.open(io.BytesIO(self._send("/v1/edits", photo, form, "image/png").content))

    def get(self, path: str) -> Any:
        """`/v1/directions`, `/v1/models`, `/health`, `/v1/jobs/ID`."""
        return self._call("GET", path).json()

    def wait(self, job: str) -> dict[str, Any]:
        """The result of a job."""
        until = time.monotonic() + self.patience
        while (state := self.get(f"/v1/jobs/{job}"))["state"] in ("queued", "running"):
            if time.monotonic() > until:
                raise ServiceError(504, "timeout", f"the job {job} takes longer than {self.patience:g} s")
            time.sleep(0.5)
        if state["state"] != "done":
            raise ServiceError(422, state["state"], state["error"] or f"the job {job} was {state['state']}")
        return dict(state["result"])

    def _send(
        self, path: str, photo: str | Path | bytes, form: Mapping[str, Any], accept: str
    ) -> requests.Response:
        content = photo if isinstance(photo, bytes) else Path(photo).read_bytes()
        files = {"photo": ("photo", content), "request": (None, json.dumps(form))}
        return self._call("POST", path, files=files, headers={"accept": accept})

    def _call(
        self, verb: str, path: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> requests.Response:
        own = {**(headers or {}), **({"authorization": f"Bearer {self.token}"} if self.token else {})}
        until = time.monotonic() + self.patience
        while True:
            answer = requests.request(verb, self.address + path, headers=own, timeout=self.timeout, **more)
            if answer.status_code != 429 or time.monotonic() > until:
                break
            time.sleep(float(answer.headers.get("retry-after", 1)))
        if answer.status_code < 400:
            return answer
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        told = answer.json().get("error", {}) if is_json else {}
        raise ServiceError(answer.status_code, told.get("kind", ""), told.get("message", answer.text[:200]))
