//! The contract with Terraform, held by a plugin host of our own over the socket of a real process.
//!
//! | What a provider must do | Held by |
//! |---|---|
//! | 1. without the cookie: words on stderr, exit code 1, nothing on stdout | [`handshake`] |
//! | 2. one handshake line of at most six fields, base64 without padding, nothing else on stdout | [`handshake`] |
//! | 3. TLS: the right client and nobody else; ALPN `h2` | [`tls`] |
//! | 4. SIGINT is the host's; an interrupted apply ends with the state that is in force | [`stop`] |
//! | 5. `StopProvider` answers at once and only stops what has begun | [`stop`] |
//! | 6. `Shutdown` ends the process whatever runs; the socket goes too | [`shutdown`], and how long it may take in `src/plugin/ending.rs` |
//! | 7. messages of 20 MiB, and none above 256 MiB | [`messages`] |
//! | 8. log lines that the host can read; panics as it recognises them | [`logs`], panics in `src/plugin/log/tests.rs` |
//! | 9. values come through unharmed | [`values`], byte for byte in `src/tf/wire/tests.rs` |
//! | 10. stored state is read leniently | [`upgrade`] |
//! | 11. the second plan says what the first one said | [`planning`] |
//! | 12. what exists is in the answer to an apply that failed; a panic is a diagnostic | [`apply`], [`panics`]; the same of a refresh in [`refresh`] |
//! | 13. no changes after an apply, a replacement, an import; nothing left after a destroy | [`convergence`]; imports also in [`refresh`] |
//! | 14. a debugger's process serves one host after the other | [`attach`] |
//!
//! [`services`] and [`calls`] hold what surrounds the calls: the other services of a plugin, and an
//! answer to every call there is. [`hosts`] replays what each host since Terraform 1.0 says,
//! and [`listing`] and [`actions`] what only newer ones do than the scenarios run.

mod actions;
mod apply;
mod attach;
mod calls;
mod convergence;
mod handshake;
mod hosts;
mod listing;
mod logs;
mod messages;
mod new_roles;
mod panics;
mod planning;
mod refresh;
mod services;
mod shutdown;
mod stop;
pub(crate) mod support;
mod tls;
mod upgrade;
mod values;
