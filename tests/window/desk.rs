//! A virtual display with windows of the real client, and functions that type, click and look.

use super::display::{ask_to_close, socket};
use super::server::Server;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A display; it ends with this value.
pub(crate) struct Desk {
    xvfb: Child,
    /// As in the environment variable: `:7`.
    display: String,
}

/// A window of the client; its program ends with this value.
pub(crate) struct Window {
    process: Child,
    display: String,
    /// The X11 number of the window, in decimal.
    id: String,
    /// The folder, which is removed with this value.
    folder: Option<TempDir>,
}

/// The longest wait on a slow and busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The number of checks that the picture stays unchanged.
const LOOKS: usize = 4;

/// The time between two checks.
const PAUSE: Duration = Duration::from_millis(50);

/// The distance between the windows' left edges, so that none covers another. Unit:
/// pixels.
const WINDOW_WIDTH: usize = 1010;

impl Desk {
    /// Starts a display with an unused number.
    pub(crate) fn set_up() -> Self {
        Self::with_screen((2030, 1020))
    }

    /// The same with a screen of this size.
    pub(crate) fn with_screen((width, height): (i32, i32)) -> Self {
        // Chooses the number itself: with Xvfb's `-displayfd` two displays that start at
        // once may get the same one. The number contains the process ID, so two test runs
        // do not conflict either.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let display = format!(":{}", 1_000 + process::id() % 5_000 * 10 + count);
        let xvfb = Command::new("Xvfb")
            .args([&display, "-screen", "0", &format!("{width}x{height}x24")])
            // Without `-noreset` it restarts, and refuses clients meanwhile, whenever its
            // last client has ended: after each use of `xdotool`. `-r` switches key
            // repetition off, for a busy computer that releases a key late.
            .args(["-nolisten", "tcp", "-noreset", "-r"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| missing("Xvfb", &error));
        let desk = Self { xvfb, display };
        until("a display that answers", || {
            UnixStream::connect(socket(&desk.display)).is_ok()
        });
        desk
    }

    /// As in the environment variable.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// Opens a window with these flags and waits until it has this title.
    pub(crate) fn open(&self, flags: &[&str], title: &str) -> Window {
        self.open_in(tempfile::tempdir().unwrap(), flags, title)
    }

    /// The same, with downloads in this folder.
    pub(crate) fn open_in(&self, folder: TempDir, flags: &[&str], title: &str) -> Window {
        self.open_with(folder, flags, title, |_| ())
    }

    /// The same, with an environment that differs by this.
    pub(crate) fn open_with(
        &self,
        folder: TempDir,
        flags: &[&str],
        title: &str,
        change: impl FnOnce(&mut Command),
    ) -> Window {
        let others = self.windows();
        let mut command = Command::new(env!("CARGO_BIN_EXE_client"));
        change(&mut command);
        let process = command
            .args(flags)
            .arg("--out")
            .arg(folder.path())
            .env("DISPLAY", &self.display)
            // This window has its own remembered settings, of a user whose name has
            // other letters and a space.
            .env("XDG_CONFIG_HOME", folder.path().join("דנה כהן"))
            .spawn()
            .unwrap();
        let pattern = format!("^{title}$");
        let mut id = String::new();
        until(&format!("a window called {title:?}"), || {
            id = xdotool(&self.display, &["search", "--name", &pattern]);
            !id.is_empty()
        });
        let left = (others * WINDOW_WIDTH).to_string();
        xdotool(&self.display, &["windowmove", &id, &left, "0"]);
        let window = Window {
            process,
            display: self.display.clone(),
            id,
            folder: Some(folder),
        };
        until("the window drawn", || window.is_steady());
        window
    }

    /// Opens a window that joins at once.
    pub(crate) fn open_joined(&self, server: &Server, name: &str) -> Window {
        let flags = ["--server", &server.address(), "--name", name];
        self.open(&flags, &format!("Sash - {name}"))
    }

    /// The number of windows.
    pub(crate) fn windows(&self) -> usize {
        let found = xdotool(
            &self.display,
            &["search", "--onlyvisible", "--class", "sash"],
        );
        found.lines().count()
    }

    /// Saves a picture of all windows.
    pub(crate) fn picture(&self, name: &str) {
        // Moves the mouse away, so that no tooltip is shown.
        xdotool(&self.display, &["mousemove", "2029", "1019"]);
        keep_picture(&self.display, "root", name);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.xvfb.kill().unwrap();
        self.xvfb.wait().unwrap();
    }
}

impl Window {
    /// Types a line and presses Enter.
    pub(crate) fn write(&self, line: &str) {
        self.type_text(line);
        self.press(&["Return"]);
    }

