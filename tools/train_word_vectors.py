"""Train word vectors on raw text, for ``--word_vectors``.

It needs nothing else of this project, so an environment of its own does::

    python -m venv vectors && vectors/bin/pip install gensim jieba
    vectors/bin/python tools/train_word_vectors.py --work_dir=vectors-work --output=words.vec corpus/*.txt.xz

Text is cut into words by jieba; the vectors are gensim's skip-gram with negative sampling. A file is plain text or ``.xz``, a sentence a
line; of each, its words are kept in ``--work_dir``, so a killed run goes on where it stopped. Written are the words of two characters or
more that are in jieba's dictionary, in word2vec's text format, the most frequent first.
"""

import argparse
import lzma
import os

import jieba
from gensim.models import Word2Vec


def cut(path, work_dir):
    """Write the words of a file, a sentence a line, words apart by spaces, unless that was done. Returns the path."""
    target = os.path.join(work_dir, os.path.basename(path).split(".")[0] + ".words")
    if not os.path.exists(target):
        with (
            (lzma.open if path.endswith(".xz") else open)(path, "rt", encoding="utf-8") as f,
            open(target + ".part", "w", encoding="utf-8") as g,
        ):
            for line in f:
                words = " ".join(word for word in jieba.cut(line.strip(), HMM=False) if not word.isspace())
                if words:
                    g.write(words + "\n")
        os.replace(target + ".part", target)
    return target


class Sentences:
    """Sentences of files of words, read anew at each pass."""

    def __init__(self, paths):
        self._paths = paths

    def __iter__(self):
        for path in self._paths:
            with open(path, encoding="utf-8") as f:
                for line in f:
                    yield line.split()


def main():
    """The command; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", help="text, plain or .xz, a sentence a line")
    parser.add_argument("--work_dir", required=True, help="directory of the texts' words")
    parser.add_argument("--output", required=True, help="file of the vectors")
    parser.add_argument("--size", type=int, default=50, help="numbers per vector")
    parser.add_argument("--min_count", type=int, default=8, help="occurrences that a word needs")
    parser.add_argument("--epochs", type=int, default=3, help="passes over the text")
    parser.add_argument("--workers", type=int, default=2, help="threads; with one, the result is the same each time")
    options = parser.parse_args()
    os.makedirs(options.work_dir, exist_ok=True)
    jieba.initialize()
    paths = [cut(path, options.work_dir) for path in options.files]
    model = Word2Vec(
        Sentences(paths),
        vector_size=options.size,
        min_count=options.min_count,
        epochs=options.epochs,
        workers=options.workers,
        sg=1,
        window=5,
        negative=5,
        sample=1e-4,
        seed=1,
    )
    words = [word for word in model.wv.index_to_key if len(word) > 1 and jieba.dt.FREQ.get(word)]
    with open(options.output + ".part", "w", encoding="utf-8") as f:
        f.write(f"{len(words)} {options.size}\n")
        for word in words:
            f.write(word + " " + " ".join(f"{x:.4f}" for x in model.wv[word]) + "\n")
    os.replace(options.output + ".part", options.output)
    print(f"{options.output}: {len(words):,} words of {model.corpus_total_words:,} in the text")


if __name__ == "__main__":
    main()
