//! Measured values and their goals.

use serde::Serialize;

use crate::store::Store;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// One row of the table: the results of one kind of work, which was measured in one or more runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) scenario: &'static str,
    pub(crate) work: String,
    /// The store. `None` if the figure does not depend on the store.
    pub(crate) store: Option<Store>,
    pub(crate) unit: &'static str,
    /// One value for each run. There is at least one run.
    pub(crate) values: Vec<f64>,
    pub(crate) goal: Option<Goal>,
    /// Whether the goal applies to every store, not only to the embedded store.
    pub(crate) for_all_stores: bool,
    /// CPU time per 1,000 units of work, one value for each run. The list is empty if CPU time was not measured.
    pub(crate) cpu: Vec<Cpu>,
    /// The baseline cost: the CPU seconds that the single parts of the service need per 1,000 units of work. `None` if
    /// there is no measured baseline cost.
    pub(crate) floor: Option<f64>,
    /// The lost deliveries and repeated callbacks of all runs. `None` if the work has no deliveries.
    pub(crate) tally: Option<Tally>,
}

/// CPU time of the processes, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Cpu {
    /// CPU time of all servers. For a baseline cost, this is the CPU time of the process that runs the single part.
    pub(crate) servers: f64,
    /// CPU time of all processes of PostgreSQL.
    pub(crate) database: f64,
    pub(crate) sink: f64,
    pub(crate) load: f64,
}

impl Cpu {
    /// CPU time of the service: its servers and PostgreSQL.
    pub(crate) fn service(self) -> f64 {
        self.servers + self.database
    }

    /// Converts the CPU time of `count` units of work to the CPU time of 1,000 units.
    pub(crate) fn per_thousand(self, count: f64) -> Cpu {
        let share = |seconds: f64| seconds / count * 1000.0;
        Cpu { servers: share(self.servers), database: share(self.database), sink: share(self.sink), load: share(self.load) }
    }

    /// Returns the median of the runs, separately for each member.
    pub(crate) fn median(runs: &[Cpu]) -> Cpu {
        let median_of = |process: fn(&Cpu) -> f64| median(&runs.iter().map(process).collect::<Vec<_>>());
        Cpu {
            servers: median_of(|cpu| cpu.servers),
            database: median_of(|cpu| cpu.database),
            sink: median_of(|cpu| cpu.sink),
            load: median_of(|cpu| cpu.load),
        }
    }
}

/// The number of lost deliveries, and the number of repeated callbacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Tally {
    /// Number of deliveries that did not arrive although their notifications were accepted.
    pub(crate) lost: u64,
    /// Number of callbacks that repeat an earlier callback.
    pub(crate) repeated: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.lost += other.lost;
        self.repeated += other.repeated;
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(tallies: I) -> Tally {
        tallies.fold(Tally::default(), |mut sum, tally| {
            sum += tally;
            sum
        })
    }
}

impl Figure {
    pub(crate) fn new(scenario: &'static str, work: impl Into<String>, unit: &'static str, values: Vec<f64>) -> Figure {
        Figure {
            scenario,
            work: work.into(),
            store: None,
            unit,
            values,
            goal: None,
            for_all_stores: false,
            cpu: Vec::new(),
            floor: None,
            tally: None,
        }
    }

    pub(crate) fn at_least(self, goal: f64) -> Figure {
        Figure { goal: Some(Goal::AtLeast(goal)), ..self }
    }

    pub(crate) fn at_most(self, goal: f64) -> Figure {
        Figure { goal: Some(Goal::AtMost(goal)), ..self }
    }

    /// Sets the store. For PostgreSQL, removes the goal unless [`Figure::for_all_stores`] was called before.
    pub(crate) fn on(self, store: Store) -> Figure {
        let goal = self.goal.filter(|_| self.for_all_stores || store == Store::Embedded);
        Figure { store: Some(store), goal, ..self }
    }

    pub(crate) fn for_all_stores(self) -> Figure {
        Figure { for_all_stores: true, ..self }
    }

    pub(crate) fn cpu(self, cpu: Vec<Cpu>) -> Figure {
        Figure { cpu, ..self }
    }

    pub(crate) fn floor(self, floor: Option<f64>) -> Figure {
        Figure { floor, ..self }
    }

