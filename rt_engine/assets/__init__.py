"""The bundled music: `demo.mid`, its recording `demo.ogg` and its true beats `demo.beats`."""

from pathlib import Path

FOLDER = Path(__file__).parent
MIDI, RECORDING, BEATS = (FOLDER / f"demo.{ending}" for ending in ("mid", "ogg", "beats"))
