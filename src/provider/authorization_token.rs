//! The ephemeral resource `ecrpublic_authorization_token`: a login for other tools.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::net::Secret;
use crate::task::Context;
use crate::tf::{Attr, Attribute, Block, Diagnostic, Diagnostics, EphemeralResource, Schema, Type};

use super::connection::Connection;
use super::data_sources::{PATIENCE, way_attributes};
use super::diagnose;
use super::registry_settings::ECR_PUBLIC;
use super::way::{self, Hops};

/// The ephemeral resource `ecrpublic_authorization_token`.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationTokens {
    /// The way out, once there is one.
    pub(crate) connection: Arc<Connection>,
}

crate::model! {
    /// Its configuration and result. Attributes that hashicorp/aws has too are named as there.
    pub(crate) struct AuthorizationTokenModel {
        pub(crate) account_id: Attr<String>,
        pub(crate) assume_role: Hops,
        pub(crate) user_name: Attr<String>,
        pub(crate) password: Attr<Secret<String>>,
        pub(crate) authorization_token: Attr<Secret<String>>,
        pub(crate) proxy_endpoint: Attr<String>,
        pub(crate) expires_at: Attr<String>,
    }
}

#[async_trait]
impl EphemeralResource for AuthorizationTokens {
    type Model = AuthorizationTokenModel;

    fn schema(&self) -> Schema {
        let text = |name, description| Attribute::computed(name, Type::String, description);
        let mut attributes = Vec::from(way_attributes());
        attributes.extend([
            text("user_name", "User to sign in as, which is `AWS`."),
            text("password", "Password of that user.").sensitive(),
            text(
                "authorization_token",
                "User and password as HTTP has them, `<user>:<password>` in base64.",
            )
            .sensitive(),
            text(
                "proxy_endpoint",
                "Where the login is good: `https://public.ecr.aws`.",
            ),
            text("expires_at", "When it ends, in UTC, as RFC 3339 writes it."),
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

    fn validate(&self, config: &AuthorizationTokenModel) -> Diagnostics {
        let mut problems = Diagnostics::new();
        way::check(&config.account_id, &config.assume_role, &mut problems);
        problems
    }

    async fn open(
        &self,
        cx: &Context,
        config: AuthorizationTokenModel,
    ) -> Result<AuthorizationTokenModel, Diagnostic> {
        let cx = &cx.within(PATIENCE);
        let clients = self.connection.clients();
        let clients = clients.ok_or_else(diagnose::not_configured)?;
        let session = clients.session(&way::target(&config.account_id, &config.assume_role)?);
        let identity = session.identity(cx).await;
        let identity = identity.map_err(|error| diagnose::resource_aws(&error))?;
        let login = session.authorization_token(cx).await;
        let login = login.map_err(|error| diagnose::resource_aws(&error))?;
        let pair = format!("{}:{}", login.username, login.password.reveal());
        Ok(AuthorizationTokenModel {
            account_id: Attr::Known(identity.account.as_str().to_owned()),
            user_name: Attr::Known(login.username),
            password: Attr::Known(login.password),
            authorization_token: Attr::Known(Secret::new(STANDARD.encode(pair))),
            proxy_endpoint: Attr::Known(format!("https://{ECR_PUBLIC}")),
            expires_at: Attr::Known(diagnose::moment(login.expires_at)),
            ..config
        })
    }
}

const DESCRIPTION: &str = "\
A login for the registry of ECR Public, for other providers and for programs that Terraform starts. \
It is in no state and in no plan.

`ecrpublic_mirrored_image` needs none of this: it signs in by itself. A login of AWS lasts twelve \
hours, which is longer than a run, so there is nothing to renew; whether it outlives the session of \
the role that got it is not documented.

Needs the permissions `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken`.";
