"""Train, evaluate and use a Chinese named entity tagger: ``python run_ner.py --flagfile=flags/quickstart.flags``."""

import sys

from absl import flags

from albert import command
from albert.errors import UserError
from ner.cli import tagging_flags
from ner.model import recurrent

FLAGS = flags.FLAGS

flags.DEFINE_bool("do_train", False, "Train on the train split of --data_dir into --output_dir.")
flags.DEFINE_bool("do_eval", False, "Score the test split of --data_dir and write metrics.json beside the model.")
flags.DEFINE_bool("do_predict", False, "Tag the lines of --input_file.")
flags.DEFINE_bool("do_export", False, "Write the model to --export_dir, for TensorFlow Serving; with --data_dir, measure it.")

flags.DEFINE_string("data_dir", None, "Directory with train.txt, test.txt and optionally dev.txt: a character and its tag a line.")
flags.DEFINE_string("output_dir", None, "Directory that training writes to; a rerun of the same command goes on where it stopped.")
flags.DEFINE_string(
    "model_dir", None, "A training output directory to evaluate, tag with or export; by default --output_dir, else the shipped tagger."
)
command.define_list("input_file", ["-"], "Text to tag, one text a line: names or glob patterns, separated by commas; - is standard input.")
flags.adopt_module_key_flags(tagging_flags)

flags.DEFINE_string(
    "init_checkpoint", None, "A published ALBERT or BERT checkpoint, its directory or prefix; or albert_mini_zh, which is shipped."
)
flags.DEFINE_string("albert_config_file", None, "The encoder's config; by default the one beside --init_checkpoint. Alone: random weights.")
flags.DEFINE_string("vocab_file", None, "vocab.txt; by default the one beside --init_checkpoint, or made from the training text.")
flags.DEFINE_string("spm_model_file", None, "SentencePiece model, for checkpoints that have one instead of a vocab.txt.")
flags.DEFINE_bool("do_lower_case", True, "Lower-case the text, as the published Chinese checkpoints expect.")
flags.DEFINE_integer("max_seq_length", 128, "Longest input in tokens, [CLS] and [SEP] included; longer text is cut into windows.")

flags.DEFINE_enum("encoder", "albert", ["albert", "char"], "A pretrained ALBERT or BERT, or a table of character vectors.")
flags.DEFINE_integer("char_embedding_size", 100, "Width of the character vectors of --encoder=char.")
flags.DEFINE_string("char_vectors", None, "Character vectors in word2vec text format that --encoder=char starts from; random by default.")
flags.DEFINE_enum("rnn", "lstm", recurrent.rnns(), "The bidirectional recurrent layer on the encoder.")
flags.DEFINE_bool("use_bilstm", True, "A bidirectional recurrent layer on the encoder; --nouse_bilstm is short for --rnn=none.")
flags.DEFINE_enum("lstm_cell", "standard", recurrent.cells(), f"Cell of --rnn=lstm: {recurrent.describe_cells()}.")
flags.DEFINE_integer("lstm_units", 128, "Units of the recurrent layer in each direction.")
flags.DEFINE_string("word_lexicon", None, "Words of --rnn=lattice: jieba, train (found in the training text), or a file, one word a line.")
flags.DEFINE_integer("max_word_length", 4, "Characters of the longest word of --rnn=lattice.")
flags.DEFINE_integer("word_embedding_size", 50, "Width of the word vectors of --rnn=lattice.")
flags.DEFINE_string("word_vectors", None, "Word vectors in word2vec text format that --rnn=lattice starts from; random by default.")
flags.DEFINE_bool("use_crf", True, "Score tag sequences with a linear-chain CRF; without, each character is classified on its own.")
flags.DEFINE_float("dropout", 0.1, "Dropout rate on the encoder's output, the recurrent layer's and word vectors.")
flags.DEFINE_bool("error_report", False, "With --do_eval: write errors.json and errors.html, what went wrong, beside the model.")
flags.DEFINE_string("reliability_plot", None, "With --do_eval: a PNG of how right the scores are; needs the extra plots.")
flags.DEFINE_bool("constrained_decoding", True, "Decode legal tag sequences only. Off is the paper's setting.")

flags.DEFINE_string("export_dir", None, "Directory of the exported model's versions, which a server watches.")
flags.DEFINE_integer("export_version", 0, "Number of the version to export; 0 for one more than the largest there is.")
flags.DEFINE_enum("export_format", "savedmodel", ["savedmodel", "tflite"], "For TensorFlow Serving, or a TensorFlow Lite file for devices.")
flags.DEFINE_enum("export_precision", "float32", ["float32", "bfloat16", "int8"], "Arithmetic of the exported encoder.")

