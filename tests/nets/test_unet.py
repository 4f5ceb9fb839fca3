"""The UNet against a slow one written with tensors only, and what it promises as a denoiser."""

import pytest
import torch
import torch.nn.functional as F
from worlds import generator

from guidelib.nets import Classifier, UNet
from guidelib.nets.unet import conv_upsampled


def awake(net, seed=0):
    """The network with small random weights everywhere: nothing is zero, as the last layer is at first."""
    with torch.no_grad():
        for p in net.parameters():
            p += 0.1 * torch.randn(p.shape, generator=generator(seed))
    return net.eval()


def images(*shape, seed=1):
    return torch.rand(*shape, generator=generator(seed))


def by_hand(net, x, modulate=lambda i, a: a):
    """The same function from the weights alone: pooling and upsampling by reshapes."""
    w = dict(net.named_parameters())
    a, skips, levels = x - 0.5, [], net.levels
    for i in range(2 * levels - 1):
        B, C, H, W = a.shape
        if 0 < i < levels:
            skips.append(a)
            a = a.reshape(B, C, H // 2, 2, W // 2, 2).mean((3, 5))
        if i >= levels:
            a = torch.cat([a.repeat_interleave(2, 2).repeat_interleave(2, 3), skips.pop()], dim=1)
        for name in ("first", "second"):
            a = F.conv2d(F.pad(a, (1, 1, 1, 1)), w[f"blocks.{i}.{name}.weight"])
            a = a + w[f"blocks.{i}.{name}.bias"][:, None, None]
            a = (modulate(i, a) if name == "first" else a).clamp_min(0)
    return F.conv2d(F.pad(a, (1, 1, 1, 1)), w["out.weight"]) + w["out.bias"][:, None, None]


def test_blind():
    net = awake(UNet(3, (4, 6, 8))).double()
    x = images(2, 3, 8, 12).double()
    with torch.no_grad():
        assert torch.allclose(net(x, None), x - by_hand(net, x), rtol=1e-10, atol=1e-12)
        assert torch.equal(net(x, 0.3), net(x, 2.0)), "a blind network does not look at sigma"


def test_upsampling_inside_the_convolution_is_upsampling_before_it():
    conv = torch.nn.Conv2d(5, 4, 3, padding=1).double()
    a, skip = images(2, 3, 4, 6).double(), images(2, 2, 8, 12, seed=2).double()
    direct = conv(torch.cat([a.repeat_interleave(2, 2).repeat_interleave(2, 3), skip], dim=1))
    assert torch.allclose(conv_upsampled(conv, a, skip), direct, rtol=1e-12, atol=1e-13)


def test_sigma_and_label_scale_and_shift_the_first_convolution():
    net = awake(UNet(1, (4, 6), num_classes=3, sigma_conditioned=True)).double()
    x, sigma, cond = images(3, 1, 8, 8).double(), torch.tensor([0.1, 1.0, 30.0]), torch.tensor([0, 2, 3])
    with torch.no_grad():
        embedding = net.sigma_embedding(sigma.double()[:, None]) + net.label_embedding.weight[cond]

        def modulate(i, a):
            m = net.blocks[i].modulation
            scale, shift = (embedding @ m.weight.T + m.bias)[:, :, None, None].chunk(2, dim=1)
            return a * (1 + scale) + shift

        s = sigma.double().reshape(-1, 1, 1, 1)
        norm = (s**2 + 0.25).sqrt()
        F_out = by_hand(net, 0.5 + (x - 0.5) / norm, modulate)
        expected = 0.5 + 0.25 / norm**2 * (x - 0.5) + 0.5 * s / norm * F_out
        assert torch.allclose(net(x, sigma, cond), expected, rtol=1e-10, atol=1e-12)


def test_at_first_a_blind_network_returns_x_and_another_shrinks_it_to_grey():
    x = images(2, 1, 8, 8)
    assert torch.equal(UNet(1, (4, 6))(x, None), x)
    shrunk = UNet(1, (4, 6), sigma_conditioned=True).eval()(x, 0.5)
    assert torch.allclose(shrunk, 0.5 + (x - 0.5) / 2)


def test_a_prototype_of_these_settings_had_as_many_parameters():
    assert sum(p.numel() for p in UNet().parameters()) == 249_569


def test_null_label_and_no_label_are_the_same_question():
    net = awake(UNet(1, (4, 6), num_classes=5))
    x = images(2, 1, 8, 8)
    assert torch.equal(net(x, None), net(x, None, torch.tensor([5, 5])))
    assert not torch.allclose(net(x, None), net(x, None, torch.tensor([0, 1])))


def test_rows_stand_alone_and_the_dtype_is_kept():
    net = awake(UNet(1, (4, 6), num_classes=5, sigma_conditioned=True))
    x, sigma, cond = images(3, 1, 8, 8), torch.tensor([0.1, 0.5, 2.0]), torch.tensor([0, 5, 4])
    together = net(x, sigma, cond)
    for i in range(3):
        assert torch.allclose(net(x[i : i + 1], sigma[i : i + 1], cond[i : i + 1])[0], together[i], atol=1e-6)
    assert net(x.double(), 0.5, cond).dtype == torch.float64


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net: net(images(2, 1, 10, 8), 0.5), r"\(B, 1, H, W\) with H and W divisible by 4"),
        (lambda net: net(images(2, 3, 8, 8), 0.5), r"got \(2, 3, 8, 8\)"),
        (lambda net: net(images(2, 1, 8, 8), None), "needs the noise level"),
        (lambda net: net(images(2, 1, 8, 8), -1.0), "sigma must be finite and >= 0"),
        (lambda net: net(images(2, 1, 8, 8), 0.5, torch.tensor([0, 6])), r"labels must lie in 0\.\.5; got 6"),
        (lambda net: UNet(1, (4,))(images(2, 1, 8, 8), 0.5, torch.tensor([0, 0])), "knows no classes"),
        (lambda net: Classifier(3)(images(2, 3, 8, 8)), r"got \(2, 3, 8, 8\)"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(UNet(1, (4, 6, 8), num_classes=5, sigma_conditioned=True).eval())


def test_the_classifier_is_linear_in_the_mean_of_its_last_block():
    net = awake(Classifier(3, widths=(4, 6)))
    x = images(2, 1, 8, 8)
    assert net.features(x).shape == (2, 6) and (net.features(x) >= 0).all()
    assert torch.allclose(net(x), net.features(x) @ net.out.weight.T + net.out.bias, atol=1e-6)
    moved = torch.roll(x, 4, dims=3)
    assert not torch.allclose(net(x), net(moved)), "borders are seen"
