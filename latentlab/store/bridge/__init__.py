"""Other people's weight files, read without executing anything in them, and written where the format allows."""

from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.loose import read_tensors
from latentlab.store.bridge.read import read
from latentlab.store.bridge.write import write

__all__ = ["Foreign", "read", "read_tensors", "write"]
