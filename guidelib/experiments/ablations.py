"""What each part of the projected UNet is worth: small networks that differ in one part.

Every arm trains on the same 24 textures of 16 x 16 pixels, from the same first weights, on the same
batches, with the same steps; only the mixture saw no pairs. There is no running average of the weights:
the rate falls to 0. Source: Kadkhodaie, Mallat and Simoncelli 2024, sections 3 to 5 and appendix A.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from guidelib.datasets.textures import textures
from guidelib.guidance.features import feature_guided
from guidelib.nets import ProjectedUNet
from guidelib.recipes import denoising
from guidelib.recipes.measures import nearest_centroid, psnr
from guidelib.runs import has_bf16
from guidelib.training import Recipe

NAMES = (
    "ring 0.11", "ring 0.23", "band 0", "band 60", "cloud 2", "weave 45",
    "waves 45", "stripes 20", "checks 4", "plaid 10", "bricks", "dots 6", "dots 8 dark", "circles", "blobs",
    "labyrinth", "mosaic", "straw", "leaves small", "gabor 30",
    "grass", "gravel", "wood", "text",
)  # fmt: skip
SIZE, WIDTHS = 16, (16, 32, 64)
TRAIN, TEST = 300, 50  # images of each class
LOOK = 100  # of the images of a class give its mean features
SIGMAS = (0.05, 0.2, 0.5, 1.0)
ALL = ("square", 1.0)
RECIPE = Recipe(
    "ablations",
    about="small projected UNet",
    cost="CPU 30 s",
    network={"network": "ProjectedUNet", "widths": list(WIDTHS)},
    data=lambda: (textures("train", size=SIZE, names=NAMES, per_class=TRAIN),
                  textures("test", size=SIZE, names=NAMES, per_class=TEST)),
    draw=denoising.draw,
    loss=denoising.loss,
    metrics=None,
    steps=600,
    batch=32,
    lr=4e-3,
    warmup=100,
)  # fmt: skip


class StopGradient(ProjectedUNet):
    """The features of the examples are numbers: no gradient flows through phi(x')."""

    def _match_images(self, x, sigma, cond, images):
        with torch.no_grad():
            phi = self.features(images)
        return self(x, sigma, cond, phi=phi)


class BeforeReLU(ProjectedUNet):
    """Features are means before the last ReLU of a block, and are matched there."""

    def __init__(self, *settings):
        super().__init__(*settings)
        self.blocks = nn.ModuleList(Parts(block, relu=False) for block in self.blocks)

    def denoise(self, x, sigma, cond, after_block=None):
        """The denoised images; ``after_block`` sees the activations before the ReLU."""

        def after(i, a):
            return F.relu(after_block(i, a) if after_block else a)

        return super().denoise(x, sigma, cond, after)


class Parts(nn.Module):
    """A block with a normalisation after each convolution, with or without its last ReLU."""

    def __init__(self, block, norms=(), relu=True):
        super().__init__()
        self.first, self.second = block.first, block.second
        self.norms = nn.ModuleList(norms or (nn.Identity(), nn.Identity()))
        self.relu = relu

    def forward(self, a: Tensor, embedding=None) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        a = F.relu(self.norms[0](self.first(a)))
        a = self.norms[1](self.second(a))
        return F.relu(a) if self.relu else a


class RMS(nn.Module):
    """Each image over the root mean square of its activations, (C, H, W); a scale for each channel."""

    def __init__(self, channels: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, a: Tensor) -> Tensor:
        """The same shape."""
        return a * (a.square().mean((1, 2, 3), keepdim=True) + 1e-6).rsqrt() * self.scale


class Normalised(ProjectedUNet):
    """``norm(channels)`` before every ReLU; ``bias=False`` fixes the biases of the blocks at 0."""

    def __init__(self, *settings, norm, bias=True):
        super().__init__(*settings)
        for block in self.blocks:
            for conv in (block.first, block.second):
                conv.bias.requires_grad_(bias)
        self.blocks = nn.ModuleList(
            Parts(block, [norm(width), norm(width)])
            for block, width in zip(self.blocks, self.block_widths, strict=True)
        )


def fixed_gains(*settings):
    """Gains that stay at 1."""
    net = ProjectedUNet(*settings)
    net.gains.requires_grad_(False)
    return net


def only(blocks, *settings):
    """Features are matched in some blocks; in the others the gains stay at 0."""
    net = ProjectedUNet(*settings)
    mask = torch.cat([torch.full((w,), float(i in blocks)) for i, w in enumerate(net.block_widths)])
    net.gains.data *= mask
    net.gains.register_hook(lambda gradient: gradient * mask)
    return net


layer_norm = partial(nn.GroupNorm, 1)  # over (C, H, W), with a scale and a shift for each channel
ARMS = {  # how to make the network, the law of its noise levels, whether it sees pairs
    "learned gains": (ProjectedUNet, ALL, True),
    "gains 1": (fixed_gains, ALL, True),
    "low noise": (ProjectedUNet, ("square", 0.2), True),  # what u^2 gives below 0.2
    "high noise": (ProjectedUNet, ("log", 0.3, 1.0), True),
    "mixture": (ProjectedUNet, ALL, False),
    "encoder": (partial(only, (0, 1)), ALL, True),
    "middle": (partial(only, (2,)), ALL, True),
    "decoder": (partial(only, (3, 4)), ALL, True),
    "before ReLU": (BeforeReLU, ALL, True),
    "stop gradient": (StopGradient, ALL, True),
    "layer norm": (partial(Normalised, norm=layer_norm), ALL, True),
    "RMS norm": (partial(Normalised, norm=RMS, bias=False), ALL, True),
    "uniform sigma": (ProjectedUNet, ("uniform", 0.0, 1.0), True),
}


def train(arm: str, seed: int, data, steps: int):
    """The network of an arm after ``steps`` steps."""
    make, law, pairs = ARMS[arm]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = make(1, WIDTHS).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], fused=True)
    bf16, generator = has_bf16(torch.device("cpu")), torch.Generator()
    for step in tqdm(range(steps), desc=f"{arm}, seed {seed}", mininterval=1.0, leave=False):
        generator.manual_seed((seed << 32) + step)
        batch = denoising.draw(data, RECIPE.batch, generator, sigma=law, pairs=pairs)
        for group in optimizer.param_groups:
            group["lr"] = RECIPE.rate(step, steps)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = denoising.loss(net, **batch).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), RECIPE.clip)
        optimizer.step()
        optimizer.zero_grad()
    return net.eval()


