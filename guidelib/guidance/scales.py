"""The two conventions for how strong guidance is."""

import math


def w_to_scale(w: float) -> float:
    """``guidance_scale = 1 + w``, from the w of Ho and Salimans 2022 (0 = no guidance)."""
    return 1.0 + check_scale(w)


def scale_to_w(guidance_scale: float) -> float:
    """``w = guidance_scale - 1``, the inverse of ``w_to_scale``."""
    return check_scale(guidance_scale) - 1.0


def check_scale(guidance_scale: float) -> float:
    """The scale as a float; ValueError if it is not a finite number."""
    if not math.isfinite(guidance_scale):
        raise ValueError(
            f"guidance_scale must be finite (1 = conditional, 0 = unconditional); got {guidance_scale}"
        )
    return float(guidance_scale)
