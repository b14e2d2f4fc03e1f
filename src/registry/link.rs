//! Where a list goes on.

use http::HeaderMap;
use http::header::LINK;

use super::error::Fault;

/// The address in `<…>; rel="next"`, if there is one.
///
/// RFC 8288, section 3.
pub(super) fn next_link(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    for value in headers.get_all(LINK) {
        let value = value.to_str().map_err(|_text| Fault::Header("link"))?;
        let mut rest = value;
        while let Some((_, opened)) = rest.split_once('<') {
            let (address, after) = opened.split_once('>').ok_or(Fault::Header("link"))?;
            let parameters = after.split('<').next().unwrap_or_default();
            if parameters.split(';').any(is_next) {
                return Ok(Some(address.to_owned()));
            }
            rest = after;
        }
    }
    Ok(None)
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
    let mut relations = value.split_whitespace();
    name.trim().eq_ignore_ascii_case("rel")
        && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_target_of_its_link_and_of_no_other() {
        let rows = [
            (
                "</v2/a/tags/list?last=x>; rel=\"next\"",
                Some("/v2/a/tags/list?last=x"),
            ),
            ("<a>; rel=\"prev\", <b>; title=\"t\"; rel=next", Some("b")),
            ("<a>; rel=\"last next\"", Some("a")),
            ("<a>; REL = \"Next\"", Some("a")),
            ("<a>; rel=\"prev\", <b>; rel=\"first\"", None),
            ("<a>", None),
            ("", None),
        ];
        for (header, target) in rows {
            let mut headers = HeaderMap::new();
            headers.append(LINK, header.parse().unwrap());
            let found = next_link(&headers).unwrap();
            assert_eq!(found.as_deref(), target, "{header}");
        }
    }
}
