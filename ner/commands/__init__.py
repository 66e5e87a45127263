"""What ``run_ner.py`` does for each of its --do_… flags: one module per flag."""
