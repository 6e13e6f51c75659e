"""The engine's end of the synthesiser's process."""

from __future__ import annotations

from collections.abc import Iterable

from rt_engine.protocols.midi_link import Link

__all__ = ["SynthLink"]


class SynthLink(Link):
    """A running synthesiser, and what to tell it (`rt_engine.synth.process`)."""

    def __init__(
        self,
        voice: str,
        *,
        font: str = "",
        driver: str = "",
        rate: int = 48_000,
        name: str = "rt-engine",
        commands: Iterable[str] = (),
    ) -> None:
        """`voice`: "fluidsynth" or "builtin"; `driver`: an audio driver, or an output device.

        `commands` are done before the first note. Raises OSError that says what is missing.
        """
        settings = {"voice": voice, "font": font, "driver": driver, "rate": rate, "name": name}
        super().__init__(
            "rt_engine.synth.process", {**settings, "commands": list(commands)}, "synthesiser"
        )
