"""The page in a real browser: Chromium without a window, through Playwright (``pip install playwright``, and the system's chromium).

``PAGE_SCREENSHOTS=DIR`` keeps pictures of it.
"""

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import time

import pytest

from tests.ner.server.running import running
from tests.ner.server.toy import entities_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TEXT = "😀a李明👩‍👩‍👧在京城，\u0301沪上；𠮷京a"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


@pytest.fixture(name="browser", scope="module")
def _browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser, server, **options):
    """The page of a server; when the block is over nothing may be in its console, and nothing have come from elsewhere."""
    context = browser.new_context(locale="en-US", accept_downloads=True, **options)
    page = context.new_page()
    page.said, outside = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: outside.append(request.url))
    page.goto(f"http://127.0.0.1:{server.port}/")
    until(page, "document.getElementById('model').textContent !== ''")
    yield page
    assert page.said == []
    own = ("data:", "blob:", f"http://127.0.0.1:{server.port}/")
    assert [url for url in outside if not url.startswith(own)] == []
    context.close()


@pytest.fixture(name="page")
def _page(browser, server):
    """The page of the toy's server."""
    with opened(browser, server) as page:
        yield page


def until(page, expression):
    """Wait until an expression is true in the page, whose policy lets nothing else evaluate one there."""
    deadline = time.monotonic() + 30
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(20)


def shoot(page, name):
    """Keep a picture if they are wanted."""
    folder = os.environ.get("PAGE_SCREENSHOTS")
    if folder:
        page.screenshot(path=pathlib.Path(folder) / f"{name}.png", full_page=True)


def tag(page, text):
    """Type a text and have it tagged."""
    page.fill("#text", text)
    page.click("#tag")
    until(page, "document.getElementById('tag').getAttribute('aria-busy') === null")


def marks(page):
    """(place in the text, in code points; text; type) of each mark, as the page shows them."""
    script = """() => {
        const found = [];
        let position = 0;
        for (const node of document.getElementById("result").childNodes) {
            const text = node.nodeName === "MARK" ? node.firstChild.textContent : node.textContent;
            if (node.nodeName === "MARK") found.push([position, text, node.lastChild.textContent]);
            position += [...text].length;
        }
        return found;
    }"""
    return [tuple(found) for found in page.evaluate(script)]


def expected(text, least=0.0, types=("LOC", "PER")):
    """The same for the toy's entities."""
    return [(e.start, e.text, e.label) for e in entities_of(text) if e.score >= least and e.label in types]


def test_marks_stand_in_the_right_places(page):
    tag(page, TEXT)
    assert len(expected(TEXT)) == 5
    assert marks(page) == expected(TEXT)
    assert page.inner_text("#status") == "5 entities"
    shoot(page, "entities")
    # Keys go from mark to mark, and say what it is.
    page.locator("#result mark").first.focus()
    page.keyboard.press("ArrowRight")
    second = entities_of(TEXT)[1]
    assert page.inner_text("#tip").startswith(f"{second.label} (")
    assert page.evaluate("document.activeElement.dataset.start") == str(second.start)
    assert page.get_attribute("mark:focus", "aria-describedby") == "tip"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.start") == str(entities_of(TEXT)[-1].start)
    page.locator("#result mark").first.hover()
    assert f"probability {entities_of(TEXT)[0].score:.3f}" in page.inner_text("#tip")
    shoot(page, "tip")


def test_a_long_text(page):
    choose = random.Random(3)
    text = "".join(choose.choices("京沪李明在a😀𠮷\n的一是不了人我在有他这为之大来以个中上们", k=20_000))
    page.fill("#text", text)
    page.locator("#text").press("Control+Enter")
    until(page, "document.getElementById('result').childNodes.length > 100")
    until(page, "document.getElementById('tag').getAttribute('aria-busy') === null")
    assert marks(page) == expected(text)
    assert page.inner_text("#count") == "20,000 of 200,000 characters"


def test_filters(page):
    tag(page, TEXT)
    scores = sorted(e.score for e in entities_of(TEXT))
    page.fill("#probability", str(scores[2]))
    assert marks(page) == expected(TEXT, scores[2])
    assert page.inner_text("#status") == "3 of 5 entities shown"
    page.uncheck("#types label[data-type=LOC] input")
    assert marks(page) == expected(TEXT, scores[2], ("PER",))
    page.check("#types label[data-type=LOC] input")
    page.fill("#probability", "0")
    assert marks(page) == expected(TEXT)


def test_gazetteer_and_its_effect(page):
    page.click("#gazetteer summary")
    page.fill("#terms", "在京 LOC\n李明\t-\n")
    tag(page, "李明在京城")
    assert marks(page) == [(2, "在京", "LOC")]
    assert page.inner_text("#effect") == "The gazetteer adds 1 and removes 2; added: 在京 (LOC); removed: 李明 (PER), 京城 (LOC)"
    assert page.locator("#result mark.new").count() == 1
    shoot(page, "gazetteer")
    page.fill("#terms", "李明")
    page.click("#tag")
    page.wait_for_selector("#error:not([hidden])")
    assert "Gazetteer, line 1: found “李明”" in page.inner_text("#error")
    page.fill("#terms", "")
    page.click("#tag")
    page.wait_for_selector("#error", state="hidden")
    until(page, "document.querySelectorAll('#result mark').length === 2")
    assert page.is_hidden("#effect")


