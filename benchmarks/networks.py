"""Training and sampling with our UNet, beside networks of other libraries with as many parameters.

For grey images of 32 x 32 pixels, in batches of 64. Parameters lie within 10% and floating-point
operations of a forward call, counted by torch, within 15% of those of our UNet that is told the noise
level. Different architectures cannot agree in their outputs. What is checked instead: shapes, and that
eight steps of AdamW on one fixed batch reduce the same denoising loss; and our own network in bfloat16
against itself in float32. The last column is the time of the fastest peer over that of the slower of
our two networks, at the same task: above 1, ours are faster.

"no attention": attention is switched off where an option does it (diffusers; in smalldiffusion all but
the one in the middle) and replaced by zeros where there is none (lucidrains); dropout is 0, and weights
lie in the memory order that was faster in a trial. "as it comes": the library's own attention, dropout
and memory order. A training step is forward, backward and fused AdamW; sampling is 30 calls of the
network, of which each turn times one. One thread is timed by its CPU seconds, which other processes
disturb less, and two by the clock on the wall.
"""

import os
import time
import warnings
from functools import partial

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measure import interleaved, table
from benchmarks.networks_peers import networks as peers
from guidelib import checkpoints
from guidelib.datasets import textures as draw
from guidelib.guidance.features import feature_guided
from guidelib.nets import UNet
from guidelib.sisa import sample_sisa

SIDE, BATCH, STEPS = 32, 64, 30
WIDTHS = (40, 88, 136)
PARAMETERS, FLOPS, ROUNDING = 0.10, 0.15, 0.05
BF16 = {"fp32": False, "bf16": True}


def candidates(attention: bool, dtype: str) -> dict:
    """``name -> network(x, sigma)``, ours first; the others estimate noise or image, as they please."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ours = {
            "guidelib, told sigma": UNet(1, WIDTHS, sigma_conditioned=True),
            "guidelib, blind": UNet(1, WIDTHS),
        }
        ours = {name: net.to(memory_format=torch.channels_last) for name, net in ours.items()}
        return ours | peers(SIDE, attention, dtype)


def size(net) -> tuple[int, int]:
    """(parameters, floating-point operations of one image's forward call)."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net.eval()(torch.zeros(1, 1, SIDE, SIDE), torch.full((1,), 0.5))
    return sum(p.numel() for p in net.parameters()), counter.get_total_flops()


def problem(batch: int) -> dict:
    """Stripes x0, the same with noise, x, and its level sigma."""
    generator = torch.Generator().manual_seed(0)
    phase, sigma = torch.rand(2, batch, generator=generator)
    x0 = 0.5 + 0.4 * torch.sin(torch.arange(SIDE) / 2 + 6.28 * phase[:, None, None, None])
    x0, sigma = x0.expand(batch, 1, SIDE, SIDE).contiguous(), 0.1 + 0.9 * sigma
    noise = torch.randn(x0.shape, generator=generator)
    return {"x0": x0, "x": x0 + sigma[:, None, None, None] * noise, "sigma": sigma}


def train_step(net, optimizer, x0, x, sigma, dtype: str) -> torch.Tensor:
    net.train()
    with torch.autocast("cpu", torch.bfloat16, enabled=BF16[dtype]):
        loss = (net(x, sigma).float() - x0).square().mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.detach()


@torch.no_grad()
def forward(net, x, sigma, dtype: str) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=BF16[dtype]):
        return net.eval()(x, sigma)


def adamw(net, rate: float = 1e-4):
    return torch.optim.AdamW(net.parameters(), lr=rate, fused=True)


def check(batch: int = 4) -> dict[str, dict[str, float]]:
    """Relative sizes and losses; ValueError for sizes, shapes, losses or roundings that do not match."""
    found, given = {}, problem(batch)
    for attention in (False, True):
        nets = candidates(attention, "fp32")
        sizes = {name: size(net) for name, net in nets.items()}
        reference, *_ = sizes.values()
        for name, net in nets.items():
            ratios = [n / r for n, r in zip(sizes[name], reference, strict=True)]
            if abs(ratios[0] - 1) > PARAMETERS or abs(ratios[1] - 1) > FLOPS:
                raise ValueError(
                    f"{name} has {ratios[0]:.2f} of our parameters, {ratios[1]:.2f} of our FLOPs"
                )
            optimizer = adamw(net, 1e-3)
            if forward(net, given["x"], given["sigma"], "fp32").shape != given["x"].shape:
                raise ValueError(f"{name} changes the shape of images")
            losses = [train_step(net, optimizer, **given, dtype="fp32").item() for _ in range(8)]
            if not losses[-1] < losses[0]:
                raise ValueError(f"{name} does not learn: loss {losses[0]:.3g}, then {losses[-1]:.3g}")
            found[name] = dict(zip(["parameters", "flops"], sizes[name], strict=True))
            found[name] |= {"before": losses[0], "after": losses[-1]}
            if name.startswith("guidelib"):
                exact, rounded = (forward(net, given["x"], given["sigma"], dtype) for dtype in BF16)
                gap = ((rounded - exact).abs().max() / exact.abs().max()).item()
                if not gap <= ROUNDING:
                    raise ValueError(f"{name} in bfloat16 differs by {gap:.2g} from float32")
                found[name]["rounding"] = gap
    return found


