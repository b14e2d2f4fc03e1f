//! `ecrpublic_pull_budget`: what a registry still lets us pull.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;

use crate::oci::Reference;
use crate::task::Context;
use crate::tf::{Attr, Attribute, Block, DataSource, Diagnostic, Diagnostics, Schema, Type};

use super::super::connection::Connection;
use super::super::diagnose;
use super::super::source_reference;

/// The data source `ecrpublic_pull_budget`.
#[derive(Clone, Debug)]
pub(crate) struct PullBudgetSource {
    /// The way out, once there is one.
    pub(crate) connection: Arc<Connection>,
}

crate::model! {
    /// Its configuration and result.
    pub(crate) struct PullBudgetModel {
        pub(crate) source: Attr<String>,
        pub(crate) registry: Attr<String>,
        pub(crate) is_limited: Attr<bool>,
        pub(crate) limit: Attr<i64>,
        pub(crate) remaining: Attr<i64>,
        pub(crate) window_seconds: Attr<i64>,
        pub(crate) counted_for: Attr<String>,
        pub(crate) reserve: Attr<i64>,
        pub(crate) available: Attr<i64>,
    }
}

#[async_trait]
impl DataSource for PullBudgetSource {
    type Model = PullBudgetModel;

    fn schema(&self) -> Schema {
        let mut attributes = vec![Attribute::optional(
            "source",
            Type::String,
            "Image whose registry is asked; it is not pulled. Default: \
             `ratelimitpreview/test`, which Docker Hub has for this.",
        )];
        attributes.extend(computed());
        Schema {
            version: 0,
            block: Block {
                attributes,
                blocks: Vec::new(),
                description: DESCRIPTION.to_owned(),
            },
        }
    }

    fn validate(&self, config: &PullBudgetModel) -> Diagnostics {
        let mut problems = Diagnostics::new();
        source_reference::read(&config.source, &mut problems);
        problems
    }

    async fn read(
        &self,
        cx: &Context,
        config: PullBudgetModel,
    ) -> Result<PullBudgetModel, Diagnostic> {
        let clients = self.connection.clients();
        let clients = clients.ok_or_else(diagnose::not_configured)?;
        let text = config.source.known().map_or(OF_DOCKER_HUB, String::as_str);
        let source: Result<Reference, _> = text.parse();
        let source = source.map_err(|_checked| diagnose::invalid_state("source"))?;
        let seen = clients.look(cx, &source).boxed().await;
        let seen = seen.map_err(diagnose::stopped)?;
        seen.map_err(|error| diagnose::source_not_found_out(&source, &error))?;
        let budget = clients.pull_budget(&source).unwrap_or_default();
        let reserve = clients.pulls.reserve();
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let number = |number: Option<u64>| Attr::from(number.map(whole));
        Ok(PullBudgetModel {
            registry: Attr::Known(source.repository().registry().to_owned()),
            is_limited: Attr::Known(budget.limit.or(budget.remaining).is_some()),
            limit: number(budget.limit),
            remaining: number(budget.remaining),
            window_seconds: number(budget.window.map(|window| window.as_secs())),
            counted_for: budget.source.into(),
            reserve: Attr::Known(whole(reserve)),
            available: number(budget.remaining.map(|left| left.saturating_sub(reserve))),
            ..config
        })
    }
}

fn computed() -> [Attribute; 8] {
    let number = |name, description| Attribute::computed(name, Type::Number, description);
    let text = |name, description| Attribute::computed(name, Type::String, description);
    [
        text("registry", "Host of the registry that was asked."),
        Attribute::computed(
            "is_limited",
            Type::Bool,
            "Whether the registry says that it counts. Docker Hub says nothing to accounts with \
             unlimited pulls, and other registries never do. The numbers are null then.",
        ),
        number("limit", "Pulls that it allows in each window."),
        number("remaining", "Pulls that are left."),
        number("window_seconds", "Length of the window in seconds."),
        text(
            "counted_for",
            "Whose budget it is, in the words of the registry: an IP address, shared with \
             everybody behind it, or the ID of an account.",
        ),
        number(
            "reserve",
            "Pulls that `pull_budget` of the provider block leaves to others.",
        ),
        number("available", "What `remaining` has beyond `reserve`."),
    ]
}

/// The image that Docker documents for asking. Docker documentation, *Pull usage and limits*.
const OF_DOCKER_HUB: &str = "ratelimitpreview/test";

const DESCRIPTION: &str = "\
How many pulls a registry still allows, by one HEAD request, which costs none.

Plans compare what they need with this by themselves, and say so when it is not enough. This data \
source is for `check` blocks and for outputs. The numbers are those of the moment: others may spend \
pulls while you read them.";
