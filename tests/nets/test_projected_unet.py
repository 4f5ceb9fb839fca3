"""Features and their matching, against the definition: block after block, with plain means."""

import pytest
import torch
import torch.nn.functional as F
from worlds import generator

from guidelib.guidance import feature_guided
from guidelib.nets import MLP, Phi, ProjectedMLP, ProjectedUNet, UNet


def awake(net, seed=0):
    with torch.no_grad():
        for p in net.parameters():
            p += 0.1 * torch.randn(p.shape, generator=generator(seed))
    return net.eval()


@pytest.fixture
def net():
    return awake(ProjectedUNet(1, (4, 6, 8)))


def images(n, seed=1, size=8):
    return torch.rand(n, 1, size, size, generator=generator(seed))


def blocks(net, x, phi=None):
    """Every block's activations, matched by hand to the list ``phi`` of means if it is given."""
    ends, skips, a = [], [], x - 0.5
    gains = net.gains.split(net.block_widths)
    for i, block in enumerate(net.blocks):
        if 0 < i < net.levels:
            skips.append(a)
            a = F.avg_pool2d(a, 2)
        elif i >= net.levels:
            a = torch.cat([F.interpolate(a, scale_factor=2.0), skips.pop()], dim=1)
        a = F.relu(block.second(F.relu(block.first(a))))
        if phi is not None:
            gap = phi[i] - a.flatten(2).sum(2) / (a.shape[2] * a.shape[3])
            a = a + (gains[i] * gap)[..., None, None]
        ends.append(a)
    return ends, x - net.out(a)


def test_features_are_the_means_of_every_block(net):
    x = images(3)
    ends, _ = blocks(net, x)
    by_hand = torch.cat([a.flatten(2).mean(2) for a in ends], dim=1)
    assert by_hand.shape == (3, 4 + 6 + 8 + 6 + 4) and (by_hand >= 0).all()
    assert torch.allclose(net.features(x), by_hand, atol=1e-6)


def test_matching_with_a_vector_with_images_and_with_none(net):
    x, other = images(3), images(3, seed=2)
    ends, mixture = blocks(net, x)
    phi = [a.flatten(2).mean(2) for a in blocks(net, other)[0]]
    _, matched = blocks(net, x, phi)
    with torch.no_grad():
        assert torch.allclose(net(x), mixture, atol=1e-6)
        assert torch.allclose(net(x, images=other), matched, atol=1e-6)
        assert torch.allclose(net(x, phi=torch.cat(phi, dim=1)), matched, atol=1e-6)
        assert torch.allclose(net(x, phi=torch.cat(phi, dim=1)[0])[0], matched[0], atol=1e-6)
        assert not torch.allclose(matched, mixture, atol=1e-2)


def test_with_unit_gains_the_means_become_phi(net):
    torch.nn.init.ones_(net.gains)
    x, phi = images(2), net.features(images(2, seed=2))
    matched, _ = blocks(net, x, phi.split(net.block_widths, dim=1))
    for a, target in zip(matched, phi.split(net.block_widths, dim=1), strict=True):
        assert torch.allclose(a.mean((2, 3)), target, atol=1e-5)


def test_an_image_matched_to_itself_is_left_alone(net):
    x = images(2)
    with torch.no_grad():
        assert torch.allclose(net(x, images=x), net(x), atol=1e-6)


def test_the_gradient_flows_through_the_example_too(net):
    x, other = images(2), images(2, seed=2).requires_grad_()
    net(x, images=other).square().sum().backward()
    reached = [part.abs().sum() > 0 for part in net.gains.grad.split(net.block_widths)]
    assert other.grad.abs().sum() > 0 and all(reached)


def test_all_other_weights_have_the_shapes_of_the_mixture_network(net):
    shapes = {name: p.shape for name, p in net.state_dict().items()}
    assert shapes.pop("gains") == (28,)
    assert shapes == {name: p.shape for name, p in UNet(1, (4, 6, 8)).state_dict().items()}


