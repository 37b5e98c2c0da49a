"""Makeup: regions of a face, their colours, and how they go from one face to another."""
