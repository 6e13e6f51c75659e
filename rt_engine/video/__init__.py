"""Pictures: cameras, films, streams, the detectors of bodies, and drawings of what they found."""
