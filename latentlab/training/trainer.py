"""The trainer: runs a model's phases step by step, keeps its state safe, and says what goes wrong."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from latentlab.core.errors import BadInput
from latentlab.core.watch import Watch, silent
from latentlab.training.ahead import Source, fetch
from latentlab.training.checkpoint import Checkpoint, collect, restore
from latentlab.training.distributed import ALONE, Team
from latentlab.training.draws import Draws, deal, seed_of
from latentlab.training.errors import Diverged, OutOfMemory
from latentlab.training.meter import Meter
from latentlab.training.patience import Patience
from latentlab.training.phase import Moment, Phase
from latentlab.training.run import Run
from latentlab.training.trainable import Trainable


@dataclass(frozen=True)
class Pace:
    """How much is learnt at once and how often it is written down."""

    batch: int = 32
    """Images in a step, over all processes."""
    rounds: int = 1
    """Parts that each process computes one after the other: more rounds need less memory."""
    seed: int = 0
    """All randomness of the training follows from it."""
    save_seconds: float = 300.0
    """Seconds between checkpoints."""
    report_steps: int = 20
    """Steps between lines of the log."""
    picture_steps: int = 500
    """Steps between sheets of samples; 0 is never."""
    measure_steps: int = 0
    """Steps between measurements of the samples, where there is something to measure with; 0 is never."""
    ahead: int = 2
    """Batches fetched ahead by a thread; 0 reads them on demand."""
    keep: int = 3
    """Checkpoints kept."""


@dataclass(eq=False)
class Trainer:
    """Teaches one model; after `begin`, `networks` holds its modules."""

    model: Trainable
    run: Run
    pace: Pace = Pace()
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    team: Team = ALONE
    step: int = 0
    networks: dict[str, nn.Module] = field(default_factory=dict)
    optimizers: dict[str, Optimizer] = field(default_factory=dict)
    story: dict[str, Any] = field(default_factory=dict)
    """Written into every checkpoint beside the state."""
    measure: Callable[[Mapping[str, nn.Module]], Mapping[str, float]] | None = None
    """Figures of the networks, for the log: distances of samples from real images."""
    sound: bool = True
    """Whether the networks are worth keeping: no loss was NaN, no step was left half done."""

    @property
    def images(self) -> int:
        """Images shown so far."""
        return self.step * self.pace.batch

    def begin(self, *, resume: bool = False) -> Trainer:
        """Make networks and optimizers, or take them from the run's newest checkpoint."""
        self._check_pace()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(self.pace.seed, "networks") % 2**63)
            self.networks = {name: network.to(self.device) for name, network in self.model.networks().items()}
        self.optimizers = dict(self.model.optimizers(self.networks))
        settings = {"model": repr(self.model), "pace": repr(self.pace), "threads": torch.get_num_threads()}
        checkpoint = None
        if self.team.leads:
            checkpoint = self.run.begin(settings, resume=resume)
        elif resume:
            checkpoint = self.run.newest()
        if checkpoint is not None:
            self.take(checkpoint)
        self.team.share(self.networks.values())
        return self

    def take(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint's state."""
        restore(checkpoint, self.networks, self.optimizers, str(self.run.folder))
        self.step = int(checkpoint.story["step"])  # type: ignore[call-overload]
        own = {"step", "images", "batch", "seed", "threads", "optimizers", "model"}
        self.story = {name: value for name, value in checkpoint.story.items() if name not in own}
        threads = checkpoint.story.get("threads")
        if self.device.type == "cpu" and threads != torch.get_num_threads():
            warnings.warn(
                f"the training was saved with {threads} threads and goes on with {torch.get_num_threads()}: "
                "it will not repeat bit for bit",
                stacklevel=3,
            )
        if checkpoint.story.get("batch") != self.pace.batch:
            raise BadInput(
                f"{self.run.folder} was trained with a batch of {checkpoint.story.get('batch')}, not {self.pace.batch}; "
                "resume with the same batch"
            )

    def fit(
        self, source: Source, images: int, *, seconds: float = float("inf"), watch: Watch = silent
    ) -> None:
        """Train until so many images were shown, or so many seconds have passed; leaves a checkpoint in any case.

        A first interrupt (Ctrl-C or SIGTERM) ends it after the step under way, a second one at once.
        """
        phases = list(self.model.phases(self.networks))
        last_step = -(-images // self.pace.batch)
        meter = Meter(self.step, self.pace.batch, last_step, self.device)
        started = saved = time.monotonic()
        before = self.story.get("seconds", 0.0)
        if self.step >= last_step:
            return
        batches = fetch(source, self._deals(last_step), self.device, self.pace.ahead)
        with Patience() as patience, torch.random.fork_rng():
            for batch in batches:
                self._step(batch, phases, meter)
                if self.step % self.pace.report_steps == 0 or self.step == last_step:
                    self._report(meter, watch, last_step)
                now = time.monotonic()
                self.story["seconds"] = before + now - started
                stop = self.team.agree(patience.ended or now - started >= seconds) or self.step >= last_step
                if stop or self.team.agree(now - saved >= self.pace.save_seconds):
                    self.save(meter)
                    saved = now
                if stop:
                    break
        batches.close()  # type: ignore[attr-defined]
        self.run.close()
        patience.settle()

    def save(self, meter: Meter | None = None) -> None:
        """Write a checkpoint, unless a loss has become NaN."""
        if meter is not None:
            self._check_losses(meter)
        if not self.team.leads:
            return
        tensors, groups = collect(self.networks, self.optimizers)
        story = {
            **self.story, "step": self.step, "images": self.images, "batch": self.pace.batch, "seed": self.pace.seed,
            "threads": torch.get_num_threads(), "optimizers": groups, "model": repr(self.model),
        }  # fmt: skip
        self.run.save(Checkpoint(tensors, story), self.step)

    def _check_pace(self) -> None:
        parts, group = self.team.size * self.pace.rounds, self.model.group
        if self.pace.batch < 1 or self.pace.batch % (parts * group):
            raise BadInput(
                f"a batch of {self.pace.batch} cannot be dealt to {self.team.size} processes × {self.pace.rounds} rounds "
                f"in groups of {group}; choose a multiple of {parts * group}"
            )

    def _deals(self, last_step: int) -> Iterator[list[int]]:
        """Sample numbers of this process for each step to come."""
        mine = deal(self.pace.batch, self.team.size, self.team.rank, self.model.group)
        for step in range(self.step, last_step):
            yield [step * self.pace.batch + place for place in mine]

    def _step(self, batch: Any, phases: Sequence[Phase], meter: Meter) -> None:
        factor = self.model.schedule(self.images)
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group.setdefault("full_lr", group["lr"])
                group["lr"] = group["full_lr"] * factor
        try:
            self.sound = False
            for phase in phases:
                if self.step % phase.every == 0:
                    self._phase(phase, batch, meter)
            self.sound = True
        except (RuntimeError, MemoryError) as error:
            if not _is_memory(error):
                raise
            raise OutOfMemory(
                f"{self.device.type} ran out of memory in the phase '{phase.name}' of step {self.step}; lower --batch (now "
                f"{self.pace.batch}) or raise --rounds (now {self.pace.rounds}); the last checkpoint is kept"
            ) from None
        self.step += 1

    def _phase(self, phase: Phase, batch: Any, meter: Meter) -> None:
        learners = [self.networks[name] for name in phase.learners]
        for network in self.networks.values():
            network.requires_grad_(False)
        for network in learners:
            network.requires_grad_(True)
        rounds = self.pace.rounds
        for part in range(rounds):
            moment, piece = self._moment(phase, batch, part)
            torch.manual_seed(seed_of(self.pace.seed, self.step, phase.name, self.team.rank, part) % 2**63)
            terms = phase.losses(piece, moment)
            if terms:
                total = torch.stack([value.float() for value in terms.values()]).sum()
                (total / rounds).backward()
            meter.add(phase.name, terms, self.step)
        self._descend(phase, learners)
        phase.after(moment)

    def _moment(self, phase: Phase, batch: Any, part: int) -> tuple[Moment, Any]:
        mine = deal(self.pace.batch, self.team.size, self.team.rank, self.model.group)
        places = range(len(mine))
        if self.pace.rounds > 1:
            places = deal(len(mine), self.pace.rounds, part, self.model.group)  # type: ignore[assignment]
            batch = _rows(batch, torch.tensor(places, device=self.device))
        numbers = [self.images + mine[place] for place in places]
        draws = Draws(numbers, self.pace.seed, phase.name, device=self.device)
        return Moment(self.step, self.images, self.pace.batch, draws, self.team, self.device), batch

    def _descend(self, phase: Phase, learners: Sequence[nn.Module]) -> None:
        parameters = [p for network in learners for p in network.parameters() if p.requires_grad]
        self.team.average_gradients(parameters)
        for name in phase.learners:
            optimizer = self.optimizers[name]
            _tame(optimizer)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def _report(self, meter: Meter, watch: Watch, last_step: int) -> None:
        self._check_losses(meter)
        values = meter.read(self.step)
        if not self.team.leads:
            return
        if self.measure and self.pace.measure_steps and self.step % self.pace.measure_steps == 0:
            values |= self.measure(self.networks)
        self.run.log(self.step, {"images": self.images, **values})
        sheet = None
        if self.pace.picture_steps and self.step % self.pace.picture_steps == 0:
            with torch.no_grad():
                sheet = self.model.picture(self.networks)
            if sheet is not None:
                self.run.show(self.step, sheet)
        watch(self.step / last_step, meter.sentence(self.images, values), sheet)

    def _check_losses(self, meter: Meter) -> None:
        bad = meter.first_bad()
        if not self.team.agree(bad is not None):
            return
        self.sound = False
        where, step = bad or ("of another process", self.step)
        told = f"the loss '{where}' became NaN or infinite at step {step} ({step * self.pace.batch:,} images)"
        if not self.run.checkpoints:
            raise Diverged(
                f"{told}, before anything was saved; begin again with a lower learning rate, or in fp32"
            )
        raise Diverged(
            f"{told}; the last good checkpoint in {self.run.folder} is kept: resume from it with a lower learning rate, "
            "or in fp32"
        )


def _tame(optimizer: Optimizer) -> None:
    """Single infinite gradients, as half precision makes them, must not spoil the weights."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None:
                torch.nan_to_num(parameter.grad, nan=0, posinf=1e5, neginf=-1e5, out=parameter.grad)


def _is_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
    )


def _rows(batch: Any, places: Tensor) -> Any:
    from latentlab.training.ahead import each

    return each(batch, lambda value: value[places.to(value.device)])
