"""Other people's weight files, read without executing anything in them, and written where the format allows."""

from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.read import read

__all__ = ["Foreign", "read"]
