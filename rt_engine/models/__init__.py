"""Models that the project fits or trains itself, one folder a model."""
