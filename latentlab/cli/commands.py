"""Every command by name, as text: adding one is a file and a line here (and a line in help.txt)."""

from __future__ import annotations

from latentlab.core.registry import Registry

COMMANDS: Registry = Registry(
    "command",
    {
        "demo": "latentlab.cli.demo:Demo",
        "generate": "latentlab.cli.generate:Generate",
        "mix": "latentlab.cli.mix:Mix",
        "interpolate": "latentlab.cli.interpolate:Interpolate",
        "align": "latentlab.cli.align:Align",
        "world render": "latentlab.cli.world:Render",
        "world sheet": "latentlab.cli.world:Sheet",
        "world import": "latentlab.cli.world:Import",
        "invert": "latentlab.cli.invert:Invert",
        "edit": "latentlab.cli.edit:Edit",
        "batch align": "latentlab.cli.batch:Align",
        "batch invert": "latentlab.cli.batch:Invert",
        "batch edit": "latentlab.cli.batch:Edit",
        "batch stylize": "latentlab.cli.batch:Stylize",
        "batch swap": "latentlab.cli.batch:Swap",
        "batch makeup": "latentlab.cli.batch:Makeup",
        "batch frontalize": "latentlab.cli.batch:Frontalize",
        "batch score": "latentlab.cli.batch:Score",
        "batch render": "latentlab.cli.batch:Render",
        "swap": "latentlab.cli.swap:Swap",
        "frontalize": "latentlab.cli.frontalize:Frontalize",
        "makeup": "latentlab.cli.makeup:Makeup",
        "stylize": "latentlab.cli.stylize:Stylize",
        "style add": "latentlab.cli.stylize:Add",
        "style list": "latentlab.cli.stylize:List",
        "discover": "latentlab.cli.discover:Discover",
        "evaluate": "latentlab.cli.evaluate:Evaluate",
        "directions list": "latentlab.cli.directions:List",
        "directions show": "latentlab.cli.directions:Show",
        "directions import": "latentlab.cli.directions:Import",
        "directions export": "latentlab.cli.directions:Export",
        "directions port": "latentlab.cli.directions:Port",
        "directions build": "latentlab.cli.directions:Build",
        "directions span": "latentlab.cli.directions:Span",
        "directions card": "latentlab.cli.directions:Card",
        "train": "latentlab.cli.train:Train",
        "train-encoder": "latentlab.cli.train:TrainEncoder",
        "train-scorer": "latentlab.cli.train:TrainScorer",
        "finetune": "latentlab.cli.train:Finetune",
        "train-baseline": "latentlab.cli.baseline:TrainBaseline",
        "baseline": "latentlab.cli.baseline:Baseline",
        "compare": "latentlab.cli.compare:Compare",
        "metrics": "latentlab.cli.metrics:Metrics",
        "convert": "latentlab.cli.convert:Convert",
        "app": "latentlab.cli.app:App",
        "serve": "latentlab.cli.serve:Serve",
        "replay": "latentlab.cli.replay:Replay",
        "models list": "latentlab.cli.models:List",
        "models fetch": "latentlab.cli.models:Fetch",
        "models add": "latentlab.cli.models:Add",
        "models verify": "latentlab.cli.models:Verify",
        "models card": "latentlab.cli.models:Card",
        "doctor": "latentlab.cli.doctor:Doctor",
    },
)
"""A name of two words is a subcommand: `models list`."""


def groups() -> set[str]:
    """First words that only stand before a second: `models`."""
    return {name.split()[0] for name in COMMANDS if " " in name}
