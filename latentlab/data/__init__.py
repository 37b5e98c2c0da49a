"""Readers of the data sets that researchers have on disk, one file each, and the source that feeds a training."""

from latentlab.core.registry import Registry
from latentlab.data.open import SourceOptions, open_source
from latentlab.data.reader import Reader

__all__ = ["READERS", "SourceOptions", "open_source"]

READERS: Registry[Reader] = Registry(
    "reader",
    {
        "folder": "latentlab.data.folder:Folder",
        "ffhq": "latentlab.data.ffhq:FFHQ",
        "celeba": "latentlab.data.celeba:CelebA",
        "utkface": "latentlab.data.utkface:UTKFace",
        "makeup": "latentlab.data.makeup:Makeup",
        "unpaired": "latentlab.data.unpaired:Unpaired",
        "faceswap": "latentlab.data.faceswap:Faceswap",
        "pairs": "latentlab.data.pairs:Pairs",
        "300w-lp": "latentlab.data.posed:Posed300W",
        "portraits": "latentlab.data.portraits:Portraits",
        "world": "latentlab.data.renders:Renders",
    },
)
