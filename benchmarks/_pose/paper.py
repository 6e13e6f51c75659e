"""The figures of Shrestha et al. 2022, "AIMusicGuru: Music Assisted Human Pose Correction"."""

__all__ = ["FUSION", "KINDS", "PAPER"]

PAPER = {  # table 2: MPJPE in mm at tau 1, 0.5, 0.33
    "moving average": (292.31, 303.63, 311.20), "lstm_pose": (345.86, 341.80, 338.17),
    "lstm_pose_audio": (318.83, 316.17, 314.32), "pose_transformer": (35.49, 43.16, 41.65),
    "mapnet_unbalanced": (26.68, 28.16, 31.35), "mapnet_late": (26.69, 26.62, 26.60),
}  # fmt: skip
KINDS = {  # table 3: fine, gross, inversions
    "lstm_pose": (385.17, 310.62, 273.72), "lstm_pose_audio": (351.83, 263.41, 259.50),
    "pose_transformer": (46.27, 44.43, 29.01), "mapnet_late": (27.76, 22.29, 19.05),
}  # fmt: skip
FUSION = {  # tables 4 and 5: MPJPE, MPJAE
    "mapnet_early": (32.20, 44.37), "mapnet_balanced": (28.22, 41.53),
    "mapnet_late": (26.60, 37.51), "mapnet_unbalanced": (28.39, 45.55),
}  # fmt: skip