    pub(crate) fn tally(self, tally: Tally) -> Figure {
        Figure { tally: Some(tally), ..self }
    }

    /// Whether the median reaches the goal. Returns `None` if there is no goal.
    pub(crate) fn met(&self) -> Option<bool> {
        let median = median(&self.values);
        Some(match self.goal? {
            Goal::AtLeast(goal) => median >= goal,
            Goal::AtMost(goal) => median <= goal,
        })
    }

    /// Returns the CPU time of the service, divided by the baseline cost.
    pub(crate) fn times_floor(&self) -> Option<f64> {
        let floor = self.floor.filter(|floor| *floor > 0.0)?;
        Some(self.service_cpu()? / floor)
    }

    /// Returns the median CPU time of the service per 1,000 units of work, in seconds.
    pub(crate) fn service_cpu(&self) -> Option<f64> {
        let runs: Vec<f64> = self.cpu.iter().map(|cpu| cpu.service()).collect();
        (!runs.is_empty()).then(|| median(&runs))
    }
}

/// A figure in the JSON file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record<'a> {
    scenario: &'a str,
    work: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<String>,
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
    cpu_seconds_per_thousand: Option<Cpu>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times_floor: Option<f64>,
    #[serde(flatten)]
    tally: Option<Tally>,
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
            store: figure.store.map(|store| store.to_string()),
            unit: figure.unit,
            minimum: percentile(&figure.values, 0.0),
            median: median(&figure.values),
            maximum: percentile(&figure.values, 100.0),
            runs: &figure.values,
            at_least,
            at_most,
            met: figure.met(),
            cpu_seconds_per_thousand: (!figure.cpu.is_empty()).then(|| Cpu::median(&figure.cpu)),
            times_floor: figure.times_floor(),
            tally: figure.tally,
        }
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// Returns the percentile by the nearest-rank method. The result is one of `values`, or NaN if `values` is empty.
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
    fn a_percentile_is_a_measured_value() {
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
    fn a_goal_applies_to_other_stores_only_on_request() {
        let (nodes, figure) = (Store::Postgres { nodes: 2 }, Figure::new("s", "w", "/s", vec![9.0]).at_least(10.0));
        assert_eq!(figure.clone().on(Store::Embedded).met(), Some(false));
        assert_eq!(figure.clone().on(nodes).met(), None);
        assert_eq!(figure.for_all_stores().on(nodes).met(), Some(false));
    }

    #[test]
    fn a_figure_without_values_misses_its_goal() {
        assert_eq!(Figure::new("s", "w", "ms", Vec::new()).at_most(1.0).met(), Some(false));
    }

    #[test]
    fn cpu_time_is_compared_with_the_floor() {
        let cpu = [0.2, 0.0, 0.1].map(|servers| Cpu { servers, database: 0.1, sink: 9.0, load: 9.0 });
        let figure = Figure::new("s", "w", "/s", vec![1.0]).cpu(cpu.to_vec());
        assert_eq!(figure.clone().floor(Some(0.1)).times_floor(), Some(2.0), "the CPU time of PostgreSQL counts");
        assert_eq!(figure.floor(None).times_floor(), None);
    }

    #[test]
    fn a_record_has_the_cpu_time_of_each_process_and_the_lost_deliveries() {
        let tallies = [Tally { lost: 0, repeated: 2 }, Tally { lost: 1, repeated: 1 }];
        let figure = Figure::new("s", "w", "/s", vec![1.0]).cpu(vec![Cpu { servers: 0.5, database: 1.0, sink: 0.25, load: 0.125 }]);
        let record = serde_json::to_value(Record::from(&figure.tally(tallies.into_iter().sum()))).expect("JSON");
        assert_eq!(record["cpuSecondsPerThousand"], serde_json::json!({ "servers": 0.5, "database": 1.0, "sink": 0.25, "load": 0.125 }));
        assert_eq!((&record["lost"], &record["repeated"]), (&1.into(), &3.into()));
        let record = serde_json::to_value(Record::from(&Figure::new("s", "w", "ms", vec![1.0]))).expect("JSON");
        assert_eq!((record.get("lost"), record.get("cpuSecondsPerThousand")), (None, None), "members that were not measured are absent");
    }
}
