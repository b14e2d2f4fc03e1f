//! `cargo archive`

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    release::run(&arguments, &mut std::io::stdout())
}
