//! Identifiers in arguments: whole, or only the beginning.

use std::str::FromStr;

use uuid::Uuid;

const MIN_DIGITS: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    Whole(Uuid),
    /// The first digits of an identifier, without hyphens and in lower case.
    Beginning(String),
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Reference, String> {
        if let Ok(id) = text.parse() {
            return Ok(Reference::Whole(id));
        }
        let digits = text.replace('-', "").to_ascii_lowercase();
        let is_valid = digits.bytes().all(|digit| digit.is_ascii_hexdigit()) && (MIN_DIGITS..32).contains(&digits.len());
        if is_valid {
            Ok(Reference::Beginning(digits))
        } else {
            Err(format!("must be an id such as 0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55, or at least {MIN_DIGITS} characters of its beginning"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_be_whole_or_only_its_beginning() {
        let whole = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";
        assert_eq!(whole.parse(), Ok(Reference::Whole(whole.parse().expect("a UUID"))));
        for (text, digits) in [("0197", "0197"), ("0197A5a0-", "0197a5a0"), ("0197a5a0-3c7e", "0197a5a03c7e")] {
            assert_eq!(text.parse(), Ok(Reference::Beginning(digits.to_owned())), "{text}");
        }
        for text in ["", "019", "xyz1", "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d555"] {
            text.parse::<Reference>().expect_err(text);
        }
    }
}
