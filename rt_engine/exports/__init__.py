"""What is made of a take: one module for each form of file."""
