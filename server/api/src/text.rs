//! String types that check their values. One declaration defines the check and the schema, so the schema always agrees
//! with the check.

use std::sync::LazyLock;

use regex::Regex;

/// The rules for a string. A pattern has the syntax that ECMA-262 and RE2 have in common, and a length is a number of
/// Unicode characters. JSON Schema has the same conventions.
pub(crate) struct Rule {
    pub(crate) minimum: usize,
    pub(crate) maximum: usize,
    pub(crate) regex: LazyLock<Regex>,
    /// A pattern that the string must not match, because RE2 has no look-ahead.
    pub(crate) except: LazyLock<Option<Regex>>,
    /// The text after "must be" in the error message.
    pub(crate) meaning: &'static str,
}

impl Rule {
    pub(crate) fn check(&self, text: &str) -> Result<(), String> {
        let length = text.chars().count();
        if length < self.minimum {
            return Err(format!("must be {}; it is too short", self.meaning));
        }
        if length > self.maximum {
            return Err(format!("must be at most {} characters long; it has {length}", self.maximum));
        }
        match self.regex.is_match(text) && !self.except.as_ref().is_some_and(|except| except.is_match(text)) {
            true => Ok(()),
            false => Err(format!("must be {}", self.meaning)),
        }
    }
}

/// Compiles a pattern of this crate. A test of the document compiles each pattern.
pub(crate) fn literal(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a literal that a test compiles")
}

/// Declares a newtype for a string. `Deserialize` and `parse` check the text, and `JsonSchema` contains the same rules.
/// An `open` type implements `Serialize` and `Display`. A `secret` type does not implement them, and its `Debug` output
/// does not show the text. The text must not match the pattern of `except`. A `precheck` function runs before the other checks, and returns the text that these checks
/// use.
macro_rules! text {
    (@type secret $(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("[redacted]")
            }
        }
    };
    (@type open $(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
    ($(
        $(#[$doc:meta])*
        $kind:ident $name:ident { $minimum:literal..=$maximum:literal, $pattern:literal, $meaning:literal $(, except: $except:literal)? $(, format: $format:literal)? $(, precheck: $precheck:path)? }
    )+) => {$(
        $crate::text::text!(@type $kind $(#[$doc])* $name);

        impl $name {
            pub fn parse(text: impl Into<String>) -> Result<$name, String> {
                static RULE: $crate::text::Rule = $crate::text::Rule {
                    minimum: $minimum,
                    maximum: $maximum,
                    regex: std::sync::LazyLock::new(|| $crate::text::literal($pattern)),
                    except: std::sync::LazyLock::new(|| [$(Some($crate::text::literal($except)),)? None].into_iter().next().flatten()),
                    meaning: $meaning,
                };
                let text = text.into();
                let checked: std::borrow::Cow<'_, str> = std::borrow::Cow::Borrowed(text.as_str());
                $(let checked = { drop(checked); $precheck(&text)? };)?
                RULE.check(&checked)?;
                Ok($name(text))
            }

            /// Creates the value from a text that was read from the store. The text was checked before it was stored,
            /// so this function does not check it.
            #[must_use]
            pub fn stored(text: String) -> $name {
                $name(text)
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = String::deserialize(deserializer)?;
                $name::parse(text).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> String {
                stringify!($name).to_owned()
            }

            fn is_referenceable() -> bool {
                false
            }

            fn json_schema(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
                let format: Option<&str> = [$(Some($format),)? None][0];
                let except: Option<&str> = [$(Some($except),)? None][0];
                schemars::schema::SchemaObject {
                    instance_type: Some(schemars::schema::InstanceType::String.into()),
                    format: format.map(str::to_owned),
                    string: Some(Box::new(schemars::schema::StringValidation {
                        min_length: ($minimum > 0).then_some($minimum),
                        max_length: Some($maximum),
                        pattern: Some($pattern.to_owned()),
                    })),
                    extensions: except.map(|pattern| ($crate::NOT.to_owned(), serde_json::json!({"pattern": pattern}))).into_iter().collect(),
                    ..Default::default()
                }
                .into()
            }
        }
    )+};
}

pub(crate) use text;
