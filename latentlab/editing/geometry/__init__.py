"""Faces moved by their landmarks: smooth warps, heads turned to the front, what was hidden filled from the other side."""
