"""Metadata and dependencies of albert-ner."""

import os
import pathlib
import platform
import re
import sys

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent
# Read rather than imported: building the package must not need its dependencies.
VERSION = re.search(r'^__version__ = "([^"]+)"', (ROOT / "albert" / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE).group(1)

# Published weights by name.
HUB = [
    "huggingface_hub>=1.0",  # repositories: revisions, mirrors, tokens, retries
    "platformdirs>=4",  # where this system keeps caches
    "pooch>=1.8",  # archives
]

# albert-ner serve.
SERVE = [
    "fastapi>=0.110",  # paths, OpenAPI
    "uvicorn>=0.29",  # HTTP
    "httptools>=0.6",  # its parser in C, which limits are set on
    "prometheus_client>=0.20",  # /metrics
]

# Tags without TensorFlow, on any Python that ONNX Runtime has wheels for.
LIGHT = [
    "absl-py",  # flags of the commands
    "numpy",  # arrays
    "onnxruntime>=1.19",  # runs the network; 1.19 is the last for Python 3.9
    "safetensors",  # weights
    "tqdm",  # progress bars
]

# `make light` builds the second wheel of this tree: the same files under another name, which asks for less.
IS_LIGHT = os.environ.get("ALBERT_NER_LIGHT") == "1"

# The reference stack, wherever tensorflow-addons has wheels: TensorFlow 2.15, the last whose own Keras is Keras 2, and the CRF of
# tensorflow-addons. Elsewhere a later TensorFlow, Keras 2 from tf-keras and the project's own CRF: the same numbers, which tests see to.
# The two are each other's opposite.
REFERENCE = "python_version < '3.12' and (sys_platform == 'darwin' or (sys_platform == 'linux' and platform_machine == 'x86_64'))"
LATER = "python_version >= '3.12' or (sys_platform != 'darwin' and (sys_platform != 'linux' or platform_machine != 'x86_64'))"


def unsupported():
    """Sentence for a machine that TensorFlow has no wheels for, None elsewhere; README's table has every system and Python."""
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    systems = ("linux x86_64", "linux aarch64", "darwin arm64", "darwin x86_64", "win32 AMD64")
    right = (3, 9) <= sys.version_info[:2] <= (3, 13) and f"{sys.platform} {platform.machine()}" in systems and sys.maxsize > 2**32
    if sys.platform == "linux" and platform.libc_ver()[0] != "glibc":
        right, found = False, f"{found} without glibc"
    if right:
        return None
    return (
        f"albert-ner: found {found}, expected a 64-bit Python 3.9 to 3.13 on Linux (x86-64 or aarch64, with glibc), macOS or Windows, "
        "which TensorFlow has wheels for: make an environment with one, such as `uv venv --python 3.12`, or use a container of it"
    )


# pip shows it under the failed step.
if not IS_LIGHT and unsupported():
    sys.exit(unsupported())

setup(
    name="albert-ner-light" if IS_LIGHT else "albert-ner",
    version=VERSION,
    description="ALBERT-BiLSTM-CRF Chinese named entity recognition, and ALBERT/BERT encoders, for TensorFlow 2",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    project_urls={"Paper": "https://doi.org/10.12677/CSA.2020.105091"},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "License :: OSI Approved :: Apache Software License",
        "Natural Language :: Chinese (Simplified)",
        "Natural Language :: English",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(9, 14)),
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
    keywords=["named entity recognition", "Chinese", "ALBERT", "BERT", "CRF", "TensorFlow"],
    license="Apache-2.0",
    python_requires=">=3.9" if IS_LIGHT else ">=3.9,<3.14",  # TensorFlow has wheels for these
    packages=[*find_packages(include=["albert", "albert.*", "ner", "ner.*"]), "ner.flags"],
    # Beside the package here, where they are seen; inside it where it is installed.
    package_dir={"ner.flags": "flags"},
    package_data={
        "albert": ["py.typed", "*.json", "pretrained/[!_]*/*", "hub/*.json", "traditional.txt"],
        "ner": ["py.typed", "tagging/writers/*.html", "evaluation/*.html", "server/page/*", "pretrained/[!_]*/*"],
        "ner.flags": ["*.flags", "*.json", "*/*.flags", "*/*.json"],
    },
    py_modules=["run_ner"],
    entry_points={
        "console_scripts": ["albert-ner=ner.cli.main:main"],
        "spacy_factories": ["albert_ner=ner.spacy:make"],
    },
    install_requires=LIGHT
    if IS_LIGHT
    else [
        f"tensorflow>=2.15,<2.16; {REFERENCE}",
        f"tensorflow-addons>=0.23,<0.24; {REFERENCE}",  # the CRF
        f"tensorflow>=2.16,<2.22; {LATER}",  # 2.21 is the last that tf-keras matches so far
        f"tf-keras>=2.16,<2.22; {LATER}",  # Keras 2, of the same version as TensorFlow: its own Keras is Keras 3
        "numpy",  # arrays; TensorFlow says which versions
        "absl-py",  # flags of the commands
        "sentencepiece",  # checkpoints whose vocabulary is a SentencePiece model
        "safetensors",  # HuggingFace checkpoints
        "tqdm",  # progress bars
        *HUB,
    ],
    extras_require={
        "light": LIGHT,  # tags without importing TensorFlow, which is installed all the same
        "hub": HUB,
        # The CUDA libraries this TensorFlow was built with.
        "gpu": [f"tensorflow[and-cuda]>=2.15,<2.16; {REFERENCE}", f"tensorflow[and-cuda]>=2.16,<2.22; {LATER}"],
        "lattice": ["jieba"],  # the dictionary of --word_lexicon=jieba
        "datasets": ["pyarrow"],  # directories saved by HuggingFace datasets
        "plots": ["matplotlib>=3.7"],  # pictures of runs, the reliability diagram
        "spacy": ["spacy>=3.5"],  # a tagger as a component of a spaCy pipeline
        "serving": ["grpcio"],  # the gRPC client of a served model
        "serve": SERVE,
        "beam": ["apache-beam>=2.50"],  # bulk tagging on Flink, Spark, Dataflow
        "dev": [
            *LIGHT,  # the runtime that tests compare with TensorFlow
            *SERVE,
            "pytest",  # tests
            "pytest-xdist",  # on all cores: half of their time is starting Python and TensorFlow
            "mypy>=1.15",  # types of the public names
            "ruff",  # lint and format
            "seqeval",  # reference scorer the evaluation is compared with in tests
            "pip",  # the one a Python brings along may be too old for today's wheels
            "setuptools>=64,<81",  # builds the editable install offline; tensorboard needs its pkg_resources, gone in later ones
            "setuptools-scm",  # builds seqeval, which has no wheel
            f"tensorflow-serving-api>=2.15,<2.16; {REFERENCE}",  # the published messages, which the client's own are held to
            "wheel",  # as setuptools: builds without an isolated environment
        ],
    },
)
