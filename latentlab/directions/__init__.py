"""Discover directions: one file and one line here for each method; `docs/discover.md` shows how to add one."""

from __future__ import annotations

from typing import Any

from latentlab.core.registry import Registry

DISCOVERERS: Registry[Any] = Registry(
    "discovery method",
    {
        "regression": "latentlab.directions.regression:Regression",
        "interfacegan": "latentlab.directions.interfacegan:InterFaceGan",
        "joint": "latentlab.directions.joint:Joint",
        "steer": "latentlab.directions.steer:Steer",
        "stylespace": "latentlab.directions.stylespace:StyleSpace",
        "flow": "latentlab.directions.flow:Flow",
        "counterfactual": "latentlab.directions.counterfactual:Counterfactual",
        "pairs": "latentlab.directions.pairs:Pairs",
        "text": "latentlab.directions.text:Text",
        "sefa": "latentlab.directions.sefa:SeFa",
        "ganspace": "latentlab.directions.ganspace:GanSpace",
    },
)