    /// Types without Enter.
    pub(crate) fn type_text(&self, text: &str) {
        self.focus();
        self.hands(&["type", "--delay", "5", text]);
    }

    /// Presses keys, as `xdotool` calls them.
    pub(crate) fn press(&self, keys: &[&str]) {
        self.focus();
        self.hands(&[&["key"], keys].concat());
    }

    /// Clicks at a place in the window.
    pub(crate) fn click(&self, place: (i32, i32)) {
        self.move_to(place);
        self.hands(&["click", "1"]);
    }

    /// Clicks the right button at a place in the window.
    pub(crate) fn right_click(&self, place: (i32, i32)) {
        self.move_to(place);
        self.hands(&["click", "3"]);
    }

    /// Clicks twice at a place in the window.
    pub(crate) fn double_click(&self, place: (i32, i32)) {
        self.move_to(place);
        self.hands(&["click", "--repeat", "2", "--delay", "40", "1"]);
    }

    /// Double-clicks at a place in the window, types a line without a pause, and presses Enter.
    pub(crate) fn double_click_and_write(&self, place: (i32, i32), line: &str) {
        self.focus();
        self.move_to(place);
        self.hands(
            &[
                &["click", "--repeat", "2", "--delay", "1", "1"][..],
                &["type", "--delay", "0", line],
            ]
            .concat(),
        );
        self.press(&["Return"]);
    }

    /// Clicks while this key is held down.
    pub(crate) fn click_with(&self, key: &str, place: (i32, i32)) {
        self.hands(&["keydown", key]);
        self.click(place);
        self.hands(&["keyup", key]);
    }

    /// Moves the mouse to this place.
    pub(crate) fn point(&self, place: (i32, i32)) {
        self.move_to(place);
    }

    /// Drags from `from` to a place in another window, in small steps, as a user does.
    pub(crate) fn drag_to(&self, from: (i32, i32), other: &Self, to: (i32, i32)) {
        self.move_to(from);
        linger();
        self.hands(&["mousedown", "1"]);
        for step in 1..=5 {
            self.move_to((from.0 + 4 * step, from.1));
            linger();
        }
        for step in [-8, -4, 0] {
            other.move_to((to.0 + step, to.1));
            linger();
        }
        self.hands(&["mouseup", "1"]);
    }

    /// Kills the program, as a power cut does; its downloads remain.
    pub(crate) fn kill(mut self) -> TempDir {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.folder.take().unwrap()
    }

    /// The folder of its downloads.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Drags the mouse from one place to another.
    pub(crate) fn drag(&self, from: (i32, i32), to: (i32, i32)) {
        self.move_to(from);
        self.hands(&["mousedown", "1"]);
        self.move_to(to);
        pause();
        self.hands(&["mouseup", "1"]);
    }

    /// Asks it to close, as a window manager does when its cross is pressed.
    pub(crate) fn close(&self) {
        ask_to_close(&self.display, self.id.parse().unwrap());
    }

