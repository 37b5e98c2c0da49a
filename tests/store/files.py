"""Where the published networks lie: copies in the repository, else the folder with the test data."""

from __future__ import annotations

import os
from pathlib import Path

PLACES = [Path(__file__).parent.parent / "fixtures" / "networks", Path(__file__).parent.parent / "fixtures"]
if os.environ.get("LATENTLAB_TEST_DATA"):
    PLACES.append(Path(os.environ["LATENTLAB_TEST_DATA"]) / "fixtures" / "public")
PUBLISHED = {
    path.name: path
    for place in reversed(PLACES)
    for ending in ("*.pkl", "*.pt")
    for path in sorted(place.glob(ending))
}
