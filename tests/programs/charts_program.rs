//! `lab chart` and `lab sweep` as programs: the error messages for wrong arguments, and the
//! results that remain after Ctrl-C.

use crate::running::signal;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[test]
fn an_invalid_argument_is_answered_with_the_allowed_values() {
    let cases: [(&[&str], &str); 7] = [
        (
            &["sweep", "--loss", "0,ten"],
            "\"ten\" is not allowed here. Write percentages from 0 to 100, such as",
        ),
        (
            &["sweep", "--window", "1,0"],
            "\"0\" is not allowed here. Write windows from 1 to 8192 packets",
        ),
        (
            &["sweep", "--delay", "5"],
            "\"5\" is not allowed here. Write delays with us, ms or s, such as",
        ),
        (
            &["sweep", "--arq", "go-back"],
            "choose stop-and-wait, go-back-n, selective-repeat or sack",
        ),
        (
            &["sweep", "--link", "los=1%"],
            "unknown word \"los\"; did you mean \"loss\"?",
        ),
        (
            &["sweep", "--link", "loss=1%"],
            "--loss sets loss. Leave it out of --link",
        ),
        (
            &["chart", "--kind", "speed"],
            "choose sequence, window, rtt or goodput",
        ),
    ];
    for (arguments, sentence) in cases {
        let ended = lab(arguments, Path::new("."));
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(said.contains(sentence), "{arguments:?}: {said}");
        assert!(!ended.status.success(), "{arguments:?}");
    }
}

#[test]
fn a_chart_without_points_is_an_error_and_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old.svg"), "old").unwrap();
    let arguments = ["chart", "--kind", "goodput", "--size", "0", "-o", "old.svg"];
    let ended = lab(&arguments, folder.path());
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(
        said,
        "lab: Goodput over time: there is no point, but a chart needs two\n"
    );
    assert_eq!(fs::read(folder.path().join("old.svg")).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_truncated_journal_is_charted_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let run = [
        "run",
        "--arq",
        "go-back-n",
        "--link",
        "loss=5%;delay=5ms",
        "--journal",
        ".",
    ];
    assert!(lab(&run, folder.path()).status.success());
    let path = folder.path().join("go-back-n.jsonl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let chart = ["chart", "--kind", "sequence", "go-back-n.jsonl"];
    let drawn = String::from_utf8(lab(&chart, folder.path()).stdout).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n"));
    assert!(drawn.contains("go-back-n.jsonl: the last line is incomplete"));
    fs::write(&path, "{\"journal\":\"sash\",\"version\":0}\n").unwrap();
    let said = String::from_utf8(lab(&chart, folder.path()).stderr).unwrap();
    let sentence = "it is an event log of version 0; this program reads version 1";
    assert!(said.contains(sentence), "{said}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_the_finished_cells() {
    let folder = tempfile::tempdir().unwrap();
    let losses: Vec<_> = (0..100)
        .map(|tenths| format!("{}", f64::from(tenths) / 10.0))
        .collect();
    let losses = losses.join(",");
    let sizes = "1KiB,100KiB,10MiB,20MiB,30MiB,40MiB";
    let arguments = [
        "sweep", "--loss", &losses, "--size", sizes, "--csv", "part.csv",
    ];
    let mut sweep = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(arguments)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(sweep.stderr.take().unwrap());
    let mut progress = String::new();
    said.read_line(&mut progress).unwrap();
    assert!(progress.ends_with(" of 2400 cells\n"), "{progress}");
    signal(&sweep, "-INT");
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("finished cells are kept"), "{rest}");
    assert!(!sweep.wait().unwrap().success());
    let csv = fs::read_to_string(folder.path().join("part.csv")).unwrap();
    let fields: Vec<_> = csv.lines().map(|line| line.split(',').count()).collect();
    assert!(
        fields.len() > 1 && fields.len() < 1801,
        "{} lines",
        fields.len()
    );
    assert!(fields.iter().all(|&count| count == fields[0]) && csv.ends_with('\n'));
}

fn lab(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("lab is built")
}