def test_phi_y_is_the_mean_over_each_class(net):
    x, labels = images(5), torch.tensor([1, 0, 1, 1, 0])
    phi = net.phi_y(x, labels, batch=2)
    for k in (0, 1):
        assert torch.allclose(phi.values[k], net.features(x[labels == k]).mean(0), atol=1e-6)
    assert torch.allclose(net.phi_y(x[:1]).values, net.features(x[:1]), atol=1e-6)
    half = phi.mix([[0.5, 0.5]])
    assert torch.allclose(half.values[0], phi.values.mean(0)) and half.network == phi.network


def test_feature_guided_takes_each_rows_class_and_the_mixture_for_null(net):
    x, cond = images(3), torch.tensor([1, 2, 0])
    phi = net.phi_y(images(4, seed=3), torch.tensor([0, 1, 0, 1]))
    with torch.no_grad():
        D = feature_guided(net, phi)(x, 0.5, cond)
        assert torch.allclose(D[0], net(x[:1], phi=phi.values[1])[0], atol=1e-6)
        assert torch.allclose(D[1], net(x[1:2])[0], atol=1e-6)
        assert torch.allclose(D[2], net(x[2:], phi=phi.values[0])[0], atol=1e-6)
        assert torch.equal(feature_guided(net, phi)(x, 0.5, torch.full((3,), 2)), net(x))


def test_an_mlp_matches_its_first_units():
    net = awake(ProjectedMLP(5, width=20, depth=2))
    x, other = torch.randn(2, 4, 5, generator=generator(1))

    def layer(i, a):
        return F.silu(net.layers[i](a))

    first, second = layer(0, x), layer(0, other)
    phi1 = second[:, :16]
    first = torch.cat([first[:, :16] + net.gains[:16] * (phi1 - first[:, :16]), first[:, 16:]], dim=1)
    a, phi2 = layer(1, first), layer(1, second)[:, :16]
    a = torch.cat([a[:, :16] + net.gains[16:] * (phi2 - a[:, :16]), a[:, 16:]], dim=1)
    assert torch.allclose(net(x, images=other), net.out(a), atol=1e-5)
    assert torch.allclose(net.features(other), torch.cat([phi1, phi2], dim=1), atol=1e-6)
    labelled = awake(MLP(5, num_classes=2))
    assert torch.equal(labelled(x), labelled(x, 0.1, torch.full((4,), 2)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net: net(images(2), phi=torch.ones(5)), "28 numbers.*another network"),
        (lambda net: net(images(2), images=images(3)), "one example for each x"),
        (lambda net: net(images(2), images=images(2), phi=torch.ones(28)), "not both"),
        (lambda net: net.phi_y(255 * images(2)), "black 0 and white 1; got values in .*, 2[0-9][0-9]"),
        (lambda net: net.phi_y(2 * images(2) - 1), r"black 0 and white 1; got values in \[-"),
        (lambda net: net.phi_y(images(2) / 0), "finite"),
        (lambda net: net.phi_y(images(2, size=10)), "divisible by 4"),
        (lambda net: net.phi_y(images(2), torch.tensor([0, 2])), "class 1 has no image"),
        (lambda net: feature_guided(net, torch.ones(3, 5)), r"\(K, 28\); got \(3, 5\)"),
        (lambda net: feature_guided(net, net.phi_y(images(2)))(images(2), 0.5), "needs labels"),
        (
            lambda net: feature_guided(net, net.phi_y(images(2)))(images(2), 0.5, torch.tensor([0, 2])),
            r"labels must lie in 0\.\.1; got 2",
        ),
        (
            lambda net: feature_guided(net, awake(ProjectedUNet(1, (4, 6, 8)), 9).phi_y(images(2))),
            "other weights",
        ),
        (lambda net: feature_guided(net, Phi(torch.ones(1, 28), "somebody else")), "other weights"),
    ],
)
def test_wrong_input_is_named(net, call, message):
    with pytest.raises(ValueError, match=message):
        call(net)
