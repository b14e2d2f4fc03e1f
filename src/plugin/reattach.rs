//! How a host connects to a process that it did not start.

use serde_json::json;

use super::listener::Address;

/// What a person does with a provider that runs in a debugger.
///
/// `provider` is its address as written in `required_providers`.
pub(super) fn instructions(provider: &str, address: &Address) -> String {
    // `Test` has the host use the protocol version given here, and leave the process alone when
    // it is done. Without it some hosts assume another version and crash.
    let reattach = json!({
        provider: {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": std::process::id(),
            "Test": true,
            "Addr": { "Network": address.network, "String": address.text },
        }
    });
    format!(
        "The provider is running. Set this where Terraform runs, and press Ctrl-C here in the \
         end:\n\n\tTF_REATTACH_PROVIDERS='{reattach}'\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_json_under_the_address_of_the_provider() {
        let address = Address {
            network: "unix",
            text: "/run/plugin-1".to_owned(),
        };
        let text = instructions("registry.terraform.io/ecrpublic/ecrpublic", &address);
        let json = text.split('\'').nth(1).unwrap();
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        let ours = &json["registry.terraform.io/ecrpublic/ecrpublic"];
        assert_eq!(ours["ProtocolVersion"], 6);
        assert_eq!(ours["Test"], true);
        assert_eq!(ours["Addr"]["String"], "/run/plugin-1");
        assert_eq!(ours["Pid"], std::process::id());
    }
}
