"""Networks and how they are trained; needs the extra `train` (torch)."""
