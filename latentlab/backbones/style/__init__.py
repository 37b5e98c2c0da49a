"""Styles: children of a generator that draw the same latents another way."""
