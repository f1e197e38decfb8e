"""The laboratory's page in a real Chromium.

    browser.py PAGE LINES [--lab LAB] [--server SERVER --client CLIENT] [--screenshots FOLDER] [--only NAME]

PAGE is laboratory.html, LINES the example `lines` (the same Rust code, compiled natively),
LAB the house's own `lab`: three builds of one model, held against each other as data.
"""

import argparse
import base64
import html
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from chromium import Browser, Failed, Page  # noqa: E402

SEEDS = 200
LARGEST_PAGE = 1_500_000
SIZES = [(360, 740), (1024, 768), (1920, 1080)]
CARDS = ["lose-one-packet", "lose-one-ack", "selective-repeat", "the-same-losses", "one-at-a-time", "what-comes-next"]


def expect(is_so, words):
    if not is_so:
        raise Failed(words)


def equal(found, wanted, words):
    if found != wanted:
        raise Failed(f"{words}:\n  found  {str(found)[:2000]}\n  wanted {str(wanted)[:2000]}")


class Tests:
    def __init__(self, options):
        self.page_file = pathlib.Path(options.page).resolve()
        self.url = self.page_file.as_uri()
        self.options = options
        if options.screenshots:
            pathlib.Path(options.screenshots).mkdir(parents=True, exist_ok=True)
        self.browser = Browser(options.chromium)

    # --- one file ---------------------------------------------------------------------

    def the_page_is_one_small_file_that_asks_for_nothing(self):
        size = self.page_file.stat().st_size
        expect(size <= LARGEST_PAGE, f"the page has {size} bytes")
        page = Page(self.browser)
        page.open(self.url)
        page.click("#card-lose-one-packet")
        page.until("state.content === 'run' && state.time_us > 0")
        expect("Count the retransmissions" in page.value("at('lesson').innerText"), "the card's question")
        equal(page.requests(), [self.url], "requests")
        imports = page.value("module().then((bytes) => WebAssembly.compile(bytes))"
                             ".then((it) => WebAssembly.Module.imports(it).length)")
        equal(imports, 0, "what the module wants of the page")
        equal(page.complaints(), [], "the console complains")
        page.close()

    def it_works_in_a_frame_that_allows_nothing_but_scripts(self):
        with tempfile.TemporaryDirectory() as folder:
            outer = pathlib.Path(folder, "course.html")
            outer.write_text("<!doctype html><title>A course</title>"
                             f"<iframe id=lab sandbox='allow-scripts' width=800 height=700 src='{self.url}"
                             "#card=lose-one-packet'></iframe>")
            page = Page(self.browser)
            page.call("Page.navigate", url=outer.as_uri())
            time.sleep(0.5)
            # Its process is another one: what it shows is seen, not asked for.
            targets = self.browser.call("Target.getTargets")["targetInfos"]
            frames = [it for it in targets if it["type"] == "iframe"]
            if frames:
                session = self.browser.call("Target.attachToTarget", targetId=frames[-1]["targetId"],
                                            flatten=True)["sessionId"]
                ask = lambda script: self.browser.call("Runtime.evaluate", session, expression=script,
                                                       returnByValue=True)["result"].get("value")
            else:
                tree = page.call("Page.getFrameTree")["frameTree"]["childFrames"][0]["frame"]["id"]
                world = page.call("Page.createIsolatedWorld", frameId=tree)["executionContextId"]
                ask = lambda script: page.call("Runtime.evaluate", expression=script, contextId=world,
                                               returnByValue=True)["result"].get("value")
            end = time.monotonic() + 10
            while not ask("document.querySelectorAll('#main svg line').length > 4"):
                expect(time.monotonic() < end, "nothing was drawn in the frame")
                time.sleep(0.05)
            page.close()

    # --- every control once -----------------------------------------------------------

    def every_control_does_its_work(self):
        page = Page(self.browser, 1280, 900)
        page.open(self.url)
        used = set()

        def click(selector):
            used.add(selector)
            page.click(selector)

        def state(path):
            return page.value(f"state.{path}")

        for name in CARDS:
            click(f"#card-{name}")
            wanted = {"the-same-losses": "race", "what-comes-next": "quiz"}.get(name, "run")
            equal(state("content"), wanted, f"the card {name}")
            click("#home")
            equal(state("content"), "empty", "back at the cards")
            expect(page.value("!at('welcome').hidden && at('bench').hidden"), "the cards are not shown")

        # The fields, as somebody types them.
        page.value("at('scenario').value = ''; at('scenario').focus(); 1")
        page.call("Input.insertText", text="delay=50ms;rate=1mbit;drop=d1.1")
        page.value("at('window').value = ''; at('window').focus(); 1")
        page.call("Input.insertText", text="3")
        for field, value in [("arq", "selective-repeat"), ("packets", "5"), ("congestion", "fixed")]:
            page.value(f"at('{field}').value = '{value}'; at('{field}').dispatchEvent(new Event('change')); 1")
        used.update({"#scenario", "#window", "#arq", "#packets", "#congestion"})
        click("#run")
        equal(page.value("state.fields"), {"scenario": "delay=50ms;rate=1mbit;drop=d1.1", "window": "3",
                                           "arq": "selective-repeat", "packets": 5, "congestion": "fixed"},
              "what the fields say is run")
        page.until("state.time_us > 20000")
        expect(state("playing"), "a run plays")
        click("#play")
        expect(not state("playing"), "it pauses")
        before = state("run.index")
        click("#step")
        expect(state("run.index") > before, "a step goes on")
        expect(state("notice.words"), "a step says what has happened")
        click("#back")
        equal(state("run.index"), before, "back again")
        click("#end")
        click("#play")
        page.until("state.over", 60)
        equal(state("run.retransmissions"), 1, "selective repeat retransmits the lost packet only")
        expect("1 of them a retransmission" in page.value("at('notice').textContent"), "the outcome is told")
        # The handle of the slider goes where it is clicked.
        click("#scrub")
        share = state("time_us / state.end_us")
        expect(0.4 < share < 0.6, f"the middle of the slider is {share} of the run")
        pictures = set()
        for shown in ["sequence", "window", "rtt", "goodput", "theory", "ladder"]:
            click(f"#shown-{shown}")
            equal(state("shown"), shown, "the picture")
            pictures.add(page.value("at('main').innerHTML"))
        equal(len(pictures), 6, "each picture is another one")
        whole = page.value("at('strip').innerHTML")
        click("#sees-sender")
        expect(page.value("at('strip').innerHTML") != whole, "what the sender knows is less")
        click("#sees-everything")
        equal(page.value("at('strip').innerHTML"), whole, "what really happens")
        ladder = page.value("at('main').innerHTML")
        click("#scale-compact")
        equal(state("scale"), "compact", "the scale")
        expect(page.value("at('main').innerHTML") != ladder, "compact is another picture")
        expect("scale=compact" in page.value("location.hash"), "the link has it")
        click("#scale-to-scale")
        equal(page.value("at('main').innerHTML"), ladder, "to scale again")
        click("#zoom-in")
        expect(page.value("at('main').innerHTML") != ladder, "zoomed")
        click("#zoom-out")
        equal(page.value("at('main').innerHTML"), ladder, "as before")
        click("#fold")
        expect(page.value("at('strip').hidden"), "the strip is folded away")
        click("#fold")
        expect(not page.value("at('strip').hidden"), "and unfolded")
        page.wheel("#main", -120)
        expect(state("back_us") > 0, "the wheel shows an earlier moment")
        page.wheel("#main", 120)
        equal(state("back_us"), 0, "and now again")
        page.wheel("#main", -120, ctrl=True)
        expect(state("zoom") > 1.0, "with Ctrl it zooms")
        page.wheel("#main", 120, ctrl=True)
        page.value("take('let-go'); 1")  # The mouse may have come upon a packet.
        equal(page.value("at('main').innerHTML"), ladder, "to scale, now, as large as before")
        click("#way")
        expect(2000 < state("way_ms") < 3200, "slow motion follows its slider")
        for knob in ["loss", "burst", "delay", "jitter", "duplicate", "reorder", "corrupt", "rate"]:
            click(f"#knob-{knob}")
            expect(f"{knob}=" in state("fields.scenario"), f"the slider {knob} writes its word")
            if knob not in ("delay", "rate"):
                page.key("Home")
                expect(f"{knob}=" not in state("fields.scenario"), f"the slider {knob} goes back by a key")
        click("#restart")
        expect(state("time_us") < 1_000_000, "from the beginning")
        page.value("take('pause', { 'go-to': 3600e6 }); 1")
        page.value("window.saved = []; save = (it) => window.saved.push(it); 1")
        for kind in ["strip-svg", "view-svg", "pcapng", "journal"]:
            click(f'[data-save="{kind}"]')
        click("#shown-sequence")
        page.value("take({seek: 1}); 1")
        click('[data-save="csv"]')
        names = page.value("window.saved.map((it) => it.name)")
        equal([name.split(".")[-1] for name in names], ["svg", "svg", "pcapng", "jsonl", "csv"], "files")
        expect(all(page.value("window.saved.map((it) => it.hex.length > 100)")), "the files have contents")
        click("#shown-ladder")
        dark = page.value("root.classList.contains('dark')")
        click("#theme")
        expect(page.value("root.classList.contains('dark')") != dark, "light and dark")
        page.value("window.copied = null; navigator.clipboard.writeText = async (it) => { window.copied = it; }; 1")
        click("#share")
        page.until("window.copied !== null")
        page.value("window.print = () => { window.printed = true; }; 1")
        click("#print")
        expect(page.value("window.printed"), "Print prints")
        click("#race")
        equal(state("content"), "race", "a race")
        page.until("state.over", 30)
        expect(page.value("at('lanes').querySelectorAll('tr').length") == 5, "a lane for each protocol")
        click("#quiz")
        equal(state("content"), "quiz", "a quiz")
        self.answer_all(page, click)
        found = page.value("[...document.querySelectorAll('button, input, select')].map((it) => it.dataset.save"
                           " ? `[data-save=\"${it.dataset.save}\"]` : '#' + it.id)")
        choices = {it for it in found if it == "#"}  # The quiz's choices have no name.
        equal(sorted(set(found) - used - choices), [], "controls that this test does not use")
        equal(page.complaints(), [], "the console complains")
        page.value("localStorage.clear(); 1")  # The other tests follow the system's colours.
        page.close()

    def answer_all(self, page, click):
        for _ in range(20):
            if not page.value("state.quiz.choices.length"):
                break
            expect(page.value("state.quiz.answered === null && at('next').hidden"), "not answered yet")
            expect(page.value("!('right' in state.quiz)"), "the right answer is not told before")
            click("#choices button:nth-child(2)")
            equal(page.value("state.quiz.answered.choice"), 1, "the answer")
            expect(page.value("at('verdict').textContent.length > 20"), "the reason is told")
            click("#next")
        expect(page.value("state.quiz.choices.length === 0"), "the quiz comes to its end")
        right, given = page.value("state.quiz.score")
        expect(0 <= right <= given and given >= 2, "the score counts")

    def a_click_drops_the_packet_and_the_line_says_so(self):
        page = Page(self.browser)
        page.open(self.url + "#open=run&link=delay=50ms;rate=1mbit&arq=go-back-n&window=4&packets=8&at=190000")
        expect(page.value("state.run.in_flight.length") >= 2, "packets are in flight")
        self.drop(page, page.click_at)
        page.close()

    def a_finger_drops_it_too(self):
        page = Page(self.browser, 360, 740, touch=True)
        page.open(self.url + "#open=run&link=delay=50ms;rate=1mbit&arq=go-back-n&window=4&packets=8&at=190000")
        self.drop(page, page.tap)
        page.close()

    def drop(self, page, click_at):
        page.value("at('main').scrollIntoView({ block: 'center', behavior: 'instant' }); 1")
        # The newest disc: a packet on its way.
        x, y = page.value("(() => { const all = document.querySelectorAll('#main svg circle');"
                          " const box = all[all.length - 1].getBoundingClientRect();"
                          " return [box.left + box.width / 2, box.top + box.height / 2]; })()")
        click_at(x, y)
        page.until("state.fields.scenario.includes('drop=')")
        label = page.value("state.fields.scenario").split("drop=")[1]
        expect(label not in page.value("state.run.in_flight"), f"{label} is not in flight any more")
        expect(label in page.value("location.hash"), "the link has it")
        expect(label in page.value("at('scenario').value"), "the field has it")

    def the_keys_do_all_that_the_mouse_does(self):
        page = Page(self.browser)
        page.open(self.url)
        # The first card is some tabs away; Enter opens it.
        for _ in range(30):
            page.key("Tab")
            if page.value("document.activeElement.id") == "card-lose-one-packet":
                break
        page.key("Enter")
        page.until("state.content === 'run'")
        equal(page.value("document.activeElement.id"), "main", "the keys are for the run")
        page.key(" ")
        expect(not page.value("state.playing"), "space pauses")
        page.key("Home")
        page.key(" ")
        page.key("ArrowRight")
        expect(page.value("state.run.index") > 0, "right steps")
        page.value("take({ 'go-to': 190000 }); 1")
        page.key("ArrowDown")
        expect(page.value("state.about !== null && state.about[1].length > 0"), "down points at a packet")
        page.key("Delete")
        page.until("state.fields.scenario.split(',').length === 2")
        page.key("ArrowRight", shift=True)
        expect("at the sender" in page.value("state.about[0]"), "shift and right points at a segment")
        page.key("ArrowDown", shift=True)
        expect("at the receiver" in page.value("state.about[0]"), "shift and down points at the receiver's")
        page.key("Escape")
        equal(page.value("state.about"), None, "escape lets go")
        page.key("ArrowLeft")
        page.key("End")
        equal(page.complaints(), [], "the console complains")
        page.close()

    def a_link_opens_the_same_moment_again(self):
        page = Page(self.browser)
        page.open(self.url + "#card=selective-repeat")
        page.value("take('pause', { see: 'sender' }, { 'go-to': 333000 }); 1")
        expect("#card=selective-repeat" in page.value("location.href"), "a card has a short link")
        self.opens_again(page)
        page.value("take('step'); take({ kill: state.run.in_flight[0] }); 1")
        expect("drop=" in page.value("location.href"), "a changed one has all of it")
        self.opens_again(page)
        page.close()

    def opens_again(self, page):
        state = page.value("state")
        link = page.value("location.href")
        other = Page(self.browser)
        other.open(link)
        again = other.value("state")
        for part in ["fields", "time_us", "shown", "sees"]:
            equal(again[part], state[part], f"{part} of the link {link}")
        for part in ["sender", "receiver", "base", "next", "expected", "in_flight"]:
            equal(again["run"][part], state["run"][part], f"{part} of the link")
        other.close()

    def what_makes_no_sense_is_answered_with_a_sentence(self):
        page = Page(self.browser)
        for fragment, sentence in [("#link=loss=banana", "Invalid scenario"),
                                   ("#window=0", "The window"), ("#card=nothing", "No such card"),
                                   ("#open=%ZZ&link=%00<script>", "Invalid scenario")]:
            page.open(self.url + fragment)
            page.until("at('notice').textContent.length > 0")
            told = page.value("at('notice').textContent")
            expect(sentence in told, f"{fragment} is answered with: {told}")
        for request in ["{", "[]", '{"do": ["fly"]}', '{"do": [{"tick": -1}]}', '{"do": [{"tick": 1e300}]}',
                        '{"do": [{"answer": 99}, "next-question", {"kill": "x"}, {"seek": 7}]}',
                        '{"draw": {"width": 1, "height": 1}}', '{"draw": {"width": -5, "height": 1e9}}']:
            answer = page.value(f"JSON.stringify(ask(JSON.parse({json.dumps(request)})))"
                                if request != "{" else "'{}'")
            expect(isinstance(answer, str), f"{request} has no answer")
        page.close()

    # --- the same as elsewhere ---------------------------------------------------------

    def two_hundred_runs_are_the_native_ones_step_by_step(self):
        runs = [requests_of(seed) for seed in range(SEEDS)]
        lines = "".join("new\n" + "".join(json.dumps(it) + "\n" for it in run) for run in runs)
        native = subprocess.run([self.options.lines], input=lines, capture_output=True, text=True, check=True)
        native = native.stdout.splitlines()
        page = Page(self.browser)
        page.open(self.url)
        place = steps = killed = 0
        for seed, run in enumerate(runs):
            answers = page.value(f"start().then(() => {json.dumps(run)}.map((it) => JSON.stringify(ask(it))))")
            for request, answer in zip(run, answers):
                wanted = json.loads(native[place])
                found = json.loads(answer)
                equal(found, wanted, f"seed {seed}, {request}")
                place += 1
                steps += 1
                killed += any("kill" in deed for deed in request["do"] if isinstance(deed, dict))
                expect("problem" not in found, f"seed {seed}: {found.get('problem')}")
                equal(found["state"]["content"], "run", f"the stage of seed {seed}")
        equal(place, len(native), "answers")
        print(f"  {SEEDS} runs, {steps} answers, {killed} clicks that drop a packet: all the same")
        page.close()

    def the_journals_are_those_of_the_house(self):
        if not self.options.lab:
            print("  left out: no --lab")
            return
        page = Page(self.browser)
        page.open(self.url)
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(24):
                fields = fields_of(random.Random(1_000 + seed))
                answer = page.value(
                    f"start().then(() => ask({{ do: [{{ run: {json.dumps(fields)} }}, {{ 'go-to': 3600e6 }},"
                    " { save: 'journal' }] }))")
                found = bytes.fromhex(answer["saved"]["hex"]).decode()
                size = fields["packets"] * 1436
                subprocess.run([self.options.lab, "run", "--link", fields["scenario"], "--arq", fields["arq"],
                                "--window", "1" if fields["arq"] == "stop-and-wait" else fields["window"],
                                "--congestion", fields["congestion"], "--size", str(size),
                                "--journal", folder], check=True, capture_output=True)
                [file] = pathlib.Path(folder).iterdir()
                wanted = file.read_text()
                file.unlink()
                equal(found, wanted, f"journal {seed}, {fields}")
                expect(answer["state"]["over"], "the run is over")
        page.close()

    # --- a class ------------------------------------------------------------------------

    def a_phone_answers_the_teachers_question(self):
        if not (self.options.server and self.options.client):
            print("  left out: no --server or no --client")
            return
        with tempfile.TemporaryDirectory() as folder, ClassOf(self.options, self.page_file, folder) as class_:
            page = Page(self.browser, 360, 740, touch=True)
            page.open(class_.url)
            page.until("at('class-question').textContent.includes('not asked a question yet')")
            class_.teacher("/ask drop=d2.1;delay=50ms --arq go-back-n")
            page.until("at('class-choice-1') !== null")
            page.click("#class-choice-1")
            page.until("at('class-notice').textContent === 'Type your name first.'")
            page.value("at('class-name-field').focus(); 1")
            page.call("Input.insertText", text="dana")
            page.click("#class-join")
            page.until("at('class-notice').textContent.includes('teacher')")
            page.value("at('class-name-field').value = 'guy'; 1")
            page.click("#class-join")
            page.until("at('class-head').textContent.startsWith('guy,')")
            page.click("#class-choice-0")
            page.until("at('class-choice-0').getAttribute('aria-pressed') === 'true'")
            page.click("#class-choice-1")
            page.until("at('class-choice-1').getAttribute('aria-pressed') === 'true'")
            expect("is changed" in page.value("at('class-notice').textContent"), "the answer is confirmed")
            told = page.value("at('class').textContent")
            expect("right" not in told and "%" not in told, f"something is told before: {told}")
            expect(page.value("document.querySelectorAll('#class svg line').length") > 4, "the run is drawn")
            wide = page.value("document.documentElement.scrollWidth")
            expect(wide <= 360, f"the question is {wide} wide")
            if self.options.screenshots:
                shot(page, pathlib.Path(self.options.screenshots, "class-question.png"))
            # A reload keeps the name and the answer.
            page.open(class_.url)
            page.until("at('class-choice-1') !== null && at('class-choice-1').getAttribute('aria-pressed') === 'true'")
            class_.teacher("/reveal")
            page.until("at('class-verdict') !== null")
            expect("1, 100 %" in page.value("at('class').textContent"), "the distribution")
            if self.options.screenshots:
                shot(page, pathlib.Path(self.options.screenshots, "class-revealed.png"))
            page.click("#class-play")
            page.until("state.content === 'run'")
            equal(page.value("state.fields.scenario"), "drop=d2.1;delay=50ms", "the run of the question")
            class_.teacher("/ask drop=d2.1;delay=50ms --arq go-back-n --packets")
            page.until("at('class-packets') !== null")
            page.value("at('class-packets').focus(); 1")
            page.call("Input.insertText", text="12")
            page.click("#class-answer")
            page.until("at('class-notice').textContent.includes('noted')")
            self.exercise(page, class_)
            others = [it for it in page.requests() if not it.startswith(class_.url)]
            equal(others, [], "requests to elsewhere")
            page.value("localStorage.clear(); 1")
            page.close()

    def exercise(self, page, class_):
        page.value("at('scenario').focus(); 1")
        class_.teacher("/lab drop=d2.1,d3.1;delay=50ms --arq go-back-n --window 4 --size 11488")
        page.until("at('class-predicted') !== null")
        equal(page.value("document.activeElement.id"), "scenario", "the exercise takes the focus")
        page.value("at('class-predicted').focus(); 1")
        page.call("Input.insertText", text="9")
        time.sleep(2.5)  # It looks again, and keeps what is typed.
        equal(page.value("at('class-predicted').value"), "9", "the prediction")
        if self.options.screenshots:
            shot(page, pathlib.Path(self.options.screenshots, "class-exercise.png"))
        page.click("#class-exercise-run")
        page.until("at('class-exercise-play') !== null")
        page.until("at('class-notice').textContent.includes('You predicted 9 packets; the sender transmitted 12')")
        equal(page.value("state.fields.scenario"), "drop=d2.1,d3.1;delay=50ms", "the run of the exercise")

    def every_ladder_of_the_lessons_has_a_link_that_plays_it(self):
        root = pathlib.Path(__file__).parent.parent.parent
        text = (root / "report" / "lesson.md").read_text()
        program = [sys.executable, root / "report" / "book" / "play.py", "../laboratory.html"]
        linked = subprocess.run(program, input=text, capture_output=True, text=True, check=True).stdout
        links = re.findall(r'<a href="\.\./laboratory\.html([^"]*)">', linked)
        equal(len(links), text.count("$ lab ladder"), "links of the lessons")
        page = Page(self.browser)
        for link in map(html.unescape, links):
            page.open(self.url + link)
            equal(page.value("state.content"), "run", link)
            equal(page.value("state.fields.packets"), 7, link)
            expect("drop=d2.1" in page.value("state.fields.scenario"), link)
        page.close()

    # --- how it looks -----------------------------------------------------------------

    def nothing_is_wider_than_the_screen(self):
        folder = self.options.screenshots and pathlib.Path(self.options.screenshots)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        for width, height in SIZES:
            for dark in [False, True]:
                page = Page(self.browser, width, height, dark, touch=width < 500)
                for name, fragment, script in VIEWS:
                    page.open(self.url + fragment)
                    page.value(script + "; 1")
                    expect(page.value("root.classList.contains('dark')") == dark, "it follows the system")
                    wide = page.value("document.documentElement.scrollWidth")
                    expect(wide <= width, f"{name} at {width} is {wide} wide")
                    cut = page.value(CUT_OFF)
                    equal(cut, [], f"{name} at {width}: texts that are cut off")
                    small = page.value("[...document.querySelectorAll('button, select')].filter((it) =>"
                                       " it.offsetParent && it.offsetHeight < 30).map((it) => it.id)")
                    equal(small, [], f"{name} at {width}: too small for a finger")
                    equal(page.complaints(), [], "the console complains")
                    if folder:
                        shot(page, folder / f"{name}-{width}-{'dark' if dark else 'light'}.png")
                page.close()

    def it_can_be_printed_from_the_dark(self):
        page = Page(self.browser, 1024, 768, dark=True)
        page.open(self.url + "#open=run&link=delay=50ms;rate=1mbit;drop=d2.1&arq=go-back-n&window=4&packets=8&at=480000")
        pdf = base64.b64decode(page.call("Page.printToPDF", printBackground=True)["data"])
        expect(pdf.startswith(b"%PDF"), "a PDF")
        page.value("window.dispatchEvent(new Event('beforeprint')); 1")
        ground = page.value("document.querySelector('#main svg rect').getAttribute('fill')")
        equal(ground, "#ffffff", "paper is white")
        dark = [{"name": "prefers-color-scheme", "value": "dark"}]
        page.call("Emulation.setEmulatedMedia", media="print", features=dark)
        hidden = page.value("['fields', 'theme', 'play', 'knobs'].every((it) => !at(it).offsetParent)")
        expect(hidden, "controls are not printed")
        expect("go-back-n, window 4, 8 packets" in page.value("at('caption').innerText"), "what it shows is printed")
        if self.options.screenshots:
            page.resize(720, 1000)
            shot(page, pathlib.Path(self.options.screenshots) / "print.png")
            pathlib.Path(self.options.screenshots, "print.pdf").write_bytes(pdf)
        page.call("Emulation.setEmulatedMedia", media="screen", features=dark)
        page.value("window.dispatchEvent(new Event('afterprint')); 1")
        ground = page.value("document.querySelector('#main svg rect').getAttribute('fill')")
        expect(ground != "#ffffff", "and dark again")
        page.close()


