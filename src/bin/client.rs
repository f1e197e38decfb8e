//! Placeholder until the client's own comes.
fn main() {
    env_logger::init();
    let mut args = std::env::args().skip(1);
    let settings = sash::client::Settings {
        server: args.next(),
        name: args.next(),
        asked: Default::default(),
        out: "/tmp/sashout".into(),
        scenario: "".parse().unwrap(),
    };
    sash::client::view::run(&settings, 1).unwrap();
}
