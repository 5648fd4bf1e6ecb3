//! Indentation of JSON for people.

/// Adds line ends and indentation to JSON. Everything else stays as it is: the order and repetition of members, the digits of numbers
/// and escapes. `serde_json` would change them.
pub(crate) fn pretty(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut level, mut quoted, mut escaped) = (0_usize, false, false);
    let mut characters = json.chars().filter(is_significant()).peekable();
    while let Some(character) = characters.next() {
        if quoted {
            text.push(character);
            quoted = character != '"' || escaped;
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '{' | '[' if matches!(characters.peek(), Some('}' | ']')) => {
                text.push(character);
                text.extend(characters.next());
            }
            '{' | '[' => {
                level += 1;
                text.push(character);
                line_end(&mut text, level);
            }
            '}' | ']' => {
                level = level.saturating_sub(1);
                line_end(&mut text, level);
                text.push(character);
            }
            ',' => {
                text.push(character);
                line_end(&mut text, level);
            }
            ':' => text.push_str(": "),
            _ => {
                quoted = character == '"';
                text.push(character);
            }
        }
    }
    text
}

fn line_end(text: &mut String, level: usize) {
    text.push('\n');
    text.push_str(&"  ".repeat(level));
}

/// Returns a filter that refuses spaces and line ends outside strings.
fn is_significant() -> impl FnMut(&char) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    move |character| {
        if quoted {
            quoted = *character != '"' || escaped;
            escaped = *character == '\\' && !escaped;
            return true;
        }
        quoted = *character == '"';
        !character.is_ascii_whitespace()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_as_indented_as_that_of_serde_json() {
        for text in [r#"{"a":1,"b":[1,2,{"c":null}],"d":{},"e":[],"f":"a\"b, [c]: {"}"#, "{}", r#"{"a":"\\","b":[[],[{}]]}"#, r#"{"":""}"#]
        {
            let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
            let expected = serde_json::to_string_pretty(&value).expect("JSON");
            assert_eq!(pretty(text), expected);
            assert_eq!(pretty(&expected), expected);
        }
    }

    #[test]
    fn digits_order_repetition_and_escapes_stay() {
        let text = r#"{"z": 123456789012345678901234567890, "a":1.0,"a" : "\u00e9 x"}"#;
        let expected = "{\n  \"z\": 123456789012345678901234567890,\n  \"a\": 1.0,\n  \"a\": \"\\u00e9 x\"\n}";
        assert_eq!(pretty(text), expected);
    }
}
