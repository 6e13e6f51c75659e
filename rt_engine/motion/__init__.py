"""Bodies in motion: the humanoid skeleton, and how it follows landmarks. No nodes, no sockets."""
