"""Training by the clock: a network, something to make lower, and so many minutes.

Whoever stops it (Ctrl-C, SIGTERM, a power cut) loses at most some seconds: checkpoints are written
whole or not at all, and the next start goes on from the last.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

Losses = dict[str, Tensor]
Scores = dict[str, float]

CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"


class StoppedError(Exception):
    """A signal ended a training before its time; says how to go on."""


@dataclass(frozen=True)
class Schedule:
    """How long, how fast.

    minutes: of training, with all its evaluations. rate: the highest learning rate, reached after
    `warm_up` of the time; a cosine leads to `final` of it. decay: of the weights. average: of the
    moving average that is evaluated and kept. clip: of the gradient's norm. save, evaluate: s from
    one to the next.
    """

    minutes: float = 20.0
    rate: float = 3e-3
    warm_up: float = 0.03
    final: float = 0.01
    decay: float = 1e-2
    average: float = 0.998
    clip: float = 1.0
    save: float = 60.0
    evaluate: float = 180.0

    def rate_at(self, seconds: float) -> float:
        """Learning rate after so many seconds of training."""
        part = min(1.0, seconds / max(60.0 * self.minutes, 1e-9))
        if part < self.warm_up:
            return self.rate * (0.05 + 0.95 * part / self.warm_up)
        fall = (part - self.warm_up) / (1.0 - self.warm_up)
        bell = 0.5 * (1.0 + float(torch.cos(torch.tensor(fall * torch.pi))))
        return self.rate * (self.final + (1.0 - self.final) * bell)


class Trainer:
    """Makes the loss of a network lower until its time is over.

    net: what is trained. step: a training step without its update: losses by name, "loss" the one
    to be made lower. folder: for checkpoints, `log.jsonl`, `log.csv` and `learning.png`.
    evaluate: takes the averaged network and gives scores by name, "score" the one that chooses
    the best. memory: what else a checkpoint keeps, and is given back to at a resume (an object
    with `state_dict` and `load_state_dict`).
    """

    def __init__(
        self,
        net: nn.Module,
        step: Callable[[], Losses],
        folder: Path,
        schedule: Schedule,
        evaluate: Callable[[nn.Module], Scores] | None = None,
        memory: Any = None,
    ) -> None:
        self.net, self.step, self.folder, self.schedule = net, step, folder, schedule
        self.evaluate, self.memory = evaluate, memory
        self.optimiser = torch.optim.AdamW(net.parameters(), schedule.rate)
        self._decay_matrices()
        self.average = AveragedModel(net, avg_fn=self._mix)
        self.seconds, self.steps, self.best = 0.0, 0, -float("inf")
        self.stopped = False
        folder.mkdir(parents=True, exist_ok=True)

    def _decay_matrices(self) -> None:
        """Decay weights, and neither offsets nor scales."""
        parameters = list(self.net.parameters())
        wide = [p for p in parameters if p.ndim > 1]
        flat = [p for p in parameters if p.ndim <= 1]
        self.optimiser.param_groups.clear()
        self.optimiser.add_param_group({"params": wide, "weight_decay": self.schedule.decay})
        self.optimiser.add_param_group({"params": flat, "weight_decay": 0.0})

    def _mix(self, averaged: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        """The moving average, quicker at first."""
        keep = min(self.schedule.average, (1.0 + self.steps) / (10.0 + self.steps))
        return averaged * keep + new * (1.0 - keep)

    def fit(self) -> nn.Module:
        """Train until the time is over; the averaged network. StoppedError after a signal."""
        if not self.steps:
            self._begin_log()
        saved = evaluated = self.seconds
        last = time.monotonic()
        with signals(self._stop):
            while not self.stopped and self.seconds < 60.0 * self.schedule.minutes:
                self._update()
                now = time.monotonic()
                self.seconds, last = self.seconds + now - last, now
                if self.seconds - evaluated >= self.schedule.evaluate:
                    self._evaluate()
                    evaluated = self.seconds
                if self.seconds - saved >= self.schedule.save:
                    self.save()
                    saved = self.seconds
            if not self.stopped and (self.seconds > evaluated or self.best == -float("inf")):
                self._evaluate()
            self.save()
        if self.stopped:
            spent = f"stopped after {self.seconds / 60:.1f} min"
            raise StoppedError(f"{spent}; the same command with --resume goes on")
        return self.averaged

    @property
    def averaged(self) -> nn.Module:
        """The network with the moving average of its weights."""
        return self.average.module

    def _stop(self) -> None:
        self.stopped = True

    def _begin_log(self) -> None:
        """Away with the curves of an earlier training in this folder."""
        for name in ("log.jsonl", "log.csv", "learning.png"):
            (self.folder / name).unlink(missing_ok=True)

    def _update(self) -> None:
        rate = self.schedule.rate_at(self.seconds)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        losses = self.step()
        self.optimiser.zero_grad()
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), self.schedule.clip)
        if bool(torch.isfinite(norm)):
            self.optimiser.step()
            self.average.update_parameters(self.net)
        self.steps += 1
        if self.steps % 10 == 1:
            self._log({"rate": rate, **{k: x.item() for k, x in losses.items()}})

    def _evaluate(self) -> None:
        if self.evaluate is None:
            return
        self.averaged.eval()
        scores = self.evaluate(self.averaged)
        self._log({f"valid_{name}": value for name, value in scores.items()})
        if scores["score"] > self.best or self.best == -float("inf"):  # no number is no best
            self.best = max(self.best, scores["score"])
            write(self.averaged.state_dict(), self.folder / BEST)
        say(f"{self.seconds / 60:6.1f} min  " + row(scores), end="\n")
        draw(self.folder)

    def _log(self, values: dict[str, float]) -> None:
        line = {"minutes": self.seconds / 60, "step": self.steps}
        line |= {name: round(value, 5) for name, value in values.items()}
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        if "loss" in values:
            left = self.schedule.minutes - line["minutes"]
            say(f"step {self.steps}  {row(values)}  {left:.1f} min left")

    def save(self) -> None:
        """Write a checkpoint."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "seconds": self.seconds,
            "steps": self.steps,
            "best": self.best,
            "rng": torch.get_rng_state(),
            "memory": None if self.memory is None else self.memory.state_dict(),
        }
        write(state, self.folder / CHECKPOINT)

    def resume(self) -> bool:
        """Go on from the checkpoint in the folder; False where there is none.

        ValueError where it is damaged, or of another network.
        """
        path = self.folder / CHECKPOINT
        if not path.exists():
            return False
        try:
            self._restore(torch.load(path, weights_only=False))
        except PermissionError:
            raise
        except Exception as error:  # a damaged pickle can raise anything
            told = "is damaged, or of another network; start anew without --resume"
            raise ValueError(f"{path}: {told}") from error
        return True

    def _restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.seconds, self.steps, self.best = state["seconds"], state["steps"], state["best"]
        torch.set_rng_state(state["rng"])
        if self.memory is not None:
            self.memory.load_state_dict(state["memory"])


