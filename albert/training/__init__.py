"""What pretraining and fine-tuning share: devices, precision, the state on disk, the claim on a directory, stopping."""
