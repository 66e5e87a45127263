"""Settings of training a tagger: each field is a flag of ``run_ner.py``, and says in its help text what it is."""

import dataclasses
from typing import Optional

from albert.errors import FieldError
from albert.fields import check_fields, same_setting, setting
from albert.training.settings import PRECISIONS, STRATEGIES, EncoderFiles
from ner.data.settings import DataSettings
from ner.model import recurrent
from ner.model.config import LatticeConfig, TaggerConfig
from ner.tagging.settings import PredictionSettings, ProgressSettings


@dataclasses.dataclass(frozen=True)
class NetworkSettings:
    """The network, but for the sizes of a pretrained encoder, and the words and vectors that it starts from."""

    max_seq_length: int = same_setting(TaggerConfig, "max_seq_length")
    encoder: str = setting("albert", "A pretrained ALBERT or BERT, or a table of character vectors.", choices=("albert", "char"))
    char_embedding_size: int = setting(100, "Width of the character vectors of --encoder=char.", at_least=1)
    char_vectors: Optional[str] = setting(
        None, "Character vectors in word2vec text format that --encoder=char starts from; random by default."
    )
    rnn: str = same_setting(TaggerConfig, "rnn")
    use_bilstm: bool = setting(True, "A bidirectional recurrent layer on the encoder; --nouse_bilstm is short for --rnn=none.")
    lstm_cell: str = same_setting(TaggerConfig, "lstm_cell")
    lstm_units: int = same_setting(TaggerConfig, "lstm_units")
    word_lexicon: Optional[str] = setting(
        None, "Words of --rnn=lattice or --softlexicon: jieba, train (found in the training text), or a file, one word a line."
    )
    max_word_length: int = same_setting(LatticeConfig, "max_word_length")
    word_embedding_size: int = same_setting(LatticeConfig, "word_embedding_size")
    word_vectors: Optional[str] = setting(None, "Word vectors in word2vec text format that --word_lexicon starts from; random by default.")
    use_crf: bool = same_setting(TaggerConfig, "use_crf")
    dropout: float = same_setting(TaggerConfig, "dropout")
    character_map: str = same_setting(TaggerConfig, "character_map")
    softlexicon: bool = same_setting(TaggerConfig, "softlexicon")

    def __post_init__(self):
        check_fields(self)
        if not self.use_bilstm:
            object.__setattr__(self, "rnn", "none")
        if not self.reads_words:
            for name in ("word_lexicon", "word_vectors"):
                if getattr(self, name):
                    raise FieldError(f"{{{name}}} requires {{rnn}}=lattice or {{softlexicon}}")
        elif not self.word_lexicon:
            reader = "{softlexicon}" if self.softlexicon else "{rnn}=lattice"
            raise FieldError(f"{reader} requires {{word_lexicon}}: jieba, train, or a file of words")
        if self.encoder != "char" and self.char_vectors:
            raise FieldError("{char_vectors} requires {encoder}=char")

    @property
    def reads_words(self) -> bool:
        """True if the network reads the words of a lexicon."""
        kind = recurrent.find(self.rnn, self.lstm_cell)
        return self.softlexicon or (kind is not None and kind.reads_words)


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """Settings that decide the result of training, besides data and network."""

    train_batch_size: int = setting(64, "Sentences per training step, over all devices and accumulated parts.", at_least=1)
    num_train_epochs: int = setting(3, "Passes over the training set.", at_least=1)
    max_train_steps: int = setting(0, "Most training steps, if the epochs have more; 0 for no limit.", at_least=0)
    learning_rate: float = setting(2e-5, "Peak learning rate of the encoder.", at_least=0)
    head_learning_rate: float = setting(1e-3, "Peak learning rate of the recurrent layer, word vectors and emissions.", at_least=0)
    crf_learning_rate: float = setting(1e-2, "Peak learning rate of the CRF.", at_least=0)
    layerwise_lr_decay: float = setting(
        1.0, "Factor on the encoder's learning rate per set of layer weights away from the top.", above=0, at_most=1
    )
    warmup_proportion: float = setting(
        0.1, "Share of the steps over which learning rates rise linearly; then they fall to 0.", at_least=0, below=1
    )
    freeze_encoder_steps: int = setting(0, "First steps, in which all but the encoder is trained.", at_least=0)
    weight_decay: float = setting(
        0.01, "Decoupled weight decay; biases, norms, peepholes and the CRF's start and end scores have none.", at_least=0
    )
    max_grad_norm: float = setting(1.0, "Gradients are scaled down to this global norm.", above=0)
    gradient_accumulation_steps: int = setting(
        1, "Parts in which a device computes a step, to save memory; the result is the same.", at_least=1
    )
    fgm_epsilon: float = setting(
        0.0, "Norm of FGM's adversarial perturbation of the word embeddings; see docs/training.md. 0 for none.", at_least=0
    )
    rdrop_alpha: float = setting(
        0.0, "Weight of R-Drop's divergence between two passes with dropout; 0 for none, 0.5 to 5 is usual.", at_least=0
    )
    early_stopping_patience: int = setting(0, "Epochs without a better dev F1 after which training ends; 0 for never.", at_least=0)
    seed: int = setting(42, "Seed of everything random.", at_least=0)

    def __post_init__(self):
        check_fields(self)


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """Settings that do not change the result of training."""

    save_steps: int = setting(500, "Steps between saves of the training state, besides one after each epoch; 0 for none.", at_least=0)
    keep_checkpoints: int = setting(1, "Training states kept while a run is unfinished.", at_least=1)
    log_steps: int = setting(20, "Steps between entries in the TensorBoard log.", at_least=1)
    progress: Optional[bool] = same_setting(ProgressSettings, "progress")

    def __post_init__(self):
        check_fields(self)


