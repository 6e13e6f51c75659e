"""Poses of a violinist, corrected by what is heard (MAPnet, and a streaming network)."""
