"""The test faces of `latentlab compare --quick`, assets/benchmark: python assets/recipes/benchmark.py FOLDER [TASK …]."""

import sys
from pathlib import Path

from latentlab.studio.rivals.cases import QUICK, render_cases, ship
from latentlab.world.tasks import TASKS

folder, tasks = Path(sys.argv[1]), sys.argv[2:] or list(TASKS)
folder.mkdir(parents=True, exist_ok=True)
for task in tasks:
    print(ship(render_cases(task, QUICK), folder))
