"""What a trainer has to know of a model: its networks, their optimizers, its phases, the files that it leaves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from latentlab.training.phase import Phase

Networks = dict[str, nn.Module]


class Trainable(ABC):
    """A model that can be taught.

    Whatever has to survive an interruption is the state of one of its networks: weights, and buffers for anything
    else (moving averages, an augmentation strength). A network that no phase names as a learner needs no optimizer.
    """

    @property
    def autocast(self) -> bool:
        """Whether its losses are computed under torch's autocast to bfloat16; weights and their steps stay fp32."""
        return False

    @abstractmethod
    def networks(self) -> Networks:
        """Fresh modules by name; called once, at the start of a training."""

    @abstractmethod
    def phases(self, networks: Networks) -> Sequence[Phase]:
        """What one step does, in order."""

    def optimizers(self, networks: Networks) -> Mapping[str, Optimizer]:
        """An optimizer for each network that learns; Adam(2e-4, .5, .999) unless the model says otherwise."""
        learners = {name for phase in self.phases(networks) for name in phase.learners}
        return {
            name: Adam(networks[name].parameters(), lr=2e-4, betas=(0.5, 0.999)) for name in sorted(learners)
        }

    def rate_factor(self, images: int) -> float:
        """Factor on every learning rate after so many images."""
        return 1.0

    def picture(self, networks: Networks, handed: Mapping[str, Any]) -> Tensor | None:
        """A sheet [3 h w] to look at while it learns, or None; `handed` is what the last step's phases left."""
        return None

    def parts(self, networks: Networks) -> Mapping[str, str]:
        """The networks worth a file, and the file's name; those that `networks.build` made, under their own names."""
        return {name: name for name, network in networks.items() if hasattr(network, "blueprint")}

    def facts(self) -> Mapping[str, Any]:
        """What whoever loads a part has to know, for the stories of the files: names of outputs, units."""
        return {}

    @property
    def group(self) -> int:
        """Samples that must stay together when a batch is dealt (minibatch-std group)."""
        return 1
