"""Published methods beside ours: baselines on photographs, and the benchmark of all methods."""

from latentlab.core.registry import Registry

CONTESTANTS: Registry = Registry(
    "contestant",
    {
        "nothing": "latentlab.studio.rivals.contestant:Nothing",
        "backbone": "latentlab.studio.rivals.backbone:Backbone",
        "pivot": "latentlab.studio.rivals.backbone:Pivoted",
        "applications": "latentlab.studio.rivals.applications:Applications",
    },
)
"""Methods of the benchmark besides the trained baselines, which join by their files."""
