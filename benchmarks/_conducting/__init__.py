"""What the benchmarks of conducting share."""
