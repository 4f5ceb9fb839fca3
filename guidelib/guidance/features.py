r"""The projected score of a trained network as a denoiser.

Reference: Kadkhodaie, Mallat and Simoncelli 2024, "Feature-guided score diffusion for sampling
conditional densities", arXiv:2410.11646, algorithm 1.
"""

import torch

from guidelib.denoisers import Denoiser, check_labels
from guidelib.nets.projection import Phi


def feature_guided(net, phi) -> Denoiser:
    r"""Denoise with the features of the network matched to those of the class.

    .. math:: D(x, \sigma, y) = x + s_\theta\bigl(x,\ \varphi_y - \varphi(x)\bigr)

    ``net`` is a network with features, such as ``ProjectedUNet``; ``phi`` comes from ``net.phi_y`` and has
    a row for each class, or is a tensor (K, P) of your own. Labels choose the row; rows with the null
    label, K, are not matched, which a network that was trained on pairs never learned: for the mixture
    take a network of its own. Called without labels it raises ValueError, as it
    does here for features of another network. sigma is not looked at by a blind network.
    """
    values = phi.values if isinstance(phi, Phi) else torch.as_tensor(phi)
    P = len(net.gains)
    if values.ndim != 2 or values.shape[1] != P:
        raise ValueError(
            f"phi must have a row of {P} features for each class, (K, {P}); got {tuple(values.shape)}"
        )
    if isinstance(phi, Phi) and phi.network != net.fingerprint():
        raise ValueError(
            "phi was taken with other weights than those of this network; take it again with net.phi_y"
        )
    K = len(values)

    def guided(x, sigma, cond=None):
        if cond is None:
            raise ValueError(
                "feature guidance needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)"
            )
        cond = check_labels(cond, len(x), K).to(values.device)
        known = (cond < K).to(x.device)
        if not known.any():
            return net(x, sigma)
        matched = net(x, sigma, phi=values[cond.clamp_max(K - 1)])
        if known.all():
            return matched
        return torch.where(known.reshape(-1, *[1] * (x.ndim - 1)), matched, net(x, sigma))

    return guided
