//! Errors of the command line that do not show values with a password.

use std::ffi::OsStr;
use std::marker::PhantomData;
use std::str::FromStr;

use clap::Arg;
use clap::builder::TypedValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Parses a value that may contain a password. The error messages of this parser do not show the value.
#[derive(Clone)]
pub(crate) struct Concealed<T>(PhantomData<T>);

impl<T> Concealed<T> {
    pub(crate) fn new() -> Concealed<T> {
        Concealed(PhantomData)
    }
}

impl<T: FromStr<Err = String> + Clone + Send + Sync + 'static> TypedValueParser for Concealed<T> {
    type Value = T;

    fn parse_ref(&self, command: &clap::Command, argument: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let parsed = value.to_str().ok_or_else(|| "must be UTF-8".to_owned()).and_then(str::parse);
        parsed.map_err(|why| {
            let argument = argument.map(ToString::to_string).unwrap_or_default();
            clap::Error::raw(ErrorKind::ValueValidation, format!("invalid value for '{argument}': {why}\n")).with_cmd(command)
        })
    }
}

/// Removes an unexpected argument from the error if it is a URL. The URL of a database that was given without its option
/// may contain a password.
pub(crate) fn unexpected_url(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand] {
        if matches!(error.get(kind), Some(ContextValue::String(text)) if text.contains("://")) {
            error.insert(kind, ContextValue::String("a URL".to_owned()));
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec!["give the URL to an option, for example --store".into()]));
        }
    }
    error
}
