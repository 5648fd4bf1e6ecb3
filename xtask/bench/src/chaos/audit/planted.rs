//! The audit of the planted abort.

use super::*;

/// The number of deaths after which the service fails a delivery (server/README.md).
const DOCUMENTED_DEATHS: usize = 5;

impl Audit {
    pub(super) fn check_planted(&mut self, records: &Records) {
        let Some(planted) = &records.planted else { return };
        let Planted { deaths, outcome, recovered } = planted;
        if *deaths != DOCUMENTED_DEATHS || outcome.as_deref() != Some("aborted") {
            let details = format!("{deaths} deaths, then the outcome {}", outcome.as_deref().unwrap_or("is missing"));
            self.add_violation("a delivery that ends the server does not fail as aborted after five deaths", details);
        }
        if !recovered {
            self.add_violation("the aborted delivery did not arrive after its redelivery", String::new());
        }
        self.planted = Some((planted.clone(), records.redelivered.len()));
    }

    /// Returns the value and the explanation of the line about the planted abort.
    pub(super) fn planted_line(&self) -> Option<(String, String)> {
        let (Planted { deaths, outcome, recovered }, aborted_by_kills) = self.planted.as_ref()?;
        let recovered = if *recovered { "delivered after a redelivery" } else { "not delivered after a redelivery" };
        let others = match aborted_by_kills {
            0 => String::new(),
            count => format!("; {count} others failed by kills in short succession, and were redelivered"),
        };
        let note = format!("deaths by the planted delivery, then `{}`; {recovered}{others}", outcome.as_deref().unwrap_or("no outcome"));
        Some((number(*deaths as f64), note))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_planted_delivery_must_fail_after_five_deaths_and_be_recoverable() {
        let valid = Planted { deaths: 5, outcome: Some("aborted".to_owned()), recovered: true };
        let violations = |planted| audit(&Records { planted: Some(planted), ..Records::default() }).violations.len();
        assert_eq!(violations(valid.clone()), 0);
        assert_eq!(violations(Planted { deaths: 6, ..valid.clone() }), 1);
        assert_eq!(violations(Planted { outcome: None, ..valid.clone() }), 1);
        assert_eq!(violations(Planted { outcome: Some("timed_out".to_owned()), ..valid.clone() }), 1);
        assert_eq!(violations(Planted { recovered: false, ..valid }), 1);
    }
}
