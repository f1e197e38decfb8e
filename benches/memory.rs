//! How much memory a large download takes, of the server and of the client.
//!
//! ```text
//! cargo bench --bench memory                               10 GiB
//! cargo bench --bench memory -- --gib 1 --folder /var/tmp
//! ```
//!
//! Both programs are looked at from outside: the most memory that each ever had, over what
//! it had once it was there and idle. The file that is sent is sparse and takes no room on
//! the disk; the one that arrives is real, and taken away in the end. A folder in memory
//! (`tmpfs`) would not do. Linux only.

#![cfg_attr(
    target_os = "linux",
    expect(
        clippy::unwrap_used,
        clippy::print_stdout,
        reason = "a benchmark prints, and ends where it cannot go on"
    )
)]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use clap::Parser;
    use std::fs::{self, File};
    use std::io::{BufRead, BufReader, Write};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};

    /// The memory that a download takes.
    #[derive(Debug, Parser)]
    struct Arguments {
        /// The file's size, in GiB
        #[arg(long, default_value_t = 10)]
        gib: u64,
        /// Where the file arrives: on a disk with as much room
        #[arg(long, default_value = "/var/tmp")]
        folder: PathBuf,
        /// What `cargo bench` adds
        #[arg(long, hide = true)]
        bench: bool,
    }

    /// A program that runs; it ends with this value.
    struct Program {
        name: &'static str,
        process: Child,
        /// What it had when it was there. Unit: KiB.
        idle: u64,
    }

    pub(super) fn main() {
        let arguments = Arguments::parse();
        let folder = tempfile::tempdir_in(&arguments.folder).unwrap();
        let files = folder.path().join("files");
        fs::create_dir(&files).unwrap();
        let file = File::create(files.join("large.bin")).unwrap();
        file.set_len(arguments.gib << 30).unwrap();

        let (server, mut said) = Program::start("server", |command| {
            command
                .args(["--bind", "127.0.0.1:0", "--files"])
                .arg(&files);
        });
        let listening = line_with(&mut said, "listening on ");
        let address = listening.trim_start_matches("listening on ");
        let (client, mut said) = Program::start("client", |command| {
            let words = ["--text", "--name", "dana", "--server", address, "--out"];
            command.args(words).arg(folder.path());
        });
        line_with(&mut said, "Joined");
        let mut programs = [server, client];
        for program in &mut programs {
            program.idle = program.kibibytes("VmRSS:");
        }
        let [_, client] = &mut programs;
        let typed = client.process.stdin.as_mut().unwrap();
        typed.write_all(b"/download large.bin\n").unwrap();
        println!("{}", line_with(&mut said, "arrived whole"));
        println!("{:<8}{:>10}{:>10}{:>10}", "MiB", "idle", "peak", "above");
        for program in &programs {
            let mebibytes = |kibibytes: u64| kibibytes.div_ceil(1024);
            let peak = program.kibibytes("VmHWM:");
            println!(
                "{:<8}{:>10}{:>10}{:>10}",
                program.name,
                mebibytes(program.idle),
                mebibytes(peak),
                mebibytes(peak - program.idle)
            );
        }
    }

    /// The first line with these words.
    fn line_with(said: &mut impl BufRead, words: &str) -> String {
        let mut lines = said.lines().map_while(Result::ok);
        let found = lines.find(|line| line.contains(words));
        found.expect("the program ended first")
    }

    impl Program {
        /// Starts it; and what it says.
        fn start(
            name: &'static str,
            arguments: impl FnOnce(&mut Command),
        ) -> (Self, impl BufRead) {
            let path = match name {
                "server" => env!("CARGO_BIN_EXE_server"),
                _ => env!("CARGO_BIN_EXE_client"),
            };
            let mut command = Command::new(path);
            arguments(&mut command);
            command.env("RUST_LOG", "error");
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut process = command.spawn().unwrap();
            let said = BufReader::new(process.stdout.take().unwrap());
            let program = Self {
                name,
                process,
                idle: 0,
            };
            (program, said)
        }

        /// A line of the kernel's status of it.
        fn kibibytes(&self, line: &str) -> u64 {
            let status = Path::new("/proc").join(self.process.id().to_string());
            let status = fs::read_to_string(status.join("status")).unwrap();
            let mut lines = status.lines();
            let found = lines.find_map(|it| it.strip_prefix(line)).unwrap();
            found.trim().trim_end_matches(" kB").parse().unwrap()
        }
    }

    impl Drop for Program {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}
