"""The service on several machines: `serve run latentlab.service.on_ray:app` (Ray Serve).

What is served stands in LATENTLAB_SERVE (JSON, the fields of `Serving`), for every machine the same:

    LATENTLAB_SERVE='{"host": "0.0.0.0", "token": "…", "folder": "/shared/latentlab-jobs"}'

`folder` lies where all machines see it, or a job is known to the replica that has it alone. Replicas come and go with the
requests that wait; each has a network and one thread that computes, as a process of `latentlab serve` has.
"""

from __future__ import annotations

import os
from typing import Any

from ray import serve

from latentlab.core.errors import BadInput
from latentlab.service.app import build
from latentlab.service.serving import VARIABLE, Serving

CONCURRENT = 64
"""Requests that a replica holds; its own queue answers 429 before."""
SCALING = {"min_replicas": 1, "max_replicas": 8, "target_ongoing_requests": 4}


def checked() -> Serving:
    """What is served; a door to other machines has a token."""
    serving = Serving.from_environment()
    if serving.open_to_others and not serving.token:
        raise BadInput(f"the service is open to other machines; give it a token in {VARIABLE}")
    return serving


replica: Any = serve.deployment(  # Ray's types know decorators alone
    serve.ingress(build)(),
    name="latentlab",
    autoscaling_config=SCALING,
    max_ongoing_requests=CONCURRENT,
    ray_actor_options={
        "num_cpus": 1,
        "runtime_env": {"env_vars": {VARIABLE: os.environ.get(VARIABLE, "{}")}},
    },
)
app = replica.bind()
"""What `serve run` and `serve deploy` take."""
checked()
