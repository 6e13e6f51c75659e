"""What the benchmark of beats in motion shares with nobody else."""
