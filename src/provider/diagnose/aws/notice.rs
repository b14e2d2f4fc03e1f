//! What works, if not as it reads.

use crate::aws::Notice;
use crate::aws::error::NamedBy;
use crate::tf::{Diagnostic, Path};

use super::credentials::named_by_words;

/// Words for what the practitioner should know although everything works.
pub(crate) fn notice(notice: &Notice) -> Diagnostic {
    match notice {
        Notice::NoFipsForEcrPublic { named_by } => {
            let warning = Diagnostic::warning("ECR Public has no FIPS endpoint")
                .detail(format!(
                    "FIPS endpoints are asked for by {}. That holds for STS. The API of ECR Public \
                     has none, so it is called at its usual endpoint.",
                    named_by_words(named_by)
                ))
                .hint(
                    "Where that is not acceptable, do not use ECR Public. Where it is, there is \
                     nothing to do.",
                );
            match named_by {
                NamedBy::Configuration => warning.at(Path::root("use_fips_endpoint")),
                NamedBy::Environment(_) | NamedBy::Profile(_) => warning,
            }
        }
        Notice::DeprecatedVariable { name, instead } => {
            Diagnostic::warning("Deprecated environment variable")
                .detail(format!(
                    "`{name}` says where STS is. AWS does not know this variable; hashicorp/aws \
                     calls it deprecated."
                ))
                .hint(format!("Set `{instead}` in its place."))
        }
        Notice::HttpProxyCarriesHttps => Diagnostic::warning("Missing HTTPS proxy")
            .at(Path::root("http_proxy"))
            .detail(
                "`http_proxy` is set, and there is no proxy for HTTPS, so HTTPS goes through \
                 `http_proxy` too, as with hashicorp/aws.",
            )
            .hint(
                "Set `https_proxy` to the same URL if that is meant, or to `\"\"` if HTTPS needs \
                 no proxy.",
            ),
    }
}
