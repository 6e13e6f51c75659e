"""A second instrument over drums: chords, tokens, the writer of bars, and when they sound."""
