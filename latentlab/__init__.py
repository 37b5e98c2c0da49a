"""latentlab: look into, move through and measure the latent space of StyleGAN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentlab.core.version import __version__ as __version__

if TYPE_CHECKING:
    from latentlab.studio import Studio
    from latentlab.studio.fields import StudioFields


def open(network: str = "auto", **settings: Unpack[StudioFields]) -> Studio:
    """Open a studio on a network: a name (`faces`), the path of any weight file that latentlab reads, or the package's own."""
    from latentlab.studio import Studio  # torch is imported only when a studio is wanted

    return Studio(network=network, **settings)
