//! A test of the coverage check with openapi.json.

use openapi_proof::evidence::coverage;
use webhooks_spec::service;

#[test]
fn without_evidence_all_statements_but_the_unseen_responses_are_missing() -> anyhow::Result<()> {
    let service = service()?;
    let coverage = coverage::check(&service, &crate::edits::document()?, &[])?;
    let gaps = &coverage.problems;
    assert_eq!(gaps.len(), coverage.statements, "each entry of `unseen` refers to a documented response: {gaps:#?}");
    let publish = "/paths/~1api~1notifications~1v1~1notifications/post";
    for expected in [
        format!("{publish}/responses/503 present: not seen in any test"),
        format!("{publish}/security refuses a request without a token: not seen in any test"),
        "/components/schemas/Webhook/properties/eventTypes absent: not seen in any test".to_owned(),
        "/components/schemas/DeliveryStatus is \"cancelled\": not seen in any test".to_owned(),
    ] {
        assert!(gaps.contains(&expected), "{expected}: {gaps:#?}");
    }
    assert!(!gaps.iter().any(|gap| gap.contains("{id}/get/responses/503 ")), "a response in `unseen` is reported");
    Ok(())
}