def test_languages(page):
    tag(page, TEXT)
    page.click("[data-language=zh]")
    assert page.title() == "命名实体识别" and page.get_attribute("html", "lang") == "zh-Hans"
    assert page.inner_text("#tag") == "识别实体" and page.inner_text("#status") == "共 5 个实体"
    assert marks(page) == expected(TEXT)
    empty = page.evaluate(
        "[...document.querySelectorAll('[data-words]')].filter(e => !e.hidden && !e.textContent.trim()).map(e => e.dataset.words)"
    )
    assert empty == []
    shoot(page, "chinese")
    page.click("[data-language=en]")
    assert page.title() == "Named entities"


def test_both_languages_have_the_same_words(page):
    missing = page.evaluate(
        """async () => {
        const { WORDS } = await import("./words.js");
        const names = (o) => Object.entries(o).flatMap(([k, v]) => typeof v === "object" ? names(v).map((n) => `${k}.${n}`) : [k]).sort();
        return [names(WORDS.en), names(WORDS.zh)];
    }"""
    )
    assert missing[0] == missing[1]
    used = set(re.findall(r'data-(?:words|label)="(\w+)"', page.content()))
    assert used <= set(missing[0])


def test_errors_are_words(page, server):
    tag(page, "京" * 200_001)
    assert page.inner_text("#error").startswith("The text is too long for this server. (found 200,001 characters, expected at most 200,000")
    assert page.get_attribute("#error", "role") == "alert"
    shoot(page, "error")
    page.click("[data-language=zh]")
    page.click("#tag")
    page.wait_for_selector("#error:not([hidden])")
    assert page.inner_text("#error").startswith("文本太长，本服务器无法处理。")
    # The browser itself notes the status of such an answer.
    assert all("422" in line for line in page.said)
    page.said.clear()
    page.route("**/tag", lambda route: route.abort())
    page.click("#tag")
    until(page, "document.getElementById('error').textContent === '服务器没有响应。它在运行吗？'")
    page.said.clear()


def test_files_opened_and_dropped(page, tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeff李明\r\n在京城".encode())
    (tmp_path / "b.txt").write_bytes("沪上的李明".encode("gb18030"))
    (tmp_path / "c.txt").write_bytes(bytes(range(256)))
    page.set_input_files("#file", tmp_path / "a.txt")
    until(page, "document.querySelectorAll('#result mark').length === 2")
    assert marks(page) == expected("李明\n在京城")
    drop(page, tmp_path / "b.txt")
    until(page, "document.getElementById('text').value === '沪上的李明'")
    until(page, "document.querySelector('#result mark b').textContent === 'LOC'")
    assert marks(page) == expected("沪上的李明")
    drop(page, tmp_path / "c.txt")
    page.wait_for_selector("#error:not([hidden])")
    assert page.inner_text("#error") == "c.txt is not a text file: expected UTF-8 or GB 18030."


def drop(page, path):
    """Drop a file on the page."""
    transfer = page.evaluate_handle(
        """([bytes, name]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], name));
        return transfer;
    }""",
        [list(path.read_bytes()), path.name],
    )
    page.dispatch_event("body", "dragenter", {"dataTransfer": transfer})
    assert page.is_visible("#drop")
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    assert page.is_hidden("#drop")


def test_downloads(page):
    text = 'x"京"李明,😀'
    tag(page, text)
    with page.expect_download() as download:
        page.click("#json")
    found = json.loads(pathlib.Path(download.value.path()).read_text(encoding="utf-8"))
    assert found == {"text": text, "entities": [e.to_dict() for e in entities_of(text)]}
    assert all(text[e["start"] : e["end"]] == e["text"] for e in found["entities"])
    with page.expect_download() as download:
        page.click("#csv")
    content = pathlib.Path(download.value.path()).read_bytes().decode("utf-8-sig")
    rows = [f'{e.start},{e.end},{e.label},"{e.text.replace(chr(34), chr(34) * 2)}",{e.score}' for e in entities_of(text)]
    assert content == "\r\n".join(["start,end,label,text,score", *rows, ""])


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_on_a_phone(browser, server, scheme):
    with opened(browser, server, color_scheme=scheme, viewport={"width": 360, "height": 740}, has_touch=True) as page:
        page.click("#example")
        until(page, "document.querySelectorAll('#result mark').length > 2")
        page.click("#list summary")
        shoot(page, f"phone_{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, "wider than the screen"
        assert (
            page.evaluate("getComputedStyle(document.body).backgroundColor")
            == {"dark": "rgb(22, 24, 28)", "light": "rgb(255, 255, 255)"}[scheme]
        )
        buttons = "[...document.querySelectorAll('button, label.button')]"
        small = page.evaluate(f"{buttons}.filter(e => e.getBoundingClientRect().height < 44).map(e => e.textContent)")
        assert small == [], "too small for a finger"


def test_everything_is_reached_by_keyboard_and_has_a_name(page):
    tag(page, TEXT)
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    for name in ("text", "tag", "example", "file", "probability", "json", "csv", "MARK", "SUMMARY"):
        assert name in reached
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, input, textarea, select")]
        .filter((e) => !(e.labels?.length || e.textContent.trim() || e.getAttribute("aria-label"))).map((e) => e.id)"""
    )
    assert nameless == []


def test_without_a_gazetteer_and_with_a_token(browser, tmp_path):
    with running(tmp_path, token="s3cret") as server:
        server.service.models.current.predictor.takes_gazetteer = False
        context = browser.new_context(locale="zh-CN")
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.port}/")
        page.wait_for_selector("#error:not([hidden])")
        assert page.inner_text("#error") == "本服务器需要令牌：请在上面输入。"
        page.fill("#token", "s3cret")
        tag(page, TEXT)
        assert marks(page) == expected(TEXT)
        page.click("#gazetteer summary")
        assert page.is_disabled("#terms") and page.inner_text("#no-gazetteer").startswith("本服务器使用 SavedModel，不支持词表")
        context.close()
