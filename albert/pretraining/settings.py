"""Settings of pretraining: each field is a flag of ``run_pretraining.py``, and says in its help text what it is."""

import dataclasses
from typing import Optional

from albert.errors import FieldError
from albert.fields import check_fields, setting
from albert.training.settings import EncoderFiles


@dataclasses.dataclass(frozen=True)
class CorpusSettings:
    """Text to pretrain on."""

    input_file: Optional[tuple] = setting(
        None,
        "Text, one sentence a line, a blank line after each document; plain, .xz, .gz or .bz2. Paths or patterns, separated by commas.",
    )
    input_weights: Optional[tuple] = setting(None, "How many times an epoch reads each --input_file; fractions too. By default once.")
    cache_dir: Optional[str] = setting(
        None, "Where tokenized text is kept for the next run; by default --output_dir with _cache at its end."
    )
    eval_fraction: float = setting(0.005, "Share of each input, its last documents, held out for evaluation.", at_least=0, below=1)
    do_whole_word_mask: bool = setting(False, "Mask whole words as --segmenter sees them.")
    segmenter: Optional[str] = setting(None, "jieba, or the path of a word list, one word a line.")

    def __post_init__(self):
        check_fields(self)
        if self.segmenter and not self.do_whole_word_mask:
            raise FieldError("{segmenter}: found {}, which requires {do_whole_word_mask}", self.segmenter)
        if self.do_whole_word_mask and not self.segmenter:
            raise FieldError("{do_whole_word_mask} requires {segmenter}")


@dataclasses.dataclass(frozen=True)
class PretrainedFiles(EncoderFiles):
    """Files of the encoder that pretraining goes on from."""

    vocab_file: Optional[str] = setting(None, "vocab.txt; by default the one beside --init_checkpoint.")


@dataclasses.dataclass(frozen=True)
class ExampleSettings:
    """Sequences and their masks."""

    max_seq_length: int = setting(128, "Tokens in a sequence, [CLS] and [SEP] included. Sequences are always full.", at_least=8)
    max_predictions_per_seq: int = setting(20, "Most tokens predicted in a sequence.", at_least=1)
    masked_lm_prob: float = setting(0.15, "Share of a sequence's tokens that are predicted.", above=0, below=1)
    ngram: int = setting(3, "Longest n-gram that is masked as one, in characters, or in words with --do_whole_word_mask.", at_least=1)
    short_seq_prob: float = setting(
        0.1, "Share of the steps whose sequences are 2, 4 or 8 times shorter, and as many more.", at_least=0, at_most=1
    )
    full_width_prob: float = setting(
        0.0, "Share of the sequences that show ASCII characters in their full-width forms.", at_least=0, at_most=1
    )

    def __post_init__(self):
        check_fields(self)


@dataclasses.dataclass(frozen=True)
class PretrainingSettings:
    """The optimizer's way, and what is written when."""

    train_batch_size: int = setting(128, "Sequences of --max_seq_length per optimizer step.", at_least=1)
    optimizer: str = setting("lamb", "LAMB is for large batches; AdamW for batches of hundreds.", choices=("adamw", "lamb"))
    learning_rate: float = setting(0.00176, "Peak learning rate.", above=0)
    num_train_steps: int = setting(125_000, "Optimizer steps of the whole run. May be changed when a run goes on.", at_least=1)
    num_warmup_steps: int = setting(3_125, "Steps in which the learning rate rises linearly.", at_least=0)
    num_decay_steps: Optional[int] = setting(None, "Steps at the end in which it falls to 0; by default all after the warm-up.", at_least=0)
    poly_power: float = setting(1.0, "Power of the decay; 1 is a straight line.", above=0)
    weight_decay: float = setting(0.01, "Decoupled weight decay; biases and norms have none.", at_least=0)
    max_grad_norm: float = setting(1.0, "Gradients are scaled down to this global norm.", above=0)
    seed: int = setting(12345, "Seed of everything random.", at_least=0)
    position_initializer: str = setting(
        "normal", "Position embeddings of a new model; see docs/pretraining.md.", choices=("normal", "sinusoidal")
    )
    bias_initializer: str = setting("zeros", "Bias of a new model's masked-LM logits: 0, or log frequencies.", choices=("zeros", "unigram"))
    log_steps: int = setting(50, "Steps between two rows of train.csv.", at_least=1)
    eval_steps: int = setting(1_000, "Steps between evaluations on held-out text; 0 for one at the end.", at_least=0)
    save_checkpoints_steps: int = setting(
        1_000, "Steps between saves of the training state and a checkpoint; 0 for one at the end.", at_least=0
    )
    keep_checkpoint_max: int = setting(5, "Checkpoints kept; 0 for all.", at_least=0)
    max_hours: float = setting(0.0, "Stop after this time; the same command goes on. 0 for no limit.", at_least=0)

    def __post_init__(self):
        check_fields(self)
        most = self.num_train_steps - self.num_warmup_steps
        if most < 0:
            raise FieldError(
                "{num_warmup_steps}: found {}, expected at most {num_train_steps}, {}", self.num_warmup_steps, self.num_train_steps
            )
        if self.num_decay_steps is not None and self.num_decay_steps > most:
            raise FieldError("{num_decay_steps}: found {}, expected at most {}, the steps after the warm-up", self.num_decay_steps, most)

    def identity(self):
        """Settings that decide the weights after a given step, as a dict; the length of the run may change while it goes on."""
        free = (
            "num_train_steps",
            "num_decay_steps",
            "log_steps",
            "eval_steps",
            "save_checkpoints_steps",
            "keep_checkpoint_max",
            "max_hours",
        )
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in free}


@dataclasses.dataclass(frozen=True)
class ComputeSettings:
    """Devices, arithmetic and the size of an evaluation."""

    mixed_precision: str = setting("off", "Number format of the arithmetic; weights and losses are float32.", choices=("off", "bfloat16"))
    recompute_grad: bool = setting(False, "Keep only each layer's input for the gradient: less memory, more time, the same result.")
    distribution_strategy: str = setting(
        "one_device", "mirrored: all GPUs of this machine share each step.", choices=("one_device", "mirrored")
    )
    eval_batch_size: int = setting(64, "Sequences per batch in evaluation.", at_least=1)
    max_eval_steps: int = setting(100, "Batches in an evaluation, at most.", at_least=1)

    def __post_init__(self):
        check_fields(self)


@dataclasses.dataclass(frozen=True)
class PretrainingRun:
    """All settings of a pretraining run."""

    output_dir: Optional[str] = setting(None, "Directory that the run writes to; a rerun of the same command goes on where it stopped.")
    corpus: CorpusSettings = CorpusSettings()
    start: PretrainedFiles = PretrainedFiles()
    examples: ExampleSettings = ExampleSettings()
    training: PretrainingSettings = PretrainingSettings()
    compute: ComputeSettings = ComputeSettings()

    def __post_init__(self):
        check_fields(self)
        if not self.output_dir:
            raise FieldError("{output_dir}: not given, expected a directory")
        if not self.corpus.input_file:
            raise FieldError("{input_file}: not given, expected paths or glob patterns of text, separated by commas")
