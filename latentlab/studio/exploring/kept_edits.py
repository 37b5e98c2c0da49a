"""Edits that are kept without their face: small files in the lab, to be opened on any face."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import write_text
from latentlab.store.home import EDITS, check_name
from latentlab.studio.exploring.view import View, view_of
from latentlab.studio.lab import Lab

ENDING = ".edit.json"
LARGEST = 100_000


def edit_file(lab: Lab, name: str) -> Path:
    """Where the edit of this name lies, or would."""
    return Path(lab.home) / EDITS / f"{check_name(name)}{ENDING}"


def keep_edit(lab: Lab, name: str, view: View) -> Path:
    """Put what a view does to its face on the shelf, under a name that is free."""
    if not view.edited:
        raise BadInput("nothing is edited; move a slider first")
    path = edit_file(lab, name)
    if path.exists():
        raise BadInput(f"the shelf has an edit called '{name}' already; choose another name")
    query = replace(view, face="seed:0", psi=View.psi, noise=View.noise, beside=()).query()
    told = {
        "latentlab": "edit",
        "network": lab.generator.hash,
        "query": {k: v for k, v in query.items() if k != "face"},
    }
    return write_text(path, json.dumps(told, indent=1) + "\n")


def kept_edits(lab: Lab) -> list[str]:
    """Their names, the newest last."""
    folder = Path(lab.home) / EDITS
    found = sorted(folder.glob(f"*{ENDING}"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    return [path.name.removesuffix(ENDING) for path in found]


def kept_edit(lab: Lab, name: str, view: View) -> View:
    """The view's face under the edit of this name; the file is untrusted."""
    path = edit_file(lab, name)
    try:
        told = json.loads(path.read_text(encoding="utf-8")[:LARGEST])
        query = {str(key): str(value) for key, value in told["query"].items()}
    except FileNotFoundError:
        raise BadInput(
            f"the edit '{name}' is not on the shelf any more; somebody else renamed or deleted it"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadFile(f"{path.name} is damaged; delete it") from None
    found = view_of({key: query[key] for key in ("edit", "styles", "transfer") if key in query})
    return replace(view, strengths=found.strengths, styles=found.styles, transfer=found.transfer)
