"""Scores of predicted entities against gold, and what went wrong."""

from ner.evaluation.scores import evaluate

__all__ = ["evaluate"]
