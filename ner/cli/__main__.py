"""``python -m ner.cli``: the command ``albert-ner``."""

from ner.cli.main import main

if __name__ == "__main__":
    main()
