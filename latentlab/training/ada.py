"""Adaptive augmentation: as strong as keeps the discriminator from telling real images too surely (Karras et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latentlab.core.shapes import Images
from latentlab.training.augment import Pipe
from latentlab.training.draws import Draws
from latentlab.training.phase import Moment


class Ada(nn.Module):
    """The strength and the statistics that steer it; they live in buffers, so a checkpoint keeps them."""

    strength: Tensor
    signs: Tensor

    def __init__(
        self,
        target: float = 0.6,
        speed: float = 500.0,
        every: int = 4,
        pipe: Pipe | None = None,
        fixed: float | None = None,
    ) -> None:
        """`target` is the mean sign of the discriminator's verdicts on real images; `speed` thousands of images for 0 to 1.

        `fixed` keeps one strength.
        """
        super().__init__()
        self.target, self.speed, self.every, self.fixed = target, speed, every, fixed
        self.pipe = pipe or Pipe()
        self.register_buffer("strength", torch.tensor(fixed or 0.0))
        self.register_buffer("signs", torch.zeros(2))  # sum of signs, how many

    def forward(self, images: Images, draws: Draws) -> Images:
        """Augmented images."""
        return self.pipe(images, float(self.strength), draws)

    @torch.no_grad()
    def note(self, verdict: Tensor) -> None:
        """Count the discriminator's verdicts on real images."""
        self.signs += torch.stack(
            [verdict.detach().float().sign().sum(), verdict.new_tensor(float(verdict.numel())).float()]
        )

    @torch.no_grad()
    def adapt(self, moment: Moment) -> None:
        """At every `every`-th step: a little stronger where the discriminator is too sure, else a little weaker."""
        if self.fixed is not None or (moment.step + 1) % self.every:
            return
        total, count = moment.processes.mean(self.signs)
        step = moment.batch * self.every / (self.speed * 1000)
        sure = (total / count.clamp(min=1)) - self.target
        self.strength.copy_((self.strength + sure.sign() * step).clamp(0, 1))
        self.signs.zero_()
