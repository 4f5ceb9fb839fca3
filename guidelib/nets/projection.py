r"""The projected score: the features of a network, and their matching to those of other examples.

Reference: Kadkhodaie, Mallat and Simoncelli 2024, "Feature-guided score diffusion for sampling
conditional densities", arXiv:2410.11646, section 3 and appendix A.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Phi:
    """Feature vectors, ``values`` (K, P), and the fingerprint of the network whose features they are."""

    values: Tensor
    network: str

    def mix(self, weights) -> "Phi":
        """Linear combinations ``weights`` (M, K) of the rows: interpolation between classes."""
        return Phi(torch.as_tensor(weights).to(self.values) @ self.values, self.network)


class Projected:
    r"""What a network that matches features adds to one that does not: a gain for each feature.

    In each block, with ``mean a`` the block's own features and phi those to be matched,

    .. math:: a \leftarrow a + G\,(\varphi - \mathrm{mean}\ a)

    Mixed in before a network that has ``denoise(x, sigma, cond, after_block)`` and ``block_widths``,
    the number of features of each block; the class says how to take the mean and how to add.
    """

    def add_gains(self) -> None:
        """One gain for each feature, 1 at first."""
        self.gains = nn.Parameter(torch.ones(sum(self.block_widths)))

    def forward(self, x: Tensor, sigma=None, cond=None, *, phi=None, images=None) -> Tensor:
        """The denoised x. Features are matched to ``phi``, (P,) or (B, P), or to those of ``images``, one
        clean example for each row of x; with neither nothing is matched, and the network computes what the
        mixture network of the same weights would: not the mixture's mean, unless it was trained so.

        The examples pass through the network with x in one batch, unmatched, and the gradient flows
        through both. Raises ValueError for both at once and for features of another length.
        """
        if phi is not None and images is not None:
            raise ValueError("give phi or images, not both")
        if images is not None:
            return self._match_images(x, sigma, cond, images)
        if phi is None:
            return self.denoise(x, sigma, cond)
        phi = torch.as_tensor(phi).to(self.gains)
        if phi.shape not in [self.gains.shape, (len(x), len(self.gains))]:
            raise ValueError(
                f"phi must have {len(self.gains)} numbers, or a row of them for each x, "
                f"({len(x)}, {len(self.gains)}); got {tuple(phi.shape)}. Is it of another network?"
            )
        targets = phi.expand(len(x), -1).split(self.block_widths, dim=1)
        gains = self.gains.split(self.block_widths)

        def match(i, a):
            return self.add(a, gains[i] * (targets[i] - self.mean(a, i)))

        return self.denoise(x, sigma, cond, match)

    def _match_images(self, x, sigma, cond, images) -> Tensor:
        if images.shape != x.shape:
            raise ValueError(
                f"images must hold one example for each x, {tuple(x.shape)}; got {tuple(images.shape)}"
            )
        B = len(x)
        gains = self.gains.split(self.block_widths)

        def match(i, a):
            mean = self.mean(a, i)
            push = gains[i] * (mean[B:] - mean[:B])
            return self.add(a, torch.cat([push, torch.zeros_like(push)]))

        return self.denoise(torch.cat([x, images]), sigma, cond, match)[:B]

    def features(self, x: Tensor) -> Tensor:
        """phi(x), (B, P): the mean of each channel at the end of each block, nothing matched."""
        found = []

        def read(i, a):
            found.append(self.mean(a, i))
            return a

        self.denoise(x, None, None, read)
        return torch.cat(found, dim=1)

    @torch.no_grad()
    def phi_y(self, images: Tensor, labels: Tensor | None = None, batch: int = 500) -> Phi:
        """The mean features of each class, (K, P), from clean ``images`` and ``labels`` 0..K-1.

        Without labels all images are of one class, K = 1; one image suffices. Compute it once: it is kept
        in the result, and sampling does not look at the images again. Raises ValueError for images that
        are not clean ones and for a class without an image.
        """
        self.check_clean(images)
        labels = torch.zeros(len(images), dtype=torch.int64) if labels is None else labels
        if len(images) == 0 or labels.shape != (len(images),) or labels.min() < 0:
            raise ValueError(
                f"need a label >= 0 for each image; got {tuple(images.shape)} and {tuple(labels.shape)}"
            )
        counts = torch.bincount(labels.cpu())
        if (counts == 0).any():
            raise ValueError(f"class {int((counts == 0).nonzero()[0])} has no image to take features from")
        home = self.gains.device
        total = torch.zeros(len(counts), len(self.gains), dtype=torch.float64, device=home)
        for rows, y in zip(images.split(batch), labels.split(batch), strict=True):
            total.index_add_(0, y.to(home), self.features(rows.to(home)).double())
        return Phi((total / counts.to(home)[:, None]).to(self.gains.dtype), self.fingerprint())

    def check_clean(self, images: Tensor) -> None:
        """ValueError unless the examples are finite; images also need values in [0, 1]."""
        if not torch.isfinite(images).all():
            raise ValueError("examples must be finite; got infinity or NaN")

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with every weight."""
        digest = hashlib.sha256()
        for name, value in self.state_dict().items():
            digest.update(name.encode())
            digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]