class ClassOf:
    """A server with a class of dana's, and dana."""

    def __init__(self, options, page, folder):
        self.options, self.page, self.folder = options, page, pathlib.Path(folder)

    def __enter__(self):
        (self.folder / "files").mkdir()
        (self.folder / "chalk").write_text("white chalk\n")
        self.server = subprocess.Popen(
            [pathlib.Path(self.options.server).resolve(), "--bind", "127.0.0.1:0", "--files", "files", "--class",
             "--teacher", "dana", "--teacher-password-file", "chalk", "--web", "0", "--web-page", self.page],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = [self.server.stdout.readline() for _ in range(3)]
        address = lines[0].removeprefix("listening on ").strip()
        self.url = lines[2].removeprefix("In a browser: ").strip()
        self.client = subprocess.Popen(
            [pathlib.Path(self.options.client).resolve(), "--text", "--server", address, "--name", "dana",
             "--password-file", "chalk"],
            cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        return self

    def teacher(self, line):
        self.client.stdin.write(line + "\n")
        self.client.stdin.flush()

    def __exit__(self, *_):
        for process in [self.client, self.server]:
            process.kill()
            process.wait()


# Words of the page that do not fit where they are.
CUT_OFF = """[...document.querySelectorAll('button, label, h1, h2, p, td, th, output, .title, .words')]
    .filter((it) => it.offsetParent && !it.closest('.hidden') && !it.classList.contains('hidden'))
    .filter((it) => it.scrollWidth > it.clientWidth + 1 && getComputedStyle(it).display !== 'inline')
    .map((it) => (it.id || it.tagName) + ': ' + it.textContent.trim().slice(0, 40))"""

VIEWS = [
    ("cards", "", "window.scrollTo(0, 0)"),
    ("run", "#open=run&link=delay=50ms;rate=1mbit;drop=d2.1&arq=go-back-n&window=4&packets=8&at=262000",
     "take({ 'point-packet': { later: true } })"),
    ("sender", "#open=run&link=delay=50ms;rate=1mbit;drop=d2.1&arq=go-back-n&window=4&packets=8&sees=sender&at=262000", "0"),
    ("long", "#open=run&link=seed=7;loss=10%;delay=50ms;rate=2mbit&arq=sack&window=16&packets=70&at=900000", "0"),
    ("race", "#card=the-same-losses", "take('pause', { seek: 0.6 })"),
    ("quiz", "#card=what-comes-next", "take({ answer: 1 })"),
    ("chart", "#open=run&link=seed=7;loss=10%;delay=50ms;rate=2mbit&arq=sack&window=16&packets=70&shown=sequence&at=3000000", "0"),
    ("theory", "#open=run&link=delay=50ms;rate=1mbit;drop=d2.1&arq=go-back-n&window=4&packets=8&shown=theory&at=480000", "0"),
]


def shot(page, file):
    data = page.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
    height = page.value("document.documentElement.scrollHeight")
    width = page.value("window.innerWidth")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, 2600), "scale": 1}
    data = page.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
    file.write_bytes(base64.b64decode(data))


