"""Bytes and schedules of the outside world: OSC, MIDI clock, MIDI notes. No engine, no nodes."""
