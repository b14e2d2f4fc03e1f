//! Writing the XML of the Query protocol.

/// A growing document.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// An element with text in it.
    pub(super) fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name);
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                // XML 1.0 has no way to write the other control characters.
                '\t' | '\n' | '\r' => self.0.push(character),
                _ if character.is_control() => self.0.push('\u{fffd}'),
                _ => self.0.push(character),
            }
        }
        self.close(name)
    }

    /// An element with elements in it.
    pub(super) fn nest(&mut self, name: &str, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.open(name);
        fill(self);
        self.close(name)
    }

    /// What was written by another writer.
    pub(super) fn raw(&mut self, xml: &str) {
        self.0.push_str(xml);
    }

    /// The text so far.
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// The outermost element, in the namespace of STS.
    pub(super) fn document(name: &str, fill: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self(format!(
            "<{name} xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        ));
        fill(&mut xml);
        xml.close(name);
        xml.0
    }

    fn open(&mut self, name: &str) {
        self.0.push_str(&format!("<{name}>"));
    }

    fn close(&mut self, name: &str) -> &mut Self {
        self.0.push_str(&format!("</{name}>"));
        self
    }
}
