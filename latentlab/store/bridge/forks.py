"""Arguments that forks of the published code add: what has the plain value is passed over, what changes the shape is honoured."""

from __future__ import annotations

from latentlab.core.errors import BadFile
from latentlab.store.bridge.recorded import Recorded

PLAIN: dict[str, tuple[object, ...]] = {
    "init_res": ([4, 4], (4, 4), None, 4),
    "square": (True, None),
    "size": ([4, 4], (4, 4), None),
    "aspect_ratio": (1, 1.0, None),
    "scale_type": (None, "fit", "pad", "padside", "symm"),
    "use_attention": (False, None),
    "attention": (False, None),
    "use_spectral_norm": (False, None),
    "progressive": (False, None),
    "circular_padding": (False, None),
    "tile": (False, None),
    "seamless": (False, None),
    "latmask": (None, False),
    "countHW": ([1, 1], (1, 1), None),
    "splitfine": (0, 0.0, None),
    "shift": (None, 0, 0.0),
    "digress": (None, 0, 0.0),
    "affine": (None,),
}
"""By argument: the values with which the network is the published one."""
UNHEARD = (
    "verbose",
    "debug",
    "freeze_layers",
    "freezeG",
    "freezeD",
    "channels_last",
    "fp16_channels_last",
    "use_fp16",
)
"""Arguments that change no picture."""
LARGEST = 64


def constant_of(*recorded: Recorded) -> tuple[int, int]:
    """Height and width of the constant: `init_res` of eps696's fork, `square=False` (2:1) of StyleGAN-Human's."""
    constant = (4, 4)
    for part in recorded:
        given = part.values.get("init_res")
        sides = list(given) if isinstance(given, list | tuple) else []
        if (
            len(sides) == 2
            and all(type(side) is int and 1 <= side <= LARGEST for side in sides)
            and sides != [4, 4]
        ):
            part.ignore("init_res")
            constant = (sides[0], sides[1])
        if part.values.get("square") is False:
            part.ignore("square")
            constant = (4, 2)
    return constant


def pass_over(*recorded: Recorded) -> None:
    """Take the arguments of forks that have the plain value, with a note for each."""
    for part in recorded:
        for name in sorted(set(part.values) - part.taken):
            value = part.values[name]
            plain = PLAIN.get(name, (None,))
            if name in UNHEARD or any(type(value) is type(one) and value == one for one in plain):
                part.ignore(name)
                part.notes.append(f"the argument '{name}' of a fork has the plain value and was passed over")


def check_square(constant: tuple[int, int], resolution: int) -> None:
    """For networks of which only square ones are read."""
    if constant != (4, 4):
        height, width = (resolution // 4 * side for side in constant)
        raise BadFile(f"its pictures are not square ({height}×{width}): such a StyleGAN3 is not supported")
