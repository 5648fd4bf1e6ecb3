//! Statistics of attempts and deliveries.

use std::collections::BTreeMap;

use super::*;

/// The length of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StatisticsInterval {
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "15m")]
    QuarterOfAnHour,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "6h")]
    SixHours,
    #[serde(rename = "1d")]
    Day,
}

impl StatisticsInterval {
    /// All intervals, the shortest first.
    pub const ALL: [StatisticsInterval; 5] = [
        StatisticsInterval::FiveMinutes,
        StatisticsInterval::QuarterOfAnHour,
        StatisticsInterval::Hour,
        StatisticsInterval::SixHours,
        StatisticsInterval::Day,
    ];

    #[must_use]
    pub fn length(self) -> TimeDelta {
        TimeDelta::minutes(match self {
            StatisticsInterval::FiveMinutes => 5,
            StatisticsInterval::QuarterOfAnHour => 15,
            StatisticsInterval::Hour => 60,
            StatisticsInterval::SixHours => 6 * 60,
            StatisticsInterval::Day => 24 * 60,
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatisticsQuery {
    /// Returns the statistics of this webhook.
    #[serde(rename = "webhookID")]
    pub webhook_id: Option<Id>,
    /// Returns the statistics of this account.
    pub account: Option<Account>,
    /// The start of the range.
    pub since: Option<Timestamp>,
    /// The end of the range.
    pub until: Option<Timestamp>,
    /// The length of the intervals.
    pub interval: Option<StatisticsInterval>,
}

#[derive(Serialize, JsonSchema)]
pub struct Statistics {
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub interval: StatisticsInterval,
    #[schemars(length(max = 1000))]
    pub items: Vec<StatisticsItem>,
    pub total: StatisticsTotal,
}

/// The statistics of one interval.
#[derive(Serialize, JsonSchema)]
pub struct StatisticsItem {
    pub start: DateTime<Utc>,
    #[serde(flatten)]
    pub counts: StatisticsTotal,
}

/// The statistics of one interval or of the whole range.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatisticsTotal {
    #[schemars(schema_with = "counts")]
    pub attempts: BTreeMap<String, u64>,
    pub deliveries: StatisticsDeliveries,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "StatisticsPercentiles")]
    pub latency_ms: Option<StatisticsPercentiles>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "StatisticsPercentiles")]
    pub duration_ms: Option<StatisticsPercentiles>,
}

#[derive(Serialize, JsonSchema)]
pub struct StatisticsDeliveries {
    #[schemars(schema_with = "schemas::large_count")]
    pub succeeded: u64,
    #[schemars(schema_with = "schemas::large_count")]
    pub failed: u64,
}

#[derive(Serialize, JsonSchema)]
pub struct StatisticsPercentiles {
    #[schemars(schema_with = "schemas::ordinal")]
    pub p50: u32,
    #[schemars(schema_with = "schemas::ordinal")]
    pub p95: u32,
    #[schemars(schema_with = "schemas::ordinal")]
    pub p99: u32,
}

fn counts(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
    let mut schema = BTreeMap::<String, u64>::json_schema(generator).into_object();
    schema.object().additional_properties = Some(Box::new(schemas::large_count(generator)));
    schema.into()
}
