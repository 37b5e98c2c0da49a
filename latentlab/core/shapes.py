"""The vocabulary of shapes: jaxtyping annotations, checked while the tests run, free otherwise."""

from __future__ import annotations

from jaxtyping import Float, UInt8
from torch import Tensor

Images = Float[Tensor, "n colours _ _"]
"""Images in [-1, 1]: RGB wherever faces are looked at, 1 to 8 channels as far as a network makes and judges them."""
Pixels = UInt8[Tensor, "n _ _ colours"]
"""The same as bytes; they exist only where files are read and written (`core/image.py`)."""
Z = Float[Tensor, "n z_width"]
"""Samples of the prior, N(0, 1)."""
W = Float[Tensor, "n w_width"]
"""Mapping output."""
WPlus = Float[Tensor, "n layers w_width"]
"""One w for each layer."""
Styles = Float[Tensor, "n channels"]
"""S: every modulation of every layer, side by side (Wu et al. 2021, StyleSpace)."""
Conditions = Float[Tensor, "labels classes"]
"""Class labels, one-hot or soft: one for each sample, or one for all."""
Landmarks = Float[Tensor, "n 68 2"]
"""68 Multi-PIE points, x right and y down, in pixels of the image they belong to."""
Scores = Float[Tensor, "n names"]
"""One column for each name of a scorer."""