def timed(attention: bool, dtype: str, threads: int, turns: int) -> dict:
    """``(kind, name) -> (median, quartiles)``: seconds of an image, trained on or sampled."""
    given, calls = problem(BATCH), {}
    for name, net in candidates(attention, dtype).items():
        calls["training", name] = partial(train_step, net, adamw(net), **given, dtype=dtype)
        calls["sampling", name] = partial(forward, net, given["x"], given["sigma"], dtype)
    torch.set_num_threads(threads)
    try:
        clock = time.process_time if threads == 1 else time.perf_counter
        found = interleaved(calls, turns, BATCH, warm=1, clock=clock)
    finally:
        torch.set_num_threads(1)
    times = {"training": 1, "sampling": STEPS}
    return {key: tuple(times[key[0]] * t for t in value) for key, value in found.items()}


def groups(times: dict, label: str) -> list[list[str]]:
    """A row for each task and network."""
    rows = []
    for kind in ("training", "sampling"):
        mine = max(t[0] for (k, name), t in times.items() if k == kind and name.startswith("guidelib"))
        others = [t[0] for (k, name), t in times.items() if k == kind and not name.startswith("guidelib")]
        for (k, name), t in times.items():
            if k != kind:
                continue
            if kind == "training":
                middle, low, high = (1 / t[i] for i in (0, 2, 1))
                cell = f"{middle:.1f} ({low:.1f} to {high:.1f}) images/s"
            else:
                middle, low, high = (1e3 * value for value in t)
                cell = f"{middle:.0f} ({low:.0f} to {high:.0f}) ms/image"
            ratio = f"{min(others) / mine:.2f}" if others else "none"
            rows.append([f"{label}, {kind}: {name}", cell, ratio])
    return rows


def textures(threads: int = 2) -> str:
    """Seconds for 64 class samples of 32 x 32 textures by SISA, from the shipped weights."""
    net = checkpoints.load("textures-feature")
    data = draw("train", per_class=40)
    denoiser = feature_guided(net, net.phi_y(data.images, data.labels))
    generator = torch.Generator().manual_seed(0)
    x = 0.5 + torch.randn(64, 1, SIDE, SIDE, generator=generator)
    labels = torch.arange(64) % len(data.names)
    torch.set_num_threads(threads)
    parts = []
    try:
        for h, beta in [(0.5, 0.1), (0.2, 0.5)]:
            for dtype, bf16 in BF16.items():
                start = time.perf_counter()
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        found = sample_sisa(
                            denoiser, x, labels, h=h, beta=beta, denoise=True, generator=generator
                        )
                seconds = time.perf_counter() - start
                row = [f"h = {h}, beta = {beta}, {dtype}", f"{seconds:.1f} s", str(found.calls)]
                parts.append([*row, f"{found.finished.sum().item()} of 64"])
    finally:
        torch.set_num_threads(1)
    header = [f"64 class samples, {threads} threads", "time, one run", "calls", "rows that arrived"]
    return table(header, parts)


def run(repetitions: int) -> str:
    turns, sizes, rows = max(3, repetitions // 5), check(), []
    header = ["network", "parameters", "MFLOP per image", "first loss", "eighth loss"]
    counts = [[name, f"{one['parameters']:,}", f"{one['flops'] / 1e6:.0f}"] for name, one in sizes.items()]
    for row, one in zip(counts, sizes.values(), strict=True):
        row += [f"{one['before']:.3f}", f"{one['after']:.3f}"]
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for threads in range(1, min(2, allowed) + 1):  # two threads on one core measure nothing
        for dtype in BF16:
            label = f"{dtype}, {threads} thread{'s' * (threads > 1)}"
            rows += groups(timed(False, dtype, threads, turns), label)
            print(*rows[-12:], sep="\n", flush=True)
    for dtype in BF16:
        rows += groups(timed(True, dtype, 1, 3), f"{dtype}, 1 thread, as it comes")
    timing = table(["task: network", "median (quartiles)", "fastest peer's time over ours"], rows)
    return "\n\n".join([table(header, counts), timing, textures(threads)])
