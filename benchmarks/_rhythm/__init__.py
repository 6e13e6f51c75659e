"""Parts of `benchmarks/rhythm.py`."""
