"""What every package passes around: latents, generators, directions, pivots, inversions, images, errors."""
