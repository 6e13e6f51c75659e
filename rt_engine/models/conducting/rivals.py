"""Three methods that M2S-GAN is compared with, of other tasks (Liu et al. 2022, section 6.4).

Each takes mel (batch, 3 n, bands), the sawtooth of the beat (batch, n, 1) and noise (batch, s, 8)
and gives motion (batch, n, 13, 2); none but M2S-GAN uses the noise, as in the originals.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from rt_engine.models.conducting.m2s import WIDTH, M2SGan, TemporalBlock
from rt_engine.models.conducting.motion import AXES, JOINTS
from rt_engine.models.conducting.sets import STEP
from rt_engine.signal import dct_matrix

SIZE = JOINTS * AXES
CEPSTRA = 20
MARGIN = 1.0  # of the contrastive loss
LATER = 15  # frames between music and motion that do not belong together


class Method(nn.Module):
    """What all have in common: pose in the picture from a row of numbers."""

    def forward(self, mel: Tensor, saw: Tensor, noise: Tensor) -> Tensor:
        """See the module."""
        raise NotImplementedError


def posed(rows: Tensor) -> Tensor:
    """Rows (batch, n, 26) as motion (batch, n, 13, 2), 0 to 1."""
    return torch.sigmoid(rows).unflatten(-1, (JOINTS, AXES))


def at_motion_rate(mel: Tensor) -> Tensor:
    """Mel (batch, 3 n, bands) as means of three rows each, (batch, n, bands)."""
    return mel.unflatten(1, (-1, STEP)).mean(dim=2)


class Lstm(Method):
    """One causal LSTM of 200 over 20 cepstral coefficients (Shlizerman et al. 2018).

    "Audio to Body Dynamics"; the coefficients are those of the mel spectrum that is there.
    """

    cosines: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        cosines = torch.from_numpy(dct_matrix(CEPSTRA, bands)).float()
        self.register_buffer("cosines", cosines.T.contiguous())
        self.memory = nn.LSTM(CEPSTRA, 200, batch_first=True)
        self.joints = nn.Sequential(nn.Linear(200, WIDTH), nn.ReLU(), nn.Linear(WIDTH, SIZE))

    def forward(self, mel: Tensor, saw: Tensor, noise: Tensor) -> Tensor:
        kept, _ = self.memory(at_motion_rate(mel) @ self.cosines)
        return posed(self.joints(kept))


class CnnLstm(Method):
    """Convolutions over the mel spectrum, and an LSTM that encodes and one that decodes.

    Yalta et al. 2019, "Weakly-Supervised Deep Recurrent Neural Networks for Basic Dance Step
    Generation"; `apart` is the contrastive loss between the code of music and motion.
    """

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.bands = nn.Sequential(
            nn.Conv1d(bands, WIDTH, 5, padding=2), nn.ReLU(),
            nn.Conv1d(WIDTH, WIDTH, 5, stride=STEP, padding=2), nn.ReLU(),
        )  # fmt: skip
        self.encoder = nn.LSTM(WIDTH, 128, batch_first=True)
        self.decoder = nn.LSTM(128, 128, batch_first=True)
        self.joints = nn.Linear(128, SIZE)
        self.of_music, self.of_motion = nn.Linear(128, 32), nn.Linear(3 * SIZE, 32)

    def forward(self, mel: Tensor, saw: Tensor, noise: Tensor) -> Tensor:
        decoded, _ = self.decoder(self.code(mel))
        return posed(self.joints(decoded))

    def code(self, mel: Tensor) -> Tensor:
        """What the encoder makes of the music, (batch, n, 128)."""
        heard = self.bands(mel.transpose(1, 2)).transpose(1, 2)
        return cast(Tensor, self.encoder(heard)[0])

    def apart(self, mel: Tensor, motion: Tensor) -> Tensor:
        """Contrastive loss: codes of one time together, those of half a second later apart."""
        music = self.of_music(self.code(mel))[:, 1:-1]
        flat = motion.flatten(2)
        change = torch.diff(flat, dim=1) * 10
        moved = self.of_motion(torch.cat((flat[:, 1:-1], change[:, 1:], change[:, :-1]), dim=-1))
        near = ((music - moved) ** 2).sum(dim=-1)
        far = ((music - moved.roll(LATER, dims=1)) ** 2).sum(dim=-1)
        return (near + torch.relu(MARGIN - (far + 1e-8).sqrt()) ** 2).mean()


class Gan(Method):
    """Pitch, loudness and beat through temporal blocks; trained with L1 and a discriminator.

    The loss is of Ginosar et al. 2019, "Learning Individual Styles of Conversational Gesture",
    the three numbers of Wang et al. 2003 ("Learning Kernel-Based HMMs for Dynamic Sequence
    Synthesis"), as the paper combines them.
    """

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(TemporalBlock(WIDTH if k else 3, WIDTH, 2**k) for k in range(6))
        self.joints = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, SIZE))

    def forward(self, mel: Tensor, saw: Tensor, noise: Tensor) -> Tensor:
        x = features(mel, saw).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return posed(self.joints(x.transpose(1, 2)))


def features(mel: Tensor, saw: Tensor) -> Tensor:
    """Pitch, loudness and beat, (batch, n, 3), each about 0 to 1.

    Pitch is the centre of what stands out of the spectrum, as a place among its bands; loudness
    the mean of the bands; the beat its sawtooth.
    """
    rows = at_motion_rate(mel)
    strong = torch.relu(rows - rows.mean(dim=-1, keepdim=True))
    place = torch.linspace(0.0, 1.0, rows.shape[-1])
    pitch = (strong * place).sum(dim=-1, keepdim=True) / (strong.sum(dim=-1, keepdim=True) + 1e-6)
    return torch.cat((pitch, rows.mean(dim=-1, keepdim=True), saw), dim=-1)


class M2S(Method):
    """M2S-GAN as a method; `net.music` is transferred from M2S-Net and stays as it is."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.net = M2SGan(bands)

    def forward(self, mel: Tensor, saw: Tensor, noise: Tensor) -> Tensor:
        with torch.no_grad():
            music = self.net.music.eval()(mel)
        return cast(Tensor, self.net.generator(music, noise))
