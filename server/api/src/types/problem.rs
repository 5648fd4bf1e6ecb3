//! The body of an error response (RFC 9457).

use super::*;

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// A link to the explanation of this kind of problem.
    #[schemars(schema_with = "type_reference")]
    pub r#type: String,
    #[schemars(length(min = 1, max = 128))]
    pub title: String,
    #[schemars(schema_with = "schemas::error_status")]
    pub status: u16,
    #[schemars(length(min = 1, max = 1024))]
    pub detail: String,
    /// The identifier of this request. The server's log has the same identifier.
    #[schemars(length(min = 1, max = 128))]
    pub instance: String,
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z_]+$"))]
    pub code: String,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "problem_errors")]
    pub errors: Option<Vec<ProblemError>>,
}

/// One error in the request's body.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProblemError {
    /// The position of the error in the request's body, as a JSON Pointer (RFC 6901). An empty pointer means the whole
    /// body.
    #[schemars(length(max = 1024))]
    pub pointer: String,
    #[schemars(length(min = 1, max = 1024))]
    pub detail: String,
}

fn type_reference(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
    schemars::schema::SchemaObject {
        instance_type: Some(schemars::schema::InstanceType::String.into()),
        format: Some("uri-reference".to_owned()),
        string: Some(Box::new(schemars::schema::StringValidation { min_length: Some(1), max_length: Some(256), pattern: None })),
        ..Default::default()
    }
    .into()
}

fn problem_errors(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
    schemars::schema::SchemaObject {
        instance_type: Some(schemars::schema::InstanceType::Array.into()),
        array: Some(Box::new(schemars::schema::ArrayValidation {
            items: Some(generator.subschema_for::<ProblemError>().into()),
            max_items: Some(32),
            ..Default::default()
        })),
        ..Default::default()
    }
    .into()
}
