//! Which hosts are private to this machine or network, as far as a URL alone can tell.
//!
//! Host names are not resolved: private endpoints of public services (an S3 gateway behind a
//! corporate name, AWS PrivateLink) are legitimate, and a proxy resolves names we never see. What
//! is written in an address, in whatever notation, is judged; `url` has already turned `0x7f.1`
//! and `2130706433` into `127.0.0.1`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The instance metadata service of AWS over IPv6, which is unique-local and not link-local.
const AWS_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Whether the URL names this machine: `localhost`, a name below it, or a loopback address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => canonical(address).is_loopback(),
        None => false,
    }
}

/// Whether the URL names an address that does not belong to the public internet: loopback,
/// private, link-local (cloud metadata lives there), shared, multicast or unspecified.
pub(crate) fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => match canonical(address) {
            IpAddr::V4(address) => is_private_v4(address),
            IpAddr::V6(address) => is_private_v6(address),
        },
        None => true,
    }
}

/// Whether the URL names an address of the link itself, or another one at which a cloud tells
/// machines their credentials: nothing that a registry could be at.
pub(crate) fn is_link_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_link_local(),
        Some(Host::Ipv6(address)) => match canonical(address) {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local() || address == AWS_METADATA,
        },
        Some(Host::Domain(_)) | None => false,
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || name
            .rsplit_once('.')
            .is_some_and(|(_, last)| last.eq_ignore_ascii_case("localhost"))
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || first == 0
        || (first == 100 && (64..128).contains(&second)) // RFC 6598, shared address space
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast()
}

/// The IPv4 address inside an IPv6 one, where there is one: mapped, compatible or NAT64.
fn canonical(address: Ipv6Addr) -> IpAddr {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let embedded = || {
        let [one, two] = high.to_be_bytes();
        let [three, four] = low.to_be_bytes();
        Ipv4Addr::new(one, two, three, four)
    };
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => IpAddr::V4(embedded()),
        [0, 0, 0, 0, 0, 0] if (high, low) > (0, 1) => IpAddr::V4(embedded()),
        _ => IpAddr::V6(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(predicate: fn(&Url) -> bool, yes: &[&str], no: &[&str]) {
        for host in yes {
            let url = Url::parse(&format!("https://{host}/x")).unwrap();
            assert!(predicate(&url), "{host}");
        }
        for host in no {
            let url = Url::parse(&format!("https://{host}/x")).unwrap();
            assert!(!predicate(&url), "{host}");
        }
    }

    #[test]
    fn loopback_is_recognised_in_every_notation() {
        check(
            is_loopback,
            &[
                "localhost",
                "LocalHost.",
                "registry.localhost:5000",
                "127.0.0.1",
                "127.8.9.1",
                "2130706433",
                "0x7f.1",
                "0177.0.0.1",
                "[::1]",
                "[::ffff:127.0.0.1]",
            ],
            &["example.com", "localhost.example.com", "10.0.0.1", "[::2]"],
        );
    }

    #[test]
    fn addresses_with_credentials_of_machines_are_recognised() {
        check(
            is_link_local,
            &[
                "169.254.169.254",
                "2852039166",
                "[fe80::1]",
                "[::ffff:169.254.170.2]",
                "[fd00:ec2::254]",
            ],
            &[
                "127.0.0.1",
                "10.0.0.1",
                "169.253.0.1",
                "localhost",
                "[fd00::1]",
            ],
        );
    }

    #[test]
    fn addresses_outside_the_public_internet_are_private() {
        check(
            is_private,
            &[
                "localhost",
                "0.0.0.0",
                "10.1.2.3",
                "100.64.0.1",
                "127.0.0.1",
                "169.254.169.254",
                "172.16.0.1",
                "192.168.1.1:8080",
                "224.0.0.1",
                "255.255.255.255",
                "[::]",
                "[::1]",
                "[fc00::1]",
                "[fd00:ec2::254]",
                "[fe80::1]",
                "[ff02::1]",
                "[::ffff:10.0.0.1]",
                "[64:ff9b::a9fe:a9fe]",
            ],
            &[
                "example.com",
                "8.8.8.8",
                "100.128.0.1",
                "172.32.0.1",
                "[2606:4700::1]",
                "[::ffff:8.8.8.8]",
            ],
        );
    }
}
