"""The small settings of the backbones can be imported by name, also by processes that the tests start."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "backbones"))
