"""Files and outputs of HuggingFace transformers, for tests/test_transformers.py; runs in an environment with torch and transformers.

::

    python tests/transformers_side.py make DIRECTORY
    python tests/transformers_side.py label MODEL_DIRECTORY SENTENCES_FILE LABELS_FILE

``make`` wants ``vocab.txt`` and ``sentences.txt`` in the directory. It writes random models there, each in a directory of its own: without
a head and with those for pretraining, masked LM and token classification, as float32, float16 and bfloat16, in one file and in shards.
Beside each are its outputs, computed in float32 (``outputs.npz``), and for token classification the label of every character of every
sentence (``labels.json``). ``label`` writes these labels for a model from elsewhere.
"""

import json
import os
import shutil
import sys

import numpy as np
import torch
from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification, BertTokenizer, BertTokenizerFast
from transformers.models.albert import AlbertConfig, AlbertForMaskedLM, AlbertForPreTraining, AlbertForTokenClassification, AlbertModel
from transformers.models.bert import BertConfig, BertForMaskedLM, BertForPreTraining, BertForTokenClassification, BertModel

torch.set_num_threads(1)  # the models are tiny; on busy cores, threads wait for each other

LABELS = {
    "bio": ["I-ORG", "B-LOC", "O", "B-ORG", "I-LOC", "I-PER", "B-PER"],  # in no order, as people upload them
    "bioes": ["O", *(f"{letter}-{label}" for letter in "BIES" for label in ("人", "GPE"))],
}
SIZES = {
    "hidden_size": 21,
    "num_attention_heads": 3,
    "intermediate_size": 31,
    "num_hidden_layers": 5,
    "max_position_embeddings": 67,
    "type_vocab_size": 2,
    "pad_token_id": 0,
}
ALBERT = {"embedding_size": 11, "num_hidden_groups": 1}


def make(directory):
    """Write every model; see the module."""
    vocab_file = os.path.join(directory, "vocab.txt")
    with open(vocab_file, encoding="utf-8") as f:
        sizes = {**SIZES, "vocab_size": sum(1 for _ in f)}
    torch.manual_seed(3)
    for name, model, dtype, sharded in [
        ("albert", AlbertModel(AlbertConfig(hidden_act="gelu", **ALBERT, **sizes)), torch.float32, False),
        ("albert-float16-shards", AlbertModel(AlbertConfig(hidden_act="gelu_new", **ALBERT, **sizes)), torch.float16, True),
        ("albert-bfloat16", AlbertModel(AlbertConfig(hidden_act="relu", **ALBERT, **sizes)), torch.bfloat16, False),
        ("albert-pretraining-shards", AlbertForPreTraining(AlbertConfig(**ALBERT, **sizes)), torch.float32, True),
        ("albert-masked-lm", AlbertForMaskedLM(AlbertConfig(**ALBERT, **sizes)), torch.float16, False),
        ("bert", BertModel(BertConfig(**sizes)), torch.float32, True),
        ("bert-bfloat16-shards", BertModel(BertConfig(**sizes)), torch.bfloat16, True),
        ("bert-pretraining", BertForPreTraining(BertConfig(**sizes)), torch.float16, False),
        ("bert-masked-lm-shards", BertForMaskedLM(BertConfig(**sizes)), torch.float32, True),
        ("albert-tagger-bio", tagger(AlbertForTokenClassification, AlbertConfig, "bio", **ALBERT, **sizes), torch.float32, False),
        ("albert-tagger-bioes", tagger(AlbertForTokenClassification, AlbertConfig, "bioes", **ALBERT, **sizes), torch.float16, True),
        ("bert-tagger-bio", tagger(BertForTokenClassification, BertConfig, "bio", **sizes), torch.float16, False),
        ("bert-tagger-bioes", tagger(BertForTokenClassification, BertConfig, "bioes", **sizes), torch.float32, True),
    ]:
        randomize(model)
        if "tagger" in name:
            undecide(model, sizes["vocab_size"])
        path = os.path.join(directory, name)
        model.to(dtype).save_pretrained(path, max_shard_size="9KB" if sharded else "1GB")
        if sharded:
            assert os.path.isfile(os.path.join(path, "model.safetensors.index.json")), name
        if "tagger" in name and "shards" not in name and dtype == torch.float16:
            BertTokenizerFast(vocab_file).save_pretrained(path)  # a tokenizer.json alone
            assert not os.path.isfile(os.path.join(path, "vocab.txt"))
        else:
            shutil.copy(vocab_file, path)
        # What is in the file, in the arithmetic the outputs are compared in.
        stored = type(model).from_pretrained(path, dtype=torch.float32).eval()
        np.savez(os.path.join(path, "outputs.npz"), **outputs(stored, sizes["vocab_size"]))
        if "tagger" in name:
            label(path, os.path.join(directory, "sentences.txt"), os.path.join(path, "labels.json"))
    # transformers no longer writes pickles, which most Chinese uploads are.
    pickled(os.path.join(directory, "bert-masked-lm-shards"), os.path.join(directory, "bert-masked-lm-bin-shards"))


