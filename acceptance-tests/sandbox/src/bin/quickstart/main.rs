//! Real Terraform mirrors an image into two accounts of a stand-in ECR Public, while you watch.
//!
//! `cargo quickstart` needs Rust and Terraform: no AWS account, no Docker, no network. With
//! `--keep` the stand-ins keep running afterwards, for you to play with.

mod read_back;
mod reads;
mod stage;
mod story;
mod tell;
mod terraform;

use std::process::ExitCode;

/// What the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Tell the story and clean up.
    Story,
    /// Tell the story up to the second plan, and leave everything running.
    Keep,
    /// Print how this is used.
    Help,
}

const USAGE: &str = "\
cargo quickstart [--keep]

Builds the provider, starts stand-ins for Docker Hub, STS and ECR Public on this machine, and lets
real Terraform apply examples/landing-zone to two accounts.

  --keep    leave the stand-ins running and everything applied, until Ctrl-C";

#[tokio::main]
async fn main() -> ExitCode {
    let told = match wish(std::env::args().skip(1)) {
        Ok(Wish::Help) => {
            tell::say(USAGE);
            return ExitCode::SUCCESS;
        }
        Ok(wish) => story::tell(wish == Wish::Keep).await,
        Err(unknown) => Err(anyhow::anyhow!("unknown argument `{unknown}`\n\n{USAGE}")),
    };
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell::failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn wish(arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut wish = Wish::Story;
    for argument in arguments {
        wish = match argument.as_str() {
            "--keep" => Wish::Keep,
            "--help" | "-h" => return Ok(Wish::Help),
            _ => return Err(argument),
        };
    }
    Ok(wish)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: Result<Wish, &str>) {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        assert_eq!(wish(arguments), expected.map_err(str::to_owned));
    }

    #[test]
    fn arguments_choose_how_the_story_ends() {
        check(&[], Ok(Wish::Story));
        check(&["--keep"], Ok(Wish::Keep));
        check(&["--keep", "--help"], Ok(Wish::Help));
        check(&["--kept"], Err("--kept"));
    }
}
