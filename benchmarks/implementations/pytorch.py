"""HuggingFace's ALBERT with an LSTM and pytorch-crf, eager or with the encoder compiled, as a PyTorch expert would write it.

Attention is PyTorch's fused ``scaled_dot_product_attention``, gelu its fused tanh form, AdamW its fused implementation. Each direction
of the LSTM is a layer of its own over rows reversed within their length, which takes less than half the time of a bidirectional
layer over packed rows. In bfloat16, inference has its weights in bfloat16, which is faster than autocast, and training runs under
autocast, which keeps the weights in float32. Compiled inference has its weights frozen and packed.
"""

import torch
import torchcrf
import transformers
from torch import nn

from benchmarks.workloads import HEAD_DROPOUT, LSTM_UNITS, MAX_SEQ_LENGTH, SCHEME, TAG_BATCH
from ner.tags import spans_from_tags

VERSION = f"PyTorch {torch.__version__}, transformers {transformers.__version__}"


class Tagger(nn.Module):
    """Encoder → dropout → BiLSTM → dropout → emissions → CRF; emissions and CRF are float32."""

    def __init__(self, config, num_tags):
        super().__init__()
        settings = transformers.AlbertConfig(
            vocab_size=config.vocab_size,
            embedding_size=config.embedding_size,
            hidden_size=config.hidden_size,
            num_hidden_layers=config.num_hidden_layers,
            num_attention_heads=config.num_attention_heads,
            intermediate_size=config.intermediate_size,
            max_position_embeddings=config.max_position_embeddings,
            hidden_act="gelu_pytorch_tanh",
            hidden_dropout_prob=config.hidden_dropout_prob,
            attention_probs_dropout_prob=config.attention_probs_dropout_prob,
            attn_implementation="sdpa",
        )
        self.encoder = transformers.AlbertModel(settings, add_pooling_layer=False)
        self.forward_lstm = nn.LSTM(config.hidden_size, LSTM_UNITS, batch_first=True)
        self.backward_lstm = nn.LSTM(config.hidden_size, LSTM_UNITS, batch_first=True)
        self.dropout = nn.Dropout(HEAD_DROPOUT)
        self.linear = nn.Linear(2 * LSTM_UNITS, num_tags)
        self.crf = torchcrf.CRF(num_tags, batch_first=True)

    def emissions(self, word_ids, lengths):
        """float32 [B, T, K] for word_ids int64 [B, T + 2] and lengths int64 [B]."""
        mask = torch.arange(word_ids.shape[1]) < lengths[:, None] + 2
        x = self.encoder(word_ids, attention_mask=mask).last_hidden_state[:, 1:-1]
        x = self.dropout(x)
        positions = torch.arange(x.shape[1])
        reverse = torch.where(positions < lengths[:, None], lengths[:, None] - 1 - positions, positions)[:, :, None]
        forward = self.forward_lstm(x)[0]
        backward = self.backward_lstm(x.gather(1, reverse.expand(-1, -1, x.shape[2])))[0]
        x = torch.cat([forward, backward.gather(1, reverse.expand(-1, -1, LSTM_UNITS))], dim=-1)
        return self.linear(self.dropout(x.to(self.linear.weight.dtype))).float()

    def loss(self, word_ids, lengths, tag_ids):
        """Mean negative log-likelihood of the rows."""
        emissions = self.emissions(word_ids, lengths)
        with torch.autocast("cpu", enabled=False):
            return -self.crf(emissions, tag_ids, _mask(lengths, tag_ids.shape[1]), reduction="mean")

    def decode(self, word_ids, lengths):
        """Best tags: list of lists of ints."""
        return self.crf.decode(self.emissions(word_ids, lengths), _mask(lengths, word_ids.shape[1] - 2))


def _mask(lengths, steps):
    return torch.arange(steps) < lengths[:, None]


def prepare(case, side, threads):
    """See ``benchmarks.implementations``."""
    torch.set_num_threads(threads)
    corpus = case.corpus()
    model = Tagger(case.config, len(corpus["tags"]))
    _load(model, case.weights())
    compiled = side == "torch-compile"
    if case.task == "train":
        return _train(model, case, compiled)
    model.eval()
    if case.precision == "bfloat16":
        for part in (model.encoder, model.forward_lstm, model.backward_lstm, model.linear):
            part.bfloat16()
    if compiled:
        torch._inductor.config.freezing = True
        model.encoder = torch.compile(model.encoder, dynamic=case.task != "infer")
    if case.task == "infer":
        return _infer(model, case.batch())
    with open(case.path("vocab.txt"), encoding="utf-8") as f:
        vocabulary = {token.rstrip("\n"): i for i, token in enumerate(f)}
    texts = [corpus["sentence"]] if case.task == "latency" else corpus["texts"]
    width = MAX_SEQ_LENGTH if case.task == "msra-padded" else None

    def run():
        with torch.inference_mode():
            return _tag(model, vocabulary, texts, corpus["tags"], width)

    return run, [len(spans) for spans in run()]


