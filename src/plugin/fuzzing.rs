//! What whoever starts the process can put into its environment.

use super::handshake::Host;
use super::listener::Address;

/// The environment of the handshake: one variable a line, `NAME=value`. The cookie is right unless
/// a line says otherwise; in values, `\x01` stands for the end of a line.
pub fn handshake(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let variable = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let found = lines.find(|(found, _)| *found == name);
        let value = found.map(|(_, value)| value.replace('\u{1}', "\n"));
        value.or_else(|| Host::cookie(name))
    };
    let Ok(host) = Host::read(variable) else {
        return;
    };
    let address = Address {
        network: "unix",
        text: "/run/plugin-1".to_owned(),
    };
    let line = host.line(&address, host.client_certificate.as_deref());
    let (fields, end) = line.split_at(line.len() - 1);
    assert_eq!(end, "\n");
    assert!(!fields.contains('\n'), "more than one line");
    assert!(matches!(fields.split('|').count(), 6 | 7), "{line}");
}
