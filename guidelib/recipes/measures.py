"""What a card says about how well a network does, on held-out data."""

import torch

from guidelib.denoisers import expand_sigma
from guidelib.guidance.features import feature_guided

SIGMAS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
ROWS = 1900  # held-out images are looked at


@torch.no_grad()
def denoising(net, train, test) -> dict:
    """PSNR in dB at each of SIGMAS, the mean over held-out images: for each way to condition the network.

    "class" is the true class (its mean features, or its label), "other class" the next one, "one example"
    has the features of one held-out image of the class. "mixture" has no class, which a network learned;
    "unmatched" has no features to match, which a projected network did not learn.
    """
    K = len(test.names)
    rows = torch.linspace(0, len(test.images) - 1, min(ROWS, len(test.images))).round().long()
    x0, y = test.images[rows], test.labels[rows]
    found = {}
    if hasattr(net, "gains"):
        phi = net.phi_y(train.images, train.labels)
        guided = feature_guided(net, phi)
        first = torch.searchsorted(test.labels, torch.arange(K))
        single = feature_guided(net, net.phi_y(test.images[first], torch.arange(K)))
        arms = {"class": (guided, y), "one example": (single, y), "other class": (guided, (y + 1) % K)}
        found["nearest centroid"] = nearest_centroid(net, phi, x0, y)
        quantiles = net.gains.quantile(torch.tensor([0.05, 0.5, 0.95]))
        found["gains"] = {"5%, 50%, 95%": [round(value, 3) for value in quantiles.tolist()]}
    elif net.num_classes:
        arms = {"class": (net, y), "other class": (net, (y + 1) % K)}
    else:
        arms = {}
    arms["unmatched" if hasattr(net, "gains") else "mixture"] = (net, None)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(x0.shape, generator=generator)
    found["psnr"] = {
        arm: {str(sigma): psnr(denoiser, x0, sigma, noise, cond) for sigma in SIGMAS}
        for arm, (denoiser, cond) in arms.items()
    }
    return found


def psnr(denoiser, x0, sigma: float, noise, cond=None, batch: int = 500) -> float:
    r"""The mean over images of :math:`-10\log_{10} |D - x_0|^2 / d`, in dB."""
    total = 0.0
    for i in range(0, len(x0), batch):
        rows = slice(i, i + batch)
        D = denoiser(x0[rows] + sigma * noise[rows], sigma, None if cond is None else cond[rows])
        total += -10 * (D - x0[rows]).square().flatten(1).mean(1).log10().sum().item()
    return round(total / len(x0), 3)


def nearest_centroid(net, phi, x0, y) -> float:
    """The share of clean images whose features are nearest to those of their class."""
    features = torch.cat([net.features(rows) for rows in x0.split(500)])
    return round((torch.cdist(features, phi.values).argmin(1) == y).float().mean().item(), 4)


@torch.no_grad()
def accuracy(net, train, test) -> dict:
    """The share of held-out images that a classifier gets right."""
    right = sum(
        int((net(x).argmax(1) == y).sum())
        for x, y in zip(test.images.split(500), test.labels.split(500), strict=True)
    )
    return {"accuracy": round(right / len(test.labels), 4)}


@torch.no_grad()
def rms_error(denoiser, exact, x0, y, sigma: float) -> float:
    """The root mean square of D - D_exact over points and coordinates, in units of the noise."""
    generator = torch.Generator().manual_seed(0)
    x = x0 + sigma * torch.randn(x0.shape, generator=generator)
    gap = (denoiser(x, sigma, y) - exact(x, sigma, y)) / expand_sigma(sigma, x)
    return round(gap.square().mean().sqrt().item(), 5)
