"""A style in words, and the CLIP that judges by it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from latentlab.backbones.style.directional import Directional
from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.directions.text import for_clip, load_clip
from latentlab.studio.portraits.photo_story import file_hash

PLAIN = "a photo"
"""What a network of faces draws, unless it is said."""
SAME = 1e-3
"""Two texts that lie nearer, in a space of unit vectors, say the same to CLIP."""


@dataclass(frozen=True)
class Wish:
    """Two texts, of the style and of what the network draws, and who reads them."""

    text: str
    plain: str
    weights: str
    """File with CLIP's weights."""
    model: str
    """Architecture, as open_clip names it."""

    def check(self) -> None:
        """Raise BadInput for texts that say nothing."""
        if not self.text.strip():
            raise BadInput(
                "the `text` is empty; say what the pictures should look like: 'a charcoal drawing'"
            )
        if not self.plain.strip():
            raise BadInput("the text that the pictures come from is empty; leave it out for 'a photo'")

    def measure(self, parent: Generator) -> Directional:
        """What a child of the network is judged by; MissingPart where CLIP or its weights are not at hand."""
        see, read, size = load_clip(self.model, self.weights)
        wished, plain = read([self.text, self.plain])
        if float((wished - plain).norm()) < SAME:
            raise BadInput(
                f"'{self.text}' and '{self.plain}' say the same to CLIP; describe the style otherwise"
            )
        return Directional(parent, lambda images: see(for_clip(images, size)), (wished - plain).detach())

    def story(self) -> dict[str, object]:
        """What the style's file tells of its origin."""
        reader = {"model": self.model, "hash": file_hash(Path(self.weights))}
        return {"text": self.text, "from": self.plain, "CLIP": reader}