@dataclasses.dataclass(frozen=True)
class ComputeSettings:
    """Devices and arithmetic."""

    mixed_precision: str = setting("auto", "The encoder's arithmetic; auto chooses by the device and says what.", choices=PRECISIONS)
    distribution_strategy: str = setting(
        "one_device", "Devices to train on: one, all GPUs of this machine, the machines of TF_CONFIG, or a TPU.", choices=STRATEGIES
    )
    recompute_grad: bool = setting(False, "Keep only each encoder layer's input for the gradient: less memory, more time, same result.")
    deterministic: bool = setting(False, "On a GPU, the same result bit for bit each time, slower. On a CPU it is always so.")

    def __post_init__(self):
        check_fields(self)


@dataclasses.dataclass(frozen=True)
class TrainingRun:
    """All settings of a training run."""

    output_dir: Optional[str] = setting(None, "Directory that training writes to; a rerun of the same command goes on where it stopped.")
    data: DataSettings = DataSettings()
    dev_fraction: float = setting(
        0.0, "Share of the training set held out to choose the best epoch, when there is no dev file.", at_least=0, below=1
    )
    dev_block: Optional[int] = setting(
        None, "Consecutive sentences that --dev_fraction holds out together, so that documents stay whole; 1 by default.", at_least=1
    )
    name_lists: Optional[int] = setting(
        None, "Training sentences that are added, each a list of persons' names (PER) of the training set; none by default.", at_least=0
    )
    silver_file: Optional[str] = setting(
        None,
        "Sentences tagged by other rules than the training set, those of a teacher say; trained on once, spread over the epochs. The "
        "network is told which they are.",
    )
    files: EncoderFiles = EncoderFiles()
    network: NetworkSettings = NetworkSettings()
    training: TrainingSettings = TrainingSettings()
    compute: ComputeSettings = ComputeSettings()
    prediction: PredictionSettings = PredictionSettings()
    options: RunOptions = RunOptions()

    def __post_init__(self):
        check_fields(self)
        for name, value in (("output_dir", self.output_dir), ("data_dir", self.data.is_given)):
            if not value:
                raise FieldError(f"{{{name}}}: not given, expected a directory")
        if self.network.encoder == "char":
            for name in ("init_checkpoint", "albert_config_file", "spm_model_file"):
                if getattr(self.files, name):
                    raise FieldError(f"{{{name}}} requires {{encoder}}=albert")
            if self.compute.recompute_grad:
                raise FieldError("{recompute_grad} requires {encoder}=albert")
