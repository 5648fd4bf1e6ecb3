//! Runs each target on its corpus and on random changes of the corpus.

use std::path::{Path, PathBuf};

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use super::*;

/// Number of random bytes that decide how an input is made.
const ENTROPY: u64 = 256;

/// Pieces of inputs that the parsers handle specially.
const TOKENS: [&[u8]; 16] = [
    b"S3CR3T",
    b"\n---\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\"",
    b"\\",
    b"%",
    b"/../",
    b"\\ud800",
    b"1e400",
    b"{base64}",
    b"{raw}",
    b"\xc3\xa4",
    b"9999999999999999999999",
    b"[[[[[[[[",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/fuzz")
}

/// Returns the inputs of a target with their paths, sorted.
fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder().join("corpus").join(name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("a readable input"))).collect()
}

/// Prints the path of an input if the target panics.
struct PrintedIfPanicking<'a>(&'a Path);

impl Drop for PrintedIfPanicking<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input is {}", self.0.display());
        }
    }
}

/// Runs the corpus and a fixed number of random cases. The cases are the same in each run. If one fails, arbtest prints its seed.
/// `ARBTEST_SEED=SEED cargo test -p webhooks-server --lib fuzz_targets` runs only the case with this seed.
fn run(name: &str, cases: u64) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    for (path, input) in &corpus {
        let _printed = PrintedIfPanicking(path);
        target(input);
    }
    let property = |random: &mut Unstructured<'_>| {
        target(&changed(random, &corpus)?);
        Ok(())
    };
    if std::env::var_os("ARBTEST_SEED").is_some() {
        return arbtest(property).run();
    }
    for case in 1..=cases {
        // A seed consists of a random number, which is not zero, and the number of random bytes. The multiplier spreads the cases.
        let number = case.wrapping_mul(0x9e37_79b9) & 0xffff_ffff;
        arbtest(property).seed(number << 32 | ENTROPY).run();
    }
}

/// Returns an input of the corpus after up to four changes.
fn changed(random: &mut Unstructured<'_>, corpus: &[(PathBuf, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut input = random.choose(corpus)?.1.clone();
    for _ in 0..random.int_in_range(1..=4)? {
        let at = random.int_in_range(0..=input.len())?;
        let end = random.int_in_range(at..=input.len().min(at + 32))?;
        let replacement = match random.int_in_range(0..=6)? {
            0 => Vec::new(),
            1 => vec![random.arbitrary()?],
            2 => input[at..end].repeat(2),
            3 => random.choose(&TOKENS)?.to_vec(),
            4 => input[at..end].iter().map(|byte| byte ^ 0x20).collect(),
            5 => input[at..end].iter().rev().copied().collect(),
            _ => {
                let other = &random.choose(corpus)?.1;
                let from = random.int_in_range(0..=other.len())?;
                other[from..other.len().min(from + 64)].to_vec()
            }
        };
        input.splice(at..end, replacement);
    }
    Ok(input)
}

/// Declares a test for each target, and the number of its random cases. All tests together take a few seconds in a debug build.
macro_rules! tests {
    ($($name:ident: $cases:literal,)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name), $cases);
        })*

        #[test]
        fn each_target_has_a_test_a_corpus_and_a_program() {
            let targets = TARGETS.map(|(name, _)| name.to_owned());
            assert_eq!(targets.to_vec(), [$(stringify!($name)),*]);
            for (place, suffix) in [("corpus", ""), ("src/bin", ".rs")] {
                let entries = std::fs::read_dir(folder().join(place)).expect("a folder");
                let mut names: Vec<String> = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a text")).collect();
                names.sort();
                assert_eq!(names, targets.clone().map(|name| name + suffix), "{place}");
            }
            for (name, _) in TARGETS {
                let program = std::fs::read_to_string(folder().join(format!("src/bin/{name}.rs"))).expect("a program");
                assert!(program.contains(&format!("fuzz_targets::{name}(")), "{program}");
            }
        }
    };
}

tests! {
    attempt_http1: 100,
    attempt_http2: 50,
    callback_verification: 300,
    configuration: 100,
    cursors: 1000,
    event_types: 500,
    forwarding_headers: 500,
    json: 1000,
    outbound_url: 500,
    postgres_url: 1000,
    redaction: 100,
    request_bodies: 1000,
    retry_after: 1000,
    token_response: 1000,
}

#[test]
fn an_input_is_divided_at_each_separator_and_the_last_part_has_the_rest() {
    assert_eq!(parts(b"a\n---\nb\n---\nc"), [&b"a"[..], b"b\n---\nc"]);
    assert_eq!(parts(b"a\n---\n"), [&b"a"[..], b"", b""]);
    assert_eq!(parts::<1>(b"a\n---\nb"), [&b"a\n---\nb"[..]]);
}
