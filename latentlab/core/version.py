"""Which latentlab this is; here, so that recipes and reports can say it without importing the whole."""

from __future__ import annotations

__version__ = "0.1.0"
