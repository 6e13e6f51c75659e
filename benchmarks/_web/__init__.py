"""The graph that benchmarks/web.py runs with its page, and those who look at it."""
