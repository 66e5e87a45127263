"""Stopping a run and going on: by signal, by kill, by time limit; and the same steps on two devices."""

import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.albert.pretraining.small_run import ROOT, arguments, pretrain, rows, same, weights


@pytest.mark.slow
def test_killed_run_goes_on_to_the_same_bits(options, capsys):
    options.update(num_train_steps=60, save_checkpoints_steps=5, eval_steps=35, log_steps=5, short_seq_prob=0.3, keep_checkpoint_max=0)
    whole = {**options, "output_dir": options["output_dir"] + "_whole"}
    assert pretrain(whole) == 0

    # The state is saved after the checkpoint: with the second checkpoint there is the first one's state.
    second = pathlib.Path(options["output_dir"]) / "step-00000010"
    command = [sys.executable, "run_pretraining.py", *arguments(options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 100
        while not second.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.stderr.read()
    assert not (second.parent / "step-00000060").exists()

    capsys.readouterr()
    assert pretrain(options) == 0
    assert "resumed at step " in capsys.readouterr().out
    assert same(second.parent / "step-00000060", pathlib.Path(whole["output_dir"]) / "step-00000060")
    for kind, columns in (("train", ("step", "masked_lm_loss", "learning_rate")), ("eval", ("step", "masked_lm_loss", "bigram_loss"))):
        found, expected = rows(options, kind), rows(whole, kind)
        assert [[row[name] for name in columns] for row in found] == [[row[name] for name in columns] for row in expected]


def test_sigterm_saves_and_the_run_goes_on(options):
    options.update(num_train_steps=100_000, num_warmup_steps=2, save_checkpoints_steps=0, eval_steps=0)
    log = pathlib.Path(options["output_dir"]) / "train.csv"
    command = [sys.executable, "run_pretraining.py", *arguments(options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 100
        while not log.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=100)
    assert process.returncode == 130, error
    assert "the same command goes on from there" in error.splitlines()[-1]
    done = int(rows(options, "train")[-1]["step"])
    assert pretrain(options, num_train_steps=done + 3) == 0
    assert int(rows(options, "train")[-1]["step"]) == done + 3


def test_time_limit_stops_and_a_rerun_goes_on(options, capsys):
    options.update(num_train_steps=4, save_checkpoints_steps=0)
    whole = {**options, "output_dir": options["output_dir"] + "_whole"}
    assert pretrain(whole) == 0
    assert pretrain(options, max_hours=1e-9) == 0
    assert "the time limit came; the same command goes on at step 1" in capsys.readouterr().out
    assert pretrain(options) == 0
    assert same(pathlib.Path(options["output_dir"]) / "step-00000004", pathlib.Path(whole["output_dir"]) / "step-00000004")


@pytest.mark.slow
def test_two_devices_do_what_one_does(options):
    """Mirrored over two logical CPUs, in a process of its own: devices are divided before TensorFlow starts."""
    one = {**options, "output_dir": options["output_dir"] + "_one"}
    two = {**one, "output_dir": options["output_dir"] + "_two", "distribution_strategy": "mirrored"}
    assert pretrain(one) == 0
    code = (
        "import sys, tensorflow as tf, run_pretraining\n"
        "from absl import flags\n"
        "cpu = tf.config.list_physical_devices('CPU')[0]\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
        "from albert.training import distribution\n"
        "two = distribution.Distribution(tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1']))\n"
        "distribution.create = {'mirrored': two}.get\n"
        "values = flags.FlagValues()\n"
        "run_pretraining.define_flags(values)\n"
        "values(['run_pretraining.py', *sys.argv[1:]])\n"
        "sys.exit(run_pretraining.main([], values))\n"
    )
    result = subprocess.run([sys.executable, "-c", code, *arguments(two)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    first, second = (weights(f"{options['output_dir']}_{name}/step-00000006") for name in ("one", "two"))
    for name, value in first.items():
        # Sums in another order; six steps of at most 0.003 each.
        assert second[name] == pytest.approx(value, abs=2e-4), name
