"""The command line: main, and one file per command; it only translates words, the studio does the work."""

import os

os.environ.setdefault("TYPEGUARD_DISABLE_PLUGIN_AUTOLOAD", "1")
"""tyro's type checker else reads the metadata of every installed package at its import: .05 s of every command."""
