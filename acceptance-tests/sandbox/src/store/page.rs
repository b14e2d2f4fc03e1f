//! Pages of a list, with the opaque tokens of the service.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::StoreError;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The token of the page before; nothing for the first.
    pub token: Option<String>,
    /// At most this many, 1 to 1000; 100 when absent.
    pub max: Option<usize>,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// The token of the next page, when there is one.
    pub next: Option<String>,
}

impl Page {
    /// The page after the item with this name.
    pub(crate) fn starting_after(self, name: &str) -> Self {
        Self {
            token: Some(encode(name)),
            ..self
        }
    }

    /// Cuts this page out of `all`, which is sorted by `key`.
    ///
    /// A token names the last key of its page, so a list that changes between two pages neither
    /// repeats nor skips what stayed.
    pub(super) fn cut<T>(
        &self,
        all: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> Result<Paged<T>, StoreError> {
        let max = self.max.unwrap_or(100);
        if !(1..=1000).contains(&max) {
            return Err(StoreError::invalid(
                "maxResults",
                "value between 1 and 1000",
            ));
        }
        let after = self.token.as_deref().map(decode).transpose()?;
        let mut rest = all
            .into_iter()
            .skip_while(|item| after.as_ref().is_some_and(|after| key(item) <= *after));
        let items: Vec<T> = rest.by_ref().take(max).collect();
        let more = rest.next().is_some();
        let next = items.last().filter(|_| more).map(|last| encode(&key(last)));
        Ok(Paged { items, next })
    }
}

fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("after:{key}"))
}

fn decode(token: &str) -> Result<String, StoreError> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix("after:").map(str::to_owned))
        .ok_or_else(|| StoreError::invalid("nextToken", "a token of an earlier answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn following_the_tokens_visits_everything_once() {
        let all: Vec<String> = (0..7).map(|n| format!("item{n}")).collect();
        let mut seen = Vec::new();
        let mut page = Page {
            token: None,
            max: Some(3),
        };
        loop {
            let cut = page.cut(all.clone(), Clone::clone).unwrap();
            seen.extend(cut.items);
            match cut.next {
                Some(next) => page.token = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_token_of_another_service_and_a_page_of_nothing_are_refused() {
        let page = Page {
            token: Some("AAAA".into()),
            max: None,
        };
        assert!(page.cut([1], i32::to_string).is_err());
        let page = Page {
            token: None,
            max: Some(0),
        };
        assert!(page.cut([1], i32::to_string).is_err());
    }
}
