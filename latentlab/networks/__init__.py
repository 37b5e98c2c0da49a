"""Networks: generators, discriminators and encoders of the StyleGAN family, and distances between images."""

from latentlab.networks.build import KINDS, build, export

__all__ = ["KINDS", "build", "export"]
