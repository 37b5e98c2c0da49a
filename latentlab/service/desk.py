"""One process of a service: its studio, its thread, and the jobs that it works on."""

from __future__ import annotations

import base64
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import torch

from latentlab.core.errors import BadInput, LatentLabError, TooLarge
from latentlab.core.image import encode_picture, picture_size
from latentlab.service.answers import EFFORT, told, told_face
from latentlab.service.forms import QUICK, EditForm, InversionForm
from latentlab.service.jobs import Cancelled, Jobs, JobState, Progress
from latentlab.service.meters import Meters
from latentlab.service.serving import MOST_BYTES, MOST_PIXELS, Serving
from latentlab.service.thread import ModelThread
from latentlab.studio import Answering, InvertPhotos, Studio

NAME = "the photo"
REMEMBERED = 16
"""Requests that stay open, so that the next of their kind finds its directions."""


class Desk:
    """Made once in a process; `thread` alone touches what is loaded."""

    def __init__(self, serving: Serving, meters: Meters) -> None:
        self.serving, self.meters = serving, meters
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // serving.workers))
        self.studio = Studio(serving.network, serving.device, serving.home).for_photographs
        self.jobs = Jobs(Path(serving.folder or tempfile.mkdtemp(prefix="latentlab-serve-")) / "jobs")
        self._open: OrderedDict[str, Answering] = OrderedDict()
        self._kind(InvertPhotos()).opened  # noqa: B018  (loaded before the first request)
        self.model = self.studio.generator.hash
        self.thread = ModelThread(self._answer, serving.queue, serving.batch, meters.answered)

    def ask(self, form: InversionForm, content: bytes) -> Future[Any]:
        """A quick request, in the queue."""
        return self.thread.ask(form.task(), (NAME, content))

    def start(self, form: InversionForm, content: bytes) -> JobState:
        """A slow one, as a job; what cannot be done at all is said at once."""
        form.task() if form.method == QUICK else self._check_slow(form)
        state = self.jobs.new("edit" if isinstance(form, EditForm) else "inversion")
        try:
            self.thread.start(lambda let_in: self._work(state, form, content, let_in))
        except LatentLabError:
            self.jobs.forget(state.id)
            raise
        return state

    def _check_slow(self, form: InversionForm) -> None:
        form.invert()
        if form.aligned:
            raise BadInput("aligned photos are inverted by `method` encode alone; send the photo as it is")
        if isinstance(form, EditForm):
            form.edit()

    def _kind(self, task: Any) -> Answering:
        key = repr(task)
        found = self._open.get(key) or Answering(self.studio, task)
        self._open[key] = found
        self._open.move_to_end(key)
        while len(self._open) > REMEMBERED:
            self._open.popitem(last=False)
        return found

    def _answer(self, task: Any, photos: Sequence[tuple[str, bytes]]) -> Sequence[Any]:
        found = self._kind(task).answer(photos)
        for one in found:
            if isinstance(one, LatentLabError):
                self.meters.failures.labels(one.kind).inc()
        return found

    def _work(self, state: JobState, form: InversionForm, content: bytes, let_in: Callable[[], None]) -> None:
        """In the thread: the job from its beginning to its end, whatever happens."""
        try:
            if self.jobs.is_cancelled(state.id):
                raise Cancelled
            state.state = "running"
            self.jobs.write(state)
            state.result = self._result(form, content, Progress(self.jobs, state, let_in))
            state.state, state.progress = "done", 1.0
        except Cancelled:
            state.state = "cancelled"
        except LatentLabError as error:
            state.state, state.error = "failed", str(error)
        except Exception as error:  # a thread has nobody to raise to: whoever asks for the job is told
            state.state, state.error = "failed", f"something went wrong here ({type(error).__name__})"
        self.jobs.write(state)

    def _result(self, form: InversionForm, content: bytes, watch: Any) -> dict[str, Any]:
        if form.method == QUICK:
            return told(self._answer(form.task(), [(NAME, content)])[0], self.model)
        # beside the jobs: it goes with them where this process is killed
        with tempfile.TemporaryDirectory(prefix="photo-", dir=self.jobs.folder) as folder:
            photo = Path(folder) / "photo"
            photo.write_bytes(content)
            try:
                (outcome,) = self.studio.inverted([photo], form.invert(), watch)
                if outcome.error is not None:
                    raise outcome.error
                return self._of_face(form, outcome.face, watch) | {"notes": list(outcome.notes)}
            except LatentLabError as error:
                raise type(error)(str(error).replace(str(photo), NAME)) from None

    def _of_face(self, form: InversionForm, face: Any, watch: Any) -> dict[str, Any]:
        if not isinstance(form, EditForm):
            return told_face(face)
        *_, picture = self.studio.open_edit(face, form.edit()).draw(watch)
        content = encode_picture(picture.image, "PNG", picture.recipe, picture.source, EFFORT)
        return told_face(face) | {"picture": base64.b64encode(content).decode()}


def check_photo(content: bytes) -> bytes:
    """A photo that is not too large, told by its first bytes."""
    if not content:
        raise BadInput("the photo is empty; send a PNG, JPEG, WebP or TIFF file")
    if len(content) > MOST_BYTES:
        raise TooLarge(f"a photo has at most {MOST_BYTES} bytes, this one has {len(content)}")
    width, height = picture_size(content, NAME)
    if width * height > MOST_PIXELS:
        raise TooLarge(f"a photo has at most {MOST_PIXELS} pixels, this one is {width}×{height}")
    return content