    /// Waits until the program has ended.
    pub(crate) fn exit(&mut self) -> ExitStatus {
        let mut status = None;
        until("the end of the program", || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Its width and height. Unit: pixels of the screen.
    pub(crate) fn size(&self) -> (i32, i32) {
        let shown = self.hands(&["getwindowgeometry", "--shell", &self.id]);
        let [width, height] = ["WIDTH=", "HEIGHT="].map(|name| {
            let mut values = shown.lines().filter_map(|line| line.strip_prefix(name));
            values.next().unwrap().parse().unwrap()
        });
        (width, height)
    }

    /// Sets its size. Unit: pixels of the screen.
    pub(crate) fn resize(&self, (width, height): (i32, i32)) {
        let size = [width.to_string(), height.to_string()];
        self.hands(&["windowsize", "--sync", &self.id, &size[0], &size[1]]);
    }

    /// Its title.
    pub(crate) fn title(&self) -> String {
        self.hands(&["getwindowname", &self.id])
    }

    /// Whether its downloads contain such a file.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.folder().join(name).exists()
    }

    /// Whether this file has arrived; fails if it differs from the server's.
    pub(crate) fn has_whole(&self, server: &Server, name: &str) -> bool {
        let Ok(content) = fs::read(self.folder().join(name)) else {
            return false;
        };
        assert!(content == server.content(name), "{name} differs");
        true
    }

    /// Its picture: three bytes for each pixel; empty while the window does not exist.
    pub(crate) fn pixels(&self) -> Vec<u8> {
        let flags = ["-silent", "-window", &self.id, "-depth", "8", "rgb:-"];
        run("import", &self.display, flags)
    }

    /// The colour at a place in the window.
    pub(crate) fn pixel(&self, (x, y): (i32, i32)) -> [u8; 3] {
        let crop = format!("1x1+{x}+{y}");
        let window = ["-silent", "-window", &self.id, "-crop", &crop];
        let pixel = run(
            "import",
            &self.display,
            [&window[..], &["-depth", "8", "rgb:-"]].concat(),
        );
        pixel.try_into().unwrap()
    }

    /// The number of its pixels with this colour.
    pub(crate) fn count(&self, colour: [u8; 3]) -> usize {
        let pixels = self.pixels();
        pixels.chunks_exact(3).filter(|it| **it == colour).count()
    }

    /// Whether it exists and its picture does not change for a while: then it has
    /// finished drawing, even on a busy computer.
    pub(crate) fn is_steady(&self) -> bool {
        let before = self.pixels();
        let is_same = || {
            pause();
            before == self.pixels()
        };
        !before.is_empty() && (0..LOOKS).all(|_| is_same())
    }

    /// Opens the laboratory from the login form, without a server.
    pub(crate) fn enter_laboratory(&self) {
        let form = self.pixels();
        self.press(&["alt+l"]);
        until("the laboratory", || {
            self.pixels() != form && self.is_steady()
        });
    }

    /// The same, and a run that has begun and is paused.
    pub(crate) fn begin_run(&self) {
        self.enter_laboratory();
        self.press(&["alt+r"]);
        until("a run", || !self.is_steady());
        self.press(&["space"]);
    }

    /// Saves a picture.
    pub(crate) fn picture(&self, name: &str) {
        keep_picture(&self.display, &self.id, name);
    }

    fn focus(&self) {
        self.hands(&["windowfocus", "--sync", &self.id]);
    }

    fn move_to(&self, (x, y): (i32, i32)) {
        let place = [x.to_string(), y.to_string()];
        let to = ["mousemove", "--window", &self.id, &place[0], &place[1]];
        self.hands(&to);
    }

    fn hands(&self, arguments: &[&str]) -> String {
        xdotool(&self.display, arguments)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The program may have ended by itself, as it should.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Checks repeatedly, and fails when it takes too long.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is a driver and has to read the clock"
)]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < TIMEOUT, "waited in vain for {what}");
        pause();
    }
}

/// Waits like a user between two movements.
fn linger() {
    for _ in 0..4 {
        pause();
    }
}

/// Waits a moment, on a channel without senders.
fn pause() {
    let (_sender, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(PAUSE);
}

fn xdotool(display: &str, arguments: &[&str]) -> String {
    let output = run("xdotool", display, arguments);
    String::from_utf8(output).unwrap().trim().to_owned()
}

fn keep_picture(display: &str, window: &str, name: &str) {
    let folder = std::env::var_os("SASH_SCREENSHOTS")
        .map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    fs::create_dir_all(&folder).unwrap();
    // A small file: few colours, and no dots mixed for those in between.
    let file = format!("PNG8:{}", folder.join(format!("{name}.png")).display());
    let flags = ["-silent", "-window", window, "+dither", "-colors", "128"];
    // The part of a display that two windows cover when they open.
    let part = ["-crop", "2010x700+0+0", "+repage"];
    let part = part.into_iter().filter(|_| window == "root");
    let flags = flags.into_iter().chain(part).chain([file.as_str()]);
    run("import", display, flags);
}

/// The output of a program. A search without a result is no failure.
fn run<I, S>(program: &str, display: &str, arguments: I) -> Vec<u8>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let output = Command::new(program)
        .args(arguments)
        .env("DISPLAY", display)
        .stderr(Stdio::null())
        .output()
        .unwrap_or_else(|error| missing(program, &error));
    output.stdout
}

fn missing(program: &str, error: &std::io::Error) -> ! {
    panic!(
        "{program} does not start: {error}. The window's tests need it: \
         apt-get install xvfb xdotool imagemagick, or run ./sash test"
    )
}
