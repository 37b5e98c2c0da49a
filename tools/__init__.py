"""How the weights that ship were made: for the project itself, run from a checkout with `python -m tools.NAME`."""
