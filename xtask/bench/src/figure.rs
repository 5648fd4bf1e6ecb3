//! What was measured, and what it should have been.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// One row: the same work measured in some runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) scenario: &'static str,
    pub(crate) work: String,
    pub(crate) unit: &'static str,
    /// One a run, never none.
    pub(crate) values: Vec<f64>,
    pub(crate) goal: Option<Goal>,
    /// Seconds that the server computed for a thousand, one value a run, where that was measured.
    pub(crate) cpu_per_thousand: Vec<f64>,
    /// The same for the floor of that work, where it has one.
    pub(crate) floor: Option<f64>,
}

impl Figure {
    pub(crate) fn new(scenario: &'static str, work: impl Into<String>, unit: &'static str, values: Vec<f64>) -> Figure {
        Figure { scenario, work: work.into(), unit, values, goal: None, cpu_per_thousand: Vec::new(), floor: None }
    }

    pub(crate) fn at_least(self, goal: f64) -> Figure {
        Figure { goal: Some(Goal::AtLeast(goal)), ..self }
    }

    pub(crate) fn at_most(self, goal: f64) -> Figure {
        Figure { goal: Some(Goal::AtMost(goal)), ..self }
    }

    pub(crate) fn cpu(self, cpu_per_thousand: Vec<f64>) -> Figure {
        Figure { cpu_per_thousand, ..self }
    }

    pub(crate) fn floor(self, floor: Option<f64>) -> Figure {
        Figure { floor, ..self }
    }

    /// Whether the median reaches the goal, if there is one.
    pub(crate) fn met(&self) -> Option<bool> {
        let median = median(&self.values);
        Some(match self.goal? {
            Goal::AtLeast(goal) => median >= goal,
            Goal::AtMost(goal) => median <= goal,
        })
    }

    /// How many times the floor the server computed.
    pub(crate) fn times_floor(&self) -> Option<f64> {
        let floor = self.floor.filter(|floor| *floor > 0.0)?;
        (!self.cpu_per_thousand.is_empty()).then(|| median(&self.cpu_per_thousand) / floor)
    }
}

/// A figure as a program reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record<'a> {
    scenario: &'a str,
    work: &'a str,
    unit: &'a str,
    minimum: f64,
    median: f64,
    maximum: f64,
    runs: &'a [f64],
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    met: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_seconds_per_thousand: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times_floor: Option<f64>,
}

impl<'a> From<&'a Figure> for Record<'a> {
    fn from(figure: &'a Figure) -> Record<'a> {
        let (at_least, at_most) = match figure.goal {
            Some(Goal::AtLeast(goal)) => (Some(goal), None),
            Some(Goal::AtMost(goal)) => (None, Some(goal)),
            None => (None, None),
        };
        Record {
            scenario: figure.scenario,
            work: &figure.work,
            unit: figure.unit,
            minimum: percentile(&figure.values, 0.0),
            median: median(&figure.values),
            maximum: percentile(&figure.values, 100.0),
            runs: &figure.values,
            at_least,
            at_most,
            met: figure.met(),
            cpu_seconds_per_thousand: (!figure.cpu_per_thousand.is_empty()).then(|| median(&figure.cpu_per_thousand)),
            times_floor: figure.times_floor(),
        }
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// By nearest rank: a value that was measured, of which `percent` of all are not above it. Not a number if there are none.
pub(crate) fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        for (percent, expected) in [(0.0, 1.0), (1.0, 1.0), (50.0, 50.0), (99.0, 99.0), (99.1, 100.0), (100.0, 100.0)] {
            assert_eq!(percentile(&hundred, percent), expected, "{percent}");
        }
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn the_median_must_reach_the_goal() {
        let figure = Figure::new("s", "w", "/s", vec![9.0, 10.0, 30.0]);
        assert_eq!(figure.met(), None);
        assert_eq!(figure.clone().at_least(10.0).met(), Some(true));
        assert_eq!(figure.clone().at_least(10.1).met(), Some(false));
        assert_eq!(figure.clone().at_most(10.0).met(), Some(true));
        assert_eq!(figure.at_most(9.9).met(), Some(false));
    }

    #[test]
    fn what_was_not_measured_meets_no_goal() {
        assert_eq!(Figure::new("s", "w", "ms", Vec::new()).at_most(1.0).met(), Some(false));
    }

    #[test]
    fn the_verdict_is_a_multiple_of_the_floor() {
        let figure = Figure::new("s", "w", "/s", vec![1.0]).cpu(vec![0.3, 0.1, 0.2]);
        assert_eq!(figure.clone().floor(Some(0.1)).times_floor(), Some(2.0));
        assert_eq!(figure.floor(None).times_floor(), None);
    }
}
