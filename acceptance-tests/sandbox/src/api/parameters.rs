//! The input of a call, held against the constraints of the service model.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::store::Page;

/// The members of a structure. Members the model does not know are ignored, as the service does.
#[derive(Debug)]
pub(super) struct Parameters {
    members: Map<String, Value>,
    /// What goes before a name in messages: empty, or `catalogData.`.
    prefix: String,
}

/// How many characters or items, at least and at most.
pub(super) type Bounds = (usize, usize);

impl Parameters {
    /// Reads the body of a request. An empty one counts as a structure without members.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let malformed = |_| ApiError::Serialization("The request is not a JSON object".to_owned());
        let members = if body.is_empty() {
            Map::new()
        } else {
            serde_json::from_slice(body).map_err(malformed)?
        };
        Ok(Self {
            members,
            prefix: String::new(),
        })
    }

    /// A text of that many characters.
    pub(super) fn text(&self, name: &str, bounds: Bounds) -> Result<Option<String>, ApiError> {
        let Some(value) = self.member(name) else {
            return Ok(None);
        };
        let text = value
            .as_str()
            .ok_or_else(|| self.wrong_type(name, "a string"))?;
        self.check_length(name, text.chars().count(), bounds)?;
        Ok(Some(text.to_owned()))
    }

    /// A text that has to be there.
    pub(super) fn required_text(&self, name: &str, bounds: Bounds) -> Result<String, ApiError> {
        self.text(name, bounds)?.ok_or_else(|| self.missing(name))
    }

    /// A large text that has to be there, taken out instead of copied.
    pub(super) fn take_text(&mut self, name: &str) -> Result<String, ApiError> {
        match self.members.remove(name) {
            Some(Value::String(text)) => Ok(text),
            None | Some(Value::Null) => Err(self.missing(name)),
            Some(_) => Err(self.wrong_type(name, "a string")),
        }
    }

    /// Bytes, which JSON carries as base64.
    pub(super) fn blob(&mut self, name: &str, most: usize) -> Result<Option<Vec<u8>>, ApiError> {
        if self.member(name).is_none() {
            return Ok(None);
        }
        let text = self.take_text(name)?;
        let bytes = STANDARD
            .decode(text)
            .map_err(|_| self.wrong_type(name, "base64"))?;
        self.check_length(name, bytes.len(), (0, most))?;
        Ok(Some(bytes))
    }

    /// A whole number, not negative.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        match self.member(name) {
            None => Ok(None),
            Some(value) if value.as_i64().is_some_and(|number| number < 0) => {
                Err(self.invalid(name, "must have value greater than or equal to 0"))
            }
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong_type(name, "a whole number")),
            },
        }
    }

    /// A number that has to be there.
    pub(super) fn required_number(&self, name: &str) -> Result<u64, ApiError> {
        self.number(name)?.ok_or_else(|| self.missing(name))
    }

    /// Yes or no; no when absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.member(name) {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.wrong_type(name, "a boolean")),
        }
    }

    /// A list of texts.
    pub(super) fn texts(
        &self,
        name: &str,
        items: Bounds,
        each: Bounds,
    ) -> Result<Option<Vec<String>>, ApiError> {
        let Some(list) = self.list(name, items)? else {
            return Ok(None);
        };
        let mut texts = Vec::with_capacity(list.len());
        for item in list {
            let text = item
                .as_str()
                .ok_or_else(|| self.wrong_type(name, "a list of strings"))?;
            self.check_length(name, text.chars().count(), each)?;
            texts.push(text.to_owned());
        }
        Ok(Some(texts))
    }

    /// A list of structures.
    pub(super) fn structures(
        &self,
        name: &str,
        items: Bounds,
    ) -> Result<Option<Vec<Self>>, ApiError> {
        let Some(list) = self.list(name, items)? else {
            return Ok(None);
        };
        let structures = list.iter().map(|item| self.nested(name, item));
        structures.collect::<Result<Vec<Self>, _>>().map(Some)
    }

    /// A structure.
    pub(super) fn structure(&self, name: &str) -> Result<Option<Self>, ApiError> {
        self.member(name)
            .map(|value| self.nested(name, value))
            .transpose()
    }

    /// The page that is asked for.
    pub(super) fn page(&self) -> Result<Page, ApiError> {
        let max = match self.number("maxResults")? {
            Some(max @ 1..=1000) => usize::try_from(max).ok(),
            Some(_) => return Err(self.invalid("maxResults", "value between 1 and 1000")),
            None => None,
        };
        let token = self.text("nextToken", (0, usize::MAX))?;
        Ok(Page { token, max })
    }

    /// Pages and names of single things exclude each other.
    pub(super) fn forbid_page(&self, beside: &str) -> Result<(), ApiError> {
        let given = ["maxResults", "nextToken"]
            .into_iter()
            .find(|name| self.member(name).is_some());
        match given {
            Some(name) => Err(self.invalid(name, format!("must be null when {beside} is given"))),
            None => Ok(()),
        }
    }

    pub(super) fn missing(&self, name: &str) -> ApiError {
        ApiError::missing(&format!("{}{name}", self.prefix))
    }

    pub(super) fn invalid(&self, name: &str, constraint: impl Into<String>) -> ApiError {
        ApiError::invalid(&format!("{}{name}", self.prefix), constraint)
    }

    fn nested(&self, name: &str, value: &Value) -> Result<Self, ApiError> {
        let members = value
            .as_object()
            .ok_or_else(|| self.wrong_type(name, "a structure"))?;
        Ok(Self {
            members: members.clone(),
            prefix: format!("{}{name}.", self.prefix),
        })
    }

    fn list(&self, name: &str, items: Bounds) -> Result<Option<&Vec<Value>>, ApiError> {
        let Some(value) = self.member(name) else {
            return Ok(None);
        };
        let list = value
            .as_array()
            .ok_or_else(|| self.wrong_type(name, "a list"))?;
        self.check_length(name, list.len(), items)?;
        Ok(Some(list))
    }

    /// A member that is there and not null.
    fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn check_length(&self, name: &str, length: usize, bounds: Bounds) -> Result<(), ApiError> {
        let (least, most) = bounds;
        if length < least {
            let constraint = format!("must have length greater than or equal to {least}");
            return Err(self.invalid(name, constraint));
        }
        if length > most {
            let constraint = format!("must have length less than or equal to {most}");
            return Err(self.invalid(name, constraint));
        }
        Ok(())
    }

    fn wrong_type(&self, name: &str, wanted: &str) -> ApiError {
        ApiError::Serialization(format!("The member {}{name} is not {wanted}", self.prefix))
    }
}
