//! `config.yaml`: the levels of the names that metadata uses for impact and resolution risk.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{
    Problem,
    yaml::{self, Field, NULL, Name, Scalar},
};
use crate::domain::{Level, RiskOfChange};

/// Other keys are for tools that validate content.
#[derive(Debug, Deserialize)]
struct ConfigFile {
    #[serde(default)]
    impact: Option<BTreeMap<Name, Scalar>>,
    #[serde(default)]
    resolution_risk: Option<BTreeMap<Name, Scalar>>,
}

/// The levels of the names of impacts and resolution risks.
#[derive(Debug)]
pub(super) struct Levels {
    impacts: BTreeMap<String, Level>,
    risks_of_change: BTreeMap<String, RiskOfChange>,
}

impl Levels {
    /// Parses the file. Names whose level is not 1 to 4 are left out.
    ///
    /// # Errors
    /// If the file cannot be parsed.
    pub(super) fn parse(file: &Path, text: &str, problems: &mut Vec<Problem>) -> Result<Self, Problem> {
        let ConfigFile { impact, resolution_risk } = yaml::parse(file, text)?;
        let mut impacts = levels(file, impact, Level::from_repr, problems);
        impacts.entry(NULL.to_owned()).or_insert(Level::Low);
        Ok(Self { impacts, risks_of_change: levels(file, resolution_risk, RiskOfChange::from_repr, problems) })
    }

    /// The level of an impact's name.
    pub(super) fn impact(&self, field: Field<'_>) -> Result<Level, Problem> {
        let name = field.name_or_null().ok_or_else(|| field.problem("is missing"))?;
        self.impacts.get(name).copied().ok_or_else(|| field.problem(&format!("{name:?} is not a name in config.yaml")))
    }

    /// The risk of a resolution risk's name; `None` if the field has none.
    pub(super) fn risk_of_change(&self, field: Field<'_>) -> Result<Option<RiskOfChange>, Problem> {
        let Some(name) = field.text() else { return Ok(None) };
        let risk = self.risks_of_change.get(name).copied();
        risk.map(Some).ok_or_else(|| field.problem(&format!("{name:?} is not a name in config.yaml: it is ignored")))
    }
}

fn levels<T>(
    file: &Path,
    names: Option<BTreeMap<Name, Scalar>>,
    level: fn(u8) -> Option<T>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, T> {
    let mut levels = BTreeMap::new();
    for (Name(name), scalar) in names.unwrap_or_default() {
        let field = Field { file, name: "the level", scalar: Some(&scalar) };
        match field.text().and_then(|text| text.parse().ok()).and_then(level) {
            Some(level) => _ = levels.insert(name, level),
            None => problems.push(field.problem(&format!("of {name:?} must be 1 to 4"))),
        }
    }
    levels
}
