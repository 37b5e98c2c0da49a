"""The trainer: runs a model's phases step by step, keeps its state safe, and says what goes wrong."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from latentlab.core.errors import BadInput
from latentlab.core.watch import Watch, silent
from latentlab.training.ahead import Source, each, fetch
from latentlab.training.checkpoint import Checkpoint, collect, restore
from latentlab.training.distributed import ALONE, ProcessGroup
from latentlab.training.draws import Draws, deal, seed_of
from latentlab.training.errors import Diverged, OutOfMemory
from latentlab.training.meter import Meter
from latentlab.training.patience import Patience
from latentlab.training.phase import Moment, Phase
from latentlab.training.run import Run
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainable import Trainable


@dataclass(eq=False)
class Trainer:
    """Teaches one model; after `begin`, `networks` holds its modules."""

    model: Trainable
    run: Run
    schedule: TrainingSchedule = field(default_factory=TrainingSchedule)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    processes: ProcessGroup = ALONE
    step: int = 0
    networks: dict[str, nn.Module] = field(default_factory=dict)
    optimizers: dict[str, Optimizer] = field(default_factory=dict)
    story: dict[str, Any] = field(default_factory=dict)
    """Written into every checkpoint beside the state."""
    measure: Callable[[Mapping[str, nn.Module]], Mapping[str, float]] | None = None
    """Figures of the networks, for the log: distances of samples from real images."""
    handed: list[dict[str, Any]] = field(default_factory=list)
    """What the phases of the last step left, for each round."""
    meter: Meter = field(default_factory=lambda: Meter(1))
    """Losses since the last line of the log."""
    sound: bool = True
    """Whether the networks are worth keeping: no loss was NaN, no step was left half done."""

    @property
    def images(self) -> int:
        """Images shown so far."""
        return self.step * self.schedule.batch

    def begin(self, *, resume: bool = False) -> Trainer:
        """Make networks and optimizers, or take them from the run's newest checkpoint."""
        self._check_batch()
        self.meter = Meter(self.schedule.batch)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(self.schedule.seed, "networks") % 2**63)
            self.networks = {name: network.to(self.device) for name, network in self.model.networks().items()}
        self.optimizers = dict(self.model.optimizers(self.networks))
        settings = {
            "model": repr(self.model),
            "schedule": repr(self.schedule),
            "threads": torch.get_num_threads(),
        }
        checkpoint = None
        if self.processes.leads:
            checkpoint = self.run.begin(settings, resume=resume)
        elif resume:
            checkpoint = self.run.newest()
        if checkpoint is not None:
            self.take(checkpoint)
        self.processes.broadcast(self.networks.values())
        return self

    def take(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint's state."""
        restore(checkpoint, self.networks, self.optimizers, str(self.run.folder))
        self.step = int(checkpoint.story["step"])  # type: ignore[call-overload]
        self.meter.restore(checkpoint.tensors, checkpoint.story.get("meter"), self.device)
        own = {"step", "images", "batch", "seed", "threads", "optimizers", "model", "meter"}
        self.story = {name: value for name, value in checkpoint.story.items() if name not in own}
        threads = checkpoint.story.get("threads")
        if self.device.type == "cpu" and threads != torch.get_num_threads():
            warnings.warn(
                f"the training was saved with {threads} threads and goes on with {torch.get_num_threads()}: "
                "it will not repeat bit for bit",
                stacklevel=3,
            )
        if checkpoint.story.get("batch") != self.schedule.batch:
            raise BadInput(
                f"{self.run.folder} was trained with a batch of {checkpoint.story.get('batch')}, not {self.schedule.batch}; "
                "resume with the same batch"
            )

    def fit(
        self, source: Source, images: int, *, seconds: float = float("inf"), watch: Watch = silent
    ) -> None:
        """Train until so many images were shown, or so many seconds have passed; leaves a checkpoint in any case.

        A first interrupt (Ctrl-C, SIGTERM or SIGHUP) ends it after the step under way, a second one at once.
        """
        phases = list(self.model.phases(self.networks))
        last_step = -(-images // self.schedule.batch)
        started = saved = time.monotonic()
        before = self.story.get("seconds", 0.0)
        if self.step >= last_step:
            return
        self.meter.start(self.step)
        batches = fetch(source, self._deals(last_step), self.device, self.schedule.ahead)
        with closing(batches), closing(self.run), Patience() as patience, torch.random.fork_rng():  # type: ignore[type-var]
            for batch in batches:
                self._step(batch, phases)
                if self.step % self.schedule.report_steps == 0 or self.step == last_step:
                    self._report(watch, last_step)
                now = time.monotonic()
                self.story["seconds"] = before + now - started
                stop = (
                    self.processes.agree(patience.ended or now - started >= seconds) or self.step >= last_step
                )
                if stop or self.processes.agree(now - saved >= self.schedule.save_seconds):
                    self.save()
                    saved = now
                if stop:
                    break
        patience.settle()

    def picture(self) -> Tensor | None:
        """The model's sheet of samples as it stands."""
        with torch.no_grad():
            return self.model.picture(self.networks, self.handed[-1] if self.handed else {})

    def save(self) -> None:
        """Write a checkpoint, unless a loss has become NaN."""
        self._check_losses()
        self.meter.gather(self.processes)
        if not self.processes.leads:
            return
        tensors, groups = collect(self.networks, self.optimizers)
        sums, counts = self.meter.state()
        story = {
            **self.story, "step": self.step, "images": self.images, "batch": self.schedule.batch, "seed": self.schedule.seed,
            "threads": torch.get_num_threads(), "optimizers": groups, "model": repr(self.model),
            "meter": counts,
        }  # fmt: skip
        self.run.save(Checkpoint({**tensors, **sums}, story), self.step)

    def _check_batch(self) -> None:
        parts, group = self.processes.size * self.schedule.rounds, self.model.group
        if self.schedule.batch < 1 or self.schedule.batch % (parts * group):
            raise BadInput(
                f"a batch of {self.schedule.batch} cannot be dealt to {self.processes.size} processes × {self.schedule.rounds} rounds "
                f"in groups of {group}; choose a multiple of {parts * group}"
            )

    def _deals(self, last_step: int) -> Iterator[list[int]]:
        """Sample numbers of this process for each step to come."""
        mine = deal(self.schedule.batch, self.processes.size, self.processes.rank, self.model.group)
        for step in range(self.step, last_step):
            yield [step * self.schedule.batch + place for place in mine]

    def _step(self, batch: Any, phases: Sequence[Phase]) -> None:
        self.handed = [{} for _ in range(self.schedule.rounds)]
        factor = self.model.rate_factor(self.images)
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group.setdefault("full_lr", group["lr"])
                group["lr"] = group["full_lr"] * factor
        try:
            self.sound = False
            for phase in phases:
                if self.step % phase.every == 0 and phase.when(self._moment(phase, [], 0)):
                    self._phase(phase, batch)
            self.sound = True
        except (RuntimeError, MemoryError) as error:
            if not _is_memory(error):
                raise
            raise OutOfMemory(
                f"{self.device.type} ran out of memory in the phase '{phase.name}' of step {self.step}; lower `batch` (now "
                f"{self.schedule.batch}) or raise `rounds` (now {self.schedule.rounds}); the last checkpoint is kept"
            ) from None
        self.step += 1

    def _phase(self, phase: Phase, batch: Any) -> None:
        learners = [self.networks[name] for name in phase.learners]
        for network in self.networks.values():
            network.requires_grad_(False)
        for network in learners:
            network.requires_grad_(True)
        rounds = self.schedule.rounds
        for part in range(rounds):
            places = self._places(part)
            moment = self._moment(phase, places, part)
            piece = batch if rounds == 1 else _rows(batch, torch.tensor(places, device=self.device))
            torch.manual_seed(
                seed_of(self.schedule.seed, self.step, phase.name, self.processes.rank, part) % 2**63
            )
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.model.autocast):
                terms = phase.losses(piece, moment)
            if terms:
                total = torch.stack([value.float() for value in terms.values()]).sum()
                (total / rounds).backward()
            self.meter.add(phase.name, terms, self.step)
        self._descend(phase, learners)
        phase.after(moment)

    def _places(self, part: int) -> list[int]:
        """Which of this process's samples are computed in one round."""
        mine = self.schedule.batch // self.processes.size
        return deal(mine, self.schedule.rounds, part, self.model.group)

    def _moment(self, phase: Phase, places: Sequence[int], part: int) -> Moment:
        mine = deal(self.schedule.batch, self.processes.size, self.processes.rank, self.model.group)
        numbers = [self.images + mine[place] for place in places]
        draws = Draws(numbers, self.schedule.seed, phase.name, device=self.device)
        return Moment(
            self.step, self.images, self.schedule.batch, draws, self.processes, self.device, self.handed[part]
        )

    def _descend(self, phase: Phase, learners: Sequence[nn.Module]) -> None:
        parameters = [p for network in learners for p in network.parameters() if p.requires_grad]
        self.processes.average_gradients(parameters)
        for name in phase.learners:
            optimizer = self.optimizers[name]
            _tame(optimizer)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def _report(self, watch: Watch, last_step: int) -> None:
        self._check_losses()
        self.meter.gather(self.processes)
        values = self.meter.read(self.step, last_step, keep=bool(self.step % self.schedule.report_steps))
        if not self.processes.leads:
            return
        if self.measure and self.schedule.measure_steps and self.step % self.schedule.measure_steps == 0:
            values |= self.measure(self.networks)
        self.run.log(self.step, {"images": self.images, **values})
        sheet = None
        if self.schedule.picture_steps and self.step % self.schedule.picture_steps == 0:
            sheet = self.picture()
            if sheet is not None:
                self.run.show(self.step, sheet)
        watch(self.step / last_step, self.meter.sentence(self.images, values), sheet)

    def _check_losses(self) -> None:
        bad = self.meter.first_bad()
        if not self.processes.agree(bad is not None):
            return
        self.sound = False
        where, step = bad or ("of another process", self.step)
        told = f"the loss '{where}' became NaN or infinite at step {step} ({step * self.schedule.batch:,} images)"
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
    return each(batch, lambda value: value[places.to(value.device)])
