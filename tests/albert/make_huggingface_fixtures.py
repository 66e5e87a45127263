"""Make tests/albert/data/hf_{albert,bert}_pretraining: random models of HuggingFace transformers with what it computes from them.

Run in an environment of its own with torch and transformers; the tests need neither::

    python tests/albert/make_huggingface_fixtures.py

Every size is another prime (or a product of two), so that no transposition passes unseen.
"""

import os

import numpy as np
import torch
from transformers import AlbertConfig, AlbertForPreTraining, BertConfig, BertForPreTraining

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
SIZES = {
    "vocab_size": 53,
    "hidden_size": 21,
    "num_attention_heads": 3,
    "intermediate_size": 31,
    "num_hidden_layers": 5,
    "max_position_embeddings": 17,
    "type_vocab_size": 2,
    "pad_token_id": 0,
}


def main():
    torch.manual_seed(1)
    albert = AlbertConfig(embedding_size=11, num_hidden_groups=2, hidden_act="gelu_new", **SIZES)
    write("hf_albert_pretraining", AlbertForPreTraining(albert), legacy=False)
    # The first BERT uploads: the older container, norms called gamma and beta.
    write("hf_bert_pretraining", BertForPreTraining(BertConfig(hidden_act="gelu", **SIZES)), legacy=True)


def write(name, model, legacy):
    """Randomise, run and save one model as model.safetensors, pytorch_model.bin and golden.npz."""
    directory = os.path.join(DATA, name)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            norm_scale = "LayerNorm.weight" in parameter_name or "layer_norm.weight" in parameter_name
            parameter.copy_(torch.randn_like(parameter) * 0.3 + (1.0 if norm_scale else 0.0))
        model.tie_weights()
        model.eval()
        golden = run(model)
    model.save_pretrained(directory)
    state = dict(model.state_dict())
    if legacy:
        state = {
            key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v for key, v in state.items()
        }
    path = os.path.join(directory, "pytorch_model.bin")
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    np.savez(os.path.join(directory, "golden.npz"), **golden)
    print(directory, model.config.architectures, sorted(os.listdir(directory)))


def run(model):
    """Inputs and outputs as NumPy arrays, named as in the other folders' golden.npz."""
    rng = np.random.default_rng(2)
    lengths, length = np.array([13, 7, 2]), 13
    mask = (np.arange(length) < lengths[:, None]).astype(np.int32)
    inputs = {
        "input_ids": rng.integers(1, SIZES["vocab_size"], size=mask.shape, dtype=np.int32) * mask,
        "input_mask": mask,
        "token_type_ids": rng.integers(2, size=mask.shape, dtype=np.int32) * mask,
    }
    ids, attention, types = (torch.tensor(value, dtype=torch.long) for value in inputs.values())
    base = getattr(model, model.base_model_prefix)
    encoded = base(ids, attention_mask=attention, token_type_ids=types, output_hidden_states=True)
    heads = model(ids, attention_mask=attention, token_type_ids=types)
    positions = np.array([[0, 5, 11], [1, 6, 0], [1, 0, 0]], np.int32)
    logits = heads.prediction_logits.numpy()
    return {
        **inputs,
        "masked_lm_positions": positions,
        "embedding_output": base.embeddings(ids, token_type_ids=types).numpy(),
        "all_encoder_layers": np.stack([layer.numpy() for layer in encoded.hidden_states[1:]]),
        "sequence_output": encoded.last_hidden_state.numpy(),
        "pooled_output": encoded.pooler_output.numpy(),
        "masked_lm_logits": np.take_along_axis(logits, positions[:, :, None], axis=1),
        "seq_relationship_logits": (heads.sop_logits if hasattr(heads, "sop_logits") else heads.seq_relationship_logits).numpy(),
    }


if __name__ == "__main__":
    main()
