"""Features of sound as small state machines: blocks of a stream in, rows of numbers out."""

from rt_engine.signal.cens import Cens
from rt_engine.signal.chroma import Chroma, chroma_filters
from rt_engine.signal.extractor import Extractor
from rt_engine.signal.filterbank import Filterbank, log_filters, mel_filters
from rt_engine.signal.framing import Framer
from rt_engine.signal.mel import LogBands, LogMel, compress
from rt_engine.signal.mel_onset import MelOnset
from rt_engine.signal.mfcc import Mfcc, dct, dct_matrix
from rt_engine.signal.onset import OnsetStrength
from rt_engine.signal.pitch import Pitch
from rt_engine.signal.rhythm_mel import RhythmMel
from rt_engine.signal.rms import Rms, to_dbfs
from rt_engine.signal.stft import Spectrum, Stft, make_window, spectrum

__all__ = [
    "Cens",
    "Chroma",
    "Extractor",
    "Filterbank",
    "Framer",
    "LogBands",
    "LogMel",
    "MelOnset",
    "Mfcc",
    "OnsetStrength",
    "Pitch",
    "RhythmMel",
    "Rms",
    "Spectrum",
    "Stft",
    "chroma_filters",
    "compress",
    "dct",
    "dct_matrix",
    "log_filters",
    "make_window",
    "mel_filters",
    "spectrum",
    "to_dbfs",
]