def write(state: Any, path: Path) -> None:
    """Save so that at every moment either the old file or the new one is there."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


@contextmanager
def signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at SIGINT and SIGTERM; a second one ends the program as usual."""

    def once(number: int, _: Any) -> None:
        stop()
        signal.signal(number, before[signal.Signals(number)])

    before = {n: signal.signal(n, once) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def read_log(folder: Path) -> list[dict[str, float]]:
    """The lines of the log; one that a power cut left unfinished is dropped."""
    lines = []
    for line in (folder / "log.jsonl").read_text("utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return lines


def draw(folder: Path) -> None:
    """Write `log.csv`, and the learning curves as `learning.png`."""
    from matplotlib.figure import Figure

    lines = read_log(folder)
    names = sorted({name for line in lines for name in line}, key=lambda n: ("_" in n, n))
    with (folder / "log.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        table.writerows(lines)
    figure = Figure((9, 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    for name in names:
        points = [(line["minutes"], line[name]) for line in lines if name in line]
        if name in ("minutes", "step", "rate") or name.startswith("valid_score"):
            continue
        (below if name.startswith("valid_") else above).plot(
            *zip(*points, strict=True), label=name.removeprefix("valid_"), lw=1
        )
    above.set(ylabel="training loss", yscale="log")
    below.set(xlabel="minutes", ylabel="validation")
    for axes in (above, below):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=7, ncols=3)
    figure.savefig(folder / "learning.png", dpi=110)


def row(values: dict[str, float]) -> str:
    """Numbers by name in one line."""
    return "  ".join(f"{name} {value:.3g}" for name, value in values.items())


def say(text: str, end: str = "\r") -> None:
    """A line of progress on stderr; one that is to be written over appears on terminals alone."""
    if end == "\n" or sys.stderr.isatty():
        print(f"{text:<110s}"[:200].rstrip() if end == "\n" else f"{text:<110s}", end=end,
              file=sys.stderr, flush=True)  # fmt: skip


def count_parameters(net: nn.Module) -> int:
    """Numbers that were learnt."""
    return sum(p.numel() for p in net.parameters())
