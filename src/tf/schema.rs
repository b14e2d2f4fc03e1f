//! What a block may contain, as data.

use std::collections::BTreeMap;

use super::value::Type;

/// The schema of a provider, resource or data source.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The version that state is written with.
    pub version: i64,
    /// Its contents.
    pub block: Block,
}

/// The contents of a block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Attributes, in the order of the documentation.
    pub attributes: Vec<Attribute>,
    /// Nested blocks, in the order of the documentation.
    pub blocks: Vec<NestedBlock>,
    /// Markdown.
    pub description: String,
}

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name, `[a-z_][a-z0-9_]*`.
    pub name: &'static str,
    /// Its type.
    pub kind: AttributeType,
    /// Who may set it.
    pub mode: Mode,
    /// Whether Terraform hides it.
    pub sensitive: bool,
    /// Markdown.
    pub description: String,
}

/// The type of an attribute.
#[derive(Clone, Debug)]
pub enum AttributeType {
    /// A plain type.
    Plain(Type),
    /// Objects with attributes of their own.
    Nested(Nesting, Vec<Attribute>),
}

/// Who may set an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The practitioner must.
    Required,
    /// The practitioner may.
    Optional,
    /// Only the provider.
    Computed,
    /// The practitioner may, otherwise the provider.
    OptionalComputed,
}

/// How often something nests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// At most once.
    Single,
    /// In order.
    List,
    /// Without order.
    Set,
    /// By name.
    Map,
}

/// A block inside a block.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// Its name.
    pub name: &'static str,
    /// How often it may stand.
    pub nesting: Nesting,
    /// The largest number of blocks, 0 for any.
    pub max_items: i64,
    /// Its contents.
    pub block: Block,
}

/// The attributes that identify a resource for ever.
#[derive(Clone, Debug)]
pub struct IdentitySchema {
    /// Its version.
    pub version: i64,
    /// Primitive attributes.
    pub attributes: Vec<IdentityAttribute>,
}

/// One attribute of an identity.
#[derive(Clone, Debug)]
pub struct IdentityAttribute {
    /// Its name.
    pub name: &'static str,
    /// A primitive type.
    pub kind: Type,
    /// Whether an import by identity must name it; otherwise it may.
    pub required_for_import: bool,
    /// Plain text.
    pub description: &'static str,
}

impl Attribute {
    fn new(name: &'static str, kind: AttributeType, mode: Mode, description: &str) -> Self {
        Self {
            name,
            kind,
            mode,
            sensitive: false,
            description: description.to_owned(),
        }
    }

    /// An attribute that must be set.
    #[must_use]
    pub fn required(name: &'static str, kind: Type, description: &str) -> Self {
        Self::new(
            name,
            AttributeType::Plain(kind),
            Mode::Required,
            description,
        )
    }

    /// An attribute that may be set.
    #[must_use]
    pub fn optional(name: &'static str, kind: Type, description: &str) -> Self {
        Self::new(
            name,
            AttributeType::Plain(kind),
            Mode::Optional,
            description,
        )
    }

    /// An attribute that only the provider sets.
    #[must_use]
    pub fn computed(name: &'static str, kind: Type, description: &str) -> Self {
        Self::new(
            name,
            AttributeType::Plain(kind),
            Mode::Computed,
            description,
        )
    }

    /// An attribute that may be set and otherwise is computed.
    #[must_use]
    pub fn optional_computed(name: &'static str, kind: Type, description: &str) -> Self {
        Self::new(
            name,
            AttributeType::Plain(kind),
            Mode::OptionalComputed,
            description,
        )
    }

    /// An optional attribute made of objects.
    #[must_use]
    pub fn nested(
        name: &'static str,
        nesting: Nesting,
        attributes: Vec<Self>,
        description: &str,
    ) -> Self {
        Self::new(
            name,
            AttributeType::Nested(nesting, attributes),
            Mode::Optional,
            description,
        )
    }

    /// Hides the value wherever Terraform prints.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The type of its values.
    #[must_use]
    pub fn value_type(&self) -> Type {
        match &self.kind {
            AttributeType::Plain(kind) => kind.clone(),
            AttributeType::Nested(nesting, attributes) => {
                nesting.wrap(Type::Object(object_of(attributes)))
            }
        }
    }
}

impl Nesting {
    fn wrap(self, object: Type) -> Type {
        match self {
            Self::Single => object,
            Self::List => Type::list(object),
            Self::Set => Type::set(object),
            Self::Map => Type::map(object),
        }
    }
}

impl Block {
    /// The object type that values of this block have.
    #[must_use]
    pub fn value_type(&self) -> Type {
        let mut object = object_of(&self.attributes);
        for nested in &self.blocks {
            object.insert(
                nested.name.to_owned(),
                nested.nesting.wrap(nested.block.value_type()),
            );
        }
        Type::Object(object)
    }
}

impl IdentitySchema {
    /// The object type that identities have.
    #[must_use]
    pub fn value_type(&self) -> Type {
        let attributes = self.attributes.iter();
        Type::Object(
            attributes
                .map(|each| (each.name.to_owned(), each.kind.clone()))
                .collect(),
        )
    }
}

fn object_of(attributes: &[Attribute]) -> BTreeMap<String, Type> {
    attributes
        .iter()
        .map(|each| (each.name.to_owned(), each.value_type()))
        .collect()
}
