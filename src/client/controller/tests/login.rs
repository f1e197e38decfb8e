//! Tests of logins with a password.

use super::*;
use crate::room::login::{Admission, Challenger, Entropy, Password};
use crate::wire::message::{Challenge, Proof, Role};

/// A server that knows a password, for logins only.
struct Server {
    challenger: Option<Challenger>,
    challenge: Challenge,
}

impl Server {
    fn new(password: &str) -> Self {
        let password = Password::new(password).unwrap();
        let entropy = Entropy([1; 32]);
        let (challenger, challenge) =
            Challenger::new(&password, Role::Room, "dana", entropy).unwrap();
        Self {
            challenger: Some(challenger),
            challenge,
        }
    }

    fn judge(&mut self, proof: &Proof) -> Option<Admission> {
        self.challenger.take().unwrap().judge(proof)
    }
}

fn client_with(password: Option<&str>) -> Controller {
    let mut client = Controller::new(RequestedOptions::default(), false);
    let password = password.map(|text| Password::new(text).unwrap());
    client.on_intent(Intent::SetPassword(password), 0);
    connect(&mut client, "", "dana");
    let join = requests(&mut client);
    assert!(matches!(join[..], [Request::Join { .. }]), "{join:?}");
    client
}

/// Challenges the client; returns its proof.
fn challenge(client: &mut Controller, server: &Server) -> Proof {
    reply(client, Reply::Challenge(server.challenge.clone()));
    assert_eq!(client.take_effects(), [Effect::Draw]);
    client.on_event(Event::Drawn(Entropy([2; 32])), 10);
    let sent = requests(client);
    let [Request::Proof(proof)] = &sent[..] else {
        panic!("{sent:?}");
    };
    proof.clone()
}

fn welcome(client: &mut Controller, admission: Option<&Admission>) {
    reply(
        client,
        Reply::Welcome(Welcome {
            confirmation: admission.map(|it| it.confirmation),
            teacher: Some("noa".into()),
            ..open_room()
        }),
    );
}

fn refused(client: &mut Controller, code: Code) {
    reply(
        client,
        Reply::Refused(Refusal {
            code,
            sentence: "No.".into(),
            suggestion: None,
        }),
    );
}

#[test]
fn a_given_password_is_proved_and_requests_wait_for_the_welcome() {
    let mut client = client_with(Some("open sesame"));
    assert_eq!(typed(&mut client, "hi"), []);
    let mut server = Server::new("open sesame");
    let proof = challenge(&mut client, &server);
    let admission = server.judge(&proof).unwrap();
    welcome(&mut client, Some(&admission));
    assert_eq!(client.model().phase, Phase::Joined);
    assert_eq!(client.model().teacher.as_deref(), Some("noa"));
    let said = requests(&mut client);
    assert_eq!(said, [Request::Say { text: "hi".into() }]);
    assert_eq!(typed(&mut client, "ho").len(), 1);
}

#[test]
fn without_a_password_the_user_is_asked_and_no_request_is_lost() {
    let mut client = client_with(None);
    assert_eq!(typed(&mut client, "hi").len(), 1);
    let server = Server::new("open sesame");
    reply(&mut client, Reply::Challenge(server.challenge.clone()));
    assert_eq!(client.take_effects(), [Effect::HangUp]);
    let problem = client.model().login_problem.clone().unwrap();
    assert!(
        matches!(problem, LoginProblem::Password { .. }),
        "{problem:?}"
    );
    // After a wrong one the client asks again.
    for (text, is_right) in [("guess", false), ("open sesame", true)] {
        let password = Password::new(text).unwrap();
        client.on_intent(Intent::SetPassword(Some(password)), 20);
        connect(&mut client, "", "dana");
        assert_eq!(requests(&mut client).len(), 1);
        let mut server = Server::new("open sesame");
        let proof = challenge(&mut client, &server);
        let admission = server.judge(&proof);
        assert_eq!(admission.is_some(), is_right);
        if is_right {
            welcome(&mut client, admission.as_ref());
        } else {
            refused(&mut client, Code::WrongPassword);
            assert_eq!(client.take_effects(), [Effect::HangUp]);
            let problem = client.model().login_problem.as_ref().unwrap();
            assert!(matches!(problem, LoginProblem::Password { .. }));
        }
    }
    let said = requests(&mut client);
    assert_eq!(said, [Request::Say { text: "hi".into() }]);
}

#[test]
fn the_client_leaves_a_server_that_does_not_know_the_password() {
    for confirms in [false, true] {
        let mut client = client_with(Some("open sesame"));
        let server = Server::new("guess");
        let proof = challenge(&mut client, &server);
        // The server lets the client join anyway, with the confirmation of another login,
        // or none.
        let mut elsewhere = Server::new("guess");
        let entropy = Entropy([3; 32]);
        let guess = Password::new("guess").unwrap();
        let answered =
            crate::room::login::answer(&guess, &elsewhere.challenge, "dana", entropy);
        let other = elsewhere.judge(&answered.unwrap().0);
        welcome(&mut client, other.as_ref().filter(|_| confirms));
        assert!(client.take_effects().contains(&Effect::HangUp));
        let problem = client.model().login_problem.as_ref().unwrap();
        assert!(
            problem.sentence().contains("does not know"),
            "{problem:?}, {proof:?}"
        );
    }
}

#[test]
fn the_client_joins_a_server_that_asks_for_no_password_and_says_so() {
    let mut client = client_with(Some("open sesame"));
    welcome(&mut client, None);
    assert_eq!(client.model().phase, Phase::Joined);
    let lines: Vec<_> = client.model().chat.lines().collect();
    assert!(lines.iter().any(|it| it.text.contains("did not ask")));
    // A challenge after joining is not answered.
    let server = Server::new("open sesame");
    reply(&mut client, Reply::Challenge(server.challenge.clone()));
    assert_eq!(client.take_effects(), []);
}

#[test]
fn the_token_and_the_keys_of_an_offer_are_derived_from_the_login_key() {
    let mut client = client_with(Some("open sesame"));
    let mut server = Server::new("open sesame");
    let proof = challenge(&mut client, &server);
    let admission = server.judge(&proof).unwrap();
    welcome(&mut client, Some(&admission));
    typed(&mut client, "/download notes.txt");
    let sent = offer(1);
    reply(&mut client, Reply::Offer(sent.clone()));
    let mut expected = sent.clone();
    expected.token = admission.key.token(sent.token, sent.transfer);
    let started = Effect::StartDownload {
        tag: 1,
        offer: expected,
        keys: Some(admission.key.traffic_keys(sent.token, sent.transfer)),
    };
    assert!(client.take_effects().contains(&started));
}

#[test]
fn an_invalid_challenge_ends_the_login() {
    let mut client = client_with(Some("open sesame"));
    let mut challenge = Server::new("open sesame").challenge;
    challenge.message.0 = [0; 33];
    reply(&mut client, Reply::Challenge(challenge));
    let _ = client.take_effects();
    client.on_event(Event::Drawn(Entropy([2; 32])), 10);
    assert_eq!(client.take_effects(), [Effect::HangUp]);
    assert!(client.model().login_problem.is_some());
}
