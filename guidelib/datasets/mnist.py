"""Fashion-MNIST and MNIST: 28 x 28 grey images of ten classes, by verified download."""

from guidelib.datasets.dataset import Dataset, check_split
from guidelib.datasets.download import public_file
from guidelib.datasets.idx import read_idx

FASHION_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FASHION_MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
FASHION_NAMES = (
    "T-shirt", "trousers", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
MNIST_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
MNIST_MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}


def fashion_mnist(split: str = "train") -> Dataset:
    """60,000 (train) or 10,000 (test) photographs of clothes, light on black, (N, 1, 28, 28).

    29 MB or 4.3 MB are downloaded once; see ``download.public_file``, also for what it raises.
    Source: Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747.
    """
    return _load(split, "fashion-mnist", FASHION_URL, FASHION_MD5, FASHION_NAMES)


def mnist(split: str = "train") -> Dataset:
    """60,000 (train) or 10,000 (test) handwritten digits, light on black, (N, 1, 28, 28).

    9.5 MB or 1.6 MB are downloaded once; see ``download.public_file``, also for what it raises.
    Source: LeCun, Bottou, Bengio and Haffner 1998, Proceedings of the IEEE 86(11).
    """
    return _load(split, "mnist", MNIST_URL, MNIST_MD5, tuple("0123456789"))


def _load(split: str, folder: str, url: str, md5: dict[str, str], names: tuple[str, ...]) -> Dataset:
    stem = {"train": "train", "test": "t10k"}[check_split(split)]
    images, labels = (
        read_idx(public_file(url + name, md5[name], folder))
        for name in (f"{stem}-images-idx3-ubyte.gz", f"{stem}-labels-idx1-ubyte.gz")
    )
    return Dataset(images[:, None] / 255, labels.long(), names)
