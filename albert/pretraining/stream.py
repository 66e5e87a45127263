"""Batches for pretraining as a function of the step's number: no state, so a run resumes by counting."""

import dataclasses

import numpy as np

from albert.errors import UserError
from albert.pretraining.masking import mask, predictions_per_sequence
from albert.pretraining.sequences import SpecialIds, make_sequences
from albert.pretraining.windows import WindowSampler

# What a random number is for; keeps the streams of one seed apart (``windows.py`` has 0 to 2).
_BATCH = 3
_SHORT_PARTS = (2, 4, 8)
_SHORTEST = 16
_FULL_WIDTH_OFFSET = 0xFEE0


class ExampleStream:
    """Batches of masked sentence pairs.

    Args:
      regions: list of ``windows.Region``.
      tokenizer: the one the regions' tokens were made with.
      settings: ``albert.pretraining.settings.ExampleSettings``.
      batch_size: B, sequences of full length in a batch.
      seed: of everything random here.

    Raises:
      UserError: a region is shorter than a sequence.
    """

    def __init__(self, regions, tokenizer, settings, batch_size, seed):
        self._regions = regions
        self._settings = settings
        self._batch_size = batch_size
        self._seed = seed
        # Room for the longest a sequence takes, a single segment.
        self._sampler = WindowSampler(regions, settings.max_seq_length - 2, seed)
        self._special = SpecialIds(tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id, tokenizer.unk_id)
        table = tokenizer.code_point_table()
        self._replacements = np.setdiff1d(np.unique(table), tokenizer.special_ids).astype(np.int32)
        if not len(self._replacements):
            raise UserError(f"{tokenizer.path}: expected characters in the vocabulary, found special tokens only")
        self._full_width = _full_width_ids(table, tokenizer.unk_id, tokenizer.vocab_size)

    @property
    def batches_per_epoch(self):
        """Number of batches that read as much as ``weight`` passes over each region; a fraction."""
        return self._sampler.epoch_size / self._batch_size

    def batch(self, step):
        """The batch of a step, counted from 0.

        Returns:
          dict of arrays: ``input_word_ids``, ``input_type_ids`` int32 [B, T]; ``masked_lm_positions``, ``masked_lm_ids`` int32
          [B, P] and ``masked_lm_weights`` float32 [B, P]; ``sentence_order_labels`` int32 [B] (1: swapped) and
          ``sentence_order_weights`` float32 [B] (0: a single segment). There is no padding. A batch of short sequences has
          B·k rows of T/k tokens.
        """
        settings = self._settings
        rng = np.random.default_rng([self._seed, _BATCH, step])
        windows = self._sampler.rows(step * self._batch_size, self._batch_size)
        parts = self._parts(rng)
        length = settings.max_seq_length // parts
        regions = np.repeat(windows.regions, parts)
        starts = (windows.starts[:, None] + np.arange(parts) * length).ravel()

        fields = {}
        for k in np.unique(regions):
            rows = regions == k
            made = make_sequences(self._regions[k], starts[rows], length, self._special, rng)
            for field in dataclasses.fields(made):
                value = getattr(made, field.name)
                fields.setdefault(field.name, np.empty((len(regions), *value.shape[1:]), value.dtype))[rows] = value
        ids = fields["ids"]
        if settings.full_width_prob:
            full_width = rng.random(len(ids)) < settings.full_width_prob
            ids[full_width] = self._full_width[ids[full_width]]
        num_predictions = predictions_per_sequence(length, settings.masked_lm_prob, settings.max_predictions_per_seq)
        maskable = fields["text"] & (ids != self._special.unk)
        masked = mask(ids, maskable, fields["word_starts"], num_predictions, settings.ngram, self._special.mask, self._replacements, rng)
        return {
            "input_word_ids": masked.ids,
            "input_type_ids": fields["types"],
            "masked_lm_positions": masked.positions,
            "masked_lm_ids": masked.labels,
            "masked_lm_weights": masked.weights,
            "sentence_order_labels": fields["swapped"],
            "sentence_order_weights": fields["paired"].astype(np.float32),
        }

    def _parts(self, rng):
        """Into how many short sequences each full one is cut in this batch: mostly 1."""
        choices = [parts for parts in _SHORT_PARTS if self._settings.max_seq_length // parts >= _SHORTEST]
        short, choice = rng.random(2)
        return choices[int(choice * len(choices))] if choices and short < self._settings.short_seq_prob else 1


def _full_width_ids(table, unk_id, vocab_size):
    """int32 [V]: the id of an ASCII character's full-width form where the vocabulary has both, else the id itself."""
    ids = np.arange(vocab_size, dtype=np.int32)
    for code_point in range(0x21, 0x7F):
        half, full = table[code_point], table[code_point + _FULL_WIDTH_OFFSET]
        if unk_id not in (half, full):
            ids[half] = full
    return ids
