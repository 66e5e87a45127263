"""A tagger small enough to run thousands of texts, with random weights and so with entities everywhere."""

import numpy as np

from albert import AlbertConfig, CharTokenizer
from albert.keras import keras
from ner.decoding.constraints import DecodingOptions
from ner.model.config import TaggerConfig
from ner.model.directory import BEST_WEIGHTS, ModelDir
from ner.model.network import TaggerModel
from ner.tagging.predictor import Predictor
from ner.tags import TagSet

CHARACTERS = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所"
    "民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日"
    "那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想"
    "已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指"
    "几九区强放决西被干做必战先回则任取据处府研质信北京上海江苏张李王"
)
ENCODER = {
    "embedding_size": 5,
    "hidden_size": 14,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 11,
    "max_position_embeddings": 131,
}


def write_vocabulary(path):
    """A vocab.txt of the characters above, letters, digits and the special tokens. Returns the number of entries."""
    entries = dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS, *"abcdefghijklmnopqrstuvwxyz0123456789，。！😀"])
    path.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")
    return len(entries)


def tiny_model(vocab_size, tag_set=None, max_seq_length=29, seed=3):
    """A ``TaggerModel`` whose random emissions change from character to character."""
    config = TaggerConfig(
        encoder=AlbertConfig(vocab_size=vocab_size, **ENCODER),
        tag_set=tag_set or TagSet(("LOC", "ORG", "PER")),
        max_seq_length=max_seq_length,
        lstm_units=3,
    )
    keras.utils.set_random_seed(seed)
    model = TaggerModel(config)
    random = np.random.default_rng(seed)
    for variable in model.weight_map().values():
        variable.assign(variable + random.normal(size=variable.shape).astype(np.float32))
    # Sure of itself, and without a preference for any tag over all characters but one for O.
    words = random.integers(0, vocab_size, [17, 25]).astype(np.int32)
    emissions = model({"input_word_ids": words, "lengths": np.full(17, 23, np.int32)}, training=False).numpy()
    scale = 6.0 / emissions.std(axis=(0, 1)).mean()
    model.emissions.kernel.assign(scale * model.emissions.kernel)
    model.emissions.bias.assign(scale * (model.emissions.bias - emissions.mean(axis=(0, 1))) + 4.0 * np.eye(len(config.tag_set))[0])
    return model


def tiny_predictor(directory, gazetteer=None, batch_size=64, constrained=True, frozen=False, **options):
    """A ``Predictor`` with the model above; its vocabulary is written into ``directory``."""
    path = directory / "vocab.txt"
    size = write_vocabulary(path)
    return Predictor(tiny_model(size, **options), CharTokenizer(path), batch_size, DecodingOptions(constrained), gazetteer, frozen)


def tiny_model_dir(directory, **options):
    """A training output directory with that model, as ``Tagger.load`` and the commands take it."""
    directory.mkdir(exist_ok=True)
    model = tiny_model(write_vocabulary(directory / "vocab.txt"), **options)
    model_dir = ModelDir(directory)
    model_dir.write_config(model.config)
    model_dir.write_weights(BEST_WEIGHTS, model)
    return directory
