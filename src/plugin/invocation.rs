//! How the program was started.

use std::ffi::OsString;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Invocation {
    /// No arguments: Terraform started it, or a person did so by mistake.
    Plugin,
    /// `--debug [ADDRESS]`: serve until Ctrl-C, for a debugger. The address is the one in
    /// `required_providers`, when it is not the published one.
    Debug(Option<String>),
    /// `--version`
    Version,
    /// `--help`
    Help,
    /// Something else.
    Unknown(String),
}

impl Invocation {
    /// From the arguments after the program name.
    pub(super) fn of(arguments: impl Iterator<Item = OsString>) -> Self {
        let arguments: Vec<_> = arguments
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        let words: Vec<_> = arguments.iter().map(String::as_str).collect();
        match *words.as_slice() {
            [] => Self::Plugin,
            ["--debug" | "-debug"] => Self::Debug(None),
            ["--debug" | "-debug", address] if !address.starts_with('-') => {
                Self::Debug(Some(address.to_owned()))
            }
            ["--version" | "-version" | "-V"] => Self::Version,
            ["--help" | "-help" | "-h"] => Self::Help,
            _ => Self::Unknown(words.join(" ")),
        }
    }
}

/// What a person reads who starts the program by hand.
pub(super) fn by_hand(name: &str) -> String {
    format!(
        "This program is a Terraform provider. Terraform and OpenTofu start it by themselves; it \
         is not meant to be run by hand.\n\n\
         To use it, name it in a configuration:\n\n    \
         terraform {{\n      required_providers {{\n        {name} = {{ source = \"…/{name}\" }}\n      \
         }}\n    }}\n\n{OPTIONS}\n"
    )
}

/// The options, one per line.
pub(super) const OPTIONS: &str = "\
Options:
  --version          print name and version
  --debug [ADDRESS]  serve until Ctrl-C and print the TF_REATTACH_PROVIDERS to use with it;
                     ADDRESS as in required_providers, when it is not the published one
  --help             print this";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: &Invocation) {
        let arguments = arguments.iter().map(OsString::from);
        assert_eq!(&Invocation::of(arguments), expected);
    }

    #[test]
    fn arguments_choose_what_to_do() {
        check(&[], &Invocation::Plugin);
        check(&["--debug"], &Invocation::Debug(None));
        let address = "registry.terraform.io/ecrpublic/ecrpublic";
        check(
            &["-debug", address],
            &Invocation::Debug(Some(address.to_owned())),
        );
        check(&["--version"], &Invocation::Version);
        check(
            &["--debug", "--version"],
            &Invocation::Unknown("--debug --version".to_owned()),
        );
        check(&["serve"], &Invocation::Unknown("serve".to_owned()));
    }
}
