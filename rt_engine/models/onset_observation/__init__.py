"""The numbers of `rhythm.OnsetObservation`: rendered material, fit, evaluation and export.

    python -m rt_engine.models.onset_observation --data ../shared/data --work WORK

writes `rt_engine/rhythm/onset_weights.json` and its card, `exported_models/onset_observation.json`.
"""
