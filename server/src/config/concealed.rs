//! A parser for values that may contain a password.

use std::ffi::OsStr;
use std::marker::PhantomData;
use std::str::FromStr;

use clap::Arg;
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;

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
