#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| webhooks_server::fuzz_targets::forwarding_headers(data));
