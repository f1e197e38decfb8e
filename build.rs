//! Says in one sentence what the window is built with, where that is missing: FLTK is C++,
//! and without this the first to complain would be its build tool.

use std::env;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["PATH", "CMAKE", "CXX"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let has_window = env::var_os("CARGO_FEATURE_GUI").is_some();
    let is_native = env::var("HOST") == env::var("TARGET");
    if !has_window || !is_native || env::var("HOST").is_ok_and(|it| it.contains("msvc")) {
        return;
    }
    let named = |variable, usual: &str| env::var(variable).unwrap_or(usual.to_owned());
    let tools = [
        ("CMake", named("CMAKE", "cmake")),
        ("a C++ compiler", named("CXX", "c++")),
    ];
    let mut missing: Vec<_> = tools
        .into_iter()
        .filter(|(_, program)| !runs(program))
        .map(|(what, _)| what)
        .collect();
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|it| it == "linux") && !has_headers() {
        missing.push("the headers of X11 and Pango");
    }
    if !missing.is_empty() {
        let missing = missing.join(" and ");
        println!(
            "cargo::error=The window needs {missing}. Install what is missing (./sash demo does so \
             on Debian and Ubuntu), or build for the terminal alone with --no-default-features."
        );
    }
}

fn runs(program: &str) -> bool {
    let mut asked = Command::new(program);
    asked.arg("--version").stdin(Stdio::null());
    asked.stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok()
}

/// Whether `pkg-config` finds the headers of X11 and Pango.
fn has_headers() -> bool {
    let mut asked = Command::new("pkg-config");
    asked.args(["--exists", "x11", "xft", "pangocairo", "pangoxft"]);
    asked.status().is_ok_and(|status| status.success())
}
