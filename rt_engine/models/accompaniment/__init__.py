"""Piano, guitar and bass over drums, learnt from songs."""
