"""What a guided sampler really samples, in one dimension: exact laws and distances between them."""

from guidelib.exact.distances import kl, wasserstein1, wasserstein2
from guidelib.exact.fokker_planck import sde_law
from guidelib.exact.law import Law
from guidelib.exact.quantile_transport import ode_law
from guidelib.exact.tilted import mixture_law, tilted_law, tilted_law_of

__all__ = [
    "Law",
    "kl",
    "mixture_law",
    "ode_law",
    "sde_law",
    "tilted_law",
    "tilted_law_of",
    "wasserstein1",
    "wasserstein2",
]
