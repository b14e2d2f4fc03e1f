//! Pages of functions, whose signatures are not blocks.

use terraform_provider_ecrpublic::tf::{DynProvider, Parameter, Signature, Type};

use super::{example, front_matter, type_name};

/// One page for each function, in order.
pub(super) fn pages(provider: &dyn DynProvider) -> Vec<(String, String)> {
    let functions = provider.functions().into_iter();
    functions
        .map(|(name, function)| {
            let page = page(name, &function.signature());
            (format!("functions/{name}.md"), page)
        })
        .collect()
}

fn page(name: &str, signature: &Signature) -> String {
    let Signature {
        summary,
        description,
        parameters,
        returns,
    } = signature;
    let usage = example(&format!("examples/functions/{name}/function.tf"));
    let mut page = front_matter(&format!("{name} function - ecrpublic"), "", summary);
    page += &format!("# function: {name}\n\n{description}\n");
    page += "\nTerraform has functions of providers since version 1.8, OpenTofu since 1.7.\n";
    page += &format!("\n## Example Usage\n\n```terraform\n{usage}```\n");
    let takes: Vec<String> = parameters
        .iter()
        .map(|parameter| format!("{} {}", parameter.name, short(&parameter.kind)))
        .collect();
    let takes = takes.join(", ");
    page += &format!(
        "\n## Signature\n\n```text\n{name}({takes}) {}\n```\n",
        short(returns)
    );
    page += "\n## Arguments\n\n";
    for (position, parameter) in parameters.iter().enumerate() {
        page += &argument(position + 1, parameter);
    }
    page
}

fn argument(number: usize, parameter: &Parameter) -> String {
    let nullable = match parameter.nullable {
        true => ", Nullable",
        false => "",
    };
    format!(
        "{number}. `{}` ({}{nullable}) {}\n",
        parameter.name,
        type_name(&parameter.kind),
        parameter.description
    )
}

/// A type as a signature has it.
fn short(kind: &Type) -> &'static str {
    match kind {
        Type::String => "string",
        Type::Number => "number",
        Type::Bool => "bool",
        Type::Object(_) => "object",
        Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Tuple(_) => "any",
    }
}
