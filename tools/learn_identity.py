"""Which part of a latent is the person: `python tools/learn_identity.py --n 240`, from renders that differ in identity alone.

Every target is rendered as itself and as the source's person, the source in a scene of its own. Ridge regression on
principal components of w learns, for each layer, how the difference between two latents becomes that between the first
two pictures. Writes assets/faces/swap.safetensors.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from latentlab.inversion.encode import encode
from latentlab.inversion.statistics import sample_w
from latentlab.store.archive import Archive
from latentlab.studio import Studio
from latentlab.studio.applications.person import KIND
from latentlab.studio.shelf.companions import find_encoder
from latentlab.world.laws import draw_faces
from latentlab.world.render import load_renderer
from latentlab.world.tasks import as_person

SEED, SIZE, PARTS = 515_151, 128, 64
RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0)


@torch.no_grad()
def latents(studio: Studio, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """W+ [n layers width] of targets, sources and truths."""
    renderer, encoder = load_renderer(), find_encoder(studio)
    assert encoder is not None, "faces ships with one"
    found: list[Tensor] = []
    for start in range(0, n, 4):
        targets = draw_faces(4, "natural", SEED, start)
        sources = draw_faces(4, "natural", SEED + 1, start)
        truths = [as_person(t, s) for t, s in zip(targets, sources, strict=True)]
        images = renderer.render([*targets, *sources, *truths], SIZE).images
        found.append(encode(encoder, studio.generator, images).values.view(3, 4, studio.generator.layers, -1))
    target, source, truth = torch.cat(found, 1)
    return target, source, truth


def solve(x: Tensor, y: Tensor, ridge: float) -> Tensor:
    """[layers parts parts]: each layer's change from its difference."""
    answers = []
    for layer in range(x.shape[1]):
        a, b = x[:, layer], y[:, layer]
        weight = ridge * a.square().mean() * len(a)
        answers.append(torch.linalg.solve(a.T @ a + weight * torch.eye(a.shape[1]), a.T @ b))
    return torch.stack(answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=240)
    parser.add_argument("--out", type=Path, default=Path("assets/faces/swap.safetensors"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    studio = Studio(device="cpu")
    target, source, truth = latents(studio, given.n)
    w = sample_w(studio.generator, 2000, seed=7)
    basis = torch.linalg.svd(w - w.mean(0), full_matrices=False)[2][:PARTS]  # [parts width]
    x, y = (source - target) @ basis.T, (truth - target) @ basis.T
    half = len(x) * 3 // 4
    errors = {
        r: float((x[half:, :, None] @ solve(x[:half], y[:half], r) - y[half:, :, None]).square().mean())
        for r in RIDGES
    }
    best = min(errors, key=lambda r: errors[r])
    print("nothing", float(y[half:].square().mean()), errors, "chosen", best)
    matrix = solve(x, y, best)
    story = {"parent": studio.generator.hash, "people": given.n, "ridge": best}
    Archive(KIND, {"basis": basis.half().contiguous(), "matrix": matrix.half().contiguous()}, story).save(
        given.out
    )


if __name__ == "__main__":
    main()
