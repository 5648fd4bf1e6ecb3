//! How the service authenticates to a callback server. [`AuthInput`] is for requests. [`Auth`] is for responses, and
//! has no secrets.

use super::*;

text! {
    /// RFC 7617 §2: a user-id has no colon, and neither the user-id nor the password has control characters.
    open Username { 1..=255, r"^[^:\x00-\x1f\x7f-\x9f]+$", "1 to 255 characters, without a colon or control characters" }

    secret Password { 1..=1024, r"^[^\x00-\x1f\x7f-\x9f]+$", "1 to 1024 characters, without control characters", format: "password" }

    /// The syntax of a client identifier: RFC 6749 appendix A.1.
    open ClientId { 1..=255, r"^[\x20-\x7e]+$", "1 to 255 printable ASCII characters" }

    /// The syntax of a client secret: RFC 6749 appendix A.2.
    secret ClientSecret { 1..=1024, r"^[\x20-\x7e]+$", "1 to 1024 printable ASCII characters", format: "password" }

    /// The syntax of a list of scopes: RFC 6749 §3.3.
    open TokenScope { 1..=1024, r"^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$",
        "scopes of printable ASCII characters, separated by single spaces" }

    open TokenAudience { 1..=1024, r"^[\x21-\x7e]+$", "1 to 1024 printable ASCII characters without spaces" }
}

/// The authentication of callbacks, as the customer sends it.
#[derive(Clone, Debug, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum AuthInput {
    Basic {
        username: Username,
        password: Password,
    },
    ClientCredential {
        #[serde(rename = "clientID")]
        client_id: ClientId,
        #[serde(rename = "clientSecret")]
        client_secret: ClientSecret,
        #[serde(rename = "tokenURL")]
        token_url: OutboundUrl,
        #[serde(default, skip_serializing_if = "is_none")]
        #[schemars(with = "TokenScope")]
        scope: Option<TokenScope>,
        #[serde(default, skip_serializing_if = "is_none")]
        #[schemars(with = "TokenAudience")]
        audience: Option<TokenAudience>,
    },
    Noauth {},
}

/// The members of all authentication types in one struct. serde's code for a tagged enum loses the position of an
/// invalid member. So deserialization first reads this struct. Then it refuses each member that does not belong to the
/// authentication type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthMembers {
    r#type: AuthType,
    #[serde(default, deserialize_with = "non_null")]
    username: Option<Username>,
    #[serde(default, deserialize_with = "non_null")]
    password: Option<Password>,
    #[serde(default, deserialize_with = "non_null", rename = "clientID")]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "non_null", rename = "clientSecret")]
    client_secret: Option<ClientSecret>,
    #[serde(default, deserialize_with = "non_null", rename = "tokenURL")]
    token_url: Option<OutboundUrl>,
    #[serde(default, deserialize_with = "non_null")]
    scope: Option<TokenScope>,
    #[serde(default, deserialize_with = "non_null")]
    audience: Option<TokenAudience>,
}

#[derive(Clone, Copy)]
enum AuthType {
    Basic,
    ClientCredential,
    Noauth,
}

impl<'de> Deserialize<'de> for AuthType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AuthType, D::Error> {
        let values = [("basic", AuthType::Basic), ("client_credential", AuthType::ClientCredential), ("noauth", AuthType::Noauth)];
        one_of(deserializer, &values)
    }
}

impl AuthMembers {
    /// Returns an error if the request contains any of `members`. The `bool` after a name says whether the request
    /// contains the member with this name.
    fn refuse(&self, members: &[(&'static str, bool)]) -> Result<(), String> {
        let kind = match self.r#type {
            AuthType::Basic => "basic",
            AuthType::ClientCredential => "client_credential",
            AuthType::Noauth => "noauth",
        };
        match members.iter().find(|(_, sent)| *sent) {
            Some((name, _)) => Err(format!("unknown field `{name}` for the authentication type `{kind}`")),
            None => Ok(()),
        }
    }
}

impl TryFrom<AuthMembers> for AuthInput {
    type Error = String;

    fn try_from(members: AuthMembers) -> Result<AuthInput, String> {
        fn required<T>(member: Option<T>, name: &str) -> Result<T, String> {
            member.ok_or_else(|| format!("missing field `{name}`"))
        }
        let basic = [("username", members.username.is_some()), ("password", members.password.is_some())];
        let client_credential = [
            ("clientID", members.client_id.is_some()),
            ("clientSecret", members.client_secret.is_some()),
            ("tokenURL", members.token_url.is_some()),
            ("scope", members.scope.is_some()),
            ("audience", members.audience.is_some()),
        ];
        match members.r#type {
            AuthType::Basic => {
                members.refuse(&client_credential)?;
                Ok(AuthInput::Basic {
                    username: required(members.username, "username")?,
                    password: required(members.password, "password")?,
                })
            }
            AuthType::ClientCredential => {
                members.refuse(&basic)?;
                Ok(AuthInput::ClientCredential {
                    client_id: required(members.client_id, "clientID")?,
                    client_secret: required(members.client_secret, "clientSecret")?,
                    token_url: required(members.token_url, "tokenURL")?,
                    scope: members.scope,
                    audience: members.audience,
                })
            }
            AuthType::Noauth => {
                members.refuse(&basic)?;
                members.refuse(&client_credential)?;
                Ok(AuthInput::Noauth {})
            }
        }
    }
}

