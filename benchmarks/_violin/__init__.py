"""Parts of `benchmarks/violin_sound.py`."""
