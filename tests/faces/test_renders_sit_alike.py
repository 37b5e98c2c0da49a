"""Renders, framed by their true landmarks, sit in the picture as aligned photos do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from latentlab.faces.align import frame


def test_aligning_a_render_by_its_true_landmarks_changes_nothing(face_model_path: Path) -> None:
    from latentlab.world.laws import draw_faces
    from latentlab.world.render import load_renderer

    faces = [replace(face, zoom=1.0, shift=(0.0, 0.0)) for face in draw_faces(3, "natural", 8)]
    rendering = load_renderer(face_model_path).render(faces, 64)
    square = frame(rendering.landmarks - 0.5)  # the renderer counts from the picture's corner
    assert (square.centre - 31.5).abs().max() < 0.05
    assert (square.across - torch.tensor([[32.0, 0.0]])).abs().max() < 0.05