impl<'de> Deserialize<'de> for AuthInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AuthInput, D::Error> {
        AuthMembers::deserialize(ObjectOnly(deserializer))?.try_into().map_err(D::Error::custom)
    }
}

/// The part of the authentication that contains no secrets. The API's responses and the store contain this part as the
/// same JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Auth {
    Basic {
        username: Username,
    },
    ClientCredential {
        #[serde(rename = "clientID")]
        client_id: ClientId,
        #[serde(rename = "tokenURL")]
        token_url: OutboundUrl,
        #[serde(default, skip_serializing_if = "is_none")]
        #[schemars(with = "TokenScope")]
        scope: Option<TokenScope>,
        #[serde(default, skip_serializing_if = "is_none")]
        #[schemars(with = "TokenAudience")]
        audience: Option<TokenAudience>,
    },
    Noauth {},
}

impl Auth {
    /// Returns the value of `type`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Auth::Basic { .. } => "basic",
            Auth::ClientCredential { .. } => "client_credential",
            Auth::Noauth {} => "noauth",
        }
    }

    #[must_use]
    pub fn token_url(&self) -> Option<&OutboundUrl> {
        match self {
            Auth::ClientCredential { token_url, .. } => Some(token_url),
            Auth::Basic { .. } | Auth::Noauth {} => None,
        }
    }
}

impl AuthInput {
    /// Returns two values: the part of the authentication that contains no secrets, and the secret. The store gets the
    /// secret only in encrypted form.
    #[must_use]
    pub fn split(self) -> (Auth, Option<String>) {
        match self {
            AuthInput::Basic { username, password } => (Auth::Basic { username }, Some(password.into_string())),
            AuthInput::ClientCredential { client_id, client_secret, token_url, scope, audience } => {
                (Auth::ClientCredential { client_id, token_url, scope, audience }, Some(client_secret.into_string()))
            }
            AuthInput::Noauth {} => (Auth::Noauth {}, None),
        }
    }

    #[must_use]
    pub fn token_url(&self) -> Option<&OutboundUrl> {
        match self {
            AuthInput::ClientCredential { token_url, .. } => Some(token_url),
            AuthInput::Basic { .. } | AuthInput::Noauth {} => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_authentication_names_the_wrong_member() {
        for (text, pointer, detail) in [
            (r#"{"type":"basic","username":"u"}"#, ".", "missing field `password`"),
            (r#"{"type":"basic","username":"a:b","password":"p"}"#, "username", "without a colon"),
            (r#"{"username":5,"type":"basic","password":"p"}"#, "username", "invalid type: integer"),
            (
                r#"{"type":"basic","username":"u","password":"p","clientID":"c"}"#,
                ".",
                "unknown field `clientID` for the authentication type `basic`",
            ),
            (r#"{"type":"noauth","username":"u"}"#, ".", "unknown field `username` for the authentication type `noauth`"),
            (r#"{"type":"noauth","colour":"red"}"#, "colour", "unknown field `colour`"),
            (r#"{"type":"hmac"}"#, "type", "must be `basic` or `client_credential` or `noauth`"),
            (r#"["basic","u","p"]"#, ".", "invalid type: sequence"),
            (r#"{"type":{"noauth":null}}"#, "type", "invalid type: map"),
            (r#"{"username":"u"}"#, ".", "missing field `type`"),
            (
                r#"{"type":"client_credential","clientID":"c","clientSecret":"s","tokenURL":"https://example.com/t","scope":null}"#,
                "scope",
                "invalid type: null",
            ),
        ] {
            let error = serde_path_to_error::deserialize::<_, AuthInput>(&mut serde_json::Deserializer::from_str(text)).expect_err(text);
            assert_eq!(error.path().to_string(), pointer, "{text}: {error}");
            assert!(error.inner().to_string().contains(detail), "{text}: {error}");
        }
    }

    #[test]
    fn debug_output_hides_secrets() {
        let auth: AuthInput = serde_json::from_str(r#"{"type":"basic","username":"u","password":"marked"}"#).expect("valid");
        assert!(!format!("{auth:?}").contains("marked"));
    }
}
