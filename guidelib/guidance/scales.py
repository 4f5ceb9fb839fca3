"""The two conventions for how strong guidance is."""

import math


def w_to_scale(w: float) -> float:
    """``guidance_scale = 1 + w``, from the w of Ho and Salimans 2022 (0 = no guidance)."""
    return 1.0 + check_scale(w, "w (0 = conditional, -1 = unconditional)")


def scale_to_w(guidance_scale: float) -> float:
    """``w = guidance_scale - 1``, the inverse of ``w_to_scale``."""
    return check_scale(guidance_scale) - 1.0


def check_scale(value: float, name: str = "guidance_scale (1 = conditional, 0 = unconditional)") -> float:
    """The scale as a float; ValueError if it is not a finite number."""
    try:
        number = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} must be one finite number; got {value!r}")
    return number