flags.DEFINE_integer("train_batch_size", 64, "Sentences per training step, over all devices and accumulated parts.")
flags.DEFINE_integer("eval_batch_size", 128, "Sentences per batch in evaluation and tagging.")
flags.DEFINE_integer("num_train_epochs", 3, "Passes over the training set.")
flags.DEFINE_integer("max_train_steps", 0, "Most training steps, if the epochs have more; 0 for no limit.")
flags.DEFINE_float("learning_rate", 2e-5, "Peak learning rate of the encoder.")
flags.DEFINE_float("head_learning_rate", 1e-3, "Peak learning rate of the recurrent layer, word vectors and emissions.")
flags.DEFINE_float("crf_learning_rate", 1e-2, "Peak learning rate of the CRF.")
flags.DEFINE_float("layerwise_lr_decay", 1.0, "Factor on the encoder's learning rate per set of layer weights away from the top.")
flags.DEFINE_float("warmup_proportion", 0.1, "Share of the steps over which learning rates rise linearly; then they fall to 0.")
flags.DEFINE_integer("freeze_encoder_steps", 0, "First steps, in which all but the encoder is trained.")
flags.DEFINE_float("weight_decay", 0.01, "Decoupled weight decay; biases and norms have none.")
flags.DEFINE_float("max_grad_norm", 1.0, "Gradients are scaled down to this global norm.")
flags.DEFINE_integer("gradient_accumulation_steps", 1, "Parts in which a device computes a step, to save memory; the result is the same.")
flags.DEFINE_bool("recompute_grad", False, "Keep only each encoder layer's input for the gradient: less memory, more time, same result.")
flags.DEFINE_float("fgm_epsilon", 0.0, "Norm of FGM's adversarial perturbation of the word embeddings; see docs/training.md. 0 for none.")
flags.DEFINE_float("rdrop_alpha", 0.0, "Weight of R-Drop's divergence between two passes with dropout; 0 for none, 0.5 to 5 is usual.")
flags.DEFINE_float("dev_fraction", 0.0, "Share of the training set held out to choose the best epoch, when there is no dev file.")
flags.DEFINE_integer("early_stopping_patience", 0, "Epochs without a better dev F1 after which training ends; 0 for never.")
flags.DEFINE_integer("save_steps", 500, "Steps between saves of the training state, besides one after each epoch; 0 for none.")
flags.DEFINE_integer("keep_checkpoints", 1, "Training states kept while a run is unfinished.")
flags.DEFINE_integer("log_steps", 20, "Steps between entries in the TensorBoard log.")
flags.DEFINE_enum(
    "mixed_precision",
    "auto",
    ["auto", "off", "float16", "bfloat16"],
    "The encoder's arithmetic; auto chooses by the device and says what.",
)
flags.DEFINE_enum(
    "distribution_strategy",
    "one_device",
    ["one_device", "mirrored", "multi_worker_mirrored", "tpu"],
    "Devices to train on: one, all GPUs of this machine, the machines of TF_CONFIG, or a TPU.",
)
flags.DEFINE_bool("deterministic", False, "On a GPU, the same result bit for bit each time, slower. On a CPU it is always so.")
flags.DEFINE_enum("on_bad_line", "error", ["error", "skip"], "What to do with a bad line of the data: stop, or leave its sentence out.")
flags.DEFINE_integer("seed", 42, "Seed of everything random.")


def main(_):
    if not (FLAGS.do_train or FLAGS.do_eval or FLAGS.do_predict or FLAGS.do_export):
        raise UserError("nothing to do: found none of --do_train, --do_eval, --do_predict and --do_export, expected at least one")
    if not FLAGS.use_bilstm:
        FLAGS.rnn = "none"
    # Imported where they run, so that a wrong flag is answered before TensorFlow loads.
    if FLAGS.do_train:
        from ner.cli.train import train  # noqa: PLC0415

        code = train(FLAGS)
        if code:
            return code
    if FLAGS.do_eval:
        from ner.cli.evaluate import evaluate  # noqa: PLC0415

        evaluate(FLAGS)
    if FLAGS.do_predict:
        from ner.cli.tag import predict  # noqa: PLC0415

        predict(FLAGS)
    if FLAGS.do_export:
        from ner.cli.export import export  # noqa: PLC0415

        export(FLAGS)
    return 0


if __name__ == "__main__":
    sys.exit(command.run(main))