def tagger(model_class, config_class, scheme, **sizes):
    """A token classification model with the labels of a scheme."""
    labels = LABELS[scheme]
    return model_class(config_class(id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)}, **sizes))


def randomize(model):
    """Weights of a size at which a wrong formula shows."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_norm = "LayerNorm.weight" in name or "layer_norm.weight" in name
            parameter.copy_(torch.randn_like(parameter) * 0.3 + (1.0 if is_norm else 0.0))
        model.tie_weights()


def undecide(model, vocab_size):
    """Take away what all characters have in common, so that a tagger finds every label somewhere."""
    with torch.no_grad():
        ids = torch.randint(5, vocab_size, (40, 30))
        logits = model.eval()(ids).logits[:, 1:-1].reshape(-1, model.config.num_labels)
        scale = 6.0 / logits.std(0)
        model.classifier.weight.mul_(scale[:, None])
        model.classifier.bias.copy_(scale * (model.classifier.bias - logits.mean(0)))


def outputs(model, vocab_size):
    """Random inputs with padding, and what a model makes of them."""
    rng = np.random.default_rng(2)
    mask = (np.arange(13) < np.array([13, 7, 2])[:, None]).astype(np.int32)
    inputs = {
        "input_ids": rng.integers(1, vocab_size, size=mask.shape, dtype=np.int32) * mask,
        "input_mask": mask,
        "token_type_ids": rng.integers(2, size=mask.shape, dtype=np.int32) * mask,
        "masked_lm_positions": np.array([[0, 5, 11], [1, 6, 0], [1, 0, 0]], np.int32),
    }
    ids, attention, types = (torch.tensor(inputs[name], dtype=torch.long) for name in ("input_ids", "input_mask", "token_type_ids"))
    base = getattr(model, model.base_model_prefix, model)
    with torch.no_grad():
        encoded = base(ids, attention_mask=attention, token_type_ids=types, output_hidden_states=True)
        found = {**inputs, "embedding_output": base.embeddings(ids, token_type_ids=types), "sequence_output": encoded.last_hidden_state}
        found["all_encoder_layers"] = torch.stack(encoded.hidden_states[1:])
        if encoded.pooler_output is not None:
            found["pooled_output"] = encoded.pooler_output
        if model is not base:
            heads = model(ids, attention_mask=attention, token_type_ids=types)
            logits = heads["prediction_logits"] if "prediction_logits" in heads else heads["logits"]
            if logits.shape[-1] == vocab_size:
                positions = torch.tensor(inputs["masked_lm_positions"], dtype=torch.long)
                found["masked_lm_logits"] = torch.take_along_dim(logits, positions[:, :, None], dim=1)
            for name in ("sop_logits", "seq_relationship_logits"):
                if name in heads:
                    found["seq_relationship_logits"] = heads[name]
    return {name: np.asarray(value) for name, value in found.items()}


def label(model_directory, sentences_file, labels_file):
    """Write the best label of every character of every sentence: a JSON list of lists of strings."""
    model, report = AutoModelForTokenClassification.from_pretrained(model_directory, dtype=torch.float32, output_loading_info=True)
    if any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")):
        sys.exit(f"{model_directory}: transformers reports {report}")
    vocab_file = os.path.join(model_directory, "vocab.txt")
    if os.path.isfile(vocab_file):
        tokenizer = BertTokenizer(vocab_file)
    else:
        tokenizer = BertTokenizerFast(tokenizer_file=os.path.join(model_directory, "tokenizer.json"))
    with open(sentences_file, encoding="utf-8") as f:
        sentences = [line.rstrip("\n") for line in f]
    labels = []
    for sentence in sentences:
        encoded = tokenizer(list(sentence), is_split_into_words=True, return_tensors="pt")
        assert encoded["input_ids"].shape[1] == len(sentence) + 2, sentence
        with torch.no_grad():
            best = model.eval()(**encoded).logits[0, 1:-1].argmax(-1).tolist()
        labels.append([model.config.id2label[i] for i in best])
    with open(labels_file, "w", encoding="utf-8") as f:
        json.dump(labels, f, ensure_ascii=False)


def pickled(source, target):
    """A copy of a sharded model as ``pytorch_model.bin`` shards."""
    from safetensors.torch import load_file  # noqa: PLC0415

    os.mkdir(target)
    for name in ("config.json", "vocab.txt", "outputs.npz"):
        shutil.copy(os.path.join(source, name), target)
    with open(os.path.join(source, "model.safetensors.index.json"), encoding="utf-8") as f:
        index = json.load(f)
    names = {shard: shard.replace("model-", "pytorch_model-").replace(".safetensors", ".bin") for shard in index["weight_map"].values()}
    for shard, name in names.items():
        torch.save(load_file(os.path.join(source, shard)), os.path.join(target, name))
    index["weight_map"] = {tensor: names[shard] for tensor, shard in index["weight_map"].items()}
    with open(os.path.join(target, "pytorch_model.bin.index.json"), "w", encoding="utf-8") as f:
        json.dump(index, f)
    assert AutoConfig.from_pretrained(target) and AutoModel.from_pretrained(target)


if __name__ == "__main__":
    {"make": make, "label": label}[sys.argv[1]](*sys.argv[2:])
