"""The command line: main, and one file per command; it only translates words, the studio does the work."""

import os

# tyro's type checker else reads the metadata of every installed package at its import, in every command
os.environ.setdefault("TYPEGUARD_DISABLE_PLUGIN_AUTOLOAD", "1")
