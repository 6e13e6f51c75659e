"""Drums learnt from drummers: training, evaluation and export. Needs the extra `train`."""
