//! `recommendation`: a small number for each selector, and the facts of its content.

use sea_orm::entity::prelude::*;

/// One recommendation that has hit a cluster, or that content has.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recommendation")]
pub struct Model {
    /// Its number in this database; internal.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// `rule_fqdn|ERROR_KEY`.
    #[sea_orm(column_type = "Text", unique)]
    pub selector: String,
    /// The rule, without the suffix `.report`.
    #[sea_orm(column_type = "Text")]
    pub rule_fqdn: String,
    /// The way in which the rule fails.
    #[sea_orm(column_type = "Text")]
    pub error_key: String,
    /// Whether the rule is internal; computed by the database from the rule's name.
    pub internal: bool,
    /// The total risk, 1 to 4; null without content, as are all that follow.
    pub total_risk: Option<i16>,
    /// 1 to 4.
    pub likelihood: Option<i16>,
    /// 1 to 4.
    pub impact: Option<i16>,
    /// The risk of the resolution, 1 to 4; null also if the content does not say.
    pub resolution_risk: Option<i16>,
    /// Whether it applies to managed clusters.
    pub for_managed: Option<bool>,
    /// When it was published; null also if the content does not say.
    pub published_at: Option<DateTimeUtc>,
    /// The description, with its templates unfilled.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// The total risk with which the hits of clusters were counted last.
    pub counted_risk: Option<i16>,
    /// Whether it applied to managed clusters then.
    pub counted_for_managed: Option<bool>,
}

impl ActiveModelBehavior for ActiveModel {}
