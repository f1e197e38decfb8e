//! The first lines of the server: its addresses, for programs and for a class.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// The limit of printed addresses: a computer with containers has many.
const MOST_ADDRESSES: usize = 4;

/// The address for programs, then what users and students type. `with_code`: stdout is a
/// terminal, so the page's address is shown as a QR code too.
#[must_use]
pub fn greeting(
    address: SocketAddr,
    web: Option<SocketAddr>,
    with_code: bool,
) -> Vec<String> {
    let addresses = if address.ip().is_unspecified() {
        outside_addresses(address.is_ipv6())
    } else {
        Vec::new()
    };
    lines(address, web, &addresses, with_code)
}

fn lines(
    address: SocketAddr,
    web: Option<SocketAddr>,
    outside: &[IpAddr],
    with_code: bool,
) -> Vec<String> {
    let port = address.port();
    let mut lines = vec![format!("listening on {address}")];
    let (own, outside) = match address.ip() {
        ip if ip.is_unspecified() => (true, outside.to_vec()),
        ip if ip == IpAddr::V4(Ipv4Addr::LOCALHOST) => (true, Vec::new()),
        ip => (false, vec![ip]),
    };
    if own {
        lines.push(format!("client --server localhost:{port}"));
    }
    let usual = outside.iter().filter(|ip| !ip.is_loopback());
    let usual: Vec<String> = usual.map(ToString::to_string).collect();
    if let Some(first) = outside.first() {
        let host = host(*first);
        lines.push(format!("client --server {host}:{port}"));
    }
    if let Some((first, others)) = usual.split_first() {
        let others = if others.is_empty() {
            String::new()
        } else {
            format!(" (or {})", others.join(", "))
        };
        lines.push(format!("Tell students: {first}{others}, port {port}"));
    }
    if let Some(web) = web {
        let host = outside
            .first()
            .map_or("localhost".to_owned(), |ip| host(*ip));
        let url = format!("http://{host}:{}/", web.port());
        lines.push(format!("In a browser: {url}"));
        if with_code {
            lines.extend(code(&url));
        }
    }
    lines
}

fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A QR code, black on white whatever the colours of the terminal are.
fn code(url: &str) -> Vec<String> {
    let Ok(code) = QrCode::new(url) else {
        return Vec::new(); // An address is short enough.
    };
    let drawn = code.render::<Dense1x2>().build();
    let coloured = |line: &str| format!("\x1b[30;107m{line}\x1b[0m");
    drawn.lines().map(coloured).collect()
}

/// The addresses of this computer at which others reach it, the most likely one first.
fn outside_addresses(with_ipv6: bool) -> Vec<IpAddr> {
    let outward = outward_address();
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        log::debug!("cannot list the addresses of this computer: {error}");
        Vec::new()
    });
    let is_told = |it: &if_addrs::Interface| {
        !it.is_loopback() && !it.is_link_local() && (with_ipv6 || it.ip().is_ipv4())
    };
    let mut others: Vec<IpAddr> = interfaces
        .iter()
        .filter(|it| is_told(it))
        .map(if_addrs::Interface::ip)
        .filter(|ip| Some(*ip) != outward)
        .collect();
    others.sort_unstable(); // IPv4 first.
    let mut all: Vec<IpAddr> = outward.into_iter().chain(others).collect();
    all.truncate(MOST_ADDRESSES);
    all
}

/// The address that others see, if this machine has a route to the outside. Nothing is
/// sent: connecting a UDP socket only consults the routing table (RFC 5737 reserves this
/// address for documentation).
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified() && !address.is_loopback()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(address: &str, web: Option<&str>, outside: &[&str]) -> Vec<String> {
        let outside: Vec<_> = outside.iter().map(|it| it.parse().unwrap()).collect();
        let web = web.map(|it| it.parse().unwrap());
        lines(address.parse().unwrap(), web, &outside, false)
    }

    #[test]
    fn students_are_told_every_address_at_which_they_reach_the_server() {
        let wanted = [
            "listening on 0.0.0.0:50000",
            "client --server localhost:50000",
            "client --server 192.0.2.7:50000",
            "Tell students: 192.0.2.7 (or 198.51.100.2), port 50000",
            "In a browser: http://192.0.2.7:8080/",
        ];
        let addresses = ["192.0.2.7", "198.51.100.2"];
        let lines = told("0.0.0.0:50000", Some("0.0.0.0:8080"), &addresses);
        assert_eq!(lines, wanted);
        let lines = told("[2001:db8::7]:50000", Some("[2001:db8::7]:80"), &[]);
        assert_eq!(lines[1], "client --server [2001:db8::7]:50000");
        assert_eq!(lines[2], "Tell students: 2001:db8::7, port 50000");
        assert_eq!(lines[3], "In a browser: http://[2001:db8::7]:80/");
    }

    #[test]
    fn a_server_for_this_computer_alone_tells_students_nothing() {
        let lines = told("127.0.0.1:50000", Some("127.0.0.1:8080"), &[]);
        let wanted = [
            "listening on 127.0.0.1:50000",
            "client --server localhost:50000",
            "In a browser: http://localhost:8080/",
        ];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn a_code_is_square_and_has_its_quiet_zone() {
        let lines = code("http://192.0.2.7:8080/");
        let width = lines[0].chars().count() - "\x1b[30;107m\x1b[0m".chars().count();
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(lines[0].contains("        "));
    }
}
