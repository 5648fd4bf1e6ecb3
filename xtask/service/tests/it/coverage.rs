//! What has to be seen of openapi.json.

use openapi_proof::evidence::coverage;
use webhooks_spec::service;

#[test]
fn with_no_evidence_everything_but_the_excused_is_missing() -> anyhow::Result<()> {
    let service = service()?;
    let coverage = coverage::check(&service, &crate::edits::document()?, &[])?;
    let gaps = &coverage.problems;
    assert_eq!(gaps.len(), coverage.statements, "each excuse names an answer that is documented: {gaps:#?}");
    let publish = "/paths/~1api~1notifications~1v1~1notifications/post";
    for expected in [
        format!("{publish}/responses/503 present: never seen"),
        format!("{publish}/security refuses a caller without a token: never seen"),
        "/components/schemas/Webhook/properties/eventTypes absent: never seen".to_owned(),
        "/components/schemas/Delivery/properties/status is \"cancelled\": never seen".to_owned(),
    ] {
        assert!(gaps.contains(&expected), "{expected}: {gaps:#?}");
    }
    assert!(!gaps.iter().any(|gap| gap.contains("{id}/get/responses/503 ")), "excused");
    Ok(())
}
