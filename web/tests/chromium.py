"""A headless Chromium, driven by the DevTools protocol through a pipe. Standard library only."""

import json
import os
import subprocess
import tempfile
import time


class Failed(Exception):
    """The page or the browser has not done what was expected."""


class Browser:
    """One Chromium with a profile of its own."""

    def __init__(self, program):
        self.profile = tempfile.TemporaryDirectory(prefix="sash-chromium.", ignore_cleanup_errors=True)
        to_browser, self.out = os.pipe()
        self.inward, from_browser = os.pipe()
        arguments = [
            program, "--headless=new", "--remote-debugging-pipe", "--no-first-run",
            "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--font-render-hinting=none", f"--user-data-dir={self.profile.name}", "about:blank",
        ]
        # Chromium reads from 3 and writes to 4.
        shell = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self.process = subprocess.Popen(
            ["sh", "-c", shell, "sh", *arguments], pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.number = 0
        self.buffer = b""
        self.events = []

    def close(self):
        """Ends it."""
        os.close(self.out)
        os.close(self.inward)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.profile.cleanup()

    def call(self, method, session=None, **parameters):
        """Calls a method of the protocol and waits for its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def read(self):
        """The next message."""
        while b"\0" not in self.buffer:
            data = os.read(self.inward, 1 << 20)
            if not data:
                raise Failed("Chromium has ended")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)


class Page:
    """A tab."""

    def __init__(self, browser, width=1024, height=800, dark=False, touch=False):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network", "Log"]:
            self.call(f"{domain}.enable")
        self.resize(width, height, touch)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)

    def call(self, method, **parameters):
        """Calls a method of the protocol for this tab."""
        return self.browser.call(method, self.session, **parameters)

    def close(self):
        """Closes the tab."""
        self.browser.call("Target.closeTarget", targetId=self.target)

    def resize(self, width, height, touch=False):
        """So wide and so high."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=touch)
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)

    def open(self, url):
        """Goes there and waits until the page is at work."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)
        self.until("typeof state === 'object' && state !== null && document.readyState === 'complete'")

    def value(self, script):
        """What the script comes to; promises are waited for."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise Failed(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def until(self, script, seconds=20):
        """Waits until the script comes to true."""
        end = time.monotonic() + seconds
        while True:
            try:
                if self.value(script):
                    return
            except Failed:
                if time.monotonic() > end:
                    raise
            if time.monotonic() > end:
                raise Failed(f"in {seconds} s it never came to: {script}")
            time.sleep(0.02)

    def middle(self, selector):
        """Where the middle of an element is, once it is in sight and nothing is over it."""
        found = self.value(f"""(() => {{
            const it = document.querySelector({json.dumps(selector)});
            if (!it) return "there is no " + {json.dumps(selector)};
            it.scrollIntoView({{ block: "center", behavior: "instant" }});
            const box = it.getBoundingClientRect();
            if (box.width === 0 || box.height === 0) return "not to be seen: " + {json.dumps(selector)};
            const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
            const top = document.elementFromPoint(x, y);
            if (!top || !(it.contains(top) || top.contains(it))) return "covered: " + {json.dumps(selector)};
            return [x, y];
        }})()""")
        if isinstance(found, str):
            raise Failed(found)
        return found

    def click(self, selector):
        """A click with the mouse on the middle of an element."""
        self.click_at(*self.middle(selector))

    def click_at(self, x, y):
        """A click with the mouse."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ["mousePressed", "mouseReleased"]:
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def move_to(self, x, y):
        """The mouse goes there."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def wheel(self, selector, down, ctrl=False):
        """The wheel is turned there, down or (negative) up."""
        x, y = self.middle(selector)
        self.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=down,
                  modifiers=2 if ctrl else 0)

    def tap(self, x, y):
        """A finger taps there."""
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def key(self, key, code=None, shift=False):
        """A key goes down and up."""
        codes = {" ": ("Space", 32), "ArrowLeft": ("ArrowLeft", 37), "ArrowUp": ("ArrowUp", 38),
                 "ArrowRight": ("ArrowRight", 39), "ArrowDown": ("ArrowDown", 40), "Home": ("Home", 36),
                 "End": ("End", 35), "Delete": ("Delete", 46), "Escape": ("Escape", 27),
                 "Tab": ("Tab", 9), "Enter": ("Enter", 13)}
        name, number = codes.get(key, (f"Key{key.upper()}", ord(key.upper()) if len(key) == 1 else 0))
        more = {"key": key, "code": code or name, "windowsVirtualKeyCode": number, "modifiers": 8 if shift else 0}
        if len(key) == 1:
            more["text"] = key
        elif key == "Enter":
            more["text"] = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", **more)
        more.pop("text", None)
        self.call("Input.dispatchKeyEvent", type="keyUp", **more)

    def requests(self):
        """Every address that was asked for."""
        events = [it for it in self.browser.events if it.get("sessionId") == self.session]
        sent = [it["params"]["request"]["url"] for it in events if it["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith(("data:", "blob:", "about:"))]

    def complaints(self):
        """What the console has to complain about."""
        events = [it for it in self.browser.events if it.get("sessionId") == self.session]
        thrown = [it["params"]["exceptionDetails"] for it in events if it["method"] == "Runtime.exceptionThrown"]
        logged = [it["params"]["entry"]["text"] for it in events if it["method"] == "Log.entryAdded"
                  and it["params"]["entry"]["level"] == "error"]
        return [it.get("exception", {}).get("description", it["text"]) for it in thrown] + logged
