r"""One small UNet in pixel space: convolutions and ReLU, no attention, no normalisation.

Pixel values lie in [0, 1]. The network sees x - 1/2, so that the zeros with which convolutions pad the
border mean mid-grey. There is no normalisation: in trial runs of equal length it learned more slowly with it.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from guidelib.denoisers import check_labels, check_sigma, expand_sigma

SIGMA_DATA = 0.5  # the spread of pixel values, to an octave
EMBEDDING = 64


class UNet(nn.Module):
    r"""A denoiser of images, (B, channels, H, W), with H and W divisible by 2^(levels - 1).

    ``widths`` gives the channels of each level; the last level is the middle block. There are
    ``2 len(widths) - 1`` blocks of two 3 x 3 convolutions, each followed by a ReLU.

    - blind (``sigma_conditioned=False``): the network F estimates the noise from x alone,
      ``D = x - F(x)``; sigma is not looked at and may be None;
    - ``sigma_conditioned``: ``D = c_skip x + c_out F(c_in x, log sigma)``, with the factors of Karras et
      al. 2022, table 1, for data of spread 1/2 around 1/2;
    - ``num_classes`` > 0: labels 0..num_classes - 1; ``cond=None`` and the label ``num_classes`` ask for
      the unconditional mean.

    What is known beside x acts on the first convolution of each block: ``a <- a (1 + scale) + shift``,
    both linear in the sum of the embeddings of sigma and label. Raises ValueError for images of another
    shape, labels out of range, and a missing sigma. Source: Ronneberger et al. 2015;
    Kadkhodaie, Mallat and Simoncelli 2024, appendix A.
    """

    def __init__(self, channels: int = 1, widths=(16, 48, 96), num_classes: int = 0, sigma_conditioned=False):
        super().__init__()
        self.config = {
            "channels": channels,
            "widths": list(widths),
            "num_classes": num_classes,
            "sigma_conditioned": sigma_conditioned,
        }
        self.channels, self.num_classes, self.sigma_conditioned = channels, num_classes, sigma_conditioned
        self.levels = len(widths)
        down = list(zip([channels, *widths[:-1]], widths, strict=True))
        up = [(wide + narrow, narrow) for narrow, wide in zip(widths[-2::-1], widths[:0:-1], strict=True)]
        embedding = EMBEDDING if sigma_conditioned or num_classes else 0
        self.blocks = nn.ModuleList(Block(i, o, embedding) for i, o in down + up)
        self.block_widths = [out for _, out in down + up]
        self.out = nn.Conv2d(widths[0], channels, 3, padding=1)
        nn.init.zeros_(self.out.weight)  # at first nothing is denoised
        nn.init.zeros_(self.out.bias)
        if sigma_conditioned:
            self.sigma_embedding = SigmaEmbedding()
        if num_classes:
            self.label_embedding = nn.Embedding(num_classes + 1, EMBEDDING)

    def forward(self, x: Tensor, sigma=None, cond=None) -> Tensor:
        """``E[x0 | x_sigma = x, cond]``, in the shape and dtype of x."""
        return self.denoise(x, sigma, cond)

    def denoise(self, x: Tensor, sigma, cond, after_block=None) -> Tensor:
        """The denoised images; ``after_block(i, a)`` may change the activations a of block i."""
        self._check(x)
        embedding = self._embedding(x, sigma, cond)
        centred = x.to(self.out.weight.dtype) - 0.5
        if not self.sigma_conditioned:
            return x - self._body(centred, embedding, after_block).to(x.dtype)
        s = expand_sigma(sigma, centred)
        norm = (s.square() + SIGMA_DATA**2).sqrt()
        F_out = self._body(centred / norm, embedding, after_block)
        denoised = (SIGMA_DATA / norm) ** 2 * centred + s * SIGMA_DATA / norm * F_out
        return (0.5 + denoised).to(x.dtype)

    def _body(self, a: Tensor, embedding, after_block) -> Tensor:
        a = a.contiguous(memory_format=torch.channels_last)
        skips = []
        for i, block in enumerate(self.blocks):
            if 0 < i < self.levels:
                skips.append(a)
                a = F.avg_pool2d(a, 2)
            a = block(a, embedding, skips.pop() if i >= self.levels else None)
            if after_block:
                a = after_block(i, a)
        return self.out(a)

    def _embedding(self, x: Tensor, sigma, cond):
        """The sum of what is known beside x, (B, EMBEDDING), or None."""
        total = None
        if self.sigma_conditioned:
            if sigma is None:
                raise ValueError("this network needs the noise level: call net(x, sigma)")
            if not self.training:  # a look at the values would stall a GPU at every step
                check_sigma(sigma, len(x))
            total = self.sigma_embedding(expand_sigma(sigma, x).reshape(-1, 1).expand(len(x), 1))
        if self.num_classes:
            label = self.label_embedding(self._labels(x, cond))
            total = label if total is None else total + label
        elif cond is not None:
            raise ValueError("this network knows no classes: call it without cond")
        return total

    def _labels(self, x: Tensor, cond) -> Tensor:
        if cond is None:
            return torch.full((len(x),), self.num_classes, device=x.device)
        return cond if self.training else check_labels(cond, len(x), self.num_classes).to(x.device)

    def _check(self, x: Tensor) -> None:
        step = 2 ** (self.levels - 1)
        if x.ndim != 4 or x.shape[1] != self.channels or x.shape[2] % step or x.shape[3] % step:
            raise ValueError(
                f"this network takes images (B, {self.channels}, H, W) with H and W divisible by {step}; "
                f"got {tuple(x.shape)}"
            )


class Block(nn.Module):
    """Two 3 x 3 convolutions with ReLU; an embedding, where there is one, scales and shifts the first."""

    def __init__(self, inputs: int, outputs: int, embedding: int = 0):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        for conv in (self.first, self.second):  # He et al. 2015: without norms the start decides the pace
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)
        if embedding:
            self.modulation = nn.Linear(embedding, 2 * outputs)
            nn.init.zeros_(self.modulation.weight)
            nn.init.zeros_(self.modulation.bias)

    def forward(self, a: Tensor, embedding: Tensor | None = None, skip: Tensor | None = None) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W), >= 0.

        With ``skip`` (B, C, H, W) the input is a (B, inputs - C, H/2, W/2), upsampled, and then skip.
        """
        a = self.first(a) if skip is None else conv_upsampled(self.first, a, skip)
        if embedding is not None:
            scale, shift = self.modulation(embedding)[:, :, None, None].chunk(2, dim=1)
            a = torch.addcmul(shift, a, 1 + scale)
        return F.relu_(self.second(F.relu_(a)))


