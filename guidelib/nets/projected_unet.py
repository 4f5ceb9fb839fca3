"""The UNet whose channel means can be matched to those of another image."""

from torch import Tensor

from guidelib.nets.projection import Projected
from guidelib.nets.unet import UNet


class ProjectedUNet(Projected, UNet):
    r"""A blind ``UNet`` with one more parameter for each feature, its gain.

    .. math:: \varphi(x) = \bigl(\mathrm{mean}_{hw}\ a_i(x)\bigr)_i, \qquad
              a_i \leftarrow a_i + G_i\,(\varphi_i(x') - \mathrm{mean}_{hw}\ a_i)

    with a_i the activations after the last ReLU of block i, before they are pooled or passed across.
    All other weights have the names and shapes of the ``UNet`` of the same settings. Source: Kadkhodaie,
    Mallat and Simoncelli 2024, appendix A.
    """

    def __init__(self, channels: int = 1, widths=(16, 48, 96)):
        super().__init__(channels, widths)
        self.config = {"channels": channels, "widths": list(widths)}
        self.add_gains()

    def mean(self, a: Tensor, i: int) -> Tensor:
        """The mean over all places, (B, C)."""
        return a.mean((2, 3))

    def add(self, a: Tensor, push: Tensor) -> Tensor:
        """The same push at all places."""
        return a + push[:, :, None, None].to(a.dtype)

    def check_clean(self, images: Tensor) -> None:
        """ValueError unless the images are finite and lie in [0, 1], but for the tails of noise."""
        self._check(images)
        super().check_clean(images)
        if images.min() < -0.5 or images.max() > 1.5:
            raise ValueError(
                "examples must be clean images with black 0 and white 1; got values in "
                f"[{images.min().item():.3g}, {images.max().item():.3g}]"
            )
