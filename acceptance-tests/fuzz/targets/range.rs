#![no_main]

libfuzzer_sys::fuzz_target!(
    |data: &[u8]| terraform_provider_ecrpublic::registry::fuzzing::range(data)
);
