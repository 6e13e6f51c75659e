"""Sound from notes: FluidSynth through its C library, a built-in voice, and files from both."""
