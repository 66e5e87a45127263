"""Pretrain ALBERT on raw text: ``python run_pretraining.py --flagfile=flags/pretrain_tiny.flags``."""

import sys

from absl import flags

from albert import cli

FLAGS = flags.FLAGS

flags.DEFINE_list(
    "input_file",
    None,
    "Text, one sentence a line, a blank line after each document; plain or .xz, .gz, .bz2. Paths or glob patterns, separated by commas.",
)
flags.DEFINE_list("input_weights", None, "How many times an epoch reads each --input_file; fractions too. By default once.")
flags.DEFINE_string("output_dir", None, "Directory that the run writes to; a rerun of the same command goes on where it stopped.")
flags.DEFINE_string("cache_dir", None, "Where tokenized text is kept for the next run; by default --output_dir with _cache at its end.")
flags.DEFINE_float("eval_fraction", 0.005, "Share of each input, its last documents, held out for evaluation.")

flags.DEFINE_string("init_checkpoint", None, "A published ALBERT or BERT checkpoint to go on from: its directory, or its prefix.")
flags.DEFINE_string("albert_config_file", None, "The model's config; by default the one beside --init_checkpoint. Alone: random weights.")
flags.DEFINE_string("vocab_file", None, "vocab.txt; by default the one beside --init_checkpoint.")
flags.DEFINE_string("spm_model_file", None, "SentencePiece model, for checkpoints that have one instead of a vocab.txt.")
flags.DEFINE_bool("do_lower_case", True, "Lower-case the text.")

flags.DEFINE_integer("max_seq_length", 128, "Tokens in a sequence, [CLS] and [SEP] included. Sequences are always full.")
flags.DEFINE_integer("max_predictions_per_seq", 20, "Most tokens predicted in a sequence.")
flags.DEFINE_float("masked_lm_prob", 0.15, "Share of a sequence's tokens that are predicted.")
flags.DEFINE_integer("ngram", 3, "Longest n-gram that is masked as one, in characters, or in words with --do_whole_word_mask.")
flags.DEFINE_bool("do_whole_word_mask", False, "Mask whole words as --segmenter sees them.")
flags.DEFINE_string("segmenter", None, "jieba, or the path of a word list, one word a line.")
flags.DEFINE_float(
    "short_seq_prob", 0.1, "Share of the steps whose sequences are a half, a quarter or an eighth as long, and as many more."
)
flags.DEFINE_float("full_width_prob", 0.0, "Share of the sequences that show ASCII characters in their full-width forms.")

flags.DEFINE_integer("train_batch_size", 128, "Sequences of --max_seq_length per optimizer step.")
flags.DEFINE_enum("optimizer", "lamb", ["adamw", "lamb"], "LAMB is for large batches; AdamW for batches of hundreds.")
flags.DEFINE_float("learning_rate", 0.00176, "Peak learning rate.")
flags.DEFINE_integer("num_train_steps", 125000, "Optimizer steps of the whole run. May be changed when a run goes on.")
flags.DEFINE_integer("num_warmup_steps", 3125, "Steps in which the learning rate rises linearly.")
flags.DEFINE_integer("num_decay_steps", None, "Steps at the end in which it falls to 0; by default all after the warm-up.")
flags.DEFINE_float("poly_power", 1.0, "Power of the decay; 1 is a straight line.")
flags.DEFINE_float("weight_decay", 0.01, "Decoupled weight decay; biases and norms have none.")
flags.DEFINE_float("max_grad_norm", 1.0, "Gradients are scaled down to this global norm.")
flags.DEFINE_enum(
    "mixed_precision", "off", ["off", "bfloat16"], "Number format of the encoder's arithmetic; weights and losses are float32."
)
flags.DEFINE_enum("distribution_strategy", "one_device", ["one_device", "mirrored"], "mirrored: all GPUs of this machine share each step.")

flags.DEFINE_integer("log_steps", 50, "Steps between two rows of train.csv.")
flags.DEFINE_integer("eval_steps", 1000, "Steps between evaluations on held-out text; 0 for one at the end.")
flags.DEFINE_integer("eval_batch_size", 64, "Sequences per batch in evaluation.")
flags.DEFINE_integer("max_eval_steps", 100, "Batches in an evaluation, at most.")
flags.DEFINE_integer("save_checkpoints_steps", 1000, "Steps between saves of the training state and a checkpoint; 0 for one at the end.")
flags.DEFINE_integer("keep_checkpoint_max", 5, "Checkpoints kept; 0 for all.")
flags.DEFINE_float("max_hours", 0.0, "Stop after this time; the same command goes on. 0 for no limit.")
flags.DEFINE_integer("seed", 12345, "Seed of everything random.")


def main(_):
    # Imported here, so that --help and a wrong flag are answered before TensorFlow loads.
    from albert.pretraining.run import run  # noqa: PLC0415

    return run(FLAGS)


if __name__ == "__main__":
    sys.exit(cli.run(main))
