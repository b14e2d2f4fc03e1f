//! Where in a configuration something is.

use std::fmt;

/// A place inside one resource, data source or provider block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// An attribute or block by name.
    Attribute(String),
    /// An element of a list, counted from zero.
    Index(i64),
    /// An element of a map.
    Key(String),
}

impl Path {
    /// The attribute or block of this name at the root.
    #[must_use]
    pub fn root(name: &str) -> Self {
        Self(vec![Step::Attribute(name.to_owned())])
    }

    /// The attribute of this name inside.
    #[must_use]
    pub fn attribute(mut self, name: &str) -> Self {
        self.0.push(Step::Attribute(name.to_owned()));
        self
    }

    /// The list element at this position.
    #[must_use]
    pub fn index(mut self, position: usize) -> Self {
        self.0
            .push(Step::Index(i64::try_from(position).unwrap_or(i64::MAX)));
        self
    }

    /// The map element under this key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Step::Key(key.to_owned()));
        self
    }

    /// The steps from the root.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "[\"{key}\"]")?,
            }
        }
        Ok(())
    }
}
