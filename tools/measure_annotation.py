"""Measure how well lint finds annotation errors, and how much better chosen sentences teach than random ones.

::

    python tools/measure_annotation.py lint --data=DIR/resume --recipe=resume.flags --output_dir=OUT --seeds=1,2,3
    python tools/measure_annotation.py suggest --data=DIR/resume --recipe=small.flags --output_dir=OUT --seeds=1,2,3
    python tools/measure_annotation.py report --output_dir=OUT

``lint`` corrupts 3 % of the entities of the training set (a quarter each: type changed, border moved, left out, invented) and lets five
folds judge it. ``suggest`` begins with 50 random sentences and adds 50 in each of four rounds: those that suggest chooses, or random
ones; after each round a tagger is trained anew and scored on the test split (dev, where there is none with labels). Everything that is
finished is kept: the same command goes on. ``report`` prints the tables of what there is.
"""

import argparse
import dataclasses
import glob
import json
import os
import random
import statistics

from absl import flags

from albert import command
from albert.files import read_json, write_json
from albert.training.starting_point import fetch_checkpoint
from ner.data import formats
from ner.data.readers import read_split
from ner.data.settings import DataSettings
from ner.evaluation.scores import score_spans
from ner.tags import Span, tags_from_spans
from ner.training.settings import TrainingRun

CORRUPTED = 0.03
FOLDS = 5
FIRST, PER_ROUND, ROUNDS = 50, 50, 4
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)


def training(recipe, seed, output_dir, data_dir):
    """The settings of a flagfile with another seed and other directories."""
    values = flags.FlagValues()
    command.define(TrainingRun, values=values)
    values(["measure", f"--flagfile={recipe}"])
    run = command.settings(TrainingRun, values, output_dir=output_dir, data=DataSettings(data_dir=data_dir))
    fetch_checkpoint(run.files)
    return dataclasses.replace(run, training=dataclasses.replace(run.training, seed=seed))


def corrupt(examples, share, seed):
    """Examples of which a share of the entities is wrong, and the errors: a list of (number of the sentence, start, end, kind)."""
    numbers = random.Random(seed)
    spans = [list(example.spans()) for example in examples]
    types = sorted({span.label for own in spans for span in own})
    places = [(number, span) for number, own in enumerate(spans) for span in own]
    errors = []
    for number, span in numbers.sample(places, round(share * len(places))):
        kind = ("type", "border", "dropped", "invented")[len(errors) % 4]
        own, length = spans[number], len(examples[number].text)
        if kind == "invented":
            free = [
                (start, end)
                for start in range(length)
                for end in range(start + 2, min(start + 5, length + 1))
                if all(end <= other.start or other.end <= start for other in own)
            ]
            if not free:
                kind = "dropped"
            else:
                start, end = numbers.choice(free)
                own.append(Span(start, end, numbers.choice(types)))
                errors.append((number, start, end, kind))
                continue
        own.remove(span)
        if kind == "type":
            own.append(span._replace(label=numbers.choice([label for label in types if label != span.label])))
        elif kind == "border":
            moved = [(span.start + a, span.end + b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)]
            moved = [
                (start, end)
                for start, end in moved
                if 0 <= start < end <= length and all(end <= other.start or other.end <= start for other in own)
            ]
            if moved:
                start, end = numbers.choice(moved)
                own.append(Span(start, end, span.label))
            else:
                kind = "dropped"
        errors.append((number, span.start, span.end, kind))
    tags = [tuple(tags_from_spans(sorted(own), len(example.text))) for example, own in zip(examples, spans)]
    return [dataclasses.replace(example, tags=own) for example, own in zip(examples, tags)], errors


def found_errors(disputes, errors, numbers):
    """(errors that a dispute touches, disputes that touch an error): ``numbers`` is a dict from an example's id to its number."""
    by_sentence = {}
    for index, (number, start, end, _) in enumerate(errors):
        by_sentence.setdefault(number, []).append((index, start, end))
    hits, right = set(), 0
    for dispute in disputes:
        spans = [span for span in (dispute.annotated, dispute.proposed) if span]
        touched = {
            index
            for index, start, end in by_sentence.get(numbers[id(dispute.example)], ())
            if any(span.start < end and start < span.end for span in spans)
        }
        hits |= touched
        right += bool(touched)
    return hits, right


def lint(args, seed):
    """Corrupt, judge and count; returns the numbers by threshold."""
    from ner.tagging.disputes import find_disputes  # noqa: PLC0415
    from ner.training.folds import judge_by_folds  # noqa: PLC0415

    examples, errors = corrupt(read_split(args.data, "train").examples, CORRUPTED, seed)
    numbers = {id(example): number for number, example in enumerate(examples)}
    disputes = []
    run = training(args.recipe, seed, os.path.join(args.output_dir, f"lint-{args.name}-{seed}"), args.data)
    for part, posteriors in judge_by_folds(run, examples, FOLDS):
        disputes += find_disputes(part, posteriors, min(THRESHOLDS))
    rows = []
    for threshold in THRESHOLDS:
        own = [dispute for dispute in disputes if dispute.probability >= threshold]
        hits, right = found_errors(own, errors, numbers)
        kinds = {
            kind: [sum(errors[i][3] == kind for i in hits), sum(e[3] == kind for e in errors)] for kind in sorted({e[3] for e in errors})
        }
        rows.append(
            {
                "threshold": threshold,
                "disputes": len(own),
                "recall": len(hits) / len(errors),
                "precision": right / max(len(own), 1),
                "kinds": kinds,
            }
        )
    return {"errors": len(errors), "sentences": len(examples), "rows": rows}


