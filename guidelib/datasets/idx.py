"""The IDX format of MNIST and its relatives."""

import gzip
import struct
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


def read_idx(path: Path) -> Tensor:
    """The uint8 array in a gzipped IDX file; ValueError if it is none, or cut short.

    The format: two zero bytes, 8 for unsigned bytes, the number of axes; then each axis's length as
    four bytes, the largest first; then the values.
    """
    with gzip.open(path, "rb") as file:
        content = file.read()
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is no IDX file of unsigned bytes: it starts with {content[:4].hex()}")
    start = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) != start + prod(shape):
        raise ValueError(f"{path} holds {len(content) - start} values, not {prod(shape)}: it is cut short")
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy())