@torch.no_grad()
def measure(net, train, test, pairs: bool = True) -> dict:
    """What a network does on held-out images.

    "psnr" in dB with the mean features of the class and of another, or with none; "loss" with the
    features of one other image of the class, with sigma = u^2 and with sigma = u; the rest is of clean
    images: "separability" and "separability by block", see there, "concentration", the variance within
    classes over all variance, "nearest centroid", the share of images nearest to their own class.
    """
    K, x0, y = len(test.names), test.images, test.labels
    some = torch.arange(len(train.labels)) % (len(train.labels) // K) < LOOK
    phi = net.phi_y(train.images[some], train.labels[some])
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(x0[::2].shape, generator=generator)
    guided = feature_guided(net, phi)
    arms = (
        {"class": (guided, y[::2]), "other class": (guided, (y[::2] + 1) % K)}
        if pairs
        else {"none": (net, None)}
    )
    found = {
        "psnr": {
            name: {str(sigma): psnr(denoiser, x0[::2], sigma, noise, cond) for sigma in SIGMAS}
            for name, (denoiser, cond) in arms.items()
        },
        "loss": {},
    }
    for name, law in {"u^2": ALL, "u": ("uniform", 0.0, 1.0)}.items():
        batch = denoising.draw(test, 1200, generator.manual_seed(1), sigma=law, pairs=pairs)
        found["loss"][name] = denoising.loss(net, **batch).mean().item()
    features = net.features(x0)
    parts = zip(phi.values.split(net.block_widths, 1), features.split(net.block_widths, 1), strict=True)
    within = (features - phi.values[y]).square().sum()
    found["separability"] = separability(phi.values, features, y)
    found["separability by block"] = [separability(*part, y) for part in parts]
    found["concentration"] = (within / (features - features.mean(0)).square().sum()).item()
    found["nearest centroid"] = nearest_centroid(net, phi, x0, y)
    found["gains"] = net.gains.quantile(torch.tensor([0.05, 0.5, 0.95])).tolist()
    return found


def separability(phi: Tensor, features: Tensor, labels: Tensor) -> float:
    r"""How far apart classes are, in units of their spread along the line between them.

    .. math:: \mathrm{median}_{y \ne y'}\ \lVert\varphi_y - \varphi_{y'}\rVert^2 \Big/ \tfrac12
              \sum_{c \in \{y, y'\}} E_c \langle \hat d, \varphi_c - \varphi(x)\rangle^2

    Source: Kadkhodaie, Mallat and Simoncelli 2024, equation 5 and figure 4.
    """
    i, j = torch.triu_indices(len(phi), len(phi), 1)
    gap = (phi[i] - phi[j]).double()
    distance = gap.square().sum(1)
    spread = torch.zeros(len(phi), len(gap), dtype=torch.float64)  # of each class along each gap
    for c in range(len(phi)):
        off = (features[labels == c] - phi[c]).double()
        spread[c] = (off @ gap.T).square().mean(0) / distance
    along = (spread[i, range(len(i))] + spread[j, range(len(j))]) / 2
    return (distance / along).median().item()


def experiment(load, steps: int = RECIPE.steps) -> dict:
    """The arms of ablations.py: PSNR, loss, separability and concentration of small networks, an hour."""
    sets = RECIPE.data()
    found = load.kept
    for arm in tqdm([arm for arm in ARMS if arm not in found], desc="arms"):
        net = train(arm, load.seed, sets[0], steps)
        found[arm] = measure(net, *sets, pairs=ARMS[arm][2])
        load.keep(found)
    return found
