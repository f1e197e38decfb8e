//! A class of the teacher dana on a server of the library.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::raw_client::RawClient;
use crate::running::wait_until;
use sash::room::door::{Rules, Teacher};
use sash::room::login::Password;
use sash::server::ports::PortRange;
use sash::server::{self, Config, Running};
use sash::wire::message::Assignment;
use sash::wire::options::{Arq, Congestion};
use serde_json::{Value, json};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use tempfile::TempDir;

/// Her password.
pub(crate) const CHALK: &str = "white chalk";

pub(crate) struct Class {
    pub(crate) server: Running,
    pub(crate) folder: TempDir,
}

pub(crate) fn teacher() -> Teacher {
    Teacher {
        name: "dana".parse().unwrap(),
        password: Password::new(CHALK).unwrap(),
    }
}

impl Class {
    /// Starts the server after this change to its configuration.
    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            files: folder.path().into(),
            ports: PortRange::Any,
            rules: Rules {
                password: None,
                teacher: Some(teacher()),
                is_class: true,
            },
            class_results: Some(folder.path().join("results.csv")),
            ..Config::default()
        };
        change(&mut config);
        let server = server::start(config).unwrap();
        Self { server, folder }
    }

    pub(crate) fn teacher(&self) -> RawClient {
        RawClient::log_in(self.server.address(), "dana", CHALK)
    }

    /// The rows of the results, once the file has this many.
    pub(crate) fn rows(&self, count: usize) -> Vec<String> {
        let path = self.folder.path().join("results.csv");
        let mut rows = Vec::new();
        wait_until(|| {
            let text = fs::read_to_string(&path).unwrap();
            rows = text.lines().skip(1).map(str::to_owned).collect();
            rows.len() >= count
        });
        rows
    }
}

/// Twelve segments, of which go-back-N loses three: its right answer is in no field.
pub(crate) fn assignment() -> Assignment {
    Assignment {
        link: "drop=d2.1,d7.1;delay=50ms".to_owned(),
        arq: Arq::GoBackN,
        window: 5,
        congestion: Congestion::Fixed,
        segment_bytes: 500,
        size: 6_000,
    }
}

/// The teacher's request.
pub(crate) fn ask(about: &Value) -> Value {
    let mut fields = serde_json::to_value(assignment()).unwrap();
    fields["about"] = about.clone();
    json!({"ask": fields})
}
