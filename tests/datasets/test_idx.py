"""The IDX format: what is written by its definition is read back, and nothing else."""

import gzip
import struct

import pytest
import torch

from guidelib.datasets.idx import read_idx


def idx(array: torch.Tensor) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + bytes(array.flatten().tolist())


@pytest.mark.parametrize("shape", [(7,), (3, 28, 28), (0, 2)])
def test_arrays_come_back(tmp_path, shape):
    array = torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx(array)))
    assert torch.equal(read_idx(path), array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0\0\x0d\x01\0\0\0\0", "no IDX file of unsigned bytes: it starts with 00000d01"),
        (b"", "no IDX file"),
        (idx(torch.zeros(2, 3, dtype=torch.uint8))[:-1], "holds 5 values, not 6: it is cut short"),
    ],
)
def test_what_is_no_idx_file_is_refused(tmp_path, content, message):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=message):
        read_idx(path)