def _train(model, case, compiled):
    batch = {name: torch.from_numpy(value).long() for name, value in case.batch().items()}
    arguments = (batch["input_word_ids"], batch["lengths"], batch["tag_ids"])
    head = [p for name, p in model.named_parameters() if not name.startswith(("encoder", "crf"))]
    optimizer = torch.optim.AdamW(
        [{"params": model.encoder.parameters(), "lr": 2e-5}, {"params": head, "lr": 1e-3}, {"params": model.crf.parameters(), "lr": 1e-2}],
        fused=True,
    )
    bfloat16 = case.precision == "bfloat16"
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        check = model.loss(*arguments).item()
    model.train()
    if compiled:
        model.encoder = torch.compile(model.encoder, dynamic=False)

    def run():
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = model.loss(*arguments)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return run, check


def _infer(model, batch):
    word_ids, lengths = (torch.from_numpy(batch[name]).long() for name in ("input_word_ids", "lengths"))

    def run():
        with torch.inference_mode():
            return model.decode(word_ids, lengths)

    return run, ["".join(map(str, row)) for row in run()]


def _tag(model, vocabulary, texts, tags, width):
    """Entities of texts, batches of similar lengths: list of lists of spans. ``width``: pad every row to that many tokens."""
    unknown, pad, cls, sep = (vocabulary[token] for token in ("[UNK]", "[PAD]", "[CLS]", "[SEP]"))
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    spans = [None] * len(texts)
    for start in range(0, len(order), TAG_BATCH):
        rows = order[start : start + TAG_BATCH]
        ids = [[cls, *(vocabulary.get(c, unknown) for c in texts[i].lower()), sep] for i in rows]
        columns = width or max(map(len, ids))
        word_ids = torch.tensor([row + [pad] * (columns - len(row)) for row in ids])
        lengths = torch.tensor([len(row) - 2 for row in ids])
        for i, row in zip(rows, model.decode(word_ids, lengths)):
            spans[i] = spans_from_tags([tags[k] for k in row], SCHEME)
    return spans


def _load(model, weights):
    """Copy the common weights in; every parameter must get its value."""
    encoder, layer = "encoder.embeddings", "encoder.encoder.albert_layer_groups.0.albert_layers.0"
    source = {
        f"{encoder}.word_embeddings.weight": weights["encoder/embeddings/word"],
        f"{encoder}.position_embeddings.weight": weights["encoder/embeddings/position"],
        f"{encoder}.token_type_embeddings.weight": weights["encoder/embeddings/type"],
        "linear.weight": weights["emissions/kernel"].T,
        "linear.bias": weights["emissions/bias"],
        "crf.transitions": weights["crf/transitions"],
        "crf.start_transitions": weights["crf/start"],
        "crf.end_transitions": weights["crf/end"],
    }
    dense = {
        "encoder.encoder.embedding_hidden_mapping_in": "encoder/embeddings/projection",
        **{f"{layer}.attention.{part}": f"encoder/group_0/attention/{part}" for part in ("query", "key", "value")},
        f"{layer}.attention.dense": "encoder/group_0/attention/output",
        f"{layer}.ffn": "encoder/group_0/ffn/intermediate",
        f"{layer}.ffn_output": "encoder/group_0/ffn/output",
    }
    norms = {
        f"{encoder}.LayerNorm": "encoder/embeddings/norm",
        f"{layer}.attention.LayerNorm": "encoder/group_0/attention/norm",
        f"{layer}.full_layer_layer_norm": "encoder/group_0/ffn/norm",
    }
    for theirs, name in dense.items():
        source[f"{theirs}.weight"], source[f"{theirs}.bias"] = weights[f"{name}/kernel"].T, weights[f"{name}/bias"]
    for theirs, name in norms.items():
        source[f"{theirs}.weight"], source[f"{theirs}.bias"] = weights[f"{name}/gamma"], weights[f"{name}/beta"]
    for direction in ("forward", "backward"):
        lstm, name = f"{direction}_lstm", f"rnn/{direction}"
        # Keras' gates i, f, c, o are PyTorch's i, f, g, o; PyTorch adds two biases where Keras has one.
        source[f"{lstm}.weight_ih_l0"] = weights[f"{name}/kernel"].T
        source[f"{lstm}.weight_hh_l0"] = weights[f"{name}/recurrent_kernel"].T
        source[f"{lstm}.bias_ih_l0"] = weights[f"{name}/bias"]
        source[f"{lstm}.bias_hh_l0"] = 0 * weights[f"{name}/bias"]
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in source.items()}, strict=True)
