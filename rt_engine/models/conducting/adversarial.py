"""The second stage: M2S-GAN, and its rivals, each beside a critic that tells how real it looks.

Liu et al. 2022, sections 4.4.2 and 6.1; Gulrajani et al. 2017, "Improved Training of Wasserstein
GANs". The critic is trained with every method, because its view is one of the measures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rt_engine.models.conducting.m2s import NOISE, Discriminator, M2SNet
from rt_engine.models.conducting.motion import MotionEncoder
from rt_engine.models.conducting.rivals import M2S, CnnLstm, Gan, Lstm, Method
from rt_engine.models.conducting.sets import Batch, Take, passages
from rt_engine.models.training import row, say, signals, write

METHODS: dict[str, Callable[[int], Method]] = {
    "lstm": Lstm, "cnn-lstm": CnnLstm, "gan": Gan, "m2s-gan": M2S,
}  # fmt: skip
ADVERSARIAL = ("gan", "m2s-gan")
PENALTY = 10.0  # w_GP
SYNC, ADVERSE = 0.05, 1.0  # lambda_sync, lambda_adv: figure 7
L1 = 1.0  # weight of the distance of the GAN with L1
CONTRAST = 0.01  # weight of the contrastive loss of the CNN-LSTM
CRITIC_RATE = 5e-4
RATES = {True: 5e-4, False: 1e-3}  # of adversarial training (RMSprop), and of the others (Adam)


@dataclass(frozen=True)
class Contest:
    """How a method is trained: passages of `seconds`, `rows` in a batch, critic steps a step."""

    minutes: float = 10.0
    seconds: int = 60
    rows: int = 3
    critic: int = 5
    seed: int = 0


class Trained(NamedTuple):
    """A method and its critic after training."""

    method: Method
    critic: Discriminator
    steps: int


class Duel:
    """Steps of one method against its critic.

    net: of the first stage; its music encoder goes into M2S-GAN and its motion encoder makes the
    sync loss (the squared distance of equation 2, as a mean over features). Neither is changed.
    """

    def __init__(self, name: str, takes: Sequence[Take], net: M2SNet, contest: Contest) -> None:
        torch.manual_seed(contest.seed)
        self.name, self.takes, self.contest = name, takes, contest
        self.method = METHODS[name](takes[0].mel.shape[1])
        self.encoder = frozen(net.motion)
        if isinstance(self.method, M2S):
            self.method.net.music.load_state_dict(net.music.state_dict())
        self.critic = Discriminator()
        adverse = name in ADVERSARIAL
        kind: Any = torch.optim.RMSprop if adverse else torch.optim.Adam
        learnt = [p for n, p in self.method.named_parameters() if not n.startswith("net.music.")]
        self.optimiser = kind(learnt, RATES[adverse])
        self.critic_optimiser = torch.optim.RMSprop(self.critic.parameters(), CRITIC_RATE)
        self.rng = np.random.default_rng(contest.seed)
        self.torch_rng = torch.Generator().manual_seed(contest.seed)

    def step(self) -> dict[str, float]:
        """Train the critic, then the method once; losses by name."""
        self.method.train()
        batch, made = self.play()
        gap = self._teach_critic(batch, made.detach())
        losses = self._losses(batch, made)
        self.optimiser.zero_grad()
        losses["loss"].backward()
        self.optimiser.step()
        return {"gap": gap} | {name: float(x.detach()) for name, x in losses.items()}

    def play(self) -> tuple[Batch, Tensor]:
        """A batch, and what the method makes of its music."""
        c = self.contest
        batch, _ = passages(self.takes, c.seconds, c.rows, self.rng)
        noise = torch.randn(c.rows, c.seconds, NOISE, generator=self.torch_rng)
        return batch, self.method(batch.mel, batch.saw, noise)

    def _teach_critic(self, batch: Batch, made: Tensor) -> float:
        """Some steps of the critic, with a new mixture of real and made for each; W-dis."""
        gap = torch.zeros(())
        for _ in range(self.contest.critic):
            gap = self.critic(batch.motion).mean() - self.critic(made).mean()
            share = torch.rand(len(made), 1, 1, 1, generator=self.torch_rng)
            loss = PENALTY * penalty(self.critic, share * batch.motion + (1 - share) * made) - gap
            self.critic_optimiser.zero_grad()
            loss.backward()
            self.critic_optimiser.step()
        return float(gap.detach())

    def _losses(self, batch: Batch, made: Tensor) -> dict[str, Tensor]:
        if self.name not in ADVERSARIAL:
            loss = ((made - batch.motion) ** 2).mean()
            if isinstance(self.method, CnnLstm):
                loss = loss + CONTRAST * self.method.apart(batch.mel, batch.motion)
            return {"loss": loss}
        looks = -self.critic(made).mean()
        if self.name == "gan":
            near = L1 * (made - batch.motion).abs().mean()
        else:
            near = SYNC * ((self.encoder(made) - self.encoder(batch.motion)) ** 2).mean()
        return {"loss": ADVERSE * looks + near, "near": near, "looks": looks}


def frozen(encoder: MotionEncoder) -> MotionEncoder:
    """The encoder as it judges: nothing of it is learnt any more."""
    return encoder.eval().requires_grad_(False)


def penalty(critic: nn.Module, mixed: Tensor) -> Tensor:
    """How far the norm of the critic's gradient at each motion is from 1, squared; a mean."""
    mixed = mixed.detach().requires_grad_(True)
    slopes = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)[0]
    return ((slopes.flatten(1).norm(dim=1) - 1.0) ** 2).mean()


def contend(
    name: str, takes: Sequence[Take], net: M2SNet, contest: Contest, folder: Path
) -> Trained:
    """Train a method of METHODS for so many minutes; its weights are kept in `folder`.

    What is there already is read and not trained again.
    """
    duel, path = Duel(name, takes, net, contest), folder / f"{name}.pt"
    if path.exists():
        state = torch.load(path)
        duel.method.load_state_dict(state["method"])
        duel.critic.load_state_dict(state["critic"])
        return Trained(duel.method.eval(), duel.critic.eval(), state["steps"])
    steps, stopped = _until(duel, 60.0 * contest.minutes)
    if not stopped:
        folder.mkdir(parents=True, exist_ok=True)
        state = {"method": duel.method.state_dict(), "critic": duel.critic.state_dict()}
        write(state | {"steps": steps}, path)
    return Trained(duel.method.eval(), duel.critic.eval(), steps)


def _until(duel: Duel, seconds: float) -> tuple[int, bool]:
    """Steps until the time is over or a signal comes; how many, and whether one came."""
    begin, steps, stop = time.monotonic(), 0, False

    def halt() -> None:
        nonlocal stop
        stop = True

    with signals(halt):
        while not stop and (steps == 0 or time.monotonic() - begin < seconds):
            losses = duel.step()
            steps += 1
            say(f"{duel.name}: step {steps}  {row(losses)}")
    say(f"{duel.name}: {steps} steps", end="\n")
    return steps, stop


def perform(method: Method, take: Take, rng: torch.Generator) -> np.ndarray[Any, Any]:
    """What a method makes of a whole take, (n, 13, 2), n a multiple of 30."""
    seconds = len(take.motion) // 30
    mel = torch.from_numpy(np.asarray(take.mel[: 90 * seconds], np.float32))[None]
    saw = torch.from_numpy(take.saw[: 30 * seconds])[None]
    with torch.no_grad():
        made = method.eval()(mel, saw, torch.randn(1, seconds, NOISE, generator=rng))
    return np.asarray(made[0].numpy())
