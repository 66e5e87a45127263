"""Arithmetic of the encoder: plain, fused by oneDNN, compiled by XLA, without padding."""