def conv_upsampled(conv: nn.Conv2d, a: Tensor, skip: Tensor) -> Tensor:
    r"""``conv(cat([upsampled a, skip]))`` for a 3 x 3 convolution and nearest neighbours, without the cat.

    .. math:: y_o = \sum_t w_t\, a_{\lfloor (o + t - 1)/2 \rfloor} = \sum_i k_{o + 1 - 2i}\, a_i,
              \qquad k_u = w_{2-u} + w_{3-u}, \quad u = 0..3

    along each axis: a transposed convolution of stride 2, with 4 products of every 9.
    """
    narrow = a.shape[1]
    w = conv.weight[:, :narrow].flip(2, 3)
    w = F.pad(w, (0, 0, 0, 1)) + F.pad(w, (0, 0, 1, 0))
    w = F.pad(w, (0, 1)) + F.pad(w, (1, 0))
    of_skip = F.conv2d(skip, conv.weight[:, narrow:], conv.bias, padding=1)
    return of_skip + F.conv_transpose2d(a, w.transpose(0, 1), stride=2, padding=1)


class SigmaEmbedding(nn.Module):
    """A noise level > 0, (B, 1), as EMBEDDING numbers: waves in log sigma, then two layers."""

    def __init__(self, waves: int = 16):
        super().__init__()
        self.waves = waves
        self.layers = nn.Sequential(
            nn.Linear(2 * waves, EMBEDDING), nn.ReLU(), nn.Linear(EMBEDDING, EMBEDDING), nn.ReLU()
        )

    def forward(self, sigma: Tensor) -> Tensor:
        """(B, 1) -> (B, EMBEDDING)."""
        weight = self.layers[0].weight
        rate = torch.exp2(torch.linspace(-2, 4, self.waves, device=weight.device, dtype=weight.dtype))
        angle = sigma.to(weight.dtype).clamp_min(1e-6).log() * rate / math.sqrt(2)
        return self.layers(torch.cat([angle.cos(), angle.sin()], dim=1))
