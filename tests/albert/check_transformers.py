"""Compare HuggingFace files with what ``transformers`` makes of them, across two environments that cannot be one.

In this library's environment, compute; in one with torch and transformers (and without TensorFlow), compare::

    python tests/albert/check_transformers.py compute CHECKPOINT OUTPUTS.npz
    python tests/albert/check_transformers.py compare HUGGINGFACE_DIRECTORY OUTPUTS.npz

CHECKPOINT is any checkpoint this library loads, the converted directory or what it was converted from. Input is random, with padding
and both token types. Prints the largest absolute difference at real positions of every output; the exit code is 1 above 1e-4.
"""

import os
import sys

import numpy as np

TOLERANCE = 1e-4
_HEADS = ("masked_lm/", "sentence_order/")


def compute(checkpoint_path, npz_path):
    """Run this library's model on random input and save input and outputs."""
    from albert import checkpoints  # noqa: PLC0415 - not installed where compare runs
    from albert.checkpoints import loading  # noqa: PLC0415

    checkpoint = checkpoints.find(checkpoint_path)
    config = checkpoint.config
    rng = np.random.default_rng(3)
    length = min(31, config.max_position_embeddings)
    mask = (np.arange(length) < np.array([length, max(1, length // 2), 1])[:, None]).astype(np.int32)
    inputs = {
        "input_ids": rng.integers(config.vocab_size, size=mask.shape, dtype=np.int32),
        "input_mask": mask,
        "token_type_ids": rng.integers(config.type_vocab_size, size=mask.shape, dtype=np.int32),
        "masked_lm_positions": np.tile(np.arange(length, dtype=np.int32), (len(mask), 1)),
    }
    heads = loading.heads_in(checkpoint)
    model = loading.load_pretraining_model(checkpoint, optional=tuple(head for head in _HEADS if head not in heads))
    outputs = model(
        {
            "input_word_ids": inputs["input_ids"],
            "input_mask": inputs["input_mask"],
            "input_type_ids": inputs["token_type_ids"],
            "masked_lm_positions": inputs["masked_lm_positions"],
        }
    )
    saved = {name: np.asarray(outputs[name]) for name in ("embedding_output", "sequence_output", "pooled_output")}
    saved["all_encoder_layers"] = np.stack([np.asarray(layer) for layer in outputs["encoder_outputs"]])
    if "masked_lm/" in heads:
        saved["masked_lm_logits"] = np.asarray(outputs["masked_lm_logits"])
    if "sentence_order/" in heads:
        saved["seq_relationship_logits"] = np.asarray(outputs["sentence_order_logits"])
    np.savez(npz_path, **inputs, **saved)
    print(f"{checkpoint.path} ({checkpoint.format.title}): {', '.join(saved)} -> {npz_path}")


def compare(directory, npz_path):
    """Run ``transformers`` on the saved input; returns the largest difference. A golden.npz of the tests' data will do as well."""
    import torch  # noqa: PLC0415 - not installed where compute runs
    from transformers import AutoModel, AutoModelForPreTraining, AutoTokenizer  # noqa: PLC0415

    saved = np.load(npz_path)
    ids, mask, types = (torch.tensor(saved[name], dtype=torch.long) for name in ("input_ids", "input_mask", "token_type_ids"))
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    computed = {}
    with torch.no_grad():
        base = AutoModel.from_pretrained(directory).eval()
        encoded = base(**inputs, output_hidden_states=True)
        computed["embedding_output"] = base.embeddings(ids, token_type_ids=types)
        computed["all_encoder_layers"] = torch.stack(encoded.hidden_states[1:])
        computed["sequence_output"] = encoded.last_hidden_state
        computed["pooled_output"] = encoded.pooler_output
        if "masked_lm_logits" in saved and "seq_relationship_logits" in saved:
            model, report = AutoModelForPreTraining.from_pretrained(directory, output_loading_info=True)
            if report["missing_keys"] or report["unexpected_keys"] or report["mismatched_keys"]:
                sys.exit(f"{directory}: transformers reports {report}")
            heads = model.eval()(**inputs)
            positions = torch.tensor(saved["masked_lm_positions"], dtype=torch.long)
            computed["masked_lm_logits"] = torch.take_along_dim(heads.prediction_logits, positions[:, :, None], dim=1)
            computed["seq_relationship_logits"] = heads["sop_logits" if "sop_logits" in heads else "seq_relationship_logits"]
    real = saved["input_mask"] == 1
    masked = {
        "embedding_output": real,
        "sequence_output": real,
        "all_encoder_layers": np.broadcast_to(real, (len(encoded.hidden_states) - 1, *real.shape)),
    }
    if "masked_lm_logits" in saved:
        masked["masked_lm_logits"] = np.take_along_axis(real, saved["masked_lm_positions"], axis=1)
    worst = 0.0
    for name, value in computed.items():
        difference = np.abs(value.numpy() - saved[name])
        largest = float(np.max(difference[masked[name]] if name in masked else difference))
        worst = max(worst, largest if np.isfinite(largest) else np.inf)
        print(f"{name:<24} {largest:.2e}")
    if os.path.isfile(os.path.join(directory, "tokenizer_config.json")):
        print(f"{'tokenizer':<24} {type(AutoTokenizer.from_pretrained(directory)).__name__}")
    return worst


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("compute", "compare"):
        sys.exit(__doc__)
    if sys.argv[1] == "compute":
        compute(*sys.argv[2:])
    elif not compare(*sys.argv[2:]) <= TOLERANCE:
        sys.exit(1)


if __name__ == "__main__":
    main()
