"""Parts of `benchmarks/dance.py`."""
