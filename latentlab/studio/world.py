"""The face world for the command line: data sets, contact sheets, and the face model itself."""

from __future__ import annotations

from latentlab.world.dataset import render_dataset
from latentlab.world.importer import import_face_model
from latentlab.world.sheet import draw_sheet

__all__ = ["draw_sheet", "import_face_model", "render_dataset"]
