"""Choice of the 16-bit arithmetic, and its reasons."""

import pytest

from albert.errors import UserError
from albert.keras import keras
from albert.training.precision import Device, Precision, choose, find_device


@pytest.mark.parametrize(
    ("requested", "device", "expected"),
    [
        ("auto", Device("gpu", "NVIDIA A100", (8, 0)), "bfloat16 (NVIDIA A100, compute capability 8.0)"),
        ("auto", Device("gpu", "Tesla T4", (7, 5)), "float16 (Tesla T4, compute capability 7.5)"),
        ("auto", Device("gpu", "Tesla P100", (6, 0)), "float32 (Tesla P100, compute capability 6.0: no tensor cores)"),
        ("auto", Device("gpu", "another GPU"), "float32 (another GPU of unknown compute capability)"),
        ("auto", Device("tpu", "TPU"), "bfloat16 (TPU)"),
        ("auto", Device("cpu", "CPU", None, frozenset({"avx2", "amx_bf16", "avx512_bf16"})), "bfloat16 (CPU with amx_bf16)"),
        ("auto", Device("cpu", "CPU", None, frozenset({"avx512_bf16"})), "bfloat16 (CPU with avx512_bf16)"),
        ("auto", Device("cpu", "CPU", None, frozenset({"avx2"})), "float32 (CPU without amx_bf16 or avx512_bf16)"),
        ("off", Device("gpu", "NVIDIA A100", (8, 0)), "float32 (as asked for)"),
        ("float16", Device("cpu", "CPU"), "float16 (as asked for, which a CPU only emulates: slow)"),
    ],
)
def test_choice_and_its_reason(requested, device, expected):
    assert choose(requested, device).describe() == expected


def test_float16_on_a_tpu_is_refused():
    with pytest.raises(UserError, match="^mixed_precision: found float16 with a TPU, expected bfloat16, off or auto$"):
        choose("float16", Device("tpu", "TPU"))


def test_this_machine_is_a_cpu_to_the_tests():
    assert find_device().kind == "cpu"


def test_policy_is_as_before_after_the_scope():
    with Precision("bfloat16", "").scope():
        assert keras.mixed_precision.global_policy().name == "mixed_bfloat16"
    assert keras.mixed_precision.global_policy().name == "float32"
