"""What the comparison of pose corrections is made of."""
