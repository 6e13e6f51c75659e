"""Networks that conduct: M2S-GAN as it was published, its rivals, and the live generator."""
