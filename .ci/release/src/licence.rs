//! Whether we agree to a licence, which a crate names in the words of SPDX.

/// What everybody may do with everything that is linked into the program. MPL 2.0 is our own, too;
/// the notices say where its source is.
const ACCEPTED: [&str; 10] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
];

/// Whether an expression leaves us a choice that is accepted.
pub(crate) fn is_accepted(expression: &str) -> bool {
    // Before there were expressions, a stroke meant OR.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any(&mut words) == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `A OR B`; nothing where that cannot be read.
fn any(words: &mut Words<'_>) -> Option<bool> {
    let mut is_accepted = all(words)?;
    while words.next_if_eq(&"OR").is_some() {
        is_accepted |= all(words)?;
    }
    Some(is_accepted)
}

/// `A AND B`, which binds more closely.
fn all(words: &mut Words<'_>) -> Option<bool> {
    let mut is_accepted = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        is_accepted &= one(words)?;
    }
    Some(is_accepted)
}

fn one(words: &mut Words<'_>) -> Option<bool> {
    let name = words.next()?;
    if name == "(" {
        let inner = any(words)?;
        return words.next_if_eq(&")").map(|_| inner);
    }
    let name = match words.next_if_eq(&"WITH") {
        Some(_) => format!("{name} WITH {}", words.next()?),
        None => name.to_owned(),
    };
    Some(ACCEPTED.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::is_accepted;

    #[test]
    fn one_accepted_choice_is_enough_and_all_parts_are_needed() {
        for accepted in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "GPL-3.0-only/MIT",
            "ISC AND (GPL-3.0-only OR Apache-2.0)",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_accepted(accepted), "{accepted}");
        }
        for refused in [
            "",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "ISC AND (GPL-3.0-only OR AGPL-3.0-only)",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "(MIT",
            "MIT Apache-2.0",
            "MIT OR",
        ] {
            assert!(!is_accepted(refused), "{refused}");
        }
    }
}
