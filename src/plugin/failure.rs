//! Why the process could not serve, or not go on, in words for whoever sees standard error.

use std::io::{self, Write as _};
use std::process::ExitCode;

use super::handshake::HandshakeError;
use super::invocation::{OPTIONS, by_hand};
use super::tls::CertificateFailure;

/// The process could not serve, or not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The environment is not that of a plugin.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The certificate of this process could not be made.
    #[error(transparent)]
    Certificate(#[from] CertificateFailure),
    /// A socket, signal handler, thread or standard output could not be had.
    #[error("the operating system refused")]
    System(#[from] io::Error),
    /// Whoever was connected is not served any more.
    #[error("the server failed")]
    Server(#[from] tonic::transport::Error),
    /// Arguments that nobody knows.
    #[error("`{0}` is not an argument of this program")]
    Arguments(String),
}

impl Failure {
    /// Says it, and gives the exit code to end with.
    pub(super) fn complain(&self, name: &str) -> ExitCode {
        let text = match self {
            Self::Handshake(HandshakeError::NoHost) => by_hand(name),
            Self::Arguments(_) => format!("{self}\n\n{OPTIONS}\n"),
            Self::Handshake(_) | Self::Certificate(_) | Self::System(_) => {
                format!("terraform-provider-{name} cannot start: {}\n", self.full())
            }
            Self::Server(_) => format!("terraform-provider-{name} stopped: {}\n", self.full()),
        };
        // Without standard error there is nobody to tell.
        drop(io::stderr().lock().write_all(text.as_bytes()));
        ExitCode::FAILURE
    }

    fn full(&self) -> String {
        let cause = std::error::Error::source(self);
        let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
        format!("{self}{cause}")
    }
}

/// Writes to standard output, all at once.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