def suggest(args, seed):
    """Grow two training sets, one by choice and one at random; returns the F1 after each round."""
    pool = [example for example in read_split(args.data, "train", on_bad_line="skip").examples if example.text.strip()]
    pool = list({example.text: example for example in pool}.values())
    test = read_split(args.data, args.test, on_bad_line="skip").examples
    random.Random(seed).shuffle(pool)
    first, rest = pool[:FIRST], pool[FIRST:]
    result = {}
    for arm in ("chosen", "random"):
        annotated, scores = list(first), []
        for number in range(ROUNDS + 1):
            directory = os.path.join(args.output_dir, f"suggest-{args.name}-{seed}", "start" if not number else f"{arm}-{number}")
            score, choice = _round(args, seed, directory, annotated, rest, test, arm == "chosen" and number < ROUNDS)
            scores.append(score)
            if number < ROUNDS:
                texts = (
                    set(choice) if arm == "chosen" else {example.text for example in rest[number * PER_ROUND : (number + 1) * PER_ROUND]}
                )
                annotated += [example for example in rest if example.text in texts]
        result[arm] = scores
    return result


def _round(args, seed, directory, annotated, pool, test, choose):
    """F1 of a tagger trained on what is annotated, and the texts that it chooses next."""
    path = os.path.join(directory, "round.json")
    done = read_json(path, "a finished round") if os.path.exists(path) else {}
    if "f1" in done and (not choose or "choice" in done):
        return done["f1"], done.get("choice")
    from albert.keras import keras  # noqa: PLC0415
    from ner.tagging.choosing import Candidate, Chooser  # noqa: PLC0415
    from ner.tagging.posteriors import Posteriors  # noqa: PLC0415
    from ner.tagging.tagger import Tagger  # noqa: PLC0415
    from ner.training.run import train  # noqa: PLC0415

    data_dir = os.path.join(directory, "data")
    os.makedirs(data_dir, exist_ok=True)
    formats.find_format("columns").write(annotated, os.path.join(data_dir, "train.txt"))
    run = training(args.recipe, seed, os.path.join(directory, "tagger"), data_dir)
    if train(run):
        raise SystemExit("interrupted")
    tagger = Tagger.load(run.output_dir, runtime="tensorflow")
    found = [[span for span, _ in prediction.spans] for prediction in tagger.predict([example.text for example in test])]
    done["f1"] = score_spans([example.spans() for example in test], found).overall.f1
    if choose:
        chooser = Chooser(PER_ROUND, 0.0, seed=seed, annotated=[example.text for example in annotated])
        texts = [example.text for example in pool]
        for text, posterior in zip(texts, Posteriors(tagger).read(texts)):
            chooser.add(Candidate(text, posterior.doubt, posterior.spans))
        done["choice"] = [candidate.text for candidate, _ in chooser.choose()]
    keras.backend.clear_session()
    write_json(path, done)
    return done["f1"], done.get("choice")


def report(args):
    """Print what there is."""
    for path in sorted(glob.glob(os.path.join(args.output_dir, "result-*.json"))):
        values = read_json(path, "a result")
        print(os.path.basename(path))
        for row in values.get("rows", ()):
            print("  ", json.dumps(row))
        for arm in ("chosen", "random"):
            if arm in values:
                print("  ", arm, " ".join(f"{100 * f1:.2f}" for f1 in values[arm]))
    for name in sorted({os.path.basename(p).split("-")[2] for p in glob.glob(os.path.join(args.output_dir, "result-suggest-*.json"))}):
        paths = glob.glob(os.path.join(args.output_dir, f"result-suggest-{name}-*.json"))
        gains = [100 * (values["chosen"][-1] - values["random"][-1]) for values in (read_json(path, "a result") for path in paths)]
        spread = f", standard deviation {statistics.stdev(gains):.2f}" if len(gains) > 1 else ""
        print(
            f"{name}: chosen less random after {ROUNDS} rounds: mean {statistics.fmean(gains):+.2f} points over {len(gains)} seeds{spread}"
        )


def main():
    """The command; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("lint", "suggest", "report"))
    parser.add_argument("--data")
    parser.add_argument("--test", default="test", help="split that is scored on")
    parser.add_argument("--recipe", help="flagfile of the training")
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--seeds", default="1,2,3")
    args = parser.parse_args()
    if args.what == "report":
        return report(args)
    args.name = os.path.basename(os.path.normpath(args.data))
    os.makedirs(args.output_dir, exist_ok=True)
    for seed in map(int, args.seeds.split(",")):
        path = os.path.join(args.output_dir, f"result-{args.what}-{args.name}-{seed}.json")
        if not os.path.exists(path):
            write_json(path, {"lint": lint, "suggest": suggest}[args.what](args, seed))
            print(f"wrote {path}", flush=True)
    return None


if __name__ == "__main__":
    main()
