"""Containers that weights are stored in: TensorFlow, PyTorch, safetensors."""