def fields_of(chance):
    """Fields that make sense, of every kind."""
    parts = [f"seed={chance.randrange(1000)}"]
    for word, values in [("loss", ["1%", "5%", "10%", "30%"]), ("delay", ["1ms", "20ms", "50ms"]),
                         ("jitter", ["5ms"]), ("duplicate", ["5%"]), ("reorder", ["10%"]), ("corrupt", ["3%"]),
                         ("burst", ["2%/25%"]), ("rate", ["1mbit", "10mbit"]), ("queue", ["20kB"])]:
        if chance.random() < (0.9 if word in ("delay", "rate") else 0.3):
            parts.append(f"{word}={chance.choice(values)}")
    if chance.random() < 0.4:
        parts.append(f"drop=d{chance.randrange(5)}.1,a{chance.randrange(1, 5)}.1")
    arq = chance.choice(["stop-and-wait", "go-back-n", "selective-repeat", "sack", "sack"])
    return {
        "scenario": ";".join(parts), "arq": arq, "window": str(chance.choice([1, 2, 4, 8, 16])),
        "congestion": chance.choice(["fixed", "reno", "cubic", "bbr"]) if arq == "sack" else "fixed",
        "packets": chance.choice([1, 3, 5, 8, 12, 20, 40]),
    }


def requests_of(seed):
    """What somebody with this seed does: steps, drops, slides, looks."""
    chance = random.Random(seed)
    draw = {"width": chance.choice([320, 700, 1100]), "height": 420, "dark": chance.random() < 0.5}
    requests = [{"do": [{"run": fields_of(chance)}, "pause"]}]
    for step in range(60):
        kind = chance.random()
        if kind < 0.7:
            deeds = ["step"]
        elif kind < 0.78:
            deeds = ["step-back"]
        elif kind < 0.86:
            deeds = ["play-or-pause", {"tick": chance.choice([16.6, 40, 300])}, "pause"]
        elif kind < 0.90:
            deeds = [{"seek": chance.random()}]
        elif kind < 0.94:
            deeds = [{"kill": f"{chance.choice('da')}{chance.randrange(8)}.1"}]
        elif kind < 0.97:
            deeds = [{"turn": {"knob": chance.choice(["loss", "delay", "rate", "jitter"]), "place": chance.randrange(6)}}]
        else:
            deeds = [{"see": chance.choice(["sender", "everything"])}, {"point-packet": {"later": False}}]
        request = {"do": deeds}
        if step % 6 == 5:
            request["draw"] = draw
        requests.append(request)
    requests.append({"do": [{"seek": 1}, "play-or-pause"] + [{"tick": 1000}] * 40, "draw": draw})
    return requests


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page")
    parser.add_argument("lines")
    parser.add_argument("--lab")
    parser.add_argument("--server")
    parser.add_argument("--client")
    parser.add_argument("--screenshots")
    parser.add_argument("--only", default="")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser")
                        or shutil.which("google-chrome") or "chromium")
    tests = Tests(parser.parse_args())
    names = [name for name in dir(Tests) if not name.startswith("_") and "_" in name and name not in ("answer_all", "opens_again", "exercise")]
    failed = passed = 0
    try:
        for name in names:
            if tests.options.only not in name:
                continue
            began = time.monotonic()
            tests.browser.events.clear()
            try:
                getattr(tests, name)()
            except (Failed, LookupError, OSError, ValueError, subprocess.SubprocessError) as why:
                failed += 1
                print(f"FAILED {name.replace('_', ' ')}: {why}")
            else:
                passed += 1
                print(f"ok {name.replace('_', ' ')} ({time.monotonic() - began:.1f} s)")
            sys.stdout.flush()
    finally:
        tests.browser.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
