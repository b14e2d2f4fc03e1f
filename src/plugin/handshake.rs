//! What the host hands over in the environment, and the one line that answers it.

#[cfg(any(not(unix), test))]
use std::ops::RangeInclusive;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::listener::{Address, Place};

/// What the host asks for.
#[derive(Debug)]
pub(super) struct Host {
    /// The only client to let in; `None` when the host switched TLS off.
    pub(super) client_certificate: Option<CertificateDer<'static>>,
    /// Where to listen.
    pub(super) place: Place,
    /// Whether the host reads a seventh field.
    asks_about_multiplexing: bool,
}

/// Why the process cannot be a plugin.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeError {
    /// No host is there.
    #[error("not started by Terraform")]
    NoHost,
    /// The host's certificate cannot be used.
    #[error("the certificate in {CLIENT_CERTIFICATE} cannot be read")]
    Certificate,
    /// The port range cannot be used.
    #[cfg(any(not(unix), test))]
    #[error("{0} is not a port number")]
    Port(&'static str),
}

impl Host {
    /// From the environment.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, HandshakeError> {
        if variable(COOKIE).as_deref() != Some(COOKIE_VALUE) {
            return Err(HandshakeError::NoHost);
        }
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let certificate = variable(CLIENT_CERTIFICATE).map(|pem| {
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| HandshakeError::Certificate)
        });
        Ok(Self {
            client_certificate: certificate.transpose()?,
            place: Place {
                directory: variable("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
                group: variable("PLUGIN_UNIX_SOCKET_GROUP"),
                #[cfg(any(not(unix), test))]
                ports: ports(&variable)?,
            },
            asks_about_multiplexing: variable("PLUGIN_MULTIPLEX_GRPC").is_some(),
        })
    }

    /// What the variable with this name must be, if that is known.
    pub(super) fn cookie(name: &str) -> Option<String> {
        (name == COOKIE).then(|| COOKIE_VALUE.to_owned())
    }

    /// The handshake line, with its end. The protocol named is ours, whichever the host offers in
    /// `PLUGIN_PROTOCOL_VERSIONS`: its complaint about a mismatch is better than ours.
    pub(super) fn line(&self, address: &Address, certificate: Option<&[u8]>) -> String {
        let Address { network, text } = address;
        let certificate = certificate
            .map(|der| BASE64_STANDARD_NO_PAD.encode(der))
            .unwrap_or_default();
        // Hosts that do not ask split into six fields at most.
        let multiplexing = if self.asks_about_multiplexing {
            "|false"
        } else {
            ""
        };
        format!("{CORE_PROTOCOL}|6|{network}|{text}|grpc|{certificate}{multiplexing}\n")
    }
}

#[cfg(any(not(unix), test))]
fn ports(
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<RangeInclusive<u16>, HandshakeError> {
    let port = |name, default| match variable(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| HandshakeError::Port(name)),
    };
    let (first, last) = Place::default().ports.into_inner();
    Ok(port("PLUGIN_MIN_PORT", first)?..=port("PLUGIN_MAX_PORT", last)?)
}

/// The variable that tells a plugin host from a person.
const COOKIE: &str = "TF_PLUGIN_MAGIC_COOKIE";

/// Its value. Not a secret: every provider has it.
const COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The variable with the client certificate of automatic mTLS, PEM.
const CLIENT_CERTIFICATE: &str = "PLUGIN_CLIENT_CERT";

/// The version of the handshake itself.
const CORE_PROTOCOL: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn host(variables: &[(&str, &str)]) -> Result<Host, HandshakeError> {
        let mut all = vec![(COOKIE, COOKIE_VALUE), ("PLUGIN_PROTOCOL_VERSIONS", "5,6")];
        all.retain(|(name, _)| !variables.iter().any(|(other, _)| other == name));
        all.extend(variables);
        Host::read(|wanted| {
            let found = all.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn unix() -> Address {
        Address {
            network: "unix",
            text: "/run/plugin-1".to_owned(),
        }
    }

    #[test]
    fn without_the_right_cookie_there_is_no_host() {
        for cookie in ["", "d602", &COOKIE_VALUE.to_uppercase()] {
            let refused = host(&[(COOKIE, cookie)]);
            assert!(matches!(refused, Err(HandshakeError::NoHost)), "{cookie}");
        }
    }

    #[test]
    fn the_line_has_six_fields_and_keeps_its_last_bar_without_tls() {
        let host = host(&[]).unwrap();
        assert_eq!(host.line(&unix(), None), "1|6|unix|/run/plugin-1|grpc|\n");
    }

    #[test]
    fn the_certificate_is_written_without_padding() {
        let line = host(&[]).unwrap().line(&unix(), Some(&[0xff; 4]));
        assert_eq!(line, "1|6|unix|/run/plugin-1|grpc|/////w\n");
    }

    #[test]
    fn a_seventh_field_answers_the_host_that_asks() {
        let host = host(&[("PLUGIN_MULTIPLEX_GRPC", "true")]).unwrap();
        assert_eq!(
            host.line(&unix(), None),
            "1|6|unix|/run/plugin-1|grpc||false\n"
        );
    }

    #[test]
    fn the_protocol_is_ours_whatever_the_host_speaks() {
        for versions in ["6,5", "5", ""] {
            let host = host(&[("PLUGIN_PROTOCOL_VERSIONS", versions)]).unwrap();
            assert!(host.line(&unix(), None).starts_with("1|6|"), "{versions}");
        }
    }

    #[test]
    fn what_the_host_hands_over_is_checked() {
        let certificate = host(&[(CLIENT_CERTIFICATE, "no certificate")]);
        assert!(matches!(certificate, Err(HandshakeError::Certificate)));
        let ports = host(&[("PLUGIN_MAX_PORT", "10007")]).unwrap().place.ports;
        assert_eq!(ports, 10_000..=10_007);
        let port = host(&[("PLUGIN_MIN_PORT", "70000")]);
        assert!(matches!(port, Err(HandshakeError::Port("PLUGIN_MIN_PORT"))));
    }
}
