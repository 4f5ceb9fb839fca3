"""Exact worlds: densities whose scores, denoisers and guided laws are known, in float64."""
