"""The flagfiles that come with the package: complete setups of training."""

import os

import ner


def folder() -> str:
    """The directory with the flagfiles: in the package where that is installed, else beside it in the checkout."""
    package = os.path.dirname(ner.__file__)
    inside = os.path.join(package, "flags")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "flags")
