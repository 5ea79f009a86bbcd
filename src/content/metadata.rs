//! `metadata.yaml`: the facts of an error key.

use std::{path::Path, sync::Arc};

use serde::Deserialize;

use super::{
    MAX_TAGS, Problem, Template,
    levels::Levels,
    texts::parse_template,
    yaml::{self, Field, Scalar, or_report},
};
use crate::domain::{Level, RiskOfChange, Timestamp};

#[derive(Debug, Deserialize)]
struct MetadataFile {
    #[serde(default)]
    description: Option<Scalar>,
    #[serde(default, deserialize_with = "yaml::present")]
    impact: Option<Scalar>,
    #[serde(default)]
    likelihood: Option<Scalar>,
    #[serde(default)]
    publish_date: Option<Scalar>,
    #[serde(default)]
    resolution_risk: Option<Scalar>,
    #[serde(default)]
    status: Option<Scalar>,
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// The facts of an error key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) description: Arc<Template>,
    pub(super) impact: Level,
    pub(super) likelihood: Level,
    pub(super) risk_of_change: Option<RiskOfChange>,
    pub(super) published_at: Option<Timestamp>,
    pub(super) is_active: bool,
    pub(super) tags: Vec<String>,
}

impl Metadata {
    /// Parses the file. Returns `None` if the error key must be left out. All problems of the file are recorded.
    pub(super) fn parse(file: &Path, text: &str, levels: &Levels, problems: &mut Vec<Problem>) -> Option<Self> {
        let read: MetadataFile = or_report(yaml::parse(file, text), problems)?;
        let field = |name, scalar| Field { file, name, scalar };
        let description = field("description", read.description.as_ref());
        let line = description.line();
        let description = or_report(description.required(), problems);
        let description = description.map(|text| parse_template(file, line, text.to_owned(), problems));
        let impact = or_report(levels.impact(field("impact", read.impact.as_ref())), problems);
        let likelihood = or_report(likelihood(field("likelihood", read.likelihood.as_ref())), problems);
        let published_at = or_report(published_at(field("publish_date", read.publish_date.as_ref())), problems);
        let is_active = or_report(is_active(field("status", read.status.as_ref())), problems);
        let tags = or_report(tags(file, read.tags.unwrap_or_default()), problems);
        let risk_of_change = levels.risk_of_change(field("resolution_risk", read.resolution_risk.as_ref()));
        Some(Self {
            risk_of_change: or_report(risk_of_change, problems).flatten(),
            description: description?,
            impact: impact?,
            likelihood: likelihood?,
            published_at: published_at?,
            is_active: is_active?,
            tags: tags?,
        })
    }
}

fn likelihood(field: Field<'_>) -> Result<Level, Problem> {
    let level = field.required()?.parse().ok().and_then(Level::from_repr);
    level.ok_or_else(|| field.problem("must be 1 to 4"))
}

/// Without zone, a date is in UTC.
fn published_at(field: Field<'_>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = field.text() else { return Ok(None) };
    let time = match text.split_once(' ') {
        Some((date, time)) if text.len() == "YYYY-MM-DD HH:MM:SS".len() => format!("{date}T{time}Z").parse(),
        _ => text.parse(),
    };
    time.map(Some).map_err(|_| field.problem("must be YYYY-MM-DD HH:MM:SS or RFC 3339"))
}

/// An error key without status is inactive, as for the smart proxy.
fn is_active(field: Field<'_>) -> Result<bool, Problem> {
    match field.text().unwrap_or_default().to_lowercase().as_str() {
        "active" => Ok(true),
        "inactive" | "" => Ok(false),
        _ => Err(field.problem("must be active, inactive or empty")),
    }
}

/// Checks the number of tags.
pub(super) fn tags(file: &Path, tags: Vec<String>) -> Result<Vec<String>, Problem> {
    match tags.len() {
        0..=MAX_TAGS => Ok(tags),
        count => Err(Problem::new(file, None, format!("has {count} tags, more than {MAX_TAGS}"))),
    }
}
