"""Pretrain ALBERT on raw text: ``python run_pretraining.py --flagfile=flags/pretrain_tiny.flags``."""

import functools
import sys

from absl import flags

from albert import command


def define_flags(values=flags.FLAGS):
    """Define the command's flags.

    Args:
      values: ``absl.flags.FlagValues`` to define them in; the process's own by default.
    """
    string, strings, integer, number, boolean, choice = (
        functools.partial(define, flag_values=values)
        for define in (
            flags.DEFINE_string,
            flags.DEFINE_list,
            flags.DEFINE_integer,
            flags.DEFINE_float,
            flags.DEFINE_bool,
            flags.DEFINE_enum,
        )
    )

    strings(
        "input_file",
        None,
        "Text, one sentence a line, a blank line after each document; plain, .xz, .gz or .bz2. Paths or patterns, separated by commas.",
    )
    strings("input_weights", None, "How many times an epoch reads each --input_file; fractions too. By default once.")
    string("output_dir", None, "Directory that the run writes to; a rerun of the same command goes on where it stopped.")
    string("cache_dir", None, "Where tokenized text is kept for the next run; by default --output_dir with _cache at its end.")
    number("eval_fraction", 0.005, "Share of each input, its last documents, held out for evaluation.")

    string("init_checkpoint", None, "A published ALBERT or BERT checkpoint to go on from: its directory, or its prefix.")
    string("albert_config_file", None, "The model's config; by default the one beside --init_checkpoint. Alone: random weights.")
    string("vocab_file", None, "vocab.txt; by default the one beside --init_checkpoint.")
    string("spm_model_file", None, "SentencePiece model, for checkpoints that have one instead of a vocab.txt.")
    boolean("do_lower_case", True, "Lower-case the text.")

    integer("max_seq_length", 128, "Tokens in a sequence, [CLS] and [SEP] included. Sequences are always full.")
    integer("max_predictions_per_seq", 20, "Most tokens predicted in a sequence.")
    number("masked_lm_prob", 0.15, "Share of a sequence's tokens that are predicted.")
    integer("ngram", 3, "Longest n-gram that is masked as one, in characters, or in words with --do_whole_word_mask.")
    boolean("do_whole_word_mask", False, "Mask whole words as --segmenter sees them.")
    string("segmenter", None, "jieba, or the path of a word list, one word a line.")
    number("short_seq_prob", 0.1, "Share of the steps whose sequences are 2, 4 or 8 times shorter, and as many more.")
    number("full_width_prob", 0.0, "Share of the sequences that show ASCII characters in their full-width forms.")

    integer("train_batch_size", 128, "Sequences of --max_seq_length per optimizer step.")
    choice("optimizer", "lamb", ["adamw", "lamb"], "LAMB is for large batches; AdamW for batches of hundreds.")
    number("learning_rate", 0.00176, "Peak learning rate.")
    integer("num_train_steps", 125000, "Optimizer steps of the whole run. May be changed when a run goes on.")
    integer("num_warmup_steps", 3125, "Steps in which the learning rate rises linearly.")
    integer("num_decay_steps", None, "Steps at the end in which it falls to 0; by default all after the warm-up.")
    number("poly_power", 1.0, "Power of the decay; 1 is a straight line.")
    number("weight_decay", 0.01, "Decoupled weight decay; biases and norms have none.")
    number("max_grad_norm", 1.0, "Gradients are scaled down to this global norm.")
    choice("mixed_precision", "off", ["off", "bfloat16"], "Number format of the arithmetic; weights and losses are float32.")
    boolean("recompute_grad", False, "Keep only each layer's input for the gradient: less memory, more time, the same result.")
    choice("distribution_strategy", "one_device", ["one_device", "mirrored"], "mirrored: all GPUs of this machine share each step.")

    integer("log_steps", 50, "Steps between two rows of train.csv.")
    integer("eval_steps", 1000, "Steps between evaluations on held-out text; 0 for one at the end.")
    integer("eval_batch_size", 64, "Sequences per batch in evaluation.")
    integer("max_eval_steps", 100, "Batches in an evaluation, at most.")
    integer("save_checkpoints_steps", 1000, "Steps between saves of the training state and a checkpoint; 0 for one at the end.")
    integer("keep_checkpoint_max", 5, "Checkpoints kept; 0 for all.")
    number("max_hours", 0.0, "Stop after this time; the same command goes on. 0 for no limit.")
    integer("seed", 12345, "Seed of everything random.")
    choice("position_initializer", "normal", ["normal", "sinusoidal"], "Position embeddings of a new model; see docs/pretraining.md.")
    choice("bias_initializer", "zeros", ["zeros", "unigram"], "Bias of a new model's masked-LM logits: 0, or log frequencies.")


def main(_):
    # Imported here, so that --help and a wrong flag are answered before TensorFlow loads.
    from albert.pretraining.run import run  # noqa: PLC0415

    return run(flags.FLAGS)


if __name__ == "__main__":
    define_flags()
    sys.exit(command.run(main))
