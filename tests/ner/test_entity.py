"""How entities and scores look."""

import pickle

from ner.entity import Entities, Entity
from ner.evaluation.scores import evaluate, format_table

TEXT = "<b>李明\x01在北京"
PERSON, PLACE = Entity(3, 5, "PER", "李明", 0.99966), Entity(7, 9, "LOC", "北京", 0.5)


def test_text_form():
    assert repr(PERSON) == "Entity(3, 5, 'PER', '李明', 0.9997)"
    assert eval(repr(PLACE), {"Entity": Entity}) == PLACE
    assert repr(Entities([PERSON], TEXT)) == "[Entity(3, 5, 'PER', '李明', 0.9997)]"
    assert repr(Entities([PERSON, PLACE], TEXT)) == "[Entity(3, 5, 'PER', '李明', 0.9997),\n Entity(7, 9, 'LOC', '北京', 0.5000)]"
    assert repr(Entities()) == "[]"


def test_entities_are_a_list():
    entities = Entities([PERSON, PLACE], TEXT)
    assert entities == [PERSON, PLACE]
    copy = pickle.loads(pickle.dumps(entities))
    assert (copy, copy.text) == (entities, TEXT)


def test_html_shows_the_text_and_nothing_of_it_is_markup():
    page = Entities([PERSON, PLACE], TEXT)._repr_html_()
    assert "&lt;b&gt;<mark " in page
    assert "\u2401在<mark " in page
    assert page.count("<mark ") == 2
    assert 'title="PER 1.000, characters 3 to 5">李明 <small><b>PER</b></small></mark>' in page
    assert PERSON._repr_html_() in page
    colours = {page.split("hsl(")[i].split(" ")[0] for i in (1, 2)}
    assert len(colours) == 2


def test_scores():
    result = evaluate([["B-PER", "O"]], [["B-PER", "B-<i>"]])
    assert repr(result) == format_table(result)
    page = result._repr_html_()
    assert "&lt;i&gt;" in page and "<i>" not in page
    assert page.count("<tr>") == 4
