//! `ecrpublic_registry`: the registry of an account.

use std::sync::Arc;

use async_trait::async_trait;

use crate::task::Context;
use crate::tf::{Attr, Attribute, Block, DataSource, Diagnostic, Diagnostics, Schema, Type};

use super::super::connection::Connection;
use super::super::diagnose;
use super::super::known::{self, Texts};
use super::super::registry_settings::ECR_PUBLIC;
use super::super::way::{self, Hops};
use super::{PATIENCE, way_attributes};

/// The data source `ecrpublic_registry`.
#[derive(Clone, Debug)]
pub(crate) struct RegistrySource {
    /// The way out, once there is one.
    pub(crate) connection: Arc<Connection>,
}

crate::model! {
    /// Its configuration and result.
    pub(crate) struct RegistryModel {
        pub(crate) account_id: Attr<String>,
        pub(crate) assume_role: Hops,
        pub(crate) registry_alias: Attr<String>,
        pub(crate) aliases: Texts,
        pub(crate) uri_prefix: Attr<String>,
    }
}

#[async_trait]
impl DataSource for RegistrySource {
    type Model = RegistryModel;

    fn schema(&self) -> Schema {
        let text = |name, description| Attribute::computed(name, Type::String, description);
        let mut attributes = Vec::from(way_attributes());
        attributes.extend([
            text(
                "registry_alias",
                "Primary alias. AWS gives a registry its first alias with its first repository; \
                 until then this is null.",
            ),
            Attribute::computed(
                "aliases",
                Type::list(Type::String),
                "All active aliases, in alphabetical order. Images can be pulled under each.",
            ),
            text(
                "uri_prefix",
                "`public.ecr.aws/<alias>` with the primary alias: what stands before the name of \
                 every repository. Null while there is no alias.",
            ),
        ]);
        Schema {
            version: 0,
            block: Block {
                attributes,
                blocks: Vec::new(),
                description: DESCRIPTION.to_owned(),
            },
        }
    }

    fn validate(&self, config: &RegistryModel) -> Diagnostics {
        let mut problems = Diagnostics::new();
        way::check(&config.account_id, &config.assume_role, &mut problems);
        problems
    }

    async fn read(&self, cx: &Context, config: RegistryModel) -> Result<RegistryModel, Diagnostic> {
        let clients = self.connection.clients();
        let clients = clients.ok_or_else(diagnose::not_configured)?;
        let session = clients.session(&way::target(&config.account_id, &config.assume_role)?);
        let registry = session.registry(&cx.within(PATIENCE)).await;
        let registry = registry.map_err(|error| diagnose::resource_aws(&error))?;
        let mut aliases = registry.aliases;
        aliases.sort();
        let prefix = |alias| format!("{ECR_PUBLIC}/{alias}");
        Ok(RegistryModel {
            account_id: Attr::Known(registry.account.as_str().to_owned()),
            uri_prefix: registry.alias.as_deref().map(prefix).into(),
            registry_alias: registry.alias.into(),
            aliases: known::to_texts(aliases),
            ..config
        })
    }
}

const DESCRIPTION: &str = "\
The ECR Public registry of an AWS account: the aliases under which everybody pulls from it.

Needs the permission `ecr-public:DescribeRegistries`.";
