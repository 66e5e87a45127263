"""Lists of names: what they are made of."""

from ner.data.examples import Example
from ner.data.name_lists import name_lists

TRAIN = [
    Example("王小明和李四在上海", ("B-PER", "I-PER", "I-PER", "O", "B-PER", "I-PER", "O", "B-LOC", "I-LOC")),
    Example("克林顿总统见欧阳修远", ("B-PER", "I-PER", "I-PER", "O", "O", "O", "B-PER", "I-PER", "I-PER", "I-PER")),
]


def test_lists_are_names_of_the_training_set_side_by_side():
    lists = name_lists(TRAIN, 200, 31)
    assert len(lists) == 200 and all(len(example.spans()) >= 4 and len(example.text) <= 31 for example in lists)
    for example in lists:
        spans = example.spans()
        assert {example.text[s.start : s.end] for s in spans} <= {"王小明", "李四", "克林顿"}
        between = {example.text[a.end : b.start] for a, b in zip(spans, spans[1:])}
        assert len(between) == 1 and between <= {"", " ", "、"}
        assert spans[0].start == 0 and spans[-1].end == len(example.text)
    assert sum(example.text.count(" ") == 0 == example.text.count("、") for example in lists) > 100
    assert name_lists(TRAIN, 200, 31) == lists != name_lists(TRAIN, 200, 31, seed=7)


def test_without_names_there_are_none():
    assert name_lists([Example("上海", ("B-LOC", "I-LOC"))], 5, 31) == []
    assert all(len(example.text) <= 5 for example in name_lists(TRAIN, 20, 5))
