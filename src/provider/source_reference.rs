//! `source`, wherever it is written.

use crate::oci::Reference;
use crate::tf::{Attr, Diagnostic, Diagnostics, Path};

use super::role::excerpt;

/// Reads the reference, and tells what is wrong with it. `None` when it is wrong, absent or not
/// known yet.
pub(crate) fn read(source: &Attr<String>, problems: &mut Diagnostics) -> Option<Reference> {
    let text = source.known()?;
    match text.parse() {
        Ok(source) => Some(source),
        Err(error) => {
            problems.push(
                Diagnostic::error("Invalid source reference")
                    .at(Path::root("source"))
                    .detail(format!(
                        "`{}` is not an image reference: {error}.",
                        excerpt(text)
                    )),
            );
            None
        }
    }
}
