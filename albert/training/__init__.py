"""Common parts of pretraining and fine-tuning: devices, precision, the state on disk, the claim on a directory, stopping."""
